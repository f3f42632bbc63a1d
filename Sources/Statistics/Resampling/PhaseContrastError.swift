import Foundation

/// A sum of differences of phase means of one number a row, mean(self) + mean(other) − mean(none), with its standard error.
///
/// The standard error is √(s²_self/n_self + s²_other/n_other + s²_none/n_none), s² with ddof 1, where rows are independent. Where they lie
/// in blocks it is cluster-robust (CR1): √(G/(G − 1) Σ_g (Σ_{i∈g} ±(y_i − ȳ)/n)²), ȳ and n of the row's phase, G blocks.
public struct PhaseContrastError: Sendable, Equatable {
  public let estimate: Double
  public let standardError: Double

  /// - Parameters:
  ///   - values: of each row.
  ///   - phase: of each row: 0 none, 1 self, 2 other; any other number leaves it out.
  ///   - blocks: of each row; nil where rows are independent.
  /// - Returns: nil for a phase with fewer than two rows, for fewer than two blocks, and for numbers that are not finite.
  public init?(_ values: [Double], phase: [UInt8], blocks: [Int32]?) {
    guard values.count == phase.count, blocks.map({ $0.count == values.count }) ?? true else { return nil }
    var (counts, sums) = ([0.0, 0, 0], [0.0, 0, 0])
    for (value, phase) in zip(values, phase) where phase < 3 {
      counts[Int(phase)] += 1
      sums[Int(phase)] += value
    }
    guard counts.allSatisfy({ $0 > 1 }) else { return nil }
    let means = zip(sums, counts).map { $0 / $1 }
    estimate = means[1] + means[2] - means[0]
    var squaredError = 0.0
    if let blocks {
      var scores: [Int32: Double] = [:]
      for row in values.indices where phase[row] < 3 {
        let own = Int(phase[row])
        let score = (values[row] - means[own]) / counts[own]
        scores[blocks[row], default: 0] += own == 0 ? -score : score
      }
      let size = Double(scores.count)
      guard size > 1 else { return nil }
      // In the order of their numbers: that of a dictionary differs from run to run.
      squaredError = scores.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value } * size / (size - 1)
    } else {
      var squares = [0.0, 0, 0]
      for row in values.indices where phase[row] < 3 {
        let deviation = values[row] - means[Int(phase[row])]
        squares[Int(phase[row])] += deviation * deviation
      }
      squaredError = zip(squares, counts).reduce(0) { $0 + $1.0 / ($1.1 - 1) / $1.1 }
    }
    standardError = squaredError.squareRoot()
    guard estimate.isFinite, standardError.isFinite else { return nil }
  }
}

/// Half the width of a 95 % interval, in standard errors: the 97.5 % quantile of t; NaN without degrees of freedom.
public func intervalFactor(degreesOfFreedom: Int) -> Double {
  degreesOfFreedom > 0 ? StudentTDistribution(degreesOfFreedom: Double(degreesOfFreedom)).upperQuantile(0.025) : .nan
}
