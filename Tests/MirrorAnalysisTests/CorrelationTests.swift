import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

private func correlations(
  _ responses: CorrelationAnalysis.Responses, _ method: CorrelationMethod = .pearson, acrossLayers: Bool = false, of view: RecordingView,
  threads: Int = 1
) throws -> [CorrelationMatrix] {
  var matrices: [CorrelationMatrix] = []
  try CorrelationAnalysis(responses, method: method, acrossLayers: acrossLayers).forEachMatrix(
    of: view, in: AnalysisContext(threads: threads)
  ) { matrices.append($0) }
  return matrices
}

/// Against numpy.corrcoef and scipy.stats.spearmanr in float64 (Fixtures/MirrorAnalysis/correlate.py).
@Suite("Correlation of units")
struct CorrelateTests {
  @Test(
    "Pearson's r over any rows, across layers and in one pass, is numpy's to 1e-9, doubles not rounded", arguments: associationRecordings,
    [1, 2])
  func pearson(name: String, threads: Int) throws {
    let expected = try associationOracle(name)
    let selections = RowSelection.everyOne.filter { expected.pearson[$0.name] != nil }
    let matrices = try correlations(.within(selections), .pearson, acrossLayers: true, of: associationView(name), threads: threads)
    #expect(matrices.map(\.phaseA) == selections.map(\.name) && matrices.map(\.phaseB) == selections.map(\.name))
    for matrix in matrices {
      expectEqual(matrix.rows.map(\.r), try #require(expected.pearson[matrix.phaseA]))
    }
  }

  @Test("Spearman's rho across layers is scipy's to 1e-9, doubles not rounded", arguments: associationRecordings, [1, 2])
  func spearman(name: String, threads: Int) throws {
    let matrix = try correlations(.within([.all]), .spearman, acrossLayers: true, of: associationView(name), threads: threads)[0]
    expectEqual(matrix.rows.map(\.r), try associationOracle(name).spearman)
  }

  @Test("Across phases the stratum means of every unit meet those of every unit, itself included", arguments: CorrelationMethod.allCases)
  func acrossPhases(method: CorrelationMethod) throws {
    let expected = try associationOracle("strata.h5")
    let matrix = try correlations(.across(.own, .other), method, acrossLayers: true, of: associationView("strata.h5"), threads: 2)[0]
    #expect(matrix.count == expected.strata)
    expectEqual(matrix.rows.map(\.r), try #require(expected.across?[method.rawValue]))
  }

  @Test("Every r has its reason or its number, and the reason names the constant units and where they are constant")
  func reasons() throws {
    let recording = try associationView("strata.h5")
    func reasons(_ matrix: CorrelationMatrix) -> [String: String] {
      let rows = matrix.rows
      #expect(rows.allSatisfy { ($0.r == nil) == ($0.reason != nil) })
      return Dictionary(
        uniqueKeysWithValues: rows.map { ("\($0.layerA):\($0.unitA) \($0.layerB):\($0.unitB)", $0.reason ?? "") })
    }
    for method in CorrelationMethod.allCases {
      let within = try correlations(.within([.phase(.own), .all]), method, acrossLayers: true, of: recording, threads: 1).map(reasons)
      #expect(within[0]["dense_1:0 dense_1:1"] == "dense_1 unit 0 is constant in phase self")
      #expect(within[0]["dense_2:1 dense_3:0"] == "dense_3 unit 0 is constant in phase self")
      #expect(
        within[1]["dense_1:0 dense_3:0"] == "dense_1 unit 0 is constant in all rows; dense_3 unit 0 is constant in all rows")
      #expect(within[1]["dense_1:1 dense_1:2"] == "")
      let across = try correlations(.across(.own, .other), method, acrossLayers: true, of: recording, threads: 1).map(reasons)[0]
      #expect(across["dense_1:0 dense_1:1"] == "dense_1 unit 0 is constant over the strata in phase self")
      #expect(across["dense_1:1 dense_1:0"] == "dense_1 unit 0 is constant over the strata in phase other")
    }
  }

  @Test("Selections come by layer, then in the order asked for; a layer's matrix is its part of that across layers")
  func order() throws {
    let recording = try associationView("strata.h5")
    let selections: [RowSelection] = [.phase(.other), .all]
    let within = try correlations(.within(selections), .pearson, acrossLayers: false, of: recording, threads: 1)
    #expect(within.map(\.phaseA) == ["other", "all", "other", "all", "other", "all"])
    #expect(within.map { $0.units[0].name } == ["dense_1:0", "dense_1:0", "dense_2:0", "dense_2:0", "dense_3:0", "dense_3:0"])
    let joined = try correlations(.within(selections), .pearson, acrossLayers: true, of: recording, threads: 1)
    #expect(joined[0].units.count == 12 && joined[0].count == within[0].count)
    #expect(abs(joined[0].values[6 * 12 + 7] - within[2].values[1]) <= 1e-13)
  }

  @Test("The wide table has a row and a column per unit, the diagonal 1 and a constant unit empty")
  func wide() throws {
    let matrix = try correlations(
      .within([.all]), .pearson, acrossLayers: false, of: associationView("strata.h5") { $0 == "dense_3" }, threads: 1)[0]
    #expect(matrix.wideSchema.columns.map(\.name) == ["unit", "dense_3:0", "dense_3:1", "dense_3:2", "dense_3:3"])
    #expect(matrix.wideCells(ofUnit: 1)[0] == .string("dense_3:1") && matrix.wideCells(ofUnit: 1)[2] == .number(1))
    #expect(matrix.values[0..<4].allSatisfy(\.isNaN) && matrix.values[4].isNaN)
  }

  @Test("A phase with fewer than two rows is not enough, and so are fewer than three strata")
  func notEnough() throws {
    let few = #expect(throws: RecordingError.self) {
      try correlations(.across(.own, .other), .pearson, acrossLayers: false, of: self.twoStrata(), threads: 1)
    }
    #expect(few?.kind == .notEnoughData)
    #expect(
      few?.description.contains(": 2 strata hold rows of both phase self and phase other; a correlation across them needs 3.") == true)
    let empty = #expect(throws: RecordingError.self) {
      try correlations(.within([.phase(.both)]), .pearson, acrossLayers: false, of: self.twoStrata(), threads: 1)
    }
    #expect(empty?.kind == .notEnoughData && empty?.description.contains("phase both has no rows") == true)
  }

  /// Rows of the self and other phases in two strata.
  private func twoStrata() throws -> RecordingView {
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
    return try RecordingView(path: path)
  }
}

private struct LayerOracle: Decodable {
  let pearson, spearman: [String: [Double?]]
  let across: [Double?]?
  let strata: Int?
}

private let layerRecordings = ["small.h5", "doubles.h5", "halves.h5", "deep.h5"]

private func layerOracle(_ name: String) throws -> [String: LayerOracle] {
  try #require(try Fixture.json([String: [String: LayerOracle]].self, "MirrorAnalysis/associations.json")[name])
}

/// Against numpy.corrcoef and scipy.stats (Fixtures/MirrorAnalysis/associations.py).
@Suite("Correlation within layers")
struct LayerCorrelationTests {
  @Test(
    "Correlations within a phase and over all rows are numpy's and scipy's to 1e-9", arguments: layerRecordings, CorrelationMethod.allCases)
  func within(name: String, method: CorrelationMethod) throws {
    let expected = try layerOracle(name)
    for (selection, key) in [(RowSelection.all, "all"), (.phase(.own), "self")] {
      let matrices = try correlations(.within([selection]), method, acrossLayers: false, of: associationView(name), threads: 2)
      #expect(matrices.count == expected.count)
      for matrix in matrices {
        let layer = try #require(expected[matrix.units[0].layer])
        let values = try #require((method == .pearson ? layer.pearson : layer.spearman)[key])
        let rows = matrix.rows
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
    let recording = try associationView("deep.h5")
    let whole = try correlations(.within([.all]), .pearson, acrossLayers: true, of: recording, threads: 1)
    #expect(whole.count == 1)
    #expect(whole[0].rows.count == 15 * 14 / 2)
    let within = try correlations(.within([.all]), .pearson, acrossLayers: false, of: recording, threads: 1)
    #expect(relativeError(whole[0].values[1], within[0].values[1]) <= 1e-12)
  }

  @Test("Across phases the means of matched strata are correlated, the diagonal included")
  func acrossPhases() throws {
    let expected = try layerOracle("deep.h5")
    let matrices = try correlations(.across(.own, .other), .pearson, acrossLayers: false, of: associationView("deep.h5"), threads: 1)
    for matrix in matrices {
      let layer = try #require(expected[matrix.units[0].layer])
      #expect(matrix.count == layer.strata)
      let values = try #require(layer.across)
      #expect(matrix.rows.count == values.count)
      for (ours, theirs) in zip(matrix.values, values) { #expect(relativeError(ours, try #require(theirs), floor: 1e-3) <= 1e-9) }
    }
    let error = #expect(throws: RecordingError.self) {
      try correlations(.across(.own, .other), .pearson, acrossLayers: false, of: associationView("small.h5"), threads: 1)
    }
    #expect(error?.description.contains("has no /stratum") == true)
  }
}
