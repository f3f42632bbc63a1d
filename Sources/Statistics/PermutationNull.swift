/// Which deviations from the null count as extreme.
public enum Alternative: Sendable {
  case greater, less, twoSided
}

/// The difference of means of many units, as observed and under permutations of the group labels.
///
/// Every permutation deals the labels anew for whole rows, so the units of one permutation belong together: a statistic over several
/// units, such as CMNI, has its null from the same permutations.
public struct PermutationNull: Sendable {
  public let units: Int
  public let permutations: Int
  /// mean(treated) − mean(reference) per unit; NaN for an empty group and for a unit with a value that isn't finite.
  public let observed: [Double]
  /// The mean of the difference over all permutations there are, in closed form. 0, unless strata hold the groups in unequal shares.
  public let expected: [Double]
  /// [permutations × units]
  public let differences: [Double]

  /// Adds the permutations of another null of the same rows.
  public func appending(_ other: PermutationNull) -> PermutationNull {
    PermutationNull(
      units: units, permutations: permutations + other.permutations, observed: observed, expected: expected,
      differences: differences + other.differences)
  }

  /// p = (b + 1) / (permutations + 1) per unit, b being the number of permutations at least as extreme as observed (Phipson and Smyth,
  /// 2010). For `.greater` that is a difference ≥ the observed one, for `.less` ≤, and for `.twoSided` one at least as far from
  /// `expected`. A permuted difference that equals the observed one counts: sums are exact (`ExactGrid`), and what
  /// division leaves is covered by a tolerance of 1e-12 of the observed deviation.
  ///
  /// Nil for a unit whose difference is NaN. A constant unit has p = 1.
  public func pValues(_ alternative: Alternative) -> [Double?] {
    (0..<units).map { unit in
      let deviation = observed[unit] - expected[unit]
      guard !deviation.isNaN else { return nil }
      let tolerance = 1e-12 * abs(deviation)
      var extreme = 0
      for permutation in 0..<permutations {
        let permuted = differences[permutation * units + unit] - expected[unit]
        switch alternative {
        case .greater: if permuted >= deviation - tolerance { extreme += 1 }
        case .less: if permuted <= deviation + tolerance { extreme += 1 }
        case .twoSided: if abs(permuted) >= abs(deviation) - tolerance { extreme += 1 }
        }
      }
      return Double(extreme + 1) / Double(permutations + 1)
    }
  }
}
