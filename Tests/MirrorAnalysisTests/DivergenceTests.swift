import ActivationRecording
import MirrorAnalysis
import Testing

private struct Oracle: Decodable {
  struct Divergence: Decodable {
    let kl: [Double]
    let common: Double
  }
  let divergence: [Divergence]
}

/// Against numpy.histogram and scipy.stats.entropy (Fixtures/MirrorAnalysis/associations.py).
@Suite("Divergence between phases")
struct DivergenceTests {
  @Test(
    "Divergences are those of numpy.histogram and scipy.stats.entropy to 1e-9",
    arguments: ["small.h5", "doubles.h5", "halves.h5", "deep.h5"], [1, 2])
  func divergence(name: String, threads: Int) throws {
    let oracles = try Fixture.json([String: [String: Oracle]].self, "MirrorAnalysis/associations.json")
    let expected = try #require(oracles[name])
    let rows = try DivergenceAnalysis().rows(
      of: RecordingView(path: Fixture.path("MirrorAnalysis/\(name)")), in: AnalysisContext(threads: threads))
    #expect(rows.count == 4 * expected.values.reduce(0) { $0 + $1.divergence.count })
    for row in rows {
      let unit = try #require(expected[row.layer]).divergence[row.unit]
      let pairs: [(Phase, Phase)] = [(.neither, .own), (.neither, .other), (.neither, .both), (.own, .other)]
      let index = try #require(pairs.firstIndex { $0 == (row.phaseA, row.phaseB) })
      #expect(relativeError(row.kl, unit.kl[index], floor: 1e-6) <= 1e-9)
      if index < 2 {
        #expect(relativeError(row.commonPositive, unit.common, floor: 1e-6) <= 1e-9)
      } else {
        #expect(row.commonPositive == nil)
      }
    }
  }
}
