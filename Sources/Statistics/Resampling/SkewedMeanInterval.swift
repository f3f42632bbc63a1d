import Foundation

/// 95 % interval of a sum of independent contributions, a mean by row or by cluster: from the smaller lower to the larger upper end of t and of
/// Hall's transformation of t for skewness (Hall, 1992). t alone is short where distances of few clusters are skewed, Hall's where its skewness is
/// not, and both together are not.
///
/// - Parameters:
///   - estimate: the sum.
///   - scores: each contribution less its expectation, adding to 0: (x − x̄)/n for a mean.
/// - Returns: nil for fewer than two contributions, or where all are 0 but for rounding.
public func skewedMeanInterval(_ estimate: Double, scores: [Double]) -> ClosedRange<Double>? {
  let count = Double(scores.count)
  guard count > 1, estimate.isFinite else { return nil }
  let squares = scores.reduce(0) { $0 + $1 * $1 }
  let error = (count / (count - 1) * squares).squareRoot()
  guard error > 1e-14 * abs(estimate), error.isFinite else { return nil }
  let skewness = scores.reduce(0) { $0 + $1 * $1 * $1 } / count / pow(squares / count, 1.5)
  let factor = intervalFactor(degreesOfFreedom: scores.count - 1)
  let (low, high) = skewedReach(factor, skewness: skewness, count: count)
  guard low.isFinite, high.isFinite else { return nil }
  return estimate - error * low...estimate + error * high
}

/// How many standard errors an interval reaches below and above an estimate whose error is skewed: t, or Hall's transformation of it where that is
/// further.
///
/// - Parameters:
///   - t: quantile of Student's distribution.
///   - skewness: of a contribution where the estimate is a mean of `count`; or of the estimate itself, whose `count` is 1.
func skewedReach(_ t: Double, skewness: Double, count: Double = 1) -> (low: Double, high: Double) {
  func corrected(_ t: Double) -> Double {
    guard abs(skewness) > 1e-9 else { return t }
    let inner = 1 + skewness * (t / count.squareRoot() - skewness / (6 * count))
    return 3 * count.squareRoot() / skewness * (cbrt(inner) - 1)
  }
  return (max(t, corrected(t)), max(t, -corrected(-t)))
}
