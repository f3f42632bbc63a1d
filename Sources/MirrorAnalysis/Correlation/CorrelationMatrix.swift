import ActivationRecording
import Statistics
import Tabular

/// Correlations of all units of a set of layers with all others of that set, or across two phases.
public struct CorrelationMatrix: Sendable {
  public struct Unit: Sendable, Equatable {
    public let layer: String
    public let unit: Int

    /// Such as dense_1:3.
    public var name: String { "\(layer):\(unit)" }

    /// All units of some layers.
    static func all(of layers: [RecordedLayer]) -> [Unit] { layers.flatMap { all(of: $0.name, $0.unitCount) } }
    static func all(of layer: String, _ count: Int) -> [Unit] { (0..<count).map { Unit(layer: layer, unit: $0) } }
  }

  public let units: [Unit]
  /// Names of phases, or `all`.
  public let phaseA: String
  public let phaseB: String
  public let method: CorrelationMethod
  /// In which products of rows are formed.
  public let precision: ProductPrecision
  /// Rows, or strata across phases.
  public let count: Int
  /// `[units × units]`, the first unit's row; NaN for a constant unit.
  public let values: [Double]
  /// Whether each unit is constant in `phaseA`, and in `phaseB`.
  private let isConstantA: [Bool]
  private let isConstantB: [Bool]

  /// Within a selection of rows.
  ///
  /// - Parameter units: on either side.
  init(
    _ units: [Unit], within selection: RowSelection, method: CorrelationMethod, precision: ProductPrecision, count: Int, values: [Double]
  ) {
    // A unit that varies has r 1 with itself.
    let isConstant = units.indices.map { values[$0 * units.count + $0].isNaN }
    self.init(
      units, phases: (selection.name, selection.name), method: method, precision: precision, count: count, values: values,
      isConstant: (isConstant, isConstant))
  }

  /// Pearson's r.
  init(_ units: [Unit], within selection: RowSelection, _ products: consuming UnitProducts) {
    let (count, precision) = (products.count, products.precision)
    self.init(
      units, within: selection, method: .pearson, precision: precision, count: count, values: products.correlations())
  }

  init(
    _ units: [Unit], phases: (String, String), method: CorrelationMethod, precision: ProductPrecision = .double, count: Int,
    values: [Double], isConstant: ([Bool], [Bool])
  ) {
    self.units = units
    (phaseA, phaseB) = phases
    self.method = method
    self.precision = precision
    self.count = count
    self.values = values
    (isConstantA, isConstantB) = isConstant
  }

  /// A row per pair: each once without the diagonal within a phase, all of them across two.
  public var rows: [CorrelationRow] { units.indices.flatMap { rows(ofUnit: $0) } }

  /// The rows whose first unit is the one at a position: a table of many units need not be in memory at once.
  public func rows(ofUnit a: Int) -> [CorrelationRow] {
    (phaseA == phaseB ? a + 1..<units.count : 0..<units.count).map { b in
      let r = values[a * units.count + b]
      return CorrelationRow(
        layerA: units[a].layer, unitA: units[a].unit, layerB: units[b].layer, unitB: units[b].unit, phaseA: phaseA, phaseB: phaseB,
        method: method, count: count, r: r.isNaN ? nil : r, reason: r.isNaN ? absence(a, b) : nil,
        precision: precision)
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
