import Foundation
import Testing

@testable import MirrorAnalysis

/// A caller of the library ends an analysis by throwing from `checkCancellation`.
@Suite("Cancelled analyses")
struct CancellationTests {
  private struct Cancelled: Error {}

  /// Counts calls, and throws at one of them.
  private final class Calls: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    private let last: Int

    init(until last: Int) { self.last = last }

    func check() throws {
      let call = lock.withLock {
        count += 1
        return count
      }
      if call >= last { throw Cancelled() }
    }

    var made: Int { lock.withLock { count } }
  }

  private func expectCancellation(_ analysis: some Analysis, recordings: Int = 1) throws {
    var runner = AnalysisRunner()
    runner.threads = 2
    let all = Array(repeating: [Fixture.path("MirrorAnalysis/planted.h5")], count: recordings)
    let whole = Calls(until: .max)
    runner.checkCancellation = { try whole.check() }
    try runner.run(analysis, on: all) { _ in }
    try #require(whole.made > 0)
    for last in Set([1, (whole.made + 1) / 2, whole.made]) {
      let calls = Calls(until: last)
      runner.checkCancellation = { try calls.check() }
      #expect(throws: Cancelled.self) { try runner.run(analysis, on: all) { _ in } }
    }
  }

  @Test("What the check throws comes out of the runner, whenever it throws, for one recording and for several")
  func analyses() throws {
    for recordings in [1, 3] {
      try expectCancellation(StatsAnalysis(), recordings: recordings)
      try expectCancellation(CorrelationAnalysis(.within([.all])), recordings: recordings)
    }
    var plan = DecodingPlan()
    (plan.rows, plan.permutations) = (100, 3)
    try expectCancellation(DecodingAnalysis(plan))
  }
}
