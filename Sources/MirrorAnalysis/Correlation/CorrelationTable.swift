import Tabular

/// A row of `correlate`: two units.
public struct CorrelationRow: TableRow {
  public let recording: String
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

  public static let schema = TableSchema(
    name: "correlate", title: "Correlation of units",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
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
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(layerA), .integer(unitA), .string(layerB), .integer(unitB), .string(phaseA), .string(phaseB),
      .string(method.rawValue), .integer(count), .number(r), .string(reason),
    ]
  }
}

extension CorrelationMatrix {
  /// A row per pair: each once without the diagonal within a phase, all of them across two.
  public func rows(recording: String) -> [CorrelationRow] {
    units.indices.flatMap { rows(recording: recording, ofUnit: $0) }
  }

  /// The rows whose first unit is the one at a position: a table of many units need not be in memory at once.
  public func rows(recording: String, ofUnit a: Int) -> [CorrelationRow] {
    (phaseA == phaseB ? a + 1..<units.count : 0..<units.count).map { b in
      let r = values[a * units.count + b]
      return CorrelationRow(
        recording: recording, layerA: units[a].layer, unitA: units[a].unit, layerB: units[b].layer, unitB: units[b].unit, phaseA: phaseA,
        phaseB: phaseB, method: method, count: count, r: r.isNaN ? nil : r, reason: r.isNaN ? absence(a, b) : nil)
    }
  }

  /// Why two units have no r.
  private func absence(_ a: Int, _ b: Int) -> String {
    let places = phaseA == phaseB ? "in" : "over the strata in"
    func sentence(_ unit: Unit, _ phase: String) -> String {
      "\(unit.layer) unit \(unit.unit) is constant \(places) \(phase == RowSelection.all.name ? "all rows" : "phase \(phase)")"
    }
    let sentences = (isConstantA[a] ? [sentence(units[a], phaseA)] : []) + (isConstantB[b] ? [sentence(units[b], phaseB)] : [])
    return sentences.isEmpty ? "the activations are too large for their squares" : sentences.joined(separator: "; ")
  }

  /// The matrix as a wide table: the name of a unit, such as dense_1:3, then its r with every unit. Across phases, rows are units in
  /// `phaseA` and columns units in `phaseB`.
  public var wideSchema: TableSchema {
    TableSchema(
      name: "correlation-matrix", title: "Correlations, \(phaseA) down and \(phaseB) across",
      columns: [Column("unit", .string, "Layer and unit")] + units.map { Column($0.name, .number, "r with that unit") })
  }

  /// A row of the wide table.
  public func wideCells(ofUnit a: Int) -> [Cell] {
    [.string(units[a].name)] + values[a * units.count..<(a + 1) * units.count].map { .number($0) }
  }
}
