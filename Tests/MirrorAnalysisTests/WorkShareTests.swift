import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

/// Shares in the order in which they were told.
private final class Told: @unchecked Sendable {
  // Sendable because `all` is touched under the lock only.
  private let lock = NSLock()
  private var told: [Double] = []

  var all: [Double] { lock.withLock { told } }

  var tell: @Sendable (Double) -> Void { { share in self.lock.withLock { self.told.append(share) } } }
}

@Suite("How far an analysis is")
struct WorkShareTests {
  @Test("Parts follow on one another by their weights, and steps fill them in whatever order")
  func parts() {
    let told = Told()
    let parts = WorkShare(tell: told.tell).part(0.2, 1).parts([1, 3])
    parts[0].tell(0.5)
    parts[0].tell(1)
    let steps = parts[1].steps(3)
    for _ in 0..<3 { steps.done() }
    #expect(zip(told.all, [0.3, 0.4, 0.6, 0.8, 1]).allSatisfy { abs($0 - $1) < 1e-12 } && told.all.count == 5, "\(told.all)")
  }

  @Test("A share never falls, and more than all of a part is all of it")
  func bounds() {
    let told = Told()
    let whole = WorkShare(tell: told.tell)
    whole.part(0.5, 1).tell(0.5)
    whole.part(0, 0.5).tell(0.5)
    whole.part(0, 0.9).tell(7)
    #expect(told.all == [0.75, 0.9])
  }

  @Test("What is read counts only while a part asks for it, in cells")
  func reading() {
    let told = Told()
    let whole = WorkShare(tell: told.tell)
    whole.didRead(cells: 10)
    whole.part(0, 0.5).reading(cells: 40) {
      whole.didRead(cells: 10)
      whole.didRead(cells: 30)
    }
    whole.didRead(cells: 10)
    #expect(told.all == [0.125, 0.5])
  }

  @Test("Parts without weight are equal")
  func noWeights() {
    let told = Told()
    WorkShare(tell: told.tell).parts([0, 0])[0].tell(1)
    #expect(told.all == [0.5])
  }

  private func shares(_ name: String, _ recordings: [String] = ["MirrorAnalysis/planted.h5"]) throws -> [Double] {
    let told = Told()
    var runner = AnalysisRunner()
    (runner.threads, runner.progress) = (2, told.tell)
    let paths = recordings.map { [Fixture.path($0)] }
    func run(_ analysis: some Analysis) throws { try runner.run(analysis, on: paths) { _ in } }
    switch name {
    case "cmni": try run(CMNIAnalysis(permutations: 200))
    case "units": try run(UnitsAnalysis(permutations: 200))
    case "stats": try run(StatsAnalysis())
    case "divergence": try run(DivergenceAnalysis(permutations: 19))
    case "correlate": try run(CorrelationAnalysis(.within([.all])))
    case "direction": try run(DirectionAnalysis(permutations: 99))
    case "ablate": try run(AblationAnalysis(AblationPlan()))
    case "circuit": try run(CircuitAnalysis(.responsive))
    case "decode":
      var plan = DecodingPlan()
      (plan.permutations, plan.halves) = (9, 2)
      try run(DecodingAnalysis(plan))
    case "audit": try run(AuditAnalysis())
    default: Issue.record("no analysis \(name)")
    }
    return told.all
  }

  @Test(
    "An analysis tells several shares, which only grow, and ends with all of it",
    arguments: ["cmni", "units", "stats", "divergence", "correlate", "direction", "ablate", "circuit", "decode", "audit"])
  func analysis(name: String) throws {
    let shares = try shares(name)
    #expect(shares == shares.sorted() && shares.last == 1, "\(shares)")
    // What only reads, reads these few rows at once.
    let least = ["stats": 0, "correlate": 1, "audit": 1][name] ?? 2
    #expect(shares.count { $0 > 0 && $0 < 1 } >= least, "\(shares)")
  }

  @Test("Of several recordings each counts by the size of its file")
  func several() throws {
    let shares = try shares("units", ["MirrorAnalysis/planted.h5", "MirrorAnalysis/small.h5"])
    #expect(shares == shares.sorted() && abs((shares.last ?? 0) - 1) < 1e-12, "\(shares)")
  }
}
