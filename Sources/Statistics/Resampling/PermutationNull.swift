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

  /// p of each unit's deviation from `expected`; see `ExtremeCount`. A permuted difference that equals the observed one counts: sums are
  /// exact (`ExactGrid`), and what division leaves is covered by the tolerance of 1e-12 of the observed deviation.
  ///
  /// Nil for a unit whose difference is NaN. A constant unit has p = 1.
  public func pValues(_ alternative: Alternative) -> [Double?] {
    (0..<units).map { unit in
      var count = ExtremeCount(observed: observed[unit] - expected[unit], alternative: alternative)
      for permutation in 0..<permutations { count.add(differences[permutation * units + unit] - expected[unit]) }
      return count.pValue
    }
  }
}
