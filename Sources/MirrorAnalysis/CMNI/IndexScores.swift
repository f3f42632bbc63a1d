import Statistics

/// A number for each variant of the index, in the order of `CMNIVariant.allCases`; the lanes that are left are 0 but in `directionLengths`.
typealias VariantSums = SIMD8<Double>

extension CMNIVariant {
  var lane: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension VariantSums {
  /// Sums of scores of units of a layer.
  init(_ scores: SIMD4<Double>, isOutput: Bool) {
    self.init(scores[0], scores[1], isOutput ? 0 : scores[0], scores[2], scores[3], 0, 0, 0)
  }
}

/// What the index takes of each unit of a layer in memory; means and sums in the scale of `ScaledRows`.
struct IndexUnits: Sendable {
  let isOutput: Bool
  /// Rows of none, self and other; and those of each half, none, self and other of the first, then of the second.
  let counts: [Double]
  let halfCounts: [Double]
  /// By what a difference is multiplied to be one of activations.
  let scales: [Double]
  /// Σ x and Σ x² of none, self and other: `[3][units]`.
  let sums: [[Double]]
  let squares: [[Double]]
  /// Means of each half and phase: `[6][units]`.
  let halfMeans: [[Double]]
  /// Standard deviations within phases, ddof 1 for each: pooled of none and self, none and other, and all three; 0 for a unit that does
  /// not vary in them.
  let ownDeviation, otherDeviation, deviation: [Double]
  /// Of all three phases, from the rows of each half alone: `[2][units]`.
  let halfDeviations: [[Double]]
  /// What of a sum of squares may be rounding.
  let rounding: Double

  var count: Int { scales.count }

  init<Value: MatrixScalar>(_ rows: ScaledRows<Value>, isOutput: Bool, of index: IndexRows, threads: Int) throws {
    let units = rows.unitCount
    let halves = try rows.sums(by: index.halfPhase, groups: 6, threads: threads)
    var halfCounts = [Double](repeating: 0, count: 6)
    for group in index.halfPhase { halfCounts[Int(group)] += 1 }
    let counts = index.deals.counts.map { Double($0) }
    func total(_ parts: [Double]) -> [[Double]] {
      (0..<3).map { phase in (0..<units).map { parts[phase * units + $0] + parts[(phase + 3) * units + $0] } }
    }
    let (sums, squares) = (total(halves.sums), total(halves.squares))
    func ofHalves(_ parts: [Double]) -> [[Double]] { (0..<6).map { group in Array(parts[group * units..<(group + 1) * units]) } }
    func deviation(_ phases: [Int], _ sums: [[Double]], _ squares: [[Double]], _ counts: [Double]) -> [Double] {
      let degrees = phases.reduce(-Double(phases.count)) { $0 + counts[$1] }
      return (0..<units).map { unit in
        let within = phases.reduce(0.0) { sum, phase in
          let squares = squares[phase][unit]
          let left = squares - sums[phase][unit] * sums[phase][unit] / counts[phase]
          // What rounding leaves of nothing is nothing.
          return sum + (left > 1e-13 * squares ? left : 0)
        }
        return degrees > 0 ? (within / degrees).squareRoot() : 0
      }
    }
    self.isOutput = isOutput
    self.counts = counts
    self.halfCounts = halfCounts
    scales = rows.scales
    self.sums = sums
    self.squares = squares
    halfMeans = (0..<6).map { group in (0..<units).map { halves.sums[group * units + $0] / halfCounts[group] } }
    ownDeviation = deviation([0, 1], sums, squares, counts)
    otherDeviation = deviation([0, 2], sums, squares, counts)
    self.deviation = deviation([0, 1, 2], sums, squares, counts)
    let (halfSums, halfSquares) = (ofHalves(halves.sums), ofHalves(halves.squares))
    halfDeviations = [[0, 1, 2], [3, 4, 5]].map { deviation($0, halfSums, halfSquares, halfCounts) }
    rounding = Value.self == Float.self ? 1e-6 : 1e-12
  }

  /// Δself or Δother of a unit in a half, 0 or 1, in the rows' scale.
  @inline(__always) func contrast(_ phase: Int, half: Int, _ unit: Int) -> Double {
    halfMeans[3 * half + phase][unit] - halfMeans[3 * half][unit]
  }

  /// Squares of what rounding may do to a unit's scores, summed over units, in units of the products' precision.
  var squaredRounding: SIMD4<Double> {
    let rows = counts.reduce(0, +)
    return (0..<count).reduce(SIMD4<Double>.zero) { sum, unit in
      let square = (squares[0][unit] + squares[1][unit] + squares[2][unit]) / rows
      let raw = square * scales[unit] * scales[unit]
      let variance = deviation[unit] * deviation[unit]
      return sum + SIMD4(raw, raw, variance > 0 ? square / variance : 0, raw)
    }
  }
}
