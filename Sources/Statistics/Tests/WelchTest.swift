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

  /// How many standard errors an interval of the difference reaches below and above it: `quantile`, or, where that is further, Hall's
  /// transformation of it (Hall, 1992) by the difference's skewness (γ₁V₁^{3/2}/√n₁ − γ₀V₀^{3/2}/√n₀) / (V₁ + V₀)^{3/2}, with V = s²/n
  /// and γ = g₁ √(n(n−1))/(n−2); without a skewness the quantile.
  ///
  /// - Parameters:
  ///   - quantile: of Student's distribution.
  ///   - treatedSkewness: Fisher–Pearson g₁ of the sample (ddof 0); nil where it has none.
  ///   - referenceSkewness: likewise.
  public func reach(_ quantile: Double, treatedSkewness: Double?, referenceSkewness: Double?) -> (low: Double, high: Double) {
    let skewness = treated.cumulantShare(treatedSkewness) - reference.cumulantShare(referenceSkewness)
    return skewedReach(quantile, skewness: skewness.isFinite ? skewness : 0)
  }

  private let treated, reference: ErrorShare

  /// What a sample gives of the squared error, and of how many values.
  private struct ErrorShare: Sendable, Equatable {
    let count: Int
    let ofSquaredError: Double

    /// The third cumulant of its mean, in units of that of the difference's standard error.
    func cumulantShare(_ skewness: Double?) -> Double {
      guard let skewness, count > 2 else { return 0 }
      let n = Double(count)
      return skewness * (n * (n - 1)).squareRoot() / (n - 2) * ofSquaredError * ofSquaredError.squareRoot() / n.squareRoot()
    }
  }

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
    self.treated = ErrorShare(count: treated.count, ofSquaredError: treatedShare)
    self.reference = ErrorShare(count: reference.count, ofSquaredError: referenceShare)
    degreesOfFreedom =
      1 / (treatedShare * treatedShare / Double(treated.count - 1) + referenceShare * referenceShare / Double(reference.count - 1))
  }
}
