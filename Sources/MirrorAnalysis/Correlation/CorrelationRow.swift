import Statistics
import Tabular

/// How two units are correlated: Pearson's r, or Spearman's ρ, r of average ranks.
public enum CorrelationMethod: String, Sendable, CaseIterable {
  case pearson, spearman
}

/// A row of `correlate`: two units.
public struct CorrelationRow: TableRow {
  public let layerA: String
  public let unitA: Int
  public let layerB: String
  public let unitB: Int
  /// Names of phases, or `all`.
  public let phaseA: String
  public let phaseB: String
  public let method: CorrelationMethod
  public let count: Int
  public let r: Double?
  /// Why there is no r.
  public let reason: String?
  public let precision: ProductPrecision

  public static let schema = TableSchema(
    name: "correlate", title: "Correlation of units",
    columns: [
      Column("layer_a", .string, "Layer of the first unit"),
      Column("unit_a", .integer, "Number of the first unit, 0-based"),
      Column("layer_b", .string, "Layer of the second unit"),
      Column("unit_b", .integer, "Number of the second unit, 0-based"),
      Column("phase_a", .string, "Phase of the first unit's activations: none, self, other, both or all"),
      Column("phase_b", .string, "Phase of the second unit's"),
      Column("method", .string, "pearson or spearman"),
      Column("n", .integer, "Rows, or strata across phases"),
      Column("r", .number, "Correlation; empty for a constant unit"),
      Column("reason", .string, "Why r does not exist"),
      Column("precision", .string, "Precision of the products that r is made of: float64 or float32"),
    ])

  public var cells: [Cell] {
    [
      .string(layerA), .integer(unitA), .string(layerB), .integer(unitB), .string(phaseA), .string(phaseB), .string(method.rawValue),
      .integer(count), .number(r), .string(reason), .string(precision.rawValue),
    ]
  }
}
