/// p = (b + 1) / (N + 1): the share of N permutations, and of what was observed, that is at least as extreme as observed, b being how many
/// of the permutations are (Phipson and Smyth, 2010). It is never 0, and 1 without permutations.
public func permutationPValue(extreme: Int, of permutations: Int) -> Double {
  (Double(extreme) + 1) / (Double(permutations) + 1)
}

/// Which deviations from the null count as extreme.
public enum Alternative: Sendable {
  case greater, less, twoSided
}

/// Counts the permutations whose statistic is at least as extreme as the observed one.
///
/// For `.greater` those are the statistics ≥ the observed one, for `.less` ≤, and for `.twoSided` those at least as far from 0. One that
/// ties with the observed statistic counts; since rounding parts ties, so does one that misses it by at most `tolerance`.
public struct ExtremeCount: Sendable, Equatable {
  public let observed: Double
  public let alternative: Alternative
  public let tolerance: Double
  /// How many permutations have been added.
  public private(set) var permutations = 0
  /// How many of them are extreme. A statistic that is NaN is not.
  public private(set) var extreme = 0

  /// - Parameter tolerance: by how much a tie may be missed; nil for 1e-12 of the observed statistic.
  public init(observed: Double, alternative: Alternative = .greater, tolerance: Double? = nil) {
    self.observed = observed
    self.alternative = alternative
    self.tolerance = tolerance ?? 1e-12 * abs(observed)
  }

  /// Adds one permutation's statistic.
  public mutating func add(_ statistic: Double) {
    permutations += 1
    let isExtreme =
      switch alternative {
      case .greater: statistic >= observed - tolerance
      case .less: statistic <= observed + tolerance
      case .twoSided: abs(statistic) >= abs(observed) - tolerance
      }
    if isExtreme { extreme += 1 }
  }

  /// Adds one statistic per permutation.
  public mutating func add(contentsOf statistics: some Sequence<Double>) {
    for statistic in statistics { add(statistic) }
  }

  /// (b + 1) / (N + 1); nil where the observed statistic is NaN.
  public var pValue: Double? { observed.isNaN ? nil : permutationPValue(extreme: extreme, of: permutations) }
}
