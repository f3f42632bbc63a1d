import Statistics

/// The sets of units that a target is compared with, as if it had been drawn among them.
///
/// They have as many units in each of the layer's bins (`UnitBins`) as the target, and share units with it freely: a set that must not hold
/// the target's units differs from it whenever a single unit matters, and a target drawn at random would then seem special as often as
/// it holds that unit. The target itself is none of them, and each counts once.
///
/// A target is tested where its mean activation and outgoing norm lie within 0.25 standard deviations of the means of all these sets. What
/// is asked of the target is asked of its references: only those balanced to the same degree stand beside it, so that a random target
/// that is tested at all has p ≤ α with probability at most α. Where p cannot be had, all sets with as many units in each bin are described.
public struct ReferenceSets: Sendable, Equatable {
  /// Ascending units of each: all there are, or as many as were asked for.
  public let sets: [[Int]]
  /// The target's standardised mean difference of each trait: mean activation and, where there is one, outgoing norm.
  public let differences: [Double]
  /// Why the target cannot be tested; nil where it can, or where no sets were asked for.
  public let obstacle: String?

  /// With fewer sets p cannot reach .05.
  public static let fewest = 19
  /// So many sets are written out before they are drawn from; of more, sets are drawn until there are enough.
  private static let mostWrittenOut = 10_000.0

  /// - Parameters:
  ///   - units: the target.
  ///   - bins: of its layer, for targets of its size.
  ///   - count: sets that are asked for, at most.
  ///   - seed: of the draws.
  ///   - index: of the target, so that each draws for itself from `RandomStream(seed, "ablation references", index)`.
  public init(for units: [Int], in bins: UnitBins, count: Int, seed: UInt64, index: UInt64) {
    let units = units.sorted()
    let counts = bins.counts(units)
    differences = bins.differences(of: units, counts: counts)
    guard count > 0 else {
      (sets, obstacle) = ([], nil)
      return
    }
    var stream = RandomStream(seed: seed, purpose: "ablation references", index: index)
    let (others, isComplete) = Self.others(units, counts, bins, count, balanced: false, &stream)
    let all = Array(others.prefix(count))
    if all.count < Self.fewest {
      sets = all
      obstacle =
        count < Self.fewest && others.count >= count
        ? "\(count) reference \(count == 1 ? "set was" : "sets were") asked for; a p needs \(Self.fewest)"
        : Self.shortage(all.count, units.count, bins.binOfUnit.count)
      return
    }
    guard bins.isBalanced(units, counts: counts) else {
      (sets, obstacle) = (all, Self.imbalance(differences))
      return
    }
    let balanced =
      isComplete
      ? others.filter { bins.isBalanced($0, counts: counts) } : Self.others(units, counts, bins, count, balanced: true, &stream).sets
    guard balanced.count >= Self.fewest else {
      sets = all
      obstacle =
        (balanced.isEmpty ? "no reference set is" : "only \(balanced.count) reference \(balanced.count == 1 ? "set is" : "sets are")")
        + " balanced as the target is; a p needs \(Self.fewest)"
      return
    }
    (sets, obstacle) = (Array(balanced.prefix(count)), nil)
  }

  /// Sets with as many units in each bin as the target, in random order: all of them where they are few enough to be written out.
  private static func others(
    _ units: [Int], _ counts: [Int], _ bins: UnitBins, _ count: Int, balanced: Bool, _ stream: inout RandomStream
  ) -> (sets: [[Int]], isComplete: Bool) {
    if bins.setCount(counts) <= max(mostWrittenOut, Double(count)) {
      let others = bins.sets(counts).filter { $0 != units }
      return (others.count > count ? others.shuffled(using: &stream) : others, true)
    }
    var seen: Set<[Int]> = [units]
    var sets: [[Int]] = []
    var order = bins.members
    // A share of a hundredth is found.
    for _ in 0..<100 * (count + 100) where sets.count < count {
      let set = bins.draw(counts, from: &order, &stream)
      if !balanced || bins.isBalanced(set, counts: counts), seen.insert(set).inserted { sets.append(set) }
    }
    return (sets, false)
  }

  private static func shortage(_ count: Int, _ size: Int, _ unitCount: Int) -> String {
    let target = size == 1 ? "one unit" : "\(size) units"
    let references = count == 0 ? "no reference set" : "only \(count) reference \(count == 1 ? "set" : "sets")"
    return "\(target) of a layer of \(unitCount) \(size == 1 ? "has" : "have") \(references); a p needs \(fewest)"
  }

  private static func imbalance(_ differences: [Double]) -> String {
    let parts = zip(["mean activation", "outgoing norm"], differences).filter { abs($0.1) > UnitBins.balance }
      .map { name, difference in "\(name) by \((difference * 100).rounded() / 100)" }
    return "matching failed: the target differs from its reference sets in \(parts.joined(separator: " and in ")) standard deviations"
  }
}
