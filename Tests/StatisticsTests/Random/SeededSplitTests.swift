import Statistics
import Testing

@Suite("Splits by seed")
struct SeededSplitTests {
  private func count(_ rows: Int, _ isCounted: (Int) -> Bool) -> Int { (0..<rows).count(where: isCounted) }

  @Test("Each group is halved; an odd row goes either way by seed")
  func halves() {
    let groups = (0..<101).map { $0 < 40 ? 0 : 7 }
    var odd: Set<Int> = []
    for seed in 0..<20 as Range<UInt64> {
      let split = seededHalfSplit(groupOfRow: groups, seed: seed, purpose: "test")
      #expect(count(101) { split[$0] && groups[$0] == 0 } == 20)
      odd.insert(count(101) { split[$0] && groups[$0] == 7 })
    }
    #expect(odd == [30, 31])
    let split = seededHalfSplit(groupOfRow: groups, seed: 1, purpose: "test")
    #expect(split == seededHalfSplit(groupOfRow: groups, seed: 1, purpose: "test"))
    #expect(split != seededHalfSplit(groupOfRow: groups, seed: 2, purpose: "test"))
    #expect(seededHalfSplit(groupOfRow: [], seed: 1, purpose: "test") == [])
  }

  @Test("Folds hold each class in proportion and differ by at most one row")
  func folds() throws {
    let labels = (0..<103).map { $0 % 10 == 0 ? 2 : $0 % 3 == 0 ? 5 : 0 }
    let folds = try stratifiedFolds(labels: labels, folds: 5, seed: 3, purpose: "test")
    for label in [0, 2, 5, nil] {
      let sizes = (0..<5).map { fold in count(103) { folds[$0] == fold && (label == nil || labels[$0] == label) } }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
    #expect(try folds == stratifiedFolds(labels: labels, folds: 5, seed: 3, purpose: "test"))
    #expect(try folds != stratifiedFolds(labels: labels, folds: 5, seed: 4, purpose: "test"))
  }

  @Test("Clusters stay together, and folds stay nearly even")
  func clusters() throws {
    let clusters = (0..<400).map { ($0 * 17) % 63 }
    let labels = clusters.map { $0 % 4 == 0 ? 1 : 0 }
    let folds = try stratifiedFolds(labels: labels, clusters: clusters, folds: 4, seed: 1, purpose: "test")
    for cluster in 0..<63 {
      #expect(Set((0..<400).filter { clusters[$0] == cluster }.map { folds[$0] }).count == 1)
    }
    for label in 0..<2 {
      let sizes = (0..<4).map { fold in count(400) { folds[$0] == fold && labels[$0] == label } }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 7, "\(sizes)")
    }
    #expect(try folds == stratifiedFolds(labels: labels, clusters: clusters, folds: 4, seed: 1, purpose: "test"))
    #expect(throws: StatisticsError.shape(what: "clusters of the rows", expected: 400, found: 399)) {
      try stratifiedFolds(labels: labels, clusters: clusters.dropLast(), folds: 4, seed: 1, purpose: "test")
    }
  }
}
