import ActivationRecording
import MirrorAnalysis
import Testing

@Suite("Decoding of some layers")
struct DecodingLayersTests {
  @Test("A layer's digits are the same whether it is opened alone or with the others", arguments: ["dense_1", "dense_2", "dense_3"])
  func alone(name: String) throws {
    let path = Fixture.path("Golden/recording_2x17_epoch10.h5")
    var plan = DecodingPlan()
    (plan.permutations, plan.halves) = (19, 2)
    let analysis = DecodingAnalysis(plan)
    let all = try analysis.rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    let alone = try analysis.rows(of: RecordingView(path: path, layers: { $0 == name }), in: AnalysisContext(threads: 2))
    #expect(alone.count == 5 && alone == all.filter { $0.layer == name })
  }
}
