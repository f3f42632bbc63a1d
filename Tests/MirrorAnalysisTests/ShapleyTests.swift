import ActivationRecording
import MirrorAnalysis
import Testing

@Suite("Shapley values of ablation")
struct ShapleyTests {
  private static func rows(_ units: [Int], mode: AblationMode = .zero, draws: Int = 20, threads: Int = 1, seed: UInt64 = 1) throws
    -> AblationRow
  {
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates) = ([.units(layer: "dense_1", units)], 0, 0)
    (plan.outcome, plan.attributes, plan.mode, plan.draws) = ("accuracy:c", true, mode, draws)
    let recording = try RecordingView(path: Fixture.path("MirrorAnalysis/references.h5"))
    return try #require(
      try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: threads, seed: seed)).first { $0.isPrimary })
  }

  @Test("Up to 8 units the values are numpy's over all orders or subsets; beyond, within their standard errors, and all add up")
  func oracle() throws {
    for expected in try ReferenceOracle.cases() {
      let row = try Self.rows(expected.units)
      #expect(row.shapley.map(\.unit) == expected.units && row.outcome == expected.shapley.outcome)
      let values = row.shapley.compactMap(\.value)
      let effect = try #require(row.effect)
      #expect(abs(values.reduce(0, +) - effect) <= 1e-12 && row.shapley.allSatisfy { $0.units == expected.units })
      for (share, value) in zip(row.shapley, expected.shapley.values) {
        let (found, error) = (try #require(share.value), try #require(share.standardError))
        if expected.units.count <= 8 {
          #expect(abs(found - value) <= 1e-9 && error == 0)
        } else {
          #expect(abs(found - value) <= 4 * error && error > 0 && error < 0.05, "\(share)")
        }
        #expect(effect == 0 ? share.share == nil : try abs(#require(share.share) - found / effect) <= 1e-9)
      }
    }
  }

  @Test(
    "Random modes have standard errors over draws, exact or not; one draw has none",
    arguments: [[0, 3, 7], [0, 1, 2, 3, 4, 6, 8, 10, 11]])
  func draws(units: [Int]) throws {
    let row = try Self.rows(units, mode: .resample)
    #expect(row.shapley.allSatisfy { ($0.standardError ?? -1) > 0 && $0.reason == nil })
    #expect(try abs(row.shapley.compactMap(\.value).reduce(0, +) - #require(row.effect)) <= 1e-12)
    #expect(try Self.rows(units, mode: .resample, threads: 2).shapley.map(\.cells) == row.shapley.map(\.cells))
    let single = try Self.rows(units, mode: .noise, draws: 1)
    #expect(single.shapley.allSatisfy { $0.standardError == nil && $0.reason?.contains("a single draw has no standard error") == true })
  }

  @Test("Units that do nothing have no share, and a reason")
  func nothing() throws {
    let phases = (0..<16).map { Phase.allCases[$0 % 4] }
    let recording = try HandMadeRecording(
      hidden: phases.map { _ in [1, 0, 0] }, kernel: [[1, 0], [0, 1], [0, 1]], phases: phases
    ).open()
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates, plan.attributes) = ([.units(layer: "dense_1", [1, 2])], 0, 0, true)
    let row = try #require(try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext()).first { $0.isPrimary })
    #expect(row.outcome == "chosen:0" && row.shapley.map(\.value) == [0, 0] && row.shapley.allSatisfy { $0.share == nil })
    #expect(row.shapley.allSatisfy { $0.reason == "the units together have no effect to share" })
  }
}
