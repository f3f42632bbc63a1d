import ActivationRecording
import MirrorAnalysis
import Statistics
import Testing

@Suite("Reference sets of ablation")
struct ReferenceSetsTests {
  /// Traits of made-up layers: rectified activations, so that some units tie at 0, and positive norms.
  private static func traits(_ units: Int, seed: UInt64) -> (activations: [Double], norms: [Double]) {
    var stream = RandomStream(seed: seed, purpose: "traits")
    return ((0..<units).map { _ in max(0, stream.normal() + 0.5) }, (0..<units).map { _ in 1 + 0.3 * abs(stream.normal()) })
  }

  private static func bins(_ units: Int, size: Int, seed: UInt64 = 1) -> UnitBins {
    let (activations, norms) = traits(units, seed: seed)
    return UnitBins(activations: activations, norms: norms, size: size)
  }

  private static func counts(_ set: [Int], _ bins: UnitBins) -> [Int: Int] {
    Dictionary(set.map { (bins.binOfUnit[$0], 1) }, uniquingKeysWith: +)
  }

  @Test("Bins, differences, the number of sets, their effects and p are numpy's, which writes every set out")
  func oracle() throws {
    let recording = try RecordingView(path: Fixture.path("MirrorAnalysis/references.h5"))
    for expected in try ReferenceOracle.cases() {
      var plan = AblationPlan()
      (plan.selections, plan.controls, plan.replicates) = ([.units(layer: "dense_1", expected.units)], 10_000, 0)
      let rows = try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext()).filter { $0.phase == nil }
      let row = try #require(rows.first)
      // Which grid was taken shows in how far the target is from the sets that it leaves.
      let grid = try #require(
        expected.grids.first { grid in
          grid.references == row.controlEffects.count && zip(grid.differences, row.differences).allSatisfy { abs($0 - $1) <= 1e-9 }
        }, "\(expected.units): \(row.controlEffects.count) sets, \(row.differences)")
      // 100 random sets tell the best to about .05.
      #expect(grid.testable >= (expected.grids.map(\.testable).max() ?? 1) - 0.15)
      #expect(row.isTestable == grid.isTested && row.reason != nil)
      #expect(rows.count == grid.outcomes.count)
      for row in rows {
        let outcome = try #require(grid.outcomes[row.outcome])
        #expect(try abs(#require(row.effect) - outcome.effect) <= 1e-9)
        #expect(row.pValue == outcome.p, "\(expected.units) \(row.outcome)")
        if let mean = outcome.mean { #expect(try abs(#require(row.controlMean) - mean) <= 1e-9) }
        if let sd = outcome.sd { #expect(try abs(#require(row.controlDeviation) - sd) <= 1e-9) }
      }
    }
  }

  @Test("Bins are quantile groups of activation, each cut by norm, as many as leave enough sets")
  func quantileGroups() throws {
    // Activation falls with the unit's number, the norm goes round.
    let bins = UnitBins(activations: (0..<20).map { -Double($0 / 10) }, norms: (0..<20).map { Double($0 % 2) }, size: 4)
    #expect(Set(bins.binOfUnit) == [0, 1, 2, 3])
    for unit in 0..<20 { #expect(bins.binOfUnit[unit] == (unit < 10 ? 2 : 0) + unit % 2) }
    // Where no kernel is above, activation alone counts, and only that difference is given.
    let alone = UnitBins(activations: (0..<40).map { Double($0) }, norms: nil, size: 2)
    #expect(ReferenceSets(for: [3, 30], in: alone, count: 50, seed: 1, index: 0).differences.count == 1)
    // A layer of one unit, and equal units, have their bins too.
    #expect(UnitBins(activations: [1], norms: [1], size: 1).binOfUnit == [0])
    let equal = ReferenceSets(
      for: [0, 1], in: UnitBins(activations: [1, 1, 1, 1, 1, 1, 1, 1], norms: Array(repeating: 2, count: 8), size: 2), count: 30, seed: 1,
      index: 0)
    #expect(equal.sets.count == 27 && equal.obstacle == nil && equal.differences == [0, 0])
  }

  @Test(
    "Sets are distinct, never the target, share its units, hold as many of each bin and are as balanced, by seed",
    arguments: [(17, 3), (17, 4), (40, 4), (300, 12)])
  func drawn(units: Int, size: Int) {
    let bins = Self.bins(units, size: size)
    var tested = 0
    for number in 0..<20 {
      var stream = RandomStream(seed: 5, purpose: "targets", index: UInt64(number))
      let target = Array((0..<units).shuffled(using: &stream).prefix(size)).sorted()
      let references = ReferenceSets(for: target, in: bins, count: 200, seed: 1, index: 3)
      #expect(Set(references.sets).count == references.sets.count && !references.sets.contains(target))
      #expect(
        references.sets.allSatisfy { $0 == $0.sorted() && Set($0).count == size && Self.counts($0, bins) == Self.counts(target, bins) })
      #expect(references == ReferenceSets(for: target, in: bins, count: 200, seed: 1, index: 3))
      if references.sets.count == 200 { #expect(references != ReferenceSets(for: target, in: bins, count: 200, seed: 2, index: 3)) }
      guard references.obstacle == nil else { continue }
      tested += 1
      #expect(references.sets.count >= 19 && references.differences.allSatisfy { abs($0) <= 0.25 })
      let differences = references.sets.map { ReferenceSets(for: $0, in: bins, count: 0, seed: 1, index: 0).differences }
      #expect(differences.allSatisfy { $0.allSatisfy { abs($0) <= 0.2500001 } })
    }
    if size > 3 { #expect(tested > 3) }
  }

  @Test("Of more sets than are written out each is drawn in equal measure")
  func uniform() {
    // 3,838,380 sets of 6 among 40 units that are all alike.
    let bins = UnitBins(activations: Array(repeating: 1, count: 40), norms: Array(repeating: 1, count: 40), size: 6)
    #expect(Set(bins.binOfUnit) == [0])
    var counts = Array(repeating: 0, count: 40)
    for index in 0..<20 {
      for set in ReferenceSets(for: [0, 1, 2, 3, 4, 5], in: bins, count: 100, seed: 7, index: UInt64(index)).sets {
        for unit in set { counts[unit] += 1 }
      }
    }
    // Chi-squared with 39 degrees of freedom (fewer, since units of a set differ), 99.9 %: 72.
    #expect(counts.reduce(0) { $0 + Double(($1 - 300) * ($1 - 300)) / 300 } < 72)
  }

  @Test("What stands in the way of a p is said")
  func obstacles() throws {
    func obstacle(_ units: [Int], of layer: Int, controls: Int = 200, equal: Bool = false) -> String? {
      let (activations, norms) = Self.traits(layer, seed: 1)
      let bins =
        equal
        ? UnitBins(activations: activations.map { _ in 1 }, norms: norms.map { _ in 1 }, size: units.count)
        : UnitBins(activations: activations, norms: norms, size: units.count)
      return ReferenceSets(for: units, in: bins, count: controls, seed: 1, index: 0).obstacle
    }
    #expect(obstacle([3], of: 17, equal: true) == "one unit of a layer of 17 has only 16 reference sets; a p needs 19")
    #expect(obstacle([3], of: 20, equal: true) == nil)
    #expect(obstacle([0, 1, 2], of: 3) == "3 units of a layer of 3 have no reference set; a p needs 19")
    #expect(obstacle([0], of: 2) == "one unit of a layer of 2 has only 1 reference set; a p needs 19")
    #expect(obstacle([0, 1, 2, 3], of: 17, controls: 5, equal: true) == "5 reference sets were asked for; a p needs 19")
    #expect(obstacle([0, 1, 2, 3], of: 17, controls: 0) == nil)
    // The two most active of many units have no match.
    let extreme = UnitBins(activations: (0..<200).map { $0 < 2 ? 100 : Double($0 % 7) }, norms: Array(repeating: 1, count: 200), size: 2)
    let references = ReferenceSets(for: [0, 1], in: extreme, count: 200, seed: 1, index: 0)
    #expect(references.sets.count == 200 && references.differences[0] > 1)
    #expect(references.obstacle?.hasPrefix("matching failed: the target differs from its reference sets in mean activation by ") == true)
    #expect(references.obstacle?.hasSuffix(" standard deviations") == true)
  }

  /// Networks in which the effect of a set is what its drivers add up to, with what the other units do beside it.
  @Test("Whoever draws targets at random finds p ≤ .05 in at most 5 % of those that have a p", arguments: [1, 2, 17], [3, 4])
  func level(drivers: Int, size: Int) {
    var (tested, rejected) = (0, 0)
    for network in 0..<6 {
      let (activations, norms) = Self.traits(17, seed: UInt64(network))
      let bins = UnitBins(activations: activations, norms: norms, size: size)
      // Drivers are the units with the largest norms in every other network, so that matching has to do with the effect.
      let order = (0..<17).sorted { network % 2 == 0 ? norms[$0] > norms[$1] : $0 < $1 }
      var weights = Array(repeating: 0.0, count: 17)
      var stream = RandomStream(seed: UInt64(network), purpose: "targets", index: UInt64(100 * drivers + size))
      for unit in 0..<17 { weights[unit] = 0.02 * stream.normal() }
      for unit in order.prefix(drivers) { weights[unit] += 1 }
      func effect(_ set: [Int]) -> Double { min(1.5, set.reduce(0) { $0 + weights[$1] }) }
      for number in 0..<120 {
        let target = Array((0..<17).shuffled(using: &stream).prefix(size)).sorted()
        let references = ReferenceSets(for: target, in: bins, count: 59, seed: 1, index: UInt64(number))
        guard references.obstacle == nil else { continue }
        tested += 1
        let extreme = references.sets.count { abs(effect($0)) >= abs(effect(target)) - 1e-12 }
        if permutationPValue(extreme: extreme, of: references.sets.count) <= 0.05 { rejected += 1 }
      }
    }
    let rate = Double(rejected) / Double(max(1, tested))
    #expect(rate <= 0.05 + 2 * (0.05 * 0.95 / Double(max(1, tested))).squareRoot(), "\(rejected) of \(tested)")
    if size == 4 { #expect(tested > 200) }
  }
}
