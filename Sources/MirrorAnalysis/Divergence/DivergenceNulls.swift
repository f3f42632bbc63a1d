import ActivationRecording
import Parallelism
import Statistics

/// The permutation null of each comparison of two phases, unit by unit.
struct DivergenceNulls: Sendable {
  let designs: DivergenceDesigns
  private let tests: [DivergencePermutationTest?]
  /// Rows of each comparison, ascending.
  private let rows: [[Int]]

  /// Bytes of the numbers of bins that are held at a time.
  private static let heldBytes = 128 << 20
  /// Units that a thread takes at a time.
  private static let unitsPerBlock = 16

  init(_ analysis: DivergenceAnalysis, of recording: RecordingView, rows phases: PhaseRows, seed: UInt64) throws {
    let obstacle = analysis.bins > GroupedHistograms.mostNumberedBins ? "more than \(GroupedHistograms.mostNumberedBins) bins" : nil
    var (exchanges, tests, compared): ([DivergenceDesigns.Exchange?], [DivergencePermutationTest?], [[Int]]) = ([], [], [])
    for (a, b) in DivergenceAnalysis.comparedPhases {
      let rows = phases.codes.indices.filter { phases.codes[$0] == a.rawValue || phases.codes[$0] == b.rawValue }
      let groups = rows.map { phases.codes[$0] == a.rawValue ? UInt8(0) : 1 }
      guard groups.contains(0), groups.contains(1) else {
        exchanges.append(nil)
        tests.append(nil)
        compared.append([])
        continue
      }
      let exchange = try Exchangeability(
        groups: groups, groupCount: 2,
        blocks: recording.exchangeBlocks(rows: rows, groups: groups, compared: [0b11], choice: analysis.exchange),
        choice: analysis.exchange)
      exchanges.append(
        DivergenceDesigns.Exchange(reason: exchange.reason, design: exchange.design, blockCount: exchange.movableBlockCount))
      tests.append(
        obstacle != nil
          ? nil
          : DivergencePermutationTest(
            exchange, bins: analysis.bins, permutations: analysis.permutations, seed: seed, purpose: "divergence \(a.name) \(b.name)"))
      compared.append(rows)
    }
    designs = DivergenceDesigns(permutations: analysis.permutations, exchanges: exchanges, obstacle: obstacle)
    (self.tests, self.rows) = (tests, compared)
  }

  /// Bytes beside blocks of rows.
  static func bytes(_ shape: RecordingShape, bins: Int) -> Double {
    let numbers = min(Double(2 * heldBytes), 4 * Double(shape.rowCount) * Double(shape.widestLayer))
    return numbers + 120 * Double(shape.rowCount) + 4 * Double(bins) * Double(shape.widestLayer)
  }

  /// Of each comparison, the null of each unit of a layer; none where nothing can be dealt.
  func nulls(
    of layer: RecordedLayer, in recording: RecordingView, bins: GroupedHistograms, _ context: AnalysisContext
  ) throws -> [[DivergenceNull]] {
    try forEachTest(of: layer, in: recording, bins: bins, context) { try $0.nulls($1, units: $2) }
  }

  /// Of each comparison, what a share of the permutations gives for each unit of a layer.
  func shares(
    of layer: RecordedLayer, in recording: RecordingView, bins: GroupedHistograms, taking numbers: Range<Int>, _ context: AnalysisContext
  ) throws -> [[DivergenceNullShare]] {
    try forEachTest(of: layer, in: recording, bins: bins, context) { try $0.share($1, units: $2, taking: numbers) }
  }

  private typealias Body<Result> = @Sendable (_ test: DivergencePermutationTest, _ numbers: [UInt16], _ units: Int) throws -> [Result]

  private func forEachTest<Result: Sendable>(
    of layer: RecordedLayer, in recording: RecordingView, bins: GroupedHistograms, _ context: AnalysisContext, _ body: Body<Result>
  ) throws -> [[Result]] {
    layer.storesDoubles
      ? try results(of: layer, in: recording, context, body) { (values: UnsafeBufferPointer<Double>, units) in
        try bins.binNumbers(values, of: units)
      }
      : try results(of: layer, in: recording, context, body) { (values: UnsafeBufferPointer<Float>, units) in
        try bins.binNumbers(values, of: units)
      }
  }

  private func results<Value: ActivationValue, Result: Sendable>(
    of layer: RecordedLayer, in recording: RecordingView, _ context: AnalysisContext, _ body: Body<Result>,
    numbers: @escaping @Sendable (UnsafeBufferPointer<Value>, Range<Int>) throws -> [UInt16]
  ) throws -> [[Result]] {
    guard tests.contains(where: { $0 != nil }) else { return rows.map { _ in [] } }
    let rowCount = recording.rowCount
    let width = max(1, min(layer.unitCount, Self.heldBytes / max(1, 2 * rowCount)))
    var result = rows.map { _ in [Result]() }
    let steps = context.progress.steps(layer.unitCount * tests.count { $0 != nil })
    for first in stride(from: 0, to: layer.unitCount, by: width) {
      let units = first..<min(layer.unitCount, first + width)
      var held = [UInt16](repeating: 0, count: units.count * rowCount)
      try recording.mapBlocks(of: layer, threads: context.threads) { (rows, block: UnsafeBufferPointer<Value>) in
        (rows, try numbers(block, units))
      } take: { rows, part in
        for place in 0..<units.count {
          for (offset, row) in rows.enumerated() { held[place * rowCount + row] = part[place * rows.count + offset] }
        }
      }
      for (number, test) in tests.enumerated() {
        guard let test else { continue }
        try context.checkCancellation()
        let compared = rows[number]
        let blocks = (units.count + Self.unitsPerBlock - 1) / Self.unitsPerBlock
        let parts = try mapBlocks(count: blocks, threads: context.threads) { [held] block in
          let own = block * Self.unitsPerBlock..<min(units.count, (block + 1) * Self.unitsPerBlock)
          defer { steps.done(own.count) }
          return try body(test, own.flatMap { unit in compared.map { held[unit * rowCount + $0] } }, own.count)
        }
        result[number] += parts.joined()
      }
    }
    return result
  }
}

/// What is exchanged in each comparison of two phases: all that the table needs of it.
struct DivergenceDesigns: Sendable, Equatable {
  struct Exchange: Sendable, Equatable {
    let reason: String?
    let design: ExchangeDesign?
    let blockCount: Int
  }

  let permutations: Int
  /// Nil where a phase has no rows.
  let exchanges: [Exchange?]
  /// What keeps all comparisons from being permuted.
  let obstacle: String?
}
