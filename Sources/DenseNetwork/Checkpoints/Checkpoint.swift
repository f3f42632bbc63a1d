import Files
import HDF5

/// A network at one epoch, with where it came from. What is not known (as in a Keras file) is nil.
public struct Checkpoint: Sendable, Equatable {
  public var network: Network
  public var hyperparameters: Hyperparameters?
  /// 0 for the untrained network.
  public var epoch: Int?
  public var validationLoss: Double?
  public var validationAccuracy: Double?
  /// Of the states that the network was trained on.
  public var statesSHA256: String?
  /// The game that those are of, as JSON; whoever trains knows what it means.
  public var game: String?
  /// When the file was made, as `currentUTC()` writes it.
  public var createdUTC: String?
  public var commandLine: String?
  /// Layers, by the names that the file of another program gives them, of which weights were rounded to float32: a file may hold float64.
  public var roundedLayers: [String] = []
  /// Normalisations, by the names in the file, that became part of the dense layers beside them.
  public var foldedLayers: [String] = []
  /// Layers, by the names in the file, of which it names a leaky relu without its slope: that of Keras, 0.2, was taken.
  public var unsaidSlopes: [String] = []
  /// SHA-256 of the file that says how weights alone are connected and activated, in hexadecimal; nil for a checkpoint that needs none.
  public var architectureSHA256: String?

  public init(
    network: Network, hyperparameters: Hyperparameters? = nil, epoch: Int? = nil, validationLoss: Double? = nil,
    validationAccuracy: Double? = nil, statesSHA256: String? = nil, game: String? = nil, createdUTC: String? = nil,
    commandLine: String? = nil
  ) {
    self.network = network
    self.hyperparameters = hyperparameters
    self.epoch = epoch
    self.validationLoss = validationLoss
    self.validationAccuracy = validationAccuracy
    self.statesSHA256 = statesSHA256
    self.game = game
    self.createdUTC = createdUTC
    self.commandLine = commandLine
  }

  /// The checkpoint of a finished epoch.
  public init(
    _ report: Trainer.EpochReport, hyperparameters: Hyperparameters, statesSHA256: String, game: String?, createdUTC: String,
    commandLine: String
  ) {
    self.init(
      network: report.network, hyperparameters: hyperparameters, epoch: report.epoch,
      validationLoss: report.record.validationLoss, validationAccuracy: report.record.validationAccuracy,
      statesSHA256: statesSHA256, game: game, createdUTC: createdUTC, commandLine: commandLine)
  }

  /// A name that depends on the weights and the epoch alone: "epoch-0007-1a2b3c4d", or the hash's first eight digits where the epoch is
  /// unknown.
  public var checkpointID: String {
    let hash = String(network.weightsSHA256.prefix(8))
    guard let epoch else { return hash }
    let digits = String(epoch)
    return "epoch-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-" + hash
  }
}

// MARK: - The file

extension Checkpoint {
  static let schema = Schema(name: "frogtoad-checkpoint", major: 1, minor: 0)

  /// Writes the checkpoint as HDF5, as `path.partial` until it is whole.
  ///
  /// Root attributes: schema, schema_version, complete, architecture (JSON), weights_sha256, checkpoint_id and, where known,
  /// hyperparameters (JSON), seed, epoch, validation_loss, validation_accuracy, states_sha256, game (JSON), created_utc, command_line.
  /// `/layers/NAME`: kernel float32 [input, unit], bias float32 [unit]; attributes layer_index, kind, activation_function, is_output.
  ///
  /// - Throws: `FileError` if the file exists and `overwrite` is false or its place cannot be written to, `HDF5Error` if it cannot be filled.
  public func write(to path: String, overwrite: Bool = false) throws {
    try writeWhole(path, overwrite: overwrite) { root in
      let attributes = root.attributes
      try attributes.set(Self.schema)
      try attributes.set("architecture", network.architectureJSON)
      try attributes.set("weights_sha256", network.weightsSHA256)
      try attributes.set("checkpoint_id", checkpointID)
      if let hyperparameters {
        try attributes.set("hyperparameters", hyperparameters.json)
        try attributes.set(seed: hyperparameters.seed)
      }
      if let epoch { try attributes.set("epoch", epoch) }
      if let validationLoss { try attributes.set("validation_loss", validationLoss) }
      if let validationAccuracy { try attributes.set("validation_accuracy", validationAccuracy) }
      if let statesSHA256 { try attributes.set("states_sha256", statesSHA256) }
      if let game { try attributes.set("game", game) }
      if let createdUTC { try attributes.set("created_utc", createdUTC) }
      if let commandLine { try attributes.set("command_line", commandLine) }
      try writeLayers(network, into: root.createGroup("layers"))
      try attributes.set("complete", 1)
    }
  }

  /// Reads a checkpoint of ours, checking schema, shapes, finiteness and the hash of the weights.
  ///
  /// - Throws: `CheckpointError` naming the part at fault, or `HDF5Error` if the file cannot be read at all.
  public static func read(from path: String) throws -> Checkpoint {
    let parts = try StoredParts(path, schema: schema)
    let network = try parts.network(in: "layers", parts.json("architecture"))
    guard try parts.string("weights_sha256") == network.weightsSHA256 else { throw parts.fault(.hashMismatch) }
    let attributes = parts.root.attributes
    return Checkpoint(
      network: network,
      hyperparameters: try attributes.contains("hyperparameters") ? parts.json("hyperparameters") : nil,
      epoch: try attributes.integer("epoch"),
      validationLoss: try attributes.double("validation_loss"),
      validationAccuracy: try attributes.double("validation_accuracy"),
      statesSHA256: try attributes.string("states_sha256"),
      game: try attributes.string("game"),
      createdUTC: try attributes.string("created_utc"),
      commandLine: try attributes.string("command_line"))
  }

  /// Reads a checkpoint of ours, or a network of Keras or PyTorch, of which the network is known and, where the file's name says them, the epoch
  /// and the validation loss: `checkpoint-…-epoch02-valLoss0.0734.h5`.
  ///
  /// - Parameter architecture: path of a JSON file that says how layers are connected and activated: what weights alone need (`.h5` and
  ///   `.weights.h5` of Keras, `.safetensors` of PyTorch), and no other file may have.
  /// - Throws: as `read(from:)` and `importKeras(_:architecture:)`.
  public static func open(_ path: String, architecture: String? = nil) throws -> Checkpoint {
    if case .hdf5 = NetworkFileKind(path), try !isKerasModel(hdf5Root(path)) {
      let checkpoint = try read(from: path)
      guard architecture == nil else { throw CheckpointError(file: path, fault: .architectureKnown) }
      return checkpoint
    }
    let name = KerasFileName(path)
    let imported = try importNetwork(path, architecture: architecture)
    var checkpoint = Checkpoint(network: imported.network, epoch: name.epoch, validationLoss: name.validationLoss)
    checkpoint.roundedLayers = imported.roundedLayers
    checkpoint.foldedLayers = imported.foldedLayers
    checkpoint.unsaidSlopes = imported.unsaidSlopes
    checkpoint.architectureSHA256 = imported.architectureSHA256
    return checkpoint
  }

  /// Whether a file says that it is a checkpoint of ours, whatever else is wrong with it.
  public static func isOwn(_ path: String) -> Bool { (try? hdf5Root(path).attributes.string("schema")) == schema.name }

  /// What a file is to somebody who looks for checkpoints.
  public enum Candidate: Sendable, Equatable {
    /// One of ours, of Keras or of PyTorch, with its epoch where the file or its name says it.
    case checkpoint(epoch: Int?)
    /// A file of something else.
    case other
    /// A file that can't be read: a damaged checkpoint, perhaps.
    case unreadable
  }

  /// Looks at a file without reading its weights.
  public static func candidate(_ path: String) -> Candidate {
    do {
      let imported = Candidate.checkpoint(epoch: KerasFileName(path).epoch)
      switch NetworkFileKind(path) {
      case .kerasArchive: return try KerasArchive(path).isWhole ? imported : .other
      case .safetensors: return try SafetensorsHeader(ByteFile(path)).hasKernels ? imported : .other
      case .hdf5: break
      }
      let root = try hdf5Root(path)
      if try isKerasModel(root) { return imported }
      guard try root.attributes.string("schema") == schema.name else { return .other }
      return .checkpoint(epoch: try root.attributes.integer("epoch"))
    } catch {
      return .unreadable
    }
  }
}
