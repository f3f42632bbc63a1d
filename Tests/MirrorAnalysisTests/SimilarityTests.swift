import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

/// Against numpy and scipy in float64 (Fixtures/MirrorAnalysis/correlate.py).
@Suite("Similarity of representations")
struct SimilarityTests {
  /// Those that numpy can know: offsets are drawn.
  private func known(_ rows: [SimilarityRow], _ measure: SimilarityMeasure) -> [SimilarityRow] {
    rows.filter { row in
      let isBetweenPhases = row.layerA == row.layerB
      return row.measure == measure && row.reason != "the recording has no /stratum"
        && (measure == .rsa || !isBetweenPhases || row.phaseA == .phase(.neither) || row.phaseB == .phase(.neither))
    }
  }

  @Test("RSA and linear CKA are those of numpy and scipy to 1e-9", arguments: associationRecordings, [1, 2])
  func oracles(name: String, threads: Int) throws {
    let expected = try associationOracle(name).similarity
    let rows = try SimilarityAnalysis().rows(of: associationView(name), in: AnalysisContext(threads: threads))
    for measure in SimilarityMeasure.allCases {
      let ours = known(rows, measure)
      let theirs = try #require(expected[measure.rawValue])
      #expect(ours.map { Double($0.count) } == theirs.map { $0[0] })
      expectEqual(ours.map(\.value), theirs.map { $0[1] })
      #expect(ours.allSatisfy { ($0.value == nil) == ($0.reason != nil) })
    }
  }

  @Test("p of RSA is Mantel's, p of CKA between layers permutes whole strata, as numpy's within Monte-Carlo error")
  func pValues() throws {
    let expected = try associationOracle("strata.h5").similarity
    let rows = try SimilarityAnalysis(permutations: 500).rows(of: associationView("strata.h5"), in: AnalysisContext(threads: 2, seed: 3))
    for measure in SimilarityMeasure.allCases {
      for (row, oracle) in zip(known(rows, measure), try #require(expected[measure.rawValue])) {
        let name = "\(measure) \(row.layerA) \(row.phaseA.name) \(row.layerB) \(row.phaseB.name)"
        guard oracle.count > 2, let expected = oracle[2] else { continue }
        // The three strata of both can be ordered in six ways.
        guard row.phaseA != .phase(.both), row.phaseB != .phase(.both) else {
          #expect(row.pValue == nil && row.reason?.contains("6 ways only") == true, "\(name)")
          continue
        }
        let error = (expected * (1 - expected) * (1.0 / 500 + 1.0 / (measure == .rsa ? 4000 : 1000))).squareRoot()
        #expect(abs(try #require(row.pValue, "\(name)") - expected) <= 4 * error + 2.0 / 500, "\(name)")
        #expect(row.permutations == 500 && row.exchange == .whole && (row.blockCount ?? 0) > 3)
      }
    }
    #expect(rows.allSatisfy { ($0.pValue != nil) == ($0.permutations == 500) && ($0.pValue != nil || $0.reason != nil) })
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
    #expect(betweenLayers1And3(one) == betweenLayers1And3(fewer) && betweenLayers1And3(one).count > 4)
  }

  @Test("What needs strata has its reason without them")
  func reasons() throws {
    let rows = try SimilarityAnalysis().rows(of: associationView("small.h5"), in: AnalysisContext())
    // Two layers: a pair in each of five selections, and six pairs of phases in each layer.
    #expect(rows.count == 3 * (5 + 2 * 6))
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
    let analysis = SimilarityAnalysis(measures: [.cka, .ckaBiased], over: [.all, .phase(.own)])
    let context = AnalysisContext(threads: threads)
    let together = try analysis.rows(of: recording.view(), in: context)
    #expect(together.count == 12 && together.allSatisfy { $0.value != nil })
    for pair in [["dense_1", "dense_2"], ["dense_1", "dense_3"], ["dense_2", "dense_3"]] {
      // 1,400 units are multiplied all at once.
      let alone = try analysis.rows(of: recording.view { pair.contains($0) }, in: context)
      for row in alone {
        let same = try #require(
          together.first {
            ($0.layerA, $0.layerB) == (row.layerA, row.layerB) && $0.phaseA == row.phaseA && $0.measure == row.measure
          })
        #expect(same.count == row.count)
        #expect(relativeError(same.value, try #require(row.value)) <= 1e-12)
      }
    }
  }

  @Test("CKA between phases of a wide layer, by products of strata, is that by its formula")
  func widePhases() throws {
    let recording = try WideRecording(rows: 200, widths: [600])
    defer { recording.remove() }
    let analysis = SimilarityAnalysis(measures: [.ckaBiased], over: [.phase(.neither), .phase(.own)])
    let row = try #require(try analysis.rows(of: recording.view(), in: AnalysisContext()).first)
    let means = [Phase.neither, .own].map { recording.means($0) }
    #expect(row.count == means[0].count)
    let expected = try #require(centredAlignment(means[0], means[1]))
    #expect(relativeError(row.value, expected) <= 1e-12)
  }

  @Test("Between phases without effect CKA is about 0, since each takes the none mean from rows of its own; a shared effect shows")
  func offsets() throws {
    var (without, with): ([Double], [Double]) = ([], [])
    for set in 0..<12 {
      for (effect, isWith) in [(0.0, false), (1.5, true)] {
        var stream = RandomStream(seed: UInt64(set), purpose: "similarity offsets")
        let (units, strata) = (20, 40)
        var (phases, labels, values): ([Phase], [Int32], [Double]) = ([], [], [])
        for stratum in 0..<strata {
          let (situation, response) = ((0..<units).map { _ in stream.normal() }, (0..<units).map { _ in stream.normal() })
          for row in 0..<12 {
            let phase: Phase = row < 4 ? .neither : row < 8 ? .own : .other
            phases.append(phase)
            labels.append(Int32(stratum))
            values += (0..<units).map { situation[$0] + (row < 4 ? 0 : effect * response[$0]) + stream.normal() }
          }
        }
        let recording = try PhasedRecording(phases: phases, strata: labels, values: values, units: units)
        defer { recording.remove() }
        let row = try #require(
          SimilarityAnalysis(measures: [.cka], over: [.phase(.own), .phase(.other)]).rows(of: recording.view(), in: AnalysisContext()).first
        )
        #expect(row.count == strata)
        if isWith { with.append(try #require(row.value)) } else { without.append(try #require(row.value)) }
      }
    }
    let mean = without.reduce(0, +) / 12
    let deviation = (without.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 11).squareRoot()
    #expect(abs(mean) <= 2.5 * deviation / 12.0.squareRoot() && abs(mean) < 0.05)
    #expect(with.allSatisfy { $0 > 0.4 })
  }

  @Test("p of CKA between unrelated layers keeps its level where both follow their strata, which free rows do not")
  func level() throws {
    var (whole, free) = (0, 0)
    let sets = 40
    for set in 0..<sets {
      var stream = RandomStream(seed: UInt64(set), purpose: "similarity level")
      let labels = (0..<96).map { Int32($0 / 8) }
      let layers = (0..<2).map { _ in
        let effects = (0..<12 * 4).map { _ in stream.normal() }
        return (0..<96 * 4).map { effects[$0 / 32 * 4 + $0 % 4] + stream.normal() }
      }
      let recording = try PhasedRecording(phases: labels.map { _ in .neither }, strata: labels, layers: layers, units: 4)
      defer { recording.remove() }
      func p(_ exchange: ExchangeDesign?) throws -> SimilarityRow {
        try #require(
          SimilarityAnalysis(measures: [.cka], over: [.all], permutations: 99, exchange: exchange).rows(
            of: recording.view(), in: AnalysisContext(seed: UInt64(set))
          ).first)
      }
      let row = try p(nil)
      #expect(row.exchange == .whole && row.blockCount == 12)
      if try #require(row.pValue) <= 0.05 { whole += 1 }
      if try #require(p(.free).pValue) <= 0.05 { free += 1 }
    }
    #expect(Double(whole) / Double(sets) <= 0.05 + 2 * (0.05 * 0.95 / Double(sets)).squareRoot())
    #expect(Double(free) / Double(sets) > 0.2)
  }

  @Test("Reliability is that of the rows: near 1 where strata differ much, near 0 where they do not, and absent with a row a stratum")
  func reliability() throws {
    func reliabilities(spread: Double, rows: Int) throws -> [Double?] {
      var stream = RandomStream(seed: 3, purpose: "similarity reliability")
      let labels = (0..<30 * rows).map { Int32($0 / rows) }
      let effects = (0..<30 * 10).map { _ in spread * stream.normal() }
      let layers = (0..<2).map { _ in labels.flatMap { label in (0..<10).map { effects[Int(label) * 10 + $0] + stream.normal() } } }
      let recording = try PhasedRecording(phases: labels.map { _ in .neither }, strata: labels, layers: layers, units: 10)
      defer { recording.remove() }
      let found = try SimilarityAnalysis(measures: [.rsa], over: [.all]).rows(of: recording.view(), in: AnalysisContext()).first
      return [found?.reliabilityA, found?.reliabilityB]
    }
    #expect(try reliabilities(spread: 5, rows: 8).allSatisfy { ($0 ?? 0) > 0.97 })
    #expect(try reliabilities(spread: 0, rows: 8).allSatisfy { abs($0 ?? 1) < 0.3 })
    #expect(try reliabilities(spread: 5, rows: 1).allSatisfy { $0 == nil })
  }

  @Test("What similarity says it needs grows with rows or sets of layers, not with the square of all units")
  func memory() {
    func bytes(layers: Int, units: Int, rows: Int) -> Int {
      let shape = RecordingShape(
        rowCount: rows, layers: (0..<layers).map { RecordingShape.Layer(name: "\($0)", unitCount: units) },
        phaseCounts: [rows / 4, rows / 4, rows / 4, rows / 4], stratumCount: 40)
      return SimilarityAnalysis().memory(shape, threads: 2)
    }
    #expect(bytes(layers: 32, units: 4096, rows: 2000) < 3 << 29)
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
