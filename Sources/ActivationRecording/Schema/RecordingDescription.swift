/// What is known of a recording beside its rows: its origin, the model, where its states came from.
public struct RecordingDescription: Sendable, Equatable {
  public var title = ""
  /// The program and version that recorded.
  public var writer = ""
  public var commandLine = ""
  public var seed: Int?
  /// ISO 8601, UTC. Left empty it is the time at which the recorder starts.
  public var createdUTC = ""
  public var model = ModelDescription()
  /// Attributes of `/provenance`: hashes, source file names, library versions.
  public var provenance: [String: String] = [:]

  public init() {}
}

/// The model whose activations are recorded: attributes of `/model`.
public struct ModelDescription: Sendable, Equatable {
  /// JSON.
  public var architecture: String?
  /// The name of the network, which its checkpoints share.
  public var network: String?
  public var checkpointID: String?
  public var epoch: Int?
  public var validationLoss: Double?
  /// JSON.
  public var hyperparameters: String?
  public var weightsSHA256: String?

  public init() {}
}

/// A layer as it is declared to the recorder.
public struct LayerDescription: Sendable, Equatable {
  /// Path of the group under `/layers`; it may hold dots and slashes.
  public var name: String
  public var unitCount: Int
  public var kind: String
  public var activationFunction: String
  /// Whether its units are the network's output.
  public var isOutput: Bool
  /// What its activations are stored as; narrower types round to the nearest.
  public var storage = ActivationStorage.float32
  /// In `kernelLayout`, row-major; optional, needed by ablation and circuits.
  public var kernel: RecordedNumbers?
  public var kernelLayout = KernelLayout.inputByUnit
  /// `[unit]`.
  public var bias: RecordedNumbers?

  /// - Parameters:
  ///   - name: which no other layer has; slashes make a path of it.
  ///   - unitCount: units, the columns of its activations.
  ///   - kind: such as dense.
  ///   - activationFunction: relu, linear or leaky_relu(SLOPE), where the layer above is to be replayed from it.
  ///   - isOutput: whether it is the network's output.
  ///   - kernel: `[input × unit]`.
  ///   - bias: `[unit]`.
  public init(
    name: String, unitCount: Int, kind: String = "dense", activationFunction: String, isOutput: Bool, kernel: [Float]? = nil,
    bias: [Float]? = nil
  ) {
    self.name = name
    self.unitCount = unitCount
    self.kind = kind
    self.activationFunction = activationFunction
    self.isOutput = isOutput
    self.kernel = kernel.map { .floats($0) }
    self.bias = bias.map { .floats($0) }
  }
}
