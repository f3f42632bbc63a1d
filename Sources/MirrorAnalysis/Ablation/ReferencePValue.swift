import Statistics

extension ReferenceSets {
  /// (b + 1) / (B + 1), b of B reference sets with an effect at least as far from 0 as the target's, or short of it by rounding.
  ///
  /// - Parameters:
  ///   - baseline: the outcome that the effects are changes of.
  ///   - effect: of the target.
  ///   - references: the effect of each reference set.
  /// - Returns: nil below `fewest` sets.
  public static func pValue(baseline: Double, effect: Double, references: [Double]) -> Double? {
    guard references.count >= fewest else { return nil }
    // Two sets that do the same are alike to the rounding of the outcomes that the effects are differences of.
    var count = ExtremeCount(observed: effect, alternative: .twoSided, tolerance: 1e-12 * (abs(baseline) + abs(effect)))
    count.add(contentsOf: references)
    return count.pValue
  }
}
