import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

private struct Oracle: Decodable {
  struct Divergence: Decodable {
    /// With 1e-10 added to shares of rows, and to densities.
    let kl, author: [Double]
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
      #expect(relativeError(row.authorKL, unit.author[index], floor: 1e-6) <= 1e-9)
      if index < 2 {
        #expect(relativeError(row.commonPositive, unit.common, floor: 1e-6) <= 1e-9)
      } else {
        #expect(row.commonPositive == nil)
      }
    }
  }

  @Test("Activations times 1,000 have the same divergence, and another one by the author's version")
  func scale() throws {
    func rows(_ scale: Double) throws -> [DivergenceRow] {
      var stream = RandomStream(seed: 4, purpose: "divergence scale")
      let values = (0..<400).map { row in (stream.normal() + (row % 4 == 1 ? 1 : 0)) * scale }
      let recording = try PhasedRecording(phases: (0..<400).map { Phase.allCases[$0 % 4] }, strata: nil, values: values, units: 1)
      defer { recording.remove() }
      return try DivergenceAnalysis().rows(of: recording.view(), in: AnalysisContext())
    }
    let (one, thousand) = (try rows(1), try rows(1000))
    for (a, b) in zip(one, thousand) {
      #expect(relativeError(b.kl, try #require(a.kl)) <= 1e-12)
      #expect(relativeError(b.authorKL, try #require(a.authorKL)) > 1e-3)
    }
  }

  @Test("Three rows against three: mean and p by hand, over all twenty arrangements")
  func byHand() throws {
    let exchange = try Exchangeability(groups: [0, 0, 1, 1, 0, 1], groupCount: 2, blocks: nil)
    let test = try #require(DivergencePermutationTest(exchange, bins: 2, permutations: 4000, seed: 1, purpose: "by hand"))
    // None 0, 0, 0 and self 1, 1, 1: of 20 arrangements two are as far apart, 18 have shares 2/3 and 1/3: D = (2/3 - 1/3) ln 2.
    let null = try #require(try test.nulls([0, 0, 1, 1, 0, 1], units: 1).first)
    #expect(abs(null.pValue - 0.1) < 4 * (0.09 / 4000).squareRoot())
    let expected = 0.1 * log(1e10) + 0.9 * log(2) / 3
    #expect(abs(null.mean - expected) < 0.5)
    // Nothing to deal: four arrangements of one against three.
    let few = try Exchangeability(groups: [0, 1, 1, 1], groupCount: 2, blocks: nil)
    #expect(DivergencePermutationTest(few, bins: 2, permutations: 9, seed: 1, purpose: "by hand") == nil)
  }

  @Test("p keeps its level without effect inside strata that differ, and finds a shift; it is the same for any number of threads")
  func level() throws {
    let units = 40
    var stream = RandomStream(seed: 9, purpose: "divergence level")
    var (phases, strata, values): ([Phase], [Int32], [Double]) = ([], [], [])
    for stratum in 0..<20 {
      let effects = (0..<units).map { _ in stream.normal() }
      for row in 0..<8 {
        let phase = row < 4 ? Phase.neither : row < 6 ? .own : .other
        phases.append(phase)
        strata.append(Int32(stratum))
        values += effects.map { $0 + stream.normal() + (phase == .other ? 2 : 0) }
      }
    }
    let recording = try PhasedRecording(phases: phases, strata: strata, values: values, units: units)
    defer { recording.remove() }
    let analysis = DivergenceAnalysis(bins: 10, permutations: 199)
    let rows = try analysis.rows(of: recording.view(), in: AnalysisContext(threads: 1, seed: 2))
    let again = try analysis.rows(of: recording.view(), in: AnalysisContext(threads: 2, seed: 2))
    #expect(rows.map(\.null) == again.map(\.null))
    let without = rows.filter { $0.phaseA == .neither && $0.phaseB == .own }
    let with = rows.filter { $0.phaseA == .neither && $0.phaseB == .other }
    #expect(without.allSatisfy { $0.exchange == .within && $0.blockCount == 20 && $0.permutations == 199 })
    let rejected = without.count { ($0.null?.pValue ?? 1) <= 0.05 }
    #expect(Double(rejected) / Double(units) <= 0.05 + 2 * (0.05 * 0.95 / Double(units)).squareRoot())
    #expect(with.count { ($0.null?.pValue ?? 1) <= 0.05 } > units * 9 / 10)
    #expect(rows.filter { $0.phaseB == .both }.allSatisfy { $0.null == nil && $0.reason == "no rows in phase both" })
  }
}

/// A recording of floats.
struct PhasedRecording {
  let path = FileManager.default.temporaryDirectory.appending(path: "phased-\(UUID().uuidString).h5").path

  /// - Parameter values: `[rows × units]`.
  init(phases: [Phase], strata: [Int32]?, values: [Double], units: Int) throws {
    try self.init(phases: phases, strata: strata, layers: [values], units: units)
  }

  init(phases: [Phase], strata: [Int32]?, layers: [[Double]], units: Int) throws {
    var columns = Recorder.Columns()
    columns.hasStrata = strata != nil
    let descriptions = layers.indices.map { number in
      LayerDescription(name: "dense_\(number + 1)", unitCount: units, activationFunction: "linear", isOutput: number == layers.count - 1)
    }
    let recorder = try Recorder(path: path, layers: descriptions, columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: layers.map { $0.map { Float($0) } })
    batch.strata = strata
    try recorder.append(batch)
    try recorder.finish()
  }

  func view() throws -> RecordingView { try RecordingView(path: path) }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
