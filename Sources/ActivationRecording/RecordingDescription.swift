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
  public var checkpointID: String?
  public var epoch: Int?
  public var validationLoss: Double?
  /// JSON.
  public var hyperparameters: String?
  public var weightsSHA256: String?

  public init() {}
}

/// A layer as it is declared to the recorder, and as a recording describes it.
public struct LayerDescription: Sendable, Equatable {
  /// Name of the group under `/layers`.
  public var name: String
  public var unitCount: Int
  public var kind: String
  public var activationFunction: String
  /// Whether its units are the network's output.
  public var isOutput: Bool
  /// `[input × unit]`, row-major; optional, needed by ablation and circuits.
  public var kernel: [Float]?
  /// `[unit]`.
  public var bias: [Float]?

  public init(
    name: String, unitCount: Int, kind: String = "dense", activationFunction: String, isOutput: Bool, kernel: [Float]? = nil,
    bias: [Float]? = nil
  ) {
    self.name = name
    self.unitCount = unitCount
    self.kind = kind
    self.activationFunction = activationFunction
    self.isOutput = isOutput
    self.kernel = kernel
    self.bias = bias
  }
}

/// What the network was shown: bytes or floats, `[rows × inputs]`, row-major.
public enum InputRows: Sendable, Equatable {
  case bytes([UInt8])
  case floats([Float])

  var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    }
  }
}

/// Rows to append: phases and activations of all layers, and the columns that the recorder was told to expect.
public struct RowBatch: Sendable {
  /// `[rows]`.
  public var phases: [Phase]
  /// One array per layer, in the order of declaration, each `[rows × units]`, row-major.
  public var activations: [[Float]]
  /// Numbers of the right actions, `[rows]`.
  public var labels: [UInt8]?
  /// Numbers of the network's actions, `[rows]`.
  public var predictions: [UInt8]?
  /// Whether the undistressed partner is seen acting, `[rows]`.
  public var partnerActing: [Bool]?
  /// The episode or matched group of each row, `[rows]`.
  public var strata: [Int32]?
  public var split: [Split]?
  public var inputs: InputRows?

  public init(phases: [Phase], activations: [[Float]]) {
    self.phases = phases
    self.activations = activations
  }
}
