import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

private struct Oracle: Decodable {
  let pearson: [String: [Double?]]
  let spearman: [Double?]
  let across: [String: [Double?]]?
  let strata: Int?
  /// By measure, in the order of the table: n, value and, of strata.h5, p over 4,000 permutations.
  let similarity: [String: [[Double?]]]
}

private let names = ["small.h5", "doubles.h5", "halves.h5", "strata.h5", "../Golden/recording_2x17_epoch10.h5"]

private func oracle(_ name: String) throws -> Oracle {
  try #require(try Fixture.json([String: Oracle].self, "MirrorAnalysis/correlate.json")[name])
}

private func recording(_ name: String, layers: (String) -> Bool = { _ in true }) throws -> Recording {
  try Recording(path: Fixture.path("MirrorAnalysis/\(name)"), layers: layers)
}

private func expectEqual(_ ours: [Double?], _ theirs: [Double?], floor: Double = 1e-3, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(ours.count == theirs.count, sourceLocation: sourceLocation)
  for (pair, values) in zip(ours, theirs).enumerated() {
    guard let expected = values.1 else {
      #expect(values.0 == nil, "pair \(pair)", sourceLocation: sourceLocation)
      continue
    }
    #expect(relativeError(values.0, expected, floor: floor) <= 1e-9, "pair \(pair)", sourceLocation: sourceLocation)
  }
}

/// Against numpy.corrcoef and scipy.stats.spearmanr in float64 (Fixtures/MirrorAnalysis/correlate.py).
@Suite("Correlation of units")
struct CorrelateTests {
  @Test("Pearson's r over any rows, across layers and in one pass, is numpy's to 1e-9, doubles not rounded", arguments: names, [1, 2])
  func pearson(name: String, threads: Int) throws {
    let expected = try oracle(name)
    let selections = RowSelection.everyOne.filter { expected.pearson[$0.name] != nil }
    let matrices = try correlations(
      of: recording(name), over: selections, method: .pearson, acrossLayers: true, partnerFilter: true, threads: threads)
    #expect(matrices.map(\.phaseA) == selections.map(\.name) && matrices.map(\.phaseB) == selections.map(\.name))
    for matrix in matrices {
      expectEqual(matrix.rows(recording: name).map(\.r), try #require(expected.pearson[matrix.phaseA]))
    }
  }

  @Test("Spearman's rho across layers is scipy's to 1e-9, doubles not rounded", arguments: names, [1, 2])
  func spearman(name: String, threads: Int) throws {
    let matrix = try correlations(
      of: recording(name), over: [.all], method: .spearman, acrossLayers: true, partnerFilter: true, threads: threads)[0]
    expectEqual(matrix.rows(recording: name).map(\.r), try oracle(name).spearman)
  }

  @Test("Across phases the stratum means of every unit meet those of every unit, itself included", arguments: CorrelationMethod.allCases)
  func acrossPhases(method: CorrelationMethod) throws {
    let expected = try oracle("strata.h5")
    let matrix = try correlationsAcross(
      .own, .other, of: recording("strata.h5"), method: method, acrossLayers: true, partnerFilter: true, threads: 2)[0]
    #expect(matrix.count == expected.strata)
    expectEqual(matrix.rows(recording: "strata.h5").map(\.r), try #require(expected.across?[method.rawValue]))
  }

  @Test("Every r has its reason or its number, and the reason names the constant units and where they are constant")
  func reasons() throws {
    let recording = try recording("strata.h5")
    func reasons(_ matrix: CorrelationMatrix) -> [String: String] {
      let rows = matrix.rows(recording: "strata.h5")
      #expect(rows.allSatisfy { ($0.r == nil) == ($0.reason != nil) })
      return Dictionary(
        uniqueKeysWithValues: rows.map { ("\($0.layerA):\($0.unitA) \($0.layerB):\($0.unitB)", $0.reason ?? "") })
    }
    for method in CorrelationMethod.allCases {
      let within = try correlations(
        of: recording, over: [.phase(.own), .all], method: method, acrossLayers: true, partnerFilter: true, threads: 1
      ).map(reasons)
      #expect(within[0]["dense_1:0 dense_1:1"] == "dense_1 unit 0 is constant in phase self")
      #expect(within[0]["dense_2:1 dense_3:0"] == "dense_3 unit 0 is constant in phase self")
      #expect(
        within[1]["dense_1:0 dense_3:0"] == "dense_1 unit 0 is constant in all rows; dense_3 unit 0 is constant in all rows")
      #expect(within[1]["dense_1:1 dense_1:2"] == "")
      let across = try correlationsAcross(
        .own, .other, of: recording, method: method, acrossLayers: true, partnerFilter: true, threads: 1
      ).map(reasons)[0]
      #expect(across["dense_1:0 dense_1:1"] == "dense_1 unit 0 is constant over the strata in phase self")
      #expect(across["dense_1:1 dense_1:0"] == "dense_1 unit 0 is constant over the strata in phase other")
    }
  }

  @Test("Selections come by layer, then in the order asked for; a layer's matrix is its part of that across layers")
  func order() throws {
    let recording = try recording("strata.h5")
    let selections: [RowSelection] = [.phase(.other), .all]
    let within = try correlations(
      of: recording, over: selections, method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    #expect(within.map(\.phaseA) == ["other", "all", "other", "all", "other", "all"])
    #expect(within.map { $0.units[0].name } == ["dense_1:0", "dense_1:0", "dense_2:0", "dense_2:0", "dense_3:0", "dense_3:0"])
    let joined = try correlations(
      of: recording, over: selections, method: .pearson, acrossLayers: true, partnerFilter: true, threads: 1)
    #expect(joined[0].units.count == 12 && joined[0].count == within[0].count)
    #expect(abs(joined[0].values[6 * 12 + 7] - within[2].values[1]) <= 1e-13)
  }

  @Test("The wide table has a row and a column per unit, the diagonal 1 and a constant unit empty")
  func wide() throws {
    let matrix = try correlations(
      of: recording("strata.h5") { $0 == "dense_3" }, over: [.all], method: .pearson, acrossLayers: false, partnerFilter: true,
      threads: 1)[0]
    #expect(matrix.wideSchema.columns.map(\.name) == ["unit", "dense_3:0", "dense_3:1", "dense_3:2", "dense_3:3"])
    #expect(matrix.wideCells(ofUnit: 1)[0] == .string("dense_3:1") && matrix.wideCells(ofUnit: 1)[2] == .number(1))
    #expect(matrix.values[0..<4].allSatisfy(\.isNaN) && matrix.values[4].isNaN)
  }

  @Test("A phase with fewer than two rows is not enough, and so are fewer than three strata")
  func notEnough() throws {
    let few = #expect(throws: RecordingError.self) {
      try correlationsAcross(
        .own, .other, of: self.twoStrata(), method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    }
    #expect(few?.kind == .notEnoughData)
    #expect(
      few?.description.contains(": 2 strata hold rows of both phase self and phase other; a correlation across them needs 3.") == true)
    let empty = #expect(throws: RecordingError.self) {
      try correlations(
        of: self.twoStrata(), over: [.phase(.both)], method: .pearson, acrossLayers: false, partnerFilter: true, threads: 1)
    }
    #expect(empty?.kind == .notEnoughData && empty?.description.contains("phase both has no rows") == true)
  }

  /// Rows of the self and other phases in two strata.
  private func twoStrata() throws -> Recording {
    let path = FileManager.default.temporaryDirectory.appending(path: "two-strata-\(UUID().uuidString).h5").path
    var columns = Recorder.Columns()
    columns.hasStrata = true
    let layer = LayerDescription(name: "dense_1", unitCount: 3, activationFunction: "relu", isOutput: true)
    let recorder = try Recorder(path: path, layers: [layer], columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: [.own, .other, .own, .other], activations: [[1, 2, 3, 2, 3, 1, 3, 1, 2, 1, 3, 2]])
    batch.strata = [1, 1, 2, 2]
    try recorder.append(batch)
    try recorder.finish()
    // The open file stays readable without its name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try Recording(path: path)
  }
}

/// Against numpy and scipy in float64 (Fixtures/MirrorAnalysis/correlate.py).
@Suite("Similarity of representations")
struct SimilarityTests {
  @Test("RSA and linear CKA are those of numpy and scipy to 1e-9", arguments: names, [1, 2])
  func oracles(name: String, threads: Int) throws {
    let expected = try oracle(name).similarity
    let rows = try similarityRows(of: recording(name), partnerFilter: true, threads: threads)
    let cka = rows.filter { $0.measure == .cka && $0.reason != "the recording has no /stratum" }
    let rsa = rows.filter { $0.measure == .rsa && $0.reason != "the recording has no /stratum" }
    for (ours, theirs) in [(rsa, expected["rsa"]), (cka, expected["cka"])] {
      let theirs = try #require(theirs)
      #expect(ours.map { Double($0.count) } == theirs.map { $0[0] })
      expectEqual(ours.map(\.value), theirs.map { $0[1] })
      #expect(ours.allSatisfy { ($0.value == nil) == ($0.reason != nil) })
    }
  }

  @Test(
    "p of RSA is Mantel's and p of CKA between phases permutes strata, as numpy's within Monte-Carlo error; CKA between layers has none")
  func pValues() throws {
    let expected = try oracle("strata.h5").similarity
    let null = SimilarityNull(permutations: 500, seed: 3)
    let rows = try similarityRows(of: recording("strata.h5"), null: null, partnerFilter: true, threads: 2)
    for measure in SimilarityMeasure.allCases {
      for (row, oracle) in zip(rows.filter { $0.measure == measure }, try #require(expected[measure.rawValue])) {
        let name = "\(measure) \(row.layerA) \(row.phaseA.name) \(row.layerB) \(row.phaseB.name)"
        if let expected = oracle.count > 2 ? oracle[2] : nil {
          let error = (expected * (1 - expected) * (1.0 / 500 + 1.0 / 4000)).squareRoot()
          #expect(abs(try #require(row.pValue, "\(name)") - expected) <= 4 * error + 1.0 / 500, "\(name)")
          #expect(row.permutations == 500)
        } else {
          #expect(row.pValue == nil && row.permutations == 0 && row.reason != nil, "\(name)")
        }
      }
    }
    #expect(rows.contains { $0.measure == .cka && $0.value != nil && $0.reason?.hasPrefix("no p: permuting the rows") == true })
    #expect(rows.compactMap(\.pValue).contains { $0 > 0.2 } && rows.compactMap(\.pValue).contains { $0 < 0.01 })
  }

  @Test("p is that of its seed, for any threads and whatever else is compared")
  func reproducible() throws {
    func rows(_ layers: (String) -> Bool, _ selections: [RowSelection], seed: UInt64, threads: Int) throws -> [SimilarityRow] {
      try similarityRows(
        of: recording("strata.h5", layers: layers), over: selections, null: SimilarityNull(permutations: 99, seed: seed),
        partnerFilter: true, threads: threads)
    }
    func betweenLayers1And3(_ rows: [SimilarityRow]) -> [Double] {
      [Phase.own, .other, .both].flatMap { phase in
        rows.filter { $0.layerA == "dense_1" && $0.layerB == "dense_3" && $0.phaseA == .phase(phase) }.compactMap(\.pValue)
      }
    }
    let one = try rows({ _ in true }, RowSelection.everyOne, seed: 1, threads: 1)
    #expect(try one.map(\.pValue) == rows({ _ in true }, RowSelection.everyOne, seed: 1, threads: 2).map(\.pValue))
    #expect(try one.map(\.pValue) != rows({ _ in true }, RowSelection.everyOne, seed: 2, threads: 1).map(\.pValue))
    let fewer = try rows({ $0 != "dense_2" }, [.phase(.both), .phase(.other), .phase(.own)], seed: 1, threads: 2)
    #expect(betweenLayers1And3(one) == betweenLayers1And3(fewer) && betweenLayers1And3(one).count == 3)
  }

  @Test("What needs strata has its reason without them")
  func reasons() throws {
    let rows = try similarityRows(of: recording("small.h5"), partnerFilter: true, threads: 1)
    // Two layers: a pair in each of five selections, and six pairs of phases in each layer.
    #expect(rows.count == 2 * (5 + 2 * 6))
    #expect(rows.filter { $0.measure == .rsa }.allSatisfy { $0.value == nil && $0.reason == "the recording has no /stratum" })
    #expect(rows.filter { $0.measure == .cka && $0.layerA == $0.layerB }.allSatisfy { $0.value == nil && $0.reason != nil })
    let error = #expect(throws: RecordingError.self) {
      try similarityRows(of: recording("small.h5"), measures: [.rsa], partnerFilter: true, threads: 1)
    }
    #expect(error?.kind == .badFile && error?.description.contains("has no /stratum. RSA compares mean responses") == true)
  }
}
