import ActivationRecording
import MirrorAnalysis
import Testing

private struct Oracle: Decodable {
  struct Divergence: Decodable {
    let kl: [Double]
    let common: Double
  }
  let divergence: [Divergence]
  let pearson, spearman: [String: [Double?]]
  let across: [Double?]?
  let strata: Int?
}

private let names = ["small.h5", "doubles.h5", "halves.h5", "deep.h5"]

private func oracle(_ name: String) throws -> [String: Oracle] {
  try #require(try Fixture.json([String: [String: Oracle]].self, "MirrorAnalysis/associations.json")[name])
}

private func recording(_ name: String) throws -> Recording {
  try Recording(path: Fixture.path("MirrorAnalysis/\(name)"))
}

/// Against numpy.corrcoef and scipy.stats (Fixtures/MirrorAnalysis/associations.py).
@Suite("Correlation and divergence")
struct AssociationTests {
  @Test("Correlations within a phase and over all rows are numpy's and scipy's to 1e-9", arguments: names, CorrelationMethod.allCases)
  func within(name: String, method: CorrelationMethod) throws {
    let expected = try oracle(name)
    for (selection, key) in [(RowSelection.all, "all"), (.phase(.own), "self")] {
      let matrices = try correlations(
        of: recording(name), over: [selection], method: method, acrossLayers: false, partnerFilter: true, threads: 2)
      #expect(matrices.count == expected.count)
      for matrix in matrices {
        let layer = try #require(expected[matrix.units[0].layer])
        let values = try #require((method == .pearson ? layer.pearson : layer.spearman)[key])
        let rows = matrix.rows(recording: name)
        #expect(rows.count == values.count)
        for (row, value) in zip(rows, values) {
          guard let value else {
            #expect(row.r == nil)
            continue
          }
          #expect(relativeError(row.r, value, floor: 1e-3) <= 1e-9)
        }
      }
    }
  }

  @Test("Across layers every unit meets every other once, with the same r as within its layer")
  func acrossLayers() throws {
    let recording = try recording("deep.h5")
    let whole = try correlations(of: recording, over: [.all], method: .pearson, acrossLayers: true, partnerFilter: true, threads: 1)
    #expect(whole.count == 1)
    #expect(whole[0].rows(recording: "deep.h5").count == 15 * 14 / 2)
    let within = try correlations(of: recording, over: [.all], method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    #expect(relativeError(whole[0].values[1], within[0].values[1]) <= 1e-12)
  }

  @Test("Across phases the means of matched strata are correlated, the diagonal included")
  func acrossPhases() throws {
    let expected = try oracle("deep.h5")
    let matrices = try correlationsAcross(
      .own, .other, of: recording("deep.h5"), method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    for matrix in matrices {
      let layer = try #require(expected[matrix.units[0].layer])
      #expect(matrix.count == layer.strata)
      let values = try #require(layer.across)
      #expect(matrix.rows(recording: "deep.h5").count == values.count)
      for (ours, theirs) in zip(matrix.values, values) { #expect(relativeError(ours, try #require(theirs), floor: 1e-3) <= 1e-9) }
    }
    let error = #expect(throws: RecordingError.self) {
      try correlationsAcross(
        .own, .other, of: recording("small.h5"), method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    }
    #expect(error?.description.contains("has no /stratum") == true)
  }

  @Test("Divergences are those of numpy.histogram and scipy.stats.entropy to 1e-9", arguments: names, [1, 2])
  func divergence(name: String, threads: Int) throws {
    let expected = try oracle(name)
    let rows = try divergenceRows(of: recording(name), partnerFilter: true, threads: threads)
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
