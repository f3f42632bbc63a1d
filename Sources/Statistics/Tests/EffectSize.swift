/// How the spread of two samples is pooled for a standardised difference.
public enum Pooling: Sendable {
  /// √(((n₁−1)s₁² + (n₀−1)s₀²) / (n₁+n₀−2)), sample variances (ddof 1): Cohen's d as Hedges and Olkin define it.
  case sample
  /// √((n₁v₁ + n₀v₀) / (n₁+n₀)), population variances (ddof 0): the standard deviation within groups of exactly these rows.
  case population
}

/// Cohen's d: (mean(treated) − mean(reference)) / pooled standard deviation.
///
/// Nil when it does not exist: an empty sample (for `.sample` fewer than three values in all), no spread in either, or a mean or
/// variance that is not finite.
public func cohensD(treated: SampleSummary, reference: SampleSummary, pooling: Pooling) -> Double? {
  guard treated.count > 0, reference.count > 0 else { return nil }
  let size = treated.count + reference.count
  return cohensD(
    difference: treated.meanDifference(from: reference),
    squares: treated.variance * Double(treated.count) + reference.variance * Double(reference.count),
    degreesOfFreedom: Double(pooling == .sample ? size - 2 : size))
}

/// Cohen's d of a difference of means, difference / √(squares / degreesOfFreedom), from a sum of squares that has been pooled in one way or
/// another. Nil where it does not exist: no degrees of freedom, no spread, or a number that is not finite.
public func cohensD(difference: Double, squares: Double, degreesOfFreedom: Double) -> Double? {
  guard degreesOfFreedom > 0, squares > 0, squares.isFinite else { return nil }
  let d = difference / (squares / degreesOfFreedom).squareRoot()
  return d.isFinite ? d : nil
}

/// Hedges' g, the standardised difference without its bias in small samples, and the variance of that estimate.
public struct HedgesG: Sendable, Equatable {
  /// J · d, with d by `Pooling.sample`.
  public let g: Double
  /// J² · ((n₁+n₀)/(n₁n₀) + d²/(2(n₁+n₀))) (Borenstein et al., *Introduction to Meta-Analysis*, 2009, eq. 4.20–4.24).
  public let variance: Double

  /// Nil where d does not exist or n₁ + n₀ < 4, below which J does not exist.
  public init?(treated: SampleSummary, reference: SampleSummary) {
    guard let d = cohensD(treated: treated, reference: reference, pooling: .sample),
      let correction = hedgesCorrection(degreesOfFreedom: treated.count + reference.count - 2)
    else { return nil }
    let (first, second) = (Double(treated.count), Double(reference.count))
    g = correction * d
    variance = correction * correction * ((first + second) / (first * second) + d * d / (2 * (first + second)))
  }
}

/// Hedges' exact correction J(m) = Γ(m/2) / (√(m/2) Γ((m−1)/2)), of which 1 − 3/(4m−1) is the approximation (Hedges, 1981).
/// Nil for m < 2, where the mean of d is infinite.
public func hedgesCorrection(degreesOfFreedom m: Int) -> Double? {
  guard m >= 2 else { return nil }
  return gammaRatio(Double(m - 1) / 2) / (Double(m) / 2).squareRoot()
}

/// By how much a pooled variance s² of independent rows may be off, Var(s²)/s⁴ ≈ Σ n v² (κ + 2) / (Σ n v)², with the population variance v and
/// the excess kurtosis κ of each sample: 2/(n₁ + n₀) of normal values. 0 without any variance.
///
/// - Parameter samples: a κ that does not exist, of a sample without variance, is nil.
public func pooledVarianceError(_ samples: [(SampleSummary, excessKurtosis: Double?)]) -> Double {
  let total = samples.reduce(0) { $0 + Double($1.0.count) * $1.0.variance }
  guard total > 0 else { return 0 }
  return samples.reduce(0) { sum, sample in
    // A share rather than squares, which leave the range of a double before the variance does.
    let share = sample.0.variance * Double(sample.0.count) / total
    return sum + share * share / Double(sample.0.count) * ((sample.excessKurtosis ?? -2) + 2)
  }
}
