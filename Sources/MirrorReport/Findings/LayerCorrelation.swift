import MirrorAnalysis

/// Correlations of one layer's drawn units in the phases that have rows.
struct LayerCorrelation: Sendable {
  struct Phase: Sendable {
    let name: String
    /// Rows.
    let count: Int
    /// `[drawn × drawn]`; NaN where there is no r.
    let values: [Double]

    var hasNumber: Bool { values.contains { $0.isFinite } }
  }

  let layer: String
  let unitCount: Int
  /// Numbers of the units that are drawn, ascending.
  let units: [Int]
  var phases: [Phase] = []

  mutating func add(_ matrix: CorrelationMatrix) {
    let width = matrix.units.count
    let values = units.flatMap { a in units.map { matrix.values[a * width + $0] } }
    phases.append(Phase(name: matrix.phaseA, count: matrix.count, values: values))
  }
}
