extension Recorder {
  /// The per-row data sets that every batch will bring, beside phases and activations.
  public struct Columns: Sendable {
    /// Names of the actions in the order of their numbers; nil leaves out `/label` and `/prediction`.
    public var actionNames: [String]?
    public var hasLabels = false
    public var hasPredictions = false
    public var hasPartnerActing = false
    public var hasStrata = false
    public var hasPairs = false
    public var hasSplit = false
    /// Number of inputs and whether they are bytes; nil leaves out `/inputs`.
    public var inputs: (count: Int, asBytes: Bool)?
    /// Coordinates of rows, data sets of `/rows`.
    public var coordinates: [Coordinate] = []

    /// Whether `/label` and `/prediction` are numbers without names.
    var numbersActions = false
    /// Whether inputs are doubles.
    var inputsAreDoubles = false

    public init() {}

    /// A coordinate of rows.
    public struct Coordinate: Sendable, Equatable {
      public enum Kind: Sendable, Equatable {
        case integers, numbers
        /// Text that is one of these; stored as an HDF5 enum.
        case categories([String])
      }

      public let name: String
      public let kind: Kind

      public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
      }
    }
  }
}

extension Recorder.Columns {
  /// - Throws: `RecordingError.badInput` for a declaration that makes no recording.
  func check(layers: [LayerDescription], path: String) throws {
    func require(_ condition: Bool, _ fault: @autoclosure () -> String) throws {
      if !condition { throw RecordingError.badInput(file: path, fault: fault()) }
    }
    try require(!layers.isEmpty, "no layer is declared; a recording needs at least one.")
    try require(Set(layers.map(\.name)).count == layers.count, "two layers have the same name.")
    for layer in layers {
      try require(
        Self.isName(layer.name),
        "'\(layer.name)' cannot name a layer; give parts between slashes that are neither empty, '.', '..', nor a layer's own data sets "
          + "(activations, kernel, bias, unit, input).")
      try require(layer.unitCount > 0, "layer \(layer.name) has no units.")
      try require(
        layer.kernel.map { $0.count > 0 && $0.count % layer.unitCount == 0 } ?? true,
        "the kernel of layer \(layer.name) has \(layer.kernel?.count ?? 0) values, no multiple of its \(layer.unitCount) units.")
      try require(
        layer.bias.map { $0.count == layer.unitCount } ?? true,
        "the bias of layer \(layer.name) has \(layer.bias?.count ?? 0) values for \(layer.unitCount) units.")
    }
    try require(
      !(hasLabels || hasPredictions) || numbersActions || actionNames?.isEmpty == false,
      "labels and predictions need the names of the actions.")
    if let actionNames {
      try require(
        actionNames.count <= RecordingSchema.mostActions && Set(actionNames).count == actionNames.count,
        "the \(actionNames.count) names of actions have to differ, and be \(RecordingSchema.mostActions) at most.")
    }
    try require(Set(coordinates.map(\.name)).count == coordinates.count, "two coordinates of rows have the same name.")
    for coordinate in coordinates {
      try require(
        !coordinate.name.isEmpty && !coordinate.name.contains("/") && coordinate.name != "." && coordinate.name != "..",
        "'\(coordinate.name)' cannot name a coordinate of rows; give a name without slashes.")
      if case .categories(let names) = coordinate.kind {
        try require(
          !names.isEmpty && Set(names).count == names.count && !names.contains(""),
          "the categories of \(coordinate.name) have to be one or more, all different, none of them empty.")
      }
    }
  }

  private static let reserved: Set<String> = ["", ".", "..", "activations", "kernel", "bias", "unit", "input"]

  private static func isName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    return parts.count <= 32 && !name.contains("\0") && parts.allSatisfy { !reserved.contains($0) }
  }
}
