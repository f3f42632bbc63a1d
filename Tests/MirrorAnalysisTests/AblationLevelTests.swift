import ActivationRecording
import MirrorAnalysis
import Statistics
import Testing

/// Targets that nobody chose, end to end: what a table says of them is to be false as often as it admits.
@Suite("Level of ablation")
struct AblationLevelTests {
  @Test("In 20 episodes with effects of their own, random targets have p ≤ .05 in at most 5 % of those that have a p", arguments: [1, 17])
  func episodes(drivers: Int) throws {
    var (tested, rejected) = (0, 0)
    for network in 0..<4 {
      var stream = RandomStream(seed: UInt64(network), purpose: "network", index: UInt64(drivers))
      let shifts = (0..<20).map { _ in (0..<17).map { _ in stream.normal() } }
      let hidden = (0..<80).map { row in (0..<17).map { Float(max(0, 0.5 + shifts[row / 4][$0] + 0.5 * stream.normal())) } }
      let kernel = (0..<17).map { unit in
        [Float(unit < drivers ? stream.normal() + 1 : 0.05 * stream.normal()), Float(0.5 * stream.normal())]
      }
      let recording = try HandMadeRecording(
        hidden: hidden, kernel: kernel, phases: (0..<80).map { Phase.allCases[$0 % 4] }, labels: (0..<80).map { UInt8($0 % 2) },
        strata: (0..<80).map { Int32($0 / 4) }
      ).open()
      var plan = AblationPlan()
      plan.selections = (0..<100).map { _ in
        .units(layer: "dense_1", Array((0..<17).shuffled(using: &stream).prefix(4)))
      }
      (plan.controls, plan.replicates, plan.outcome) = (39, 0, "mean:a")
      let rows = try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2, seed: UInt64(network))).filter(\.isPrimary)
      #expect(rows.count == 100)
      let values = rows.compactMap(\.pValue)
      tested += values.count
      rejected += values.count { $0 <= 0.05 }
    }
    #expect(tested > 100)
    let level = 0.05 + 2 * (0.05 * 0.95 / Double(max(1, tested))).squareRoot()
    #expect(Double(rejected) / Double(max(1, tested)) <= level, "\(rejected) of \(tested)")
  }
}
