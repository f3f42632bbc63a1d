import Tabular

/// A row of `compare`: an outcome over the seeds of a condition, and against a baseline.
public struct ComparisonRow: TableRow, Equatable {
  /// How a p came about.
  public enum Test: String, Sendable {
    case exactFlips = "exact sign flips"
    case drawnFlips = "drawn sign flips"
    case exactPermutation = "exact permutation"
    case drawnPermutation = "drawn permutation"
  }

  /// The values of the columns of the condition, in their order.
  public internal(set) var condition: [Cell]
  public let outcome: String
  public internal(set) var seeds = 0
  public internal(set) var mean: Double?
  public internal(set) var interquartileMean: Double?
  /// Of the interquartile mean.
  public internal(set) var interval: ClosedRange<Double>?
  public internal(set) var baseline: String?
  public internal(set) var difference: Double?
  public internal(set) var differenceInterval: ClosedRange<Double>?
  public internal(set) var improvement: Double?
  public internal(set) var pValue: Double?
  public internal(set) var pHolm: Double?
  /// Seeds that condition and baseline have in common; nil where they are not paired.
  public internal(set) var pairs: Int?
  public internal(set) var test: Test?
  /// Seeds without a value.
  public internal(set) var missing = 0
  /// The column over which the values are slopes.
  public internal(set) var trend: String?
  /// Why cells are empty.
  var reasons: [String] = []

  public var reason: String? { reasons.isEmpty ? nil : reasons.joined(separator: "; ") }

  init(condition: [Cell], outcome: String, trend: String?) {
    (self.condition, self.outcome, self.trend) = (condition, outcome, trend)
  }

  /// Without the columns of the condition, which come first and are called as in the tables that are compared.
  public static let schema = TableSchema(
    name: "compare",
    title: "Outcomes over seeds, one row per condition and outcome; the columns of the condition come first, by their own names",
    columns: [
      Column("outcome", .string, "The outcome: a column, or a name in column outcome"),
      Column("seeds", .integer, "Seeds with a value"),
      Column("mean", .number, "Mean over seeds"),
      Column("iqm", .number, "Interquartile mean over seeds"),
      Column("ci_low", .number, "Lower end of the 95 % bootstrap interval of iqm over seeds"),
      Column("ci_high", .number, "Upper end of the 95 % bootstrap interval of iqm over seeds"),
      Column("baseline", .string, "What the condition is compared with; columns that are not named are as in the condition"),
      Column("difference", .number, "Mean over seeds of condition minus baseline; paired by seed where they have seeds in common"),
      Column("difference_low", .number, "Lower end of the 95 % interval of difference"),
      Column("difference_high", .number, "Upper end of the 95 % interval of difference"),
      Column(
        "improvement", .number,
        "Share of pairs of a network of the condition and one of the baseline in which the first is larger, ties half"),
      Column("p_value", .number, "Two-sided p of difference over seeds, by the test that test names"),
      Column("p_holm", .number, "p_value by Holm over all conditions that are compared in the outcome"),
      Column("reason", .string, "Why a cell is empty"),
      Column("pairs", .integer, "Seeds that condition and baseline have in common; empty where nothing is paired"),
      Column("test", .string, "exact or drawn sign flips (paired), exact or drawn permutation (not paired)"),
      Column("missing", .integer, "Seeds without a value"),
      Column("trend", .string, "The column over which the values are slopes, one a seed; empty for values as they are"),
    ], mayHaveMoreColumns: true)

  /// The schema of a table with the columns of conditions.
  public static func schema(by columns: [Column]) -> TableSchema {
    TableSchema(name: schema.name, title: schema.title, columns: columns + schema.columns)
  }

  public var cells: [Cell] {
    [
      .string(outcome), .integer(seeds), .number(mean), .number(interquartileMean), .number(interval?.lowerBound),
      .number(interval?.upperBound), .string(baseline), .number(difference), .number(differenceInterval?.lowerBound),
      .number(differenceInterval?.upperBound), .number(improvement), .number(pValue), .number(pHolm), .string(reason), .integer(pairs),
      .string(test?.rawValue), .integer(missing), .string(trend),
    ]
  }
}
