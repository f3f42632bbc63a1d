import ActivationRecording
import Tabular

/// A row of `stats`: the moments of one unit in one phase.
public struct StatsRow: TableRow {
  public let layer: String
  public let unit: Int
  public let phase: Phase
  public let count: Int
  public let mean: Double?
  public let variance: Double?
  public let skewness: Double?
  public let kurtosis: Double?
  public let minimum: Double?
  public let maximum: Double?
  public let reason: String?

  public static let schema = TableSchema(
    name: "stats", title: "Moments of each unit in each phase",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("unit", .integer, "Number of the unit, 0-based"),
      Column("phase", .string, "none, self, other or both; self and other after the partner filter"),
      Column("n", .integer, "Rows of the phase"),
      Column("mean", .number, "Mean activation"),
      Column("variance", .number, "Population variance (ddof 0)"),
      Column("skewness", .number, "Fisher-Pearson g1, biased"),
      Column("kurtosis", .number, "Excess kurtosis (Fisher), biased"),
      Column("minimum", .number, "Smallest activation"),
      Column("maximum", .number, "Largest activation"),
      Column("reason", .string, "Why a number does not exist"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .string(phase.name), .integer(count), .number(mean), .number(variance),
      .number(skewness), .number(kurtosis), .number(minimum), .number(maximum), .string(reason),
    ]
  }
}

/// Moments of each unit in each phase.
public struct StatsAnalysis: Analysis {
  public init() {}

  public var needs: RecordingNeeds { RecordingNeeds() }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    byteCount(shape.momentBytes(threads: threads) + 200 * Double(Phase.allCases.count) * Double(shape.unitCount))
  }

  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [StatsRow] {
    try RecordingMoments(of: recording, in: context).statsRows
  }

  /// Layer by layer.
  public func forEachRows(of recording: RecordingView, in context: AnalysisContext, take: ([StatsRow]) throws -> Void) throws {
    for layer in try RecordingMoments(of: recording, in: context).layers { try take(layer.statsRows) }
  }
}

extension RecordingMoments {
  /// The rows of `stats`, by layer, unit and phase.
  public var statsRows: [StatsRow] {
    var rows: [StatsRow] = []
    // Not one array after another, each grown from the one before: of a wide network they would take several times the memory.
    rows.reserveCapacity(layers.reduce(0) { $0 + $1.unitCount } * Phase.allCases.count)
    for layer in layers { layer.addStatsRows(to: &rows) }
    return rows
  }
}

extension LayerMoments {
  fileprivate var statsRows: [StatsRow] {
    var rows: [StatsRow] = []
    rows.reserveCapacity(unitCount * Phase.allCases.count)
    addStatsRows(to: &rows)
    return rows
  }

  fileprivate func addStatsRows(to rows: inout [StatsRow]) {
    for unit in 0..<unitCount {
      for phase in Phase.allCases {
        let moments = self[phase]
        let reason: String? =
          moments.count == 0
          ? "no rows in this phase" : moments.isConstant(unit) ? "constant: skewness and kurtosis do not exist" : nil
        rows.append(
          StatsRow(
            layer: name, unit: unit, phase: phase, count: moments.count, mean: moments.count > 0 ? moments.mean[unit] : nil,
            variance: moments.variance(unit), skewness: moments.skewness(unit), kurtosis: moments.kurtosis(unit),
            minimum: moments.minimum(unit), maximum: moments.maximum(unit), reason: reason))
      }
    }
  }
}
