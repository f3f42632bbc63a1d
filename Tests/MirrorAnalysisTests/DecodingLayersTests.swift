import ActivationRecording
import MirrorAnalysis
import Testing

@Suite("Decoding of some layers")
struct DecodingLayersTests {
  @Test("A layer's digits are the same whether it is opened alone or with the others", arguments: ["dense_1", "dense_2", "dense_3"])
  func alone(name: String) throws {
    let path = Fixture.path("Golden/recording_2x17_epoch10.h5")
    var plan = DecodingPlan()
    plan.permutations = 19
    let all = try Recording(path: path).decodingRows(partnerFilter: true, plan: plan, threads: 2)
    let alone = try Recording(path: path) { $0 == name }.decodingRows(partnerFilter: true, plan: plan, threads: 2)
    #expect(alone.count == 5 && alone == all.filter { $0.layer == name })
  }
}
