/// Welch's two-sample t test of mean(treated) − mean(reference), with unequal variances (Welch, 1947).
public struct WelchTest: Sendable, Equatable {
  /// t = (m₁ − m₀) / √(s₁²/n₁ + s₀²/n₀), with sample variances (ddof 1).
  public let t: Double
  /// The Welch–Satterthwaite degrees of freedom.
  public let degreesOfFreedom: Double
  /// P(T ≥ t): small when the treated mean is larger.
  public var pGreater: Double { distribution.upperTail(t) }
  /// P(T ≤ t): small when the treated mean is smaller.
  public var pLess: Double { distribution.upperTail(-t) }
  /// 2 P(T ≥ |t|).
  public var pTwoSided: Double { min(1, 2 * distribution.upperTail(abs(t))) }

  private var distribution: StudentTDistribution { StudentTDistribution(degreesOfFreedom: degreesOfFreedom) }

  /// Nil when t does not exist: a sample of fewer than two values, both samples constant, or a mean or variance that is not finite.
  /// Agrees with `scipy.stats.ttest_ind(treated, reference, equal_var=False)`.
  public init?(treated: SampleSummary, reference: SampleSummary) {
    guard treated.count > 1, reference.count > 1 else { return nil }
    let treatedPart = treated.sampleVariance / Double(treated.count)
    let referencePart = reference.sampleVariance / Double(reference.count)
    let squaredError = treatedPart + referencePart
    guard squaredError > 0, squaredError.isFinite else { return nil }
    let t = treated.meanDifference(from: reference) / squaredError.squareRoot()
    guard t.isFinite else { return nil }
    self.t = t
    // Shares of the squared error rather than its parts: the squares of very small variances would vanish.
    let treatedShare = treatedPart / squaredError
    let referenceShare = referencePart / squaredError
    degreesOfFreedom =
      1 / (treatedShare * treatedShare / Double(treated.count - 1) + referenceShare * referenceShare / Double(reference.count - 1))
  }
}
