import ActivationRecording
import MirrorAnalysis
import Testing

@Suite("Intervals of ablation")
struct AblationIntervalTests {
  @Test("A label that is no output counts neither in accuracy nor in its interval", arguments: [false, true])
  func foreignLabels(hasStrata: Bool) throws {
    // Unit 1 alone makes the network choose b; every other row is labelled c, which it cannot choose, and so is all of the both phase.
    let phases = (0..<80).map { Phase.allCases[$0 / 2 % 4] }
    let recording = try HandMadeRecording(
      hidden: phases.map { _ in [0, 1] }, kernel: [[1, 0], [0, 1]], actions: ["a", "b", "c"], phases: phases,
      labels: phases.enumerated().map { $1 == .both || $0 % 2 == 1 ? 2 : 1 }, strata: hasStrata ? (0..<80).map { $0 / 8 } : nil
    ).open()
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates, plan.sameRows) = ([.units(layer: "dense_1", [1])], 0, 200, true)
    for row in try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext()) where row.outcome == "accuracy" {
      if row.phase == .both {
        #expect(row.baseline == nil && row.interval == nil && row.reason == "no evaluate rows labelled with an output in phase both")
        continue
      }
      #expect(row.rowCount == (row.phase == nil ? 30 : 10) && row.baseline == 1 && row.effect == -1)
      #expect(row.interval?.lower == -1 && row.interval?.upper == -1)
    }
  }
}
