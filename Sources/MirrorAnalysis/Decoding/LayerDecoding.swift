import ActivationRecording
import Statistics

/// What is tested of a layer in each half, in an order that makes short work of what is left at the end. The raw value tells the permutations
/// apart.
enum DecodingTest: UInt64, CaseIterable {
  case action = 4
  case withinOwn = 2
  case withinOther = 3
  case ownToOther = 0
  case otherToOwn = 1

  /// The phase that is told from none in the test; nil: all phases, for the action.
  var testPhase: Phase? {
    switch self {
    case .action: nil
    case .withinOwn, .otherToOwn: .own
    case .withinOther, .ownToOther: .other
    }
  }

  var trainPhase: Phase? {
    switch self {
    case .action: nil
    case .withinOwn, .ownToOther: .own
    case .withinOther, .otherToOwn: .other
    }
  }

  /// The cross-validation within the phase that is tested on.
  var ceiling: DecodingTest {
    switch self {
    case .action: .action
    case .withinOwn, .otherToOwn: .withinOwn
    case .withinOther, .ownToOther: .withinOther
    }
  }

  /// In the order of the table.
  static let tableOrder: [DecodingTest] = [.ownToOther, .otherToOwn, .withinOwn, .withinOther, .action]
}

/// What one half gave.
struct HalfDecoding: Sendable {
  /// Nil where a training set lacks a class.
  let decoded: Decoded?
  let trainCount: Int
  let tested: AccuracyInterval.Half
  let classCount: Int
}

/// What was found of all rows that exchange labels in a test, with the block of each.
struct ExchangedRows: Sendable {
  let found: Exchangeability
  /// Of positions among the rows that are read; nil where rows are exchanged freely.
  let blocks: [Int: Int32]?

  init(positions: [Int], groups: [UInt8], blocks: [Int32]?, choice: ExchangeDesign?) throws {
    found = try Exchangeability(groups: groups, groupCount: max(2, 1 + Int(groups.max() ?? 0)), blocks: blocks, choice: choice)
    self.blocks = blocks.map { Dictionary(uniqueKeysWithValues: zip(positions, $0)) }
  }
}

/// The rows of all decoders, and which of their labels may be exchanged.
struct DecodingDesign: Sendable {
  let sample: DecodingSample
  private let plan: DecodingPlan
  private let seed: UInt64
  /// Of the labels of all rows that a test may use, once for all halves.
  let exchange: [DecodingTest: Exchangeability]
  let pools: DecodingPools

  /// - Parameter labels: those of the action; nil without.
  init(_ recording: RecordingView, phases: PhaseRows, labels: [UInt8]?, plan: DecodingPlan, seed: UInt64) throws {
    let sample = try DecodingSample(
      phases: phases, labels: labels, clusters: recording.dependentRows()?.numbers, plan: plan, seed: seed)
    self.sample = sample
    self.plan = plan
    self.seed = seed
    var exchange: [DecodingTest: ExchangedRows] = [:]
    for test in DecodingTest.allCases {
      guard let phase = test.testPhase else {
        if let action = sample.action {
          // The labels of an item's versions are its own, whatever its phases: what hangs together is a block.
          exchange[test] = try ExchangedRows(
            positions: action.positions, groups: action.labels.map { UInt8(clamping: $0) },
            blocks: sample.clusters.map { clusters in action.positions.map { clusters[$0] } }, choice: plan.exchange)
        }
        continue
      }
      let positions = sample.rows.indices.filter { row in
        let code = phases.codes[sample.rows[row]]
        return code == Phase.neither.rawValue || code == phase.rawValue
      }
      let groups: [UInt8] = positions.map { phases.codes[sample.rows[$0]] == phase.rawValue ? 1 : 0 }
      exchange[test] = try ExchangedRows(
        positions: positions, groups: groups,
        blocks: recording.exchangeBlocks(
          rows: positions.map { sample.rows[$0] }, groups: groups, compared: [0b11], choice: plan.exchange), choice: plan.exchange)
    }
    self.exchange = exchange.mapValues(\.found)
    pools = try DecodingPools(sample, exchange, plan: plan, seed: seed)
  }

  /// What a reader of the p's has to know all the same.
  var notes: [String] {
    DecodingTest.tableOrder.compactMap { exchange[$0]?.note }.reduce(into: []) { notes, note in
      if !notes.contains(note) { notes.append(note) }
    }
  }

  /// Trains and tests in one half. Nil for the action of a recording without labels.
  func decode(_ test: DecodingTest, half: Int, from features: DecodingFeatures) throws -> HalfDecoding? {
    let sets = (own: sample.own[half], other: sample.other[half])
    let (train, tested): (DecodingSample.Members?, DecodingSample.Members) =
      switch test {
      case .ownToOther: (sets.own, sets.other)
      case .otherToOwn: (sets.other, sets.own)
      case .withinOwn: (nil, sets.own)
      case .withinOther: (nil, sets.other)
      case .action: (nil, sample.action ?? DecodingSample.Members(positions: [], labels: []))
      }
    guard test != .action || sample.action != nil else { return nil }
    let clusters = sample.clusters.map { clusters in tested.positions.map { Int(clusters[$0]) } }
    let classCount = Set(tested.labels).count
    let decoded: Decoded?
    if let train {
      decoded = transferDecoding(
        features.matrix, train: train.positions, trainLabels: train.labels, test: tested.positions, testLabels: tested.labels)
    } else {
      let folds = try stratifiedFolds(
        labels: tested.labels, clusters: clusters, folds: plan.folds, seed: seed, purpose: "decode folds \(half)")
      decoded = crossValidatedDecoding(features.matrix, rows: tested.positions, labels: tested.labels, folds: folds)
    }
    return HalfDecoding(
      decoded: decoded, trainCount: train?.positions.count ?? tested.positions.count,
      tested: AccuracyInterval.Half(rows: tested.positions, labels: tested.labels, predictions: decoded?.predictions ?? []),
      classCount: classCount)
  }

  /// One row of the table from what the halves gave.
  ///
  /// - Parameter pValue: nil without permutations, and where labels cannot be dealt.
  func row(_ test: DecodingTest, layer: String, _ halves: [HalfDecoding], ceiling: [HalfDecoding], pValue: Double?) -> DecodingRow {
    let target = test == .action ? DecodingTarget.action : .distress
    guard test != .action || sample.action != nil else {
      return DecodingRow(
        layer: layer, target: target, trainPhase: nil, testPhase: nil, score: nil, ceiling: nil, trainCount: 0, testCount: 0, design: nil,
        blockCount: nil, reason: "the recording has no /label")
    }
    func mean(_ counts: [Int]) -> Int {
      counts.isEmpty ? 0 : Int((Double(counts.reduce(0, +)) / Double(counts.count)).rounded())
    }
    let pool = pools.pool(of: test)
    let deals = pool?.deals(of: test) ?? []
    let score = score(halves, pValue: pValue)
    let reason: String? =
      score == nil
      ? "a training set lacks a class; record more rows or strata"
      : score?.pValue == nil
        ? (plan.permutations == 0
          ? "no permutations were asked for" : deals.lazy.compactMap { pool?.reasons[$0] }.first ?? "labels cannot be dealt")
        : score?.accuracyLow == nil
          ? "no interval: a class lies in fewer than two strata or rows"
          : target == .action && score?.auc == nil ? "auc is for two classes" : nil
    return DecodingRow(
      layer: layer, target: target, trainPhase: test.trainPhase, testPhase: test.testPhase, score: score,
      ceiling: self.score(ceiling, pValue: nil)?.accuracy, trainCount: mean(halves.map(\.trainCount)),
      testCount: mean(halves.map(\.tested.count)),
      design: exchange[test]?.design, blockCount: deals.compactMap { pool?.movableBlockCounts[$0] }.min(), reason: reason)
  }

  /// Over the halves in which each training set had all classes: which these are, labels and clusters decide. Nil for none.
  private func score(_ halves: [HalfDecoding], pValue: Double?) -> DecodingScore? {
    let decoded = halves.filter { $0.decoded != nil }
    guard let classCount = decoded.first?.classCount else { return nil }
    let interval = AccuracyInterval(of: decoded.map(\.tested)) { row in
      plan.exchange == .free ? row : sample.clusters.map { Int($0[row]) } ?? row
    }
    guard let interval else { return nil }
    let areas = decoded.compactMap { $0.decoded?.auc }
    return DecodingScore(
      accuracy: interval.accuracy, accuracyLow: interval.low, accuracyHigh: interval.high,
      auc: areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count), chance: 1 / Double(classCount),
      pValue: pValue)
  }
}
