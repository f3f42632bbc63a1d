import Statistics
import Tabular

/// A row of `direction`: one layer.
public struct DirectionRow: TableRow {
  public let layer: String
  /// Rows of none, self and other together.
  public let rowCount: Int
  /// Cosine of Δself and Δother, across halves.
  public internal(set) var cosine: Double?
  public internal(set) var interval: ClosedRange<Double>?
  public internal(set) var nullMean: Double?
  public internal(set) var pValue: Double?
  /// |Δother| / |Δself|.
  public internal(set) var normRatio: Double?
  public internal(set) var axisCount: Int?
  public internal(set) var sharedVariance: Double?
  public internal(set) var sharedNull: Double?
  /// Principal angles in degrees, ascending.
  public internal(set) var angles: [Double] = []
  public let exchange: ExchangeDesign?
  public let blockCount: Int?
  /// Why cells are empty.
  public internal(set) var reasons: [String] = []
  /// Of each unit over all rows, where they were asked for.
  public internal(set) var directions: LayerDirections?

  init(layer: String, rows: IndexRows) {
    let joint = rows.deals.joint
    self.init(
      layer: layer, rowCount: rows.count, exchange: joint.design, blockCount: joint.design == nil ? nil : joint.movableBlockCount)
  }

  init(layer: String, rowCount: Int, exchange: ExchangeDesign?, blockCount: Int?) {
    (self.layer, self.rowCount, self.exchange, self.blockCount) = (layer, rowCount, exchange, blockCount)
  }

  public var reason: String? { reasons.isEmpty ? nil : reasons.joined(separator: "; ") }

  /// Says why a cell is empty, once.
  mutating func explain(_ reason: String) {
    if !reasons.contains(reason) { reasons.append(reason) }
  }

  public static let schema = TableSchema(
    name: "direction", title: "Whether a layer answers to self and to other in one direction, one row per layer",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("n", .integer, "Rows of the none, self and other phases, after the partner filter"),
      Column("cosine", .number, "Cosine of Δself and Δother, every product of two across halves of the rows"),
      Column("ci_low", .number, "Lower end of the 95 % interval of cosine"),
      Column("ci_high", .number, "Upper end of the 95 % interval of cosine"),
      Column("null_mean", .number, "Mean product of Δself and Δother under the deal that gave p_value, in the scale of cosine"),
      Column("p_value", .number, "Larger p of none dealt against self and none against other: Δself and Δother point the same way"),
      Column("norm_ratio", .number, "Length of Δother over that of Δself, across halves"),
      Column("k", .integer, "Axes of shared_variance"),
      Column("shared_variance", .number, "Variance of other along the first k axes of self, over that along its own, across halves"),
      Column("shared_null", .number, "The same for k random axes over the units that vary"),
      Column("angle_1", .number, "Smallest principal angle between the first three axes of self and of other, in degrees"),
      Column("angle_2", .number, "The second one"),
      Column("angle_3", .number, "The largest one"),
      Column("exchange", .string, "What is exchanged: free (rows), within (labels inside blocks) or whole (blocks)"),
      Column("n_blocks", .integer, "Blocks that can move; rows where they are free"),
      Column("reason", .string, "Why a cell is empty"),
    ])

  public var cells: [Cell] {
    let angle = (0..<3).map { $0 < angles.count ? angles[$0] : nil }
    return [
      .string(layer), .integer(rowCount), .number(cosine), .number(interval?.lowerBound), .number(interval?.upperBound), .number(nullMean),
      .number(pValue), .number(normRatio), .integer(axisCount), .number(sharedVariance), .number(sharedNull), .number(angle[0]),
      .number(angle[1]), .number(angle[2]), .string(exchange?.rawValue), .integer(blockCount), .string(reason),
    ]
  }
}

/// Where a layer moves from the none phase, over all rows.
public struct LayerDirections: Sendable, Equatable {
  /// Mean activation of self, and of other, less that of none, of each unit.
  public let deltaSelf: [Double]
  public let deltaOther: [Double]

  public init(deltaSelf: [Double], deltaOther: [Double]) {
    (self.deltaSelf, self.deltaOther) = (deltaSelf, deltaOther)
  }

  /// The mean direction of the two, of length 1: the sum of their unit vectors over its length. Nil where one has no length, or they
  /// are opposite.
  public var mean: [Double]? { PhaseDirection.shared.vector(own: deltaSelf, other: deltaOther) }
}
