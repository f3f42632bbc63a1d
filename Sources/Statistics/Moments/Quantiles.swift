/// The q-quantile of values in ascending order, by linear interpolation between the two nearest (Hyndman and Fan's type 7, which is
/// `numpy.quantile`'s default): at position q(n − 1), 0 ≤ q ≤ 1. Nil without values, or when the last, which would be a NaN, is one.
public func quantile(ofSorted values: some RandomAccessCollection<Double>, _ q: Double) -> Double? {
  guard let last = values.last, !last.isNaN else { return nil }
  let position = min(1, max(0, q)) * Double(values.count - 1)
  let lower = Int(position)
  let share = position - Double(lower)
  let start = values[values.index(values.startIndex, offsetBy: lower)]
  guard share > 0 else { return start }
  let end = values[values.index(values.startIndex, offsetBy: lower + 1)]
  // From the nearer end, as numpy does, so that interpolation between equal values gives that value.
  return share < 0.5 ? start + (end - start) * share : end - (end - start) * (1 - share)
}

/// The q-quantile of values in any order; see `quantile(ofSorted:_:)`. Nil without values, and nil if one of them is NaN.
public func quantile(_ values: some Collection<Double>, _ q: Double) -> Double? {
  values.contains(where: \.isNaN) ? nil : quantile(ofSorted: values.sorted(), q)
}

/// An interval that holds the middle share of resampled values.
public struct PercentileInterval: Sendable, Equatable {
  public let lower: Double
  public let upper: Double
  /// How many values it rests on.
  public let replicates: Int

  /// The percentile bootstrap interval (Efron, 1981): from the (1 − level)/2 to the (1 + level)/2 quantile by linear interpolation.
  ///
  /// Replicates that are NaN, such as the mean of a group of which no row was drawn, are left out and not counted. Nil when none is left.
  public init?(_ replicates: some Collection<Double>, level: Double = 0.95) {
    self.init(replicates, tail: (1 - level) / 2)
  }

  /// The expanded percentile interval (Hesterberg, 2015, section 4.2): of n things that were resampled the bootstrap's spread is too small by
  /// √((n − 1)/n), and its tails are a normal's where t's with n − 1 degrees of freedom are due; so the quantiles are taken at
  /// Φ(−√(n/(n − 1)) t) in place of (1 − level)/2.
  ///
  /// - Parameter resampled: n, rows or clusters.
  /// - Returns: nil for fewer than `fewestResampled`, of which no interval of this kind covers what it says.
  public init?(_ replicates: some Collection<Double>, resampled: Int, level: Double = 0.95) {
    guard resampled >= Self.fewestResampled else { return nil }
    let n = Double(resampled)
    let t = StudentTDistribution(degreesOfFreedom: n - 1).upperQuantile((1 - level) / 2)
    self.init(replicates, tail: StudentTDistribution(degreesOfFreedom: .infinity).upperTail((n / (n - 1)).squareRoot() * t))
  }

  public static let fewestResampled = 5

  private init?(_ replicates: some Collection<Double>, tail: Double) {
    let sorted = replicates.filter { !$0.isNaN }.sorted()
    guard let lower = quantile(ofSorted: sorted, tail), let upper = quantile(ofSorted: sorted, 1 - tail) else { return nil }
    self.lower = lower
    self.upper = upper
    self.replicates = sorted.count
  }
}
