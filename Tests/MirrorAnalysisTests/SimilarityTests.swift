import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

/// Against numpy and scipy in float64 (Fixtures/MirrorAnalysis/correlate.py).
@Suite("Similarity of representations")
struct SimilarityTests {
  @Test("RSA and linear CKA are those of numpy and scipy to 1e-9", arguments: associationRecordings, [1, 2])
  func oracles(name: String, threads: Int) throws {
    let expected = try associationOracle(name).similarity
    let rows = try SimilarityAnalysis().rows(of: associationView(name), in: AnalysisContext(threads: threads))
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
    let expected = try associationOracle("strata.h5").similarity
    let rows = try SimilarityAnalysis(permutations: 500).rows(of: associationView("strata.h5"), in: AnalysisContext(threads: 2, seed: 3))
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
      try SimilarityAnalysis(over: selections, permutations: 99).rows(
        of: associationView("strata.h5", layers: layers), in: AnalysisContext(threads: threads, seed: seed))
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
    let rows = try SimilarityAnalysis().rows(of: associationView("small.h5"), in: AnalysisContext())
    // Two layers: a pair in each of five selections, and six pairs of phases in each layer.
    #expect(rows.count == 2 * (5 + 2 * 6))
    #expect(rows.filter { $0.measure == .rsa }.allSatisfy { $0.value == nil && $0.reason == "the recording has no /stratum" })
    #expect(rows.filter { $0.measure == .cka && $0.layerA == $0.layerB }.allSatisfy { $0.value == nil && $0.reason != nil })
    let error = #expect(throws: RecordingError.self) {
      try SimilarityAnalysis(measures: [.rsa]).rows(of: associationView("small.h5"), in: AnalysisContext())
    }
    #expect(error?.kind == .badFile && error?.description.contains("has no /stratum. RSA compares mean responses") == true)
  }

  @Test(
    "Wide layers, taken by products of rows or by two sets of layers, are as alike as they are two by two", arguments: [300, 720], [1, 2])
  func wideLayers(rows: Int, threads: Int) throws {
    let recording = try WideRecording(rows: rows, widths: [700, 700, 700])
    defer { recording.remove() }
    let analysis = SimilarityAnalysis(measures: [.cka], over: [.all, .phase(.own)])
    let context = AnalysisContext(threads: threads)
    let together = try analysis.rows(of: recording.view(), in: context)
    #expect(together.count == 6 && together.allSatisfy { $0.value != nil })
    for pair in [["dense_1", "dense_2"], ["dense_1", "dense_3"], ["dense_2", "dense_3"]] {
      // 1,400 units are multiplied all at once.
      let alone = try analysis.rows(of: recording.view { pair.contains($0) }, in: context)
      for row in alone {
        let same = try #require(together.first { ($0.layerA, $0.layerB) == (row.layerA, row.layerB) && $0.phaseA == row.phaseA })
        #expect(same.count == row.count)
        #expect(relativeError(same.value, try #require(row.value)) <= 1e-12)
      }
    }
  }

  @Test("CKA between phases of a wide layer is that of its parts put together, by products of strata")
  func widePhases() throws {
    let recording = try WideRecording(rows: 200, widths: [600])
    defer { recording.remove() }
    let analysis = SimilarityAnalysis(measures: [.cka], over: [.phase(.own), .phase(.other)])
    let row = try #require(try analysis.rows(of: recording.view(), in: AnalysisContext()).first)
    let means = [Phase.own, .other].map { recording.means($0) }
    #expect(row.count == means[0].count)
    let expected = try #require(centredAlignment(means[0], means[1]))
    #expect(relativeError(row.value, expected) <= 1e-12)
  }

  @Test("What similarity says it needs grows with rows or sets of layers, not with the square of all units")
  func memory() {
    func bytes(layers: Int, units: Int, rows: Int) -> Int {
      let shape = RecordingShape(
        rowCount: rows, layers: (0..<layers).map { RecordingShape.Layer(name: "\($0)", unitCount: units) },
        phaseCounts: [rows / 4, rows / 4, rows / 4, rows / 4], stratumCount: 40)
      return SimilarityAnalysis().memory(shape, threads: 2)
    }
    #expect(bytes(layers: 32, units: 4096, rows: 2000) < 1 << 30)
    #expect(bytes(layers: 8, units: 1024, rows: 1_000_000) < 3 << 29)
  }
}

/// Rectified units of a made-up recording, with phases and strata.
private struct WideRecording {
  let path = FileManager.default.temporaryDirectory.appending(path: "wide-\(UUID().uuidString).h5").path
  private let phases: [Phase]
  private let strata: [Int32]
  /// `[layers][rows × units]`
  private let activations: [[Float]]
  private let widths: [Int]

  init(rows: Int, widths: [Int]) throws {
    var stream = RandomStream(seed: 5, purpose: "wide recording", index: 0)
    phases = (0..<rows).map { Phase.allCases[$0 % 4] }
    strata = (0..<rows).map { Int32($0 / 4 % 20) }
    let states = (0..<rows).map { _ in Float(stream.normal()) }
    activations = widths.map { width in
      let weights = (0..<width).map { _ in Float(stream.normal()) }
      return states.flatMap { state in weights.map { max(0, $0 * state + Float(stream.uniform()) - 0.3) } }
    }
    self.widths = widths
    var columns = Recorder.Columns()
    columns.hasStrata = true
    let layers = widths.enumerated().map { number, width in
      LayerDescription(name: "dense_\(number + 1)", unitCount: width, activationFunction: "relu", isOutput: number == widths.count - 1)
    }
    let recorder = try Recorder(path: path, layers: layers, columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: activations)
    batch.strata = strata
    try recorder.append(batch)
    try recorder.finish()
  }

  func view(_ layers: (String) -> Bool = { _ in true }) throws -> RecordingView { try RecordingView(path: path, layers: layers) }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Mean responses of the first layer by stratum, `[strata][units]`.
  func means(_ phase: Phase) -> [[Double]] {
    Set(strata).sorted().map { stratum in
      let rows = phases.indices.filter { phases[$0] == phase && strata[$0] == stratum }
      return (0..<widths[0]).map { unit in
        rows.reduce(0) { $0 + Double(activations[0][$1 * widths[0] + unit]) } / Double(rows.count)
      }
    }
  }
}

/// Linear CKA by its formula, `[rows][units]`.
private func centredAlignment(_ first: [[Double]], _ second: [[Double]]) -> Double? {
  func products(_ values: [[Double]]) -> [Double] {
    let means = values[0].indices.map { unit in values.reduce(0) { $0 + $1[unit] } / Double(values.count) }
    let centred = values.map { row in zip(row, means).map { $0 - $1 } }
    return centred.flatMap { a in centred.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
  }
  let (k, l) = (products(first), products(second))
  func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  let norm = (inner(k, k) * inner(l, l)).squareRoot()
  return norm > 0 ? inner(k, l) / norm : nil
}
