import Statistics

/// The units of a layer by what sets of them are matched on, and the bins that they fall into.
///
/// Bins are quantile groups of mean activation, each cut into quantile groups of outgoing norm, so that they hold equally many units (one
/// more in the first ones where that does not come out even; units with equal values go by their number). A layer's bins follow from all of
/// its units and from how many units a target has, never from which these are: any set of units then has its place beside all sets with as many
/// units in each bin, and had a target been drawn among these at random, nothing would tell it from them.
///
/// Finer bins match better, and leave fewer sets to compare with. So of the grids 1 × 1 to 5 × 5 (five groups take away over nine
/// tenths of what a variable confounds: Cochran 1968) the one is taken under which most of 100 random sets of that size can be tested, as
/// `ReferenceSets` says; the coarsest of equals.
public struct UnitBins: Sendable {
  /// The bin of each unit.
  public let binOfUnit: [Int]
  /// Ascending units of each bin.
  let members: [[Int]]
  /// Each trait in standard deviations (ddof 1) from its mean over the layer, `[traits][units]`; 0 for one that does not vary.
  let traits: [[Double]]
  /// Mean of each trait in each bin, `[traits][bins]`.
  private let means: [[Double]]

  /// How far from the mean of all sets with as many units in each bin the mean of a set may lie, in standard deviations over the layer's units.
  public static let balance = 0.25

  private static let grids = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3), (4, 4), (5, 4), (5, 5)]
  /// Of one trait alone, with as many bins.
  private static let singleGrids = grids.map { ($0.0 * $0.1, 1) }

  /// - Parameters:
  ///   - activations: mean activation of each unit of the layer.
  ///   - norms: Euclidean norm of each unit's weights into the next layer; nil where there is no such kernel.
  ///   - size: units of a target.
  public init(activations: [Double], norms: [Double]?, size: Int) {
    let traits = ([activations] + (norms.map { [$0] } ?? [])).map(Self.standardised)
    var best = UnitBins(traits: traits, grid: (1, 1))
    var most = best.testable(size: size)
    for grid in (norms == nil ? Self.singleGrids : Self.grids).dropFirst() where grid.0 * grid.1 <= activations.count {
      let bins = UnitBins(traits: traits, grid: grid)
      let count = bins.testable(size: size)
      if count > most { (best, most) = (bins, count) }
    }
    self = best
  }

  /// - Parameter grid: groups of the first trait, and of the second in each of these.
  private init(traits: [[Double]], grid: (first: Int, second: Int)) {
    let all = Array((traits.first ?? []).indices)
    members = Self.quantileGroups(all, by: traits[0], count: grid.first)
      .flatMap { group in Self.quantileGroups(group, by: traits.last ?? [], count: grid.second) }
      .map { $0.sorted() }
    var bins = all.map { _ in 0 }
    for (bin, units) in members.enumerated() {
      for unit in units { bins[unit] = bin }
    }
    binOfUnit = bins
    self.traits = traits
    means = traits.map { [members] trait in
      members.map { units in units.reduce(0) { $0 + trait[$1] } / Double(max(1, units.count)) }
    }
  }

  private static func standardised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count - 1))).squareRoot()
    return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
  }

  private static func quantileGroups(_ units: [Int], by values: [Double], count: Int) -> [[Int]] {
    let sorted = units.sorted { (values[$0], $0) < (values[$1], $1) }
    var start = 0
    return (0..<count).map { group in
      let length = sorted.count / count + (group < sorted.count % count ? 1 : 0)
      defer { start += length }
      return Array(sorted[start..<start + length])
    }
  }

  /// How many units of a set lie in each bin.
  func counts(_ units: [Int]) -> [Int] {
    var counts = members.map { _ in 0 }
    for unit in units { counts[binOfUnit[unit]] += 1 }
    return counts
  }

  /// In how many ways so many units of each bin can be taken; infinite where a double cannot hold it.
  func setCount(_ counts: [Int]) -> Double {
    zip(members, counts).reduce(1) { $0 * combinationCount(of: $1.0.count, taking: $1.1) }
  }

  /// The standardised mean difference of each trait: the mean of a set's units less that of all sets with as many units in each bin, in
  /// standard deviations (ddof 1) over the layer's units.
  ///
  /// - Parameter counts: of the set's units in each bin.
  func differences(of units: [Int], counts: [Int]) -> [Double] {
    traits.indices.map { index in
      var sum = 0.0
      for unit in units { sum += traits[index][unit] }
      for (bin, count) in counts.enumerated() { sum -= Double(count) * means[index][bin] }
      return sum / Double(max(1, units.count))
    }
  }

  /// Whether a set's mean of every trait is within `balance` of that of all sets with as many units in each bin.
  func isBalanced(_ units: [Int], counts: [Int]) -> Bool {
    differences(of: units, counts: counts).allSatisfy { abs($0) <= Self.balance + 1e-12 }
  }

  /// A random set with so many units in each bin, each equally likely, ascending.
  ///
  /// - Parameter order: the members of each bin in any order; it is changed.
  func draw(_ counts: [Int], from order: inout [[Int]], _ stream: inout RandomStream) -> [Int] {
    var units: [Int] = []
    for (bin, count) in counts.enumerated() {
      for position in 0..<count {
        order[bin].swapAt(position, position + stream.uniform(below: order[bin].count - position))
      }
      units += order[bin].prefix(count)
    }
    return units.sorted()
  }

  /// All sets with so many units in each bin, each ascending.
  func sets(_ counts: [Int]) -> [[Int]] {
    var sets: [[Int]] = [[]]
    for (bin, count) in counts.enumerated() where count > 0 {
      let parts = combinations(of: members[bin], taking: count)
      sets = sets.flatMap { set in parts.map { set + $0 } }
    }
    return sets.map { $0.sorted() }
  }

  /// How many of 100 random sets of a size are balanced and have enough balanced sets beside them, as 50 draws of these tell.
  private func testable(size: Int) -> Int {
    guard (1...max(1, binOfUnit.count)).contains(size) else { return 0 }
    var stream = RandomStream(seed: 0, purpose: "ablation bins")
    var all = [Array(binOfUnit.indices)]
    var order = members
    return (0..<100).count { _ in
      for position in 0..<size { all[0].swapAt(position, position + stream.uniform(below: all[0].count - position)) }
      let set = Array(all[0].prefix(size))
      let counts = counts(set)
      guard setCount(counts) > Double(ReferenceSets.fewest), isBalanced(set, counts: counts) else { return false }
      let balanced = (0..<50).count { _ in isBalanced(draw(counts, from: &order, &stream), counts: counts) }
      return setCount(counts) * Double(balanced) / 50 > Double(ReferenceSets.fewest)
    }
  }
}

/// In how many ways `taken` of `count` things can be taken.
private func combinationCount(of count: Int, taking taken: Int) -> Double {
  guard taken <= count else { return 0 }
  return (0..<min(taken, count - taken)).reduce(1) { ($0 * Double(count - $1) / Double($1 + 1)).rounded() }
}

/// All ways to take `taken` of some numbers, in lexicographic order.
private func combinations(of numbers: [Int], taking taken: Int) -> [[Int]] {
  guard taken > 0 else { return [[]] }
  guard numbers.count >= taken else { return [] }
  return numbers.indices.flatMap { first in
    combinations(of: Array(numbers[(first + 1)...]), taking: taken - 1).map { [numbers[first]] + $0 }
  }
}
