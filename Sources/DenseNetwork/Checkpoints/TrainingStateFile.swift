import Files
import HDF5

/// A training run as it is kept on disk between epochs, for a resume.
public struct SavedTraining: Sendable, Equatable {
  public var state: TrainingState
  public var hyperparameters: Hyperparameters
  /// Of the states that the run trains on; a resume on others would be another run.
  public var statesSHA256: String
  public var createdUTC: String?
  public var commandLine: String?

  public init(
    state: TrainingState, hyperparameters: Hyperparameters, statesSHA256: String, createdUTC: String? = nil, commandLine: String? = nil
  ) {
    self.state = state
    self.hyperparameters = hyperparameters
    self.statesSHA256 = statesSHA256
    self.createdUTC = createdUTC
    self.commandLine = commandLine
  }

  static let schema = Schema(name: "frogtoad-training-state", major: 1, minor: 1)

  /// Writes the state as HDF5, as `path.partial` until it is whole.
  ///
  /// Root attributes as a checkpoint's, and steps_taken. Groups layers, first_moments, second_moments and best hold a network each, as
  /// `/layers` of a checkpoint; `/history` holds one column per field of `EpochRecord`, NaN for what there is not (training_loss of epoch 0).
  /// Files of version 1.0 have no test_loss and test_accuracy.
  ///
  /// - Throws: `FileError` if the file exists and `overwrite` is false or its place cannot be written to, `HDF5Error` if it cannot be filled.
  public func write(to path: String, overwrite: Bool = true) throws {
    try writeWhole(path, overwrite: overwrite) { root in
      let attributes = root.attributes
      try attributes.set(Self.schema)
      try attributes.set("architecture", state.network.architectureJSON)
      try attributes.set("weights_sha256", state.network.weightsSHA256)
      try attributes.set("hyperparameters", hyperparameters.json)
      try attributes.set(seed: hyperparameters.seed)
      try attributes.set("epoch", state.epoch)
      try attributes.set("steps_taken", Int(clamping: state.stepsTaken))
      try attributes.set("states_sha256", statesSHA256)
      if let createdUTC { try attributes.set("created_utc", createdUTC) }
      if let commandLine { try attributes.set("command_line", commandLine) }
      try writeLayers(state.network, into: root.createGroup("layers"))
      try writeLayers(state.firstMoments, into: root.createGroup("first_moments"))
      try writeLayers(state.secondMoments, into: root.createGroup("second_moments"))
      try writeLayers(state.bestNetwork, into: root.createGroup("best"))
      try writeHistory(into: root.createGroup("history"))
      try attributes.set("complete", 1)
    }
  }

  /// Reads a state back, checking schema, shapes, finiteness and the hash of the weights.
  ///
  /// - Throws: `CheckpointError` naming the part at fault, or `HDF5Error` if the file cannot be read at all.
  public static func read(from path: String) throws -> SavedTraining {
    let parts = try StoredParts(path, schema: schema)
    let architecture = try parts.json("architecture", as: StoredArchitecture.self)
    let network = try parts.network(in: "layers", architecture)
    guard try parts.string("weights_sha256") == network.weightsSHA256 else { throw parts.fault(.hashMismatch) }
    guard let steps = try parts.root.attributes.integer("steps_taken"), steps >= 0 else {
      throw parts.fault(.missing(part: "attribute steps_taken"))
    }
    let state = TrainingState(
      network: network,
      firstMoments: try parts.network(in: "first_moments", architecture),
      secondMoments: try parts.network(in: "second_moments", architecture),
      stepsTaken: UInt64(steps),
      bestNetwork: try parts.network(in: "best", architecture),
      history: try readHistory(parts))
    // The network has its hash; these have sums of their own.
    let history = try ["epoch", "training_loss", "validation_loss", "validation_accuracy", "is_best"] + testColumns(parts)
    try parts.verify(
      ["first_moments", "second_moments", "best"].flatMap { group in
        architecture.layers.flatMap { ["\(group)/\($0.name)/kernel", "\(group)/\($0.name)/bias"] }
      } + history.map { "history/" + $0 })
    return SavedTraining(
      state: state, hyperparameters: try parts.json("hyperparameters"), statesSHA256: try parts.string("states_sha256"),
      createdUTC: try parts.root.attributes.string("created_utc"),
      commandLine: try parts.root.attributes.string("command_line"))
  }

  /// Whether a file says that it is the state of a training of ours, whatever else is wrong with it.
  public static func isOwn(_ path: String) -> Bool { (try? hdf5Root(path).attributes.string("schema")) == schema.name }

  private func writeHistory(into group: Group) throws {
    let history = state.history
    try group.write("epoch", history.map { Int64($0.epoch) }).seal()
    try group.write("training_loss", history.map { $0.trainingLoss ?? .nan }).seal()
    try group.write("validation_loss", history.map(\.validationLoss)).seal()
    try group.write("validation_accuracy", history.map(\.validationAccuracy)).seal()
    try group.write("test_loss", history.map { $0.testLoss ?? .nan }).seal()
    try group.write("test_accuracy", history.map { $0.testAccuracy ?? .nan }).seal()
    try group.write("is_best", history.map { UInt8($0.isBest ? 1 : 0) }).seal()
  }

  private static func readHistory(_ parts: StoredParts) throws -> [EpochRecord] {
    let epochs: [Int64] = try column("epoch", parts)
    let training: [Double] = try column("training_loss", parts)
    let loss: [Double] = try column("validation_loss", parts)
    let accuracy: [Double] = try column("validation_accuracy", parts)
    let best: [UInt8] = try column("is_best", parts)
    let test: [[Double]] = try testColumns(parts).map { try column($0, parts) }
    let counts = [
      ("training_loss", training.count), ("validation_loss", loss.count), ("validation_accuracy", accuracy.count),
      ("is_best", best.count),
    ]
    for (name, count) in counts + zip(testColumnNames, test.map(\.count)) where count != epochs.count {
      throw parts.fault(.shape(part: "/history/\(name)", found: [count], expected: [epochs.count]))
    }
    guard epochs == epochs.indices.map({ Int64($0) }) else {
      throw parts.fault(.invalid(part: "/history/epoch", reason: "it does not count 0, 1, 2, …"))
    }
    func known(_ value: Double?) -> Double? { value.flatMap { $0.isNaN ? nil : $0 } }
    return epochs.indices.map { row in
      EpochRecord(
        epoch: row, trainingLoss: known(training[row]), validationLoss: loss[row], validationAccuracy: accuracy[row],
        testLoss: known(test.first?[row]), testAccuracy: known(test.last?[row]), isBest: best[row] != 0)
    }
  }

  private static let testColumnNames = ["test_loss", "test_accuracy"]

  /// Both, or none where an older program wrote the file.
  private static func testColumns(_ parts: StoredParts) throws -> [String] {
    try testColumnNames.contains { try parts.root.contains("history/\($0)") } ? testColumnNames : []
  }

  private static func column<T: Element>(_ name: String, _ parts: StoredParts) throws -> [T] {
    guard try parts.root.contains("history/\(name)") else { throw parts.fault(.missing(part: "/history/\(name)")) }
    return try parts.root.dataset("history/\(name)").read(as: T.self, rank: 1)
  }
}
