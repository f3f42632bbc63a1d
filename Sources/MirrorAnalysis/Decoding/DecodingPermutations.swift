import ActivationRecording
import Parallelism
import Statistics

/// Rows whose labels are dealt anew, with halves and deals: the same for all that is decoded.
struct DecodingPool: Sendable {
  /// What a decoder that is trained under some deals is tested on.
  struct Question: Sendable {
    /// The number of the deals.
    let deals: Int
    /// The group of each class in training.
    let train: [UInt8]
    /// With the group of each class in the test.
    let tests: [(test: DecodingTest, groups: [UInt8])]
  }

  /// Groups that exchange labels, with what was found of all rows of theirs.
  typealias Exchanged = (groups: [UInt8], rows: ExchangedRows)

  /// Positions among the rows that are read.
  let positions: [Int]
  let questions: [Question]
  /// True for the first half; made without a look at labels, clusters whole.
  let halves: [[Bool]]
  private let deals: [DecodingDeals?]
  /// Of each deals, the blocks that can move.
  let movableBlockCounts: [Int]
  /// Of each deals, why there is none.
  let reasons: [String?]

  /// - Parameters:
  ///   - groups: of each position, as the clusters are, which halves keep whole.
  init(
    positions: [Int], groups: [UInt8], clusters: [Int32]?, exchanged: [Exchanged], questions: [Question], plan: DecodingPlan,
    halfCount: Int,
    seed: UInt64, purpose: String
  ) throws {
    (self.positions, self.questions) = (positions, questions)
    let blind = try Exchangeability(groups: groups.map { _ in 0 }, groupCount: 1, blocks: clusters)
    halves = plan.permutations > 0 ? (0..<halfCount).map { blind.halves(seed: seed, purpose: "\(purpose) halves \($0)") } : []
    var (deals, counts, reasons): ([DecodingDeals?], [Int], [String?]) = ([], [], [])
    for (index, (values, all)) in exchanged.enumerated() {
      let number = Dictionary(uniqueKeysWithValues: zip(values, UInt8(0)...))
      let rows = groups.indices.filter { number[groups[$0]] != nil }
      // Where the blocks of all rows decide nothing, those of some are not asked.
      let exchange = try all.found.design.map { design in
        try Exchangeability(
          groups: rows.map { number[groups[$0]] ?? 0 }, groupCount: values.count,
          blocks: all.blocks.map { blocks in rows.map { blocks[positions[$0]] ?? 0 } }, choice: design)
      }
      reasons.append(exchange == nil ? all.found.reason : exchange?.reason)
      counts.append(exchange?.movableBlockCount ?? 0)
      deals.append(
        exchange.flatMap { exchange in
          DecodingDeals(
            groups: groups, rows: rows, values: values, exchange: exchange, permutations: plan.permutations, seed: seed,
            purpose: "\(purpose) deals \(index)")
        })
    }
    (self.deals, movableBlockCounts, self.reasons) = (deals, counts, reasons)
  }

  /// The deals that a test's p needs.
  func deals(of test: DecodingTest) -> [Int] {
    Set(questions.filter { question in question.tests.contains { $0.test == test } }.map(\.deals)).sorted()
  }

  /// What one half, or its complement, gives each test under each of its deals.
  struct HalfAccuracies: Sendable {
    let test: DecodingTest
    let deals: Int
    /// Labels as they are first.
    let accuracies: [Double]
  }

  /// How often each half is taken: its rows train, and its rows are tested on.
  static let turnsOfHalf = 2

  /// - Parameter number: of the half, twice; odd ones train on its complement.
  func accuracies(_ rows: PooledRows, number: Int) -> [HalfAccuracies]? {
    let half = halves[number / Self.turnsOfHalf]
    let isTraining = number % Self.turnsOfHalf == 0 ? half : half.map { !$0 }
    guard let decoders = HalfDecoders(rows, isTraining: isTraining) else { return nil }
    return questions.flatMap { question -> [HalfAccuracies] in
      guard let deals = deals[question.deals] else { return [] }
      return zip(question.tests, decoders.accuracies(deals, train: question.train, tests: question.tests.map(\.groups))).map {
        HalfAccuracies(test: $0.test, deals: question.deals, accuracies: $1)
      }
    }
  }

  /// The largest p over the deals that a test needs: each is that of one null hypothesis. Nil where one of them cannot be had.
  func pValue(of test: DecodingTest, _ halves: [HalfAccuracies]) -> Double? {
    let needed = deals(of: test)
    let values = needed.compactMap { deals in
      DecodingPermutationTest(halves.filter { $0.test == test && $0.deals == deals }.map(\.accuracies))?.pValue
    }
    return values.count == needed.count ? values.max() : nil
  }
}

/// The pools of a recording: none, self and other, and the labels of the action.
struct DecodingPools: Sendable {
  let pools: [DecodingPool]

  /// Of two tests of a phase the labels of that phase and none are dealt; for a transfer those of either phase and none, each time with the other
  /// phase's rows as they are. The action has all rows of both sides for itself, and several columns a labeling: a fifth of the halves serves it.
  init(_ sample: DecodingSample, _ exchange: [DecodingTest: ExchangedRows], plan: DecodingPlan, seed: UInt64) throws {
    func clusters(_ positions: [Int]) -> [Int32]? { sample.clusters.map { clusters in positions.map { clusters[$0] } } }
    var pools: [DecodingPool] = []
    if let action = sample.action, let rows = exchange[.action], let most = action.labels.max(), most < Int(UInt8.max) {
      let groups = action.labels.map { UInt8(clamping: $0) }
      let classes = Set(groups).sorted()
      pools.append(
        try DecodingPool(
          positions: action.positions, groups: groups, clusters: clusters(action.positions), exchanged: [(classes, rows)],
          questions: [DecodingPool.Question(deals: 0, train: classes, tests: [(.action, classes)])], plan: plan,
          halfCount: (plan.halves + 4) / 5, seed: seed, purpose: "decode action"))
    }
    if let own = exchange[.withinOwn], let other = exchange[.withinOther] {
      let (ofOwn, ofOther) = ([Phase.neither.rawValue, Phase.own.rawValue], [Phase.neither.rawValue, Phase.other.rawValue])
      pools.append(
        try DecodingPool(
          positions: sample.permuted.positions, groups: sample.permuted.labels.map { UInt8(clamping: $0) },
          clusters: clusters(sample.permuted.positions), exchanged: [(ofOwn, own), (ofOther, other)],
          questions: [
            DecodingPool.Question(deals: 0, train: ofOwn, tests: [(.withinOwn, ofOwn), (.ownToOther, ofOther)]),
            DecodingPool.Question(deals: 0, train: ofOther, tests: [(.otherToOwn, ofOwn)]),
            DecodingPool.Question(deals: 1, train: ofOther, tests: [(.withinOther, ofOther), (.otherToOwn, ofOwn)]),
            DecodingPool.Question(deals: 1, train: ofOwn, tests: [(.ownToOther, ofOther)]),
          ], plan: plan, halfCount: plan.halves, seed: seed, purpose: "decode distress"))
    }
    self.pools = pools
  }

  /// The pool that a test is permuted in; nil for the action without labels.
  func pool(of test: DecodingTest) -> DecodingPool? {
    pools.first { !$0.deals(of: test).isEmpty }
  }

  /// p of each test, for each matrix that is decoded from.
  func pValues(_ matrices: [FeatureMatrix], in context: AnalysisContext) throws -> [[DecodingTest: Double]] {
    let pools = pools.filter { !$0.halves.isEmpty && !$0.positions.isEmpty }
    let pooled = try mapBlocks(count: matrices.count * pools.count, threads: context.threads) { number in
      try context.checkCancellation()
      return PooledRows(matrices[number / pools.count], rows: pools[number % pools.count].positions)
    }
    // The heaviest first: more classes, more columns.
    let pieces = pooled.indices.flatMap { number in
      (0..<pools[number % pools.count].halves.count * DecodingPool.turnsOfHalf).map { (number, $0) }
    }
    let steps = context.progress.steps(pieces.count)
    let results = try mapBlocks(count: pieces.count, threads: context.threads) { piece -> [DecodingPool.HalfAccuracies]? in
      try context.checkCancellation()
      defer { steps.done() }
      let (number, half) = pieces[piece]
      return pooled[number].flatMap { pools[number % pools.count].accuracies($0, number: half) }
    }
    var values = matrices.map { _ in [DecodingTest: Double]() }
    for number in pooled.indices {
      let found = zip(pieces, results).filter { $0.0.0 == number }.map(\.1)
      let (matrix, pool) = (number / pools.count, pools[number % pools.count])
      guard !found.contains(where: { $0 == nil }) else { continue }
      let halves = found.flatMap { $0 ?? [] }
      for test in DecodingTest.allCases where !pool.deals(of: test).isEmpty { values[matrix][test] = pool.pValue(of: test, halves) }
    }
    return values
  }
}
