/// What the network was shown: bytes, floats or doubles, `[rows × inputs]`, row-major.
public enum InputRows: Sendable, Equatable {
  case bytes([UInt8])
  case floats([Float])
  case doubles([Double])

  var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    case .doubles(let values): values.count
    }
  }
}

/// Rows to append: phases and activations of all layers, and the columns that the recorder was told to expect.
public struct RowBatch: Sendable {
  /// `[rows]`.
  public var phases: [Phase]
  /// One array per layer, in the order of declaration, each `[rows × units]`, row-major.
  public var activations: [RecordedNumbers]
  /// Numbers of the right actions, `[rows]`.
  public var labels: [UInt8]?
  /// Numbers of the network's actions, `[rows]`.
  public var predictions: [UInt8]?
  /// Whether the undistressed partner is seen acting, `[rows]`.
  public var partnerActing: [Bool]?
  /// The episode or matched group of each row, `[rows]`.
  public var strata: [Int32]?
  /// The number of each row's item, −1 for none, `[rows]`.
  public var pairs: [Int32]?
  public var split: [Split]?
  public var inputs: InputRows?
  /// Coordinates of the rows, by name, each `[rows]`.
  public var coordinates: [String: RowColumn] = [:]
  /// Numbers of the rows where they are not 0, 1, 2, …
  var sample: [Int64]?

  public init(phases: [Phase], activations: [RecordedNumbers]) {
    self.phases = phases
    self.activations = activations
  }

  public init(phases: [Phase], activations: [[Float]]) {
    self.init(phases: phases, activations: activations.map { .floats($0) })
  }

  /// - Throws: `RecordingError.badInput` unless the batch is as it was declared.
  func check(layers: [LayerDescription], columns: Recorder.Columns, path: String) throws {
    let rows = phases.count
    func require(_ condition: Bool, _ fault: @autoclosure () -> String) throws {
      if !condition { throw RecordingError.badInput(file: path, fault: fault()) }
    }
    try require(
      activations.count == layers.count,
      "a batch has activations of \(activations.count) layers, but \(layers.count) are declared.")
    for (layer, values) in zip(layers, activations) {
      try require(
        values.count == rows * layer.unitCount,
        "a batch of \(rows) rows has \(values.count) activations for layer \(layer.name) of \(layer.unitCount) units.")
    }
    func requireColumn(_ name: String, _ count: Int?, declared: Bool, width: Int = 1) throws {
      try require(
        declared ? count == rows * width : count == nil,
        declared
          ? "a batch of \(rows) rows has \(count ?? 0) values for \(name), which was declared."
          : "a batch brings \(name), which was not declared.")
    }
    try requireColumn("label", labels?.count, declared: columns.hasLabels)
    try requireColumn("prediction", predictions?.count, declared: columns.hasPredictions)
    try requireColumn("partner_acting", partnerActing?.count, declared: columns.hasPartnerActing)
    try requireColumn("stratum", strata?.count, declared: columns.hasStrata)
    try requireColumn("pair", pairs?.count, declared: columns.hasPairs)
    try requireColumn("split", split?.count, declared: columns.hasSplit)
    try requireColumn("inputs", inputs?.count, declared: columns.inputs != nil, width: columns.inputs?.count ?? 1)
    if case .bytes? = inputs { try require(columns.inputs?.asBytes == true, "inputs were declared as floats but are bytes.") }
    if case .floats? = inputs { try require(columns.inputs?.asBytes == false, "inputs were declared as bytes but are floats.") }
    let actionCount = columns.numbersActions ? RecordingSchema.mostActions : columns.actionNames?.count ?? 0
    for (name, values) in [("label", labels), ("prediction", predictions)] {
      if let highest = values?.max() {
        try require(Int(highest) < actionCount, "a \(name) is \(highest), but there are \(actionCount) actions.")
      }
    }
    for coordinate in columns.coordinates {
      try requireColumn("the coordinate \(coordinate.name)", coordinates[coordinate.name]?.count, declared: true)
      switch (coordinate.kind, coordinates[coordinate.name]) {
      case (.integers, .integers?), (.numbers, .numbers?): break
      case (.categories(let names), .strings(let values)?):
        if let stranger = values.first(where: { !names.contains($0) }) {
          try require(false, "the coordinate \(coordinate.name) is '\(stranger)', which is none of its categories.")
        }
      default: try require(false, "the coordinate \(coordinate.name) holds another kind of values than was declared.")
      }
    }
    if let stranger = coordinates.keys.sorted().first(where: { name in !columns.coordinates.contains { $0.name == name } }) {
      try require(false, "a batch brings the coordinate \(stranger), which was not declared.")
    }
  }
}
