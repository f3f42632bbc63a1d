import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

@Suite("Decoding")
struct DecodingTests {
  /// Fixed splits of four recordings, against scikit-learn (Fixtures/MirrorAnalysis/decode.py).
  @Test(
    "On fixed splits scores are scikit-learn's",
    arguments: ["MirrorAnalysis/small.h5", "MirrorAnalysis/doubles.h5", "MirrorAnalysis/halves.h5", "Golden/recording_2x17_epoch10.h5"])
  func oracle(name: String) throws {
    let data = try Data(contentsOf: Fixture.url("MirrorAnalysis/decode.json"))
    let expected = try #require(try JSONDecoder().decode([String: [String: [String: [Double?]]]].self, from: data)[name])
    let recording = try RecordingView(path: Fixture.path(name))
    let codes = try recording.phases.codes
    let none = codes.indices.filter { codes[$0] == 0 }
    let own = [1, 2].map { phase in
      let half = none.enumerated().filter { $0.offset % 2 == phase - 1 }.map(\.element)
      return (half + codes.indices.filter { codes[$0] == UInt8(phase) }).sorted()
    }
    func distress(_ rows: [Int]) -> [Int] { rows.map { codes[$0] == 0 ? 0 : 1 } }
    func folds(_ rows: [Int]) -> [Int] { (0..<rows.count).map { $0 % 5 } }
    for layer in recording.layers {
      let all = FeatureMatrix(try recording.values(of: [layer], as: Double.self, threads: 1), features: layer.unitCount)
      func transfer(_ train: [Int], _ test: [Int]) -> (Decoded?, [Int]) {
        (
          transferDecoding(all, train: train, trainLabels: distress(train), test: test, testLabels: distress(test)), distress(test)
        )
      }
      func within(_ rows: [Int], _ labels: [Int]) -> (Decoded?, [Int]) {
        (crossValidatedDecoding(all, rows: rows, labels: labels, folds: folds(rows)), labels)
      }
      var scores = [
        "self>other": transfer(own[0], own[1]), "other>self": transfer(own[1], own[0]),
        "self": within(own[0], distress(own[0])), "other": within(own[1], distress(own[1])),
      ]
      if let labels = try recording.labels {
        let rows = codes.indices.filter { codes[$0] != PhaseRows.excluded }
        scores["action"] = within(rows, rows.map { Int(labels[$0]) })
      }
      for (test, oracle) in try #require(expected[layer.name]) {
        let (decoded, labels) = try #require(scores[test])
        let score = try #require(decoded)
        let accuracy = balancedAccuracy(labels: labels, predictions: score.predictions)
        #expect(relativeError(accuracy, try #require(oracle[0])) <= 1e-9, "\(layer.name) \(test)")
        if let auc = oracle[1] {
          #expect(relativeError(score.auc, auc) <= 1e-9, "\(layer.name) \(test)")
        } else {
          #expect(score.auc == nil)
        }
      }
    }
  }

  /// A recording of one hidden layer of 6 units, in which distress moves units as given.
  private func recording(
    own: [Float], other: [Float], rows: Int = 3000, seed: UInt64 = 3, strata: Bool = false, inputs: Bool = false
  ) throws -> RecordingView {
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    var stream = RandomStream(seed: seed, purpose: "decoding tests")
    let phases = (0..<rows).map { _ in [Phase.neither, .neither, .own, .other][stream.uniform(below: 4)] }
    var values: [Float] = []
    for phase in phases {
      for unit in 0..<6 {
        let shift: Float = phase == .own ? own[unit] : phase == .other ? other[unit] : 0
        values.append(Float(stream.normal()) + shift)
      }
    }
    var columns = Recorder.Columns()
    columns.hasStrata = strata
    if inputs { columns.inputs = (6, false) }
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "dense_1", unitCount: 6, activationFunction: "linear", isOutput: true)],
      columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: [values])
    if strata { batch.strata = (0..<rows).map { Int32($0 / 50) } }
    if inputs { batch.inputs = .floats(values) }
    try recorder.append(batch)
    try recorder.finish()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try RecordingView(path: path)
  }

  private static let direction: [Float] = [1.2, -0.8, 0, 0.5, 0, 0]

  @Test("A direction that self and other share transfers both ways, up to the ceiling, with p at its floor", arguments: [false, true])
  func shared(strata: Bool) throws {
    let recording = try recording(own: Self.direction, other: Self.direction, strata: strata)
    var plan = DecodingPlan()
    (plan.permutations, plan.halves) = (99, 3)
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
    #expect(rows.map(\.trainPhase) == [.own, .other, .own, .other, nil] && rows.map(\.testPhase) == [.other, .own, .own, .other, nil])
    for row in rows.prefix(4) {
      let score = try #require(row.score)
      #expect(score.accuracy > 0.72 && abs(score.accuracy - (row.ceiling ?? 0)) < 0.05)
      #expect(relativeError(score.pValue, 0.01) <= 1e-12)
      #expect(row.design == (strata ? .within : .free))
      let (low, high) = (try #require(score.accuracyLow), try #require(score.accuracyHigh))
      #expect(low < score.accuracy && score.accuracy < high && high - low < 0.1)
    }
    #expect(rows[4].score == nil && rows[4].reason == "the recording has no /label")
  }

  @Test("Inputs and columns are decoded on the rows and folds of the layers: inputs that equal a layer have its accuracies to the digit")
  func sources() throws {
    let recording = try recording(own: Self.direction, other: Self.direction, rows: 600, strata: true, inputs: true)
    var plan = DecodingPlan()
    (plan.permutations, plan.halves) = (19, 2)
    plan.sources = [.layers, .inputs, .columns(["sample"]), .columns(["phase", "sample"])]
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
    #expect(rows.map(\.layer) == ["dense_1", "inputs", "sample", "phase+sample"].flatMap { [String](repeating: $0, count: 5) })
    for (layer, input) in zip(rows[0..<4], rows[5..<9]) {
      #expect(layer.score?.accuracy == input.score?.accuracy && layer.score?.auc == input.score?.auc)
      #expect(layer.trainCount == input.trainCount && layer.score?.accuracyLow == input.score?.accuracyLow)
    }
    // The number of the row says nothing; the name of the phase all, but of another phase only that it is not none.
    for row in rows[10..<14] { #expect(abs(try #require(row.score).accuracy - 0.5) < 0.15, "\(row)") }
    for row in rows[17..<19] { #expect(row.score?.accuracy == 1 && (row.score?.accuracyLow ?? 1) < 1, "\(row)") }
    plan.sources = [.columns(["nothing"])]
    let error = try #require(throws: RecordingError.self) { try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext()) }
    #expect(error.description.contains("has no column 'nothing'"))
  }

  @Test("Inputs that are not there are refused")
  func noInputs() throws {
    var plan = DecodingPlan()
    plan.sources = [.inputs]
    let recording = try recording(own: Self.direction, other: Self.direction, rows: 200)
    let error = try #require(throws: RecordingError.self) { try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext()) }
    #expect(error.description.hasSuffix("has no /inputs to decode from. Record what the network sees."), "\(error)")
  }

  @Test("Episodes of one phase are exchanged whole, and say so")
  func wholeEpisodes() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var stream = RandomStream(seed: 21, purpose: "decoding tests: whole")
    let codes = (0..<600).map { UInt8($0 / 5 % 3) }
    let file = try HandMadeFile(path: path, phases: codes)
    try file.write("dense_1", codes.map { Float(stream.normal()) + ($0 == 0 ? 0 : 2) }, units: 1)
    _ = try file.root.write("stratum", codes.indices.map { Int32($0 / 5) })
    try file.finish()
    var plan = DecodingPlan()
    (plan.permutations, plan.halves) = (99, 2)
    let rows = try DecodingAnalysis(plan).rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    for row in rows.prefix(4) {
      #expect(row.design == .whole && row.blockCount == 80, "\(row)")
      #expect(relativeError(row.score?.pValue, 0.01) <= 1e-12, "\(row)")
    }
  }

  @Test("Directions of their own give ceilings, significant, and no transfer; nor does other alone")
  func separate() throws {
    for own: [Float] in [[1.5, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]] {
      let recording = try recording(own: own, other: [0, 1.5, 0, 0, 0, 0], rows: 1200)
      var plan = DecodingPlan()
      (plan.permutations, plan.halves) = (99, 3)
      let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
      for row in rows.prefix(2) {
        let score = try #require(row.score)
        // Without an effect of self a decoder's direction is chance, and so is the side of it on which other lies.
        #expect((abs(score.accuracy - 0.5) < 0.09 || own[0] == 0) && (score.pValue ?? 0) > 0.02, "\(row)")
      }
      #expect(rows[3].score?.pValue == 0.01 && (rows[0].ceiling ?? 0) > 0.7)
      if own[0] > 0 { #expect(rows[2].score?.pValue == 0.01 && (rows[1].ceiling ?? 0) > 0.7) }
    }
  }

  @Test("Without an effect accuracy is at chance, and p-values at 0.05 reject at most as often as they may")
  func noEffect() throws {
    let nothing = [Float](repeating: 0, count: 6)
    var rejected = 0
    var tests = 0
    for seed in 0..<20 {
      var plan = DecodingPlan()
      (plan.permutations, plan.halves) = (99, 3)
      let recording = try recording(own: nothing, other: nothing, rows: 800, seed: UInt64(seed), strata: seed % 2 == 0)
      let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
      for score in rows.compactMap(\.score) {
        #expect(abs(score.accuracy - 0.5) < 0.13, "\(score)")
        tests += 1
        if try #require(score.pValue) <= 0.05 { rejected += 1 }
      }
    }
    // 80 tests at 0.05: 10 or more have probability 0.01 at most.
    #expect(tests == 80 && rejected < 10)
  }

  @Test(
    "A column that only names the episode, or the item, transfers nothing: none is trained and tested on", arguments: ["stratum", "pair"])
  func episodesDoNotLeak(part: String) throws {
    // Episodes of one self or other phase beside none; a unit is high in distress, by an amount of its own in each episode, up or down.
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var stream = RandomStream(seed: 12, purpose: "decoding tests: episodes")
    let episodes = 40
    let directions = (0..<episodes).map { _ in (0..<episodes).map { _ in Float(stream.normal()) } }
    var phases: [Phase] = []
    var values: [Float] = []
    for row in 0..<episodes * 60 {
      let phase = [Phase.neither, .own, .other][stream.uniform(below: 3)]
      phases.append(phase)
      for unit in 0..<episodes { values.append((phase == .neither ? 0 : directions[row / 60][unit]) + 0.1 * Float(stream.normal())) }
    }
    func rows(_ numbers: [Int32]?) throws -> [DecodingRow] {
      let file = try HandMadeFile(path: path, phases: phases.map(\.rawValue))
      try file.write("dense_1", values, units: episodes)
      if let numbers { _ = try file.root.write(part, numbers) }
      try file.finish()
      var plan = DecodingPlan()
      plan.permutations = 0
      return try DecodingAnalysis(plan).rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    }
    let kept = try rows(phases.indices.map { Int32($0 / 60) })
    // Half of the strata each, and as many of none.
    #expect(kept[0].trainCount < 900 && kept[0].testCount < 900)
    let accuracies = try kept.prefix(2).map { try #require($0.score).accuracy }
    #expect(accuracies.allSatisfy { $0 < 0.72 }, "\(accuracies)")
    try FileManager.default.removeItem(atPath: path)
    let mixed = try rows(nil).prefix(2).map { try #require($0.score).accuracy }
    #expect(mixed.allSatisfy { $0 > 0.85 }, "\(mixed)")
  }

  @Test("A single stratum leaves nothing to test on, and says so")
  func oneStratum() throws {
    let codes: [UInt8] = (0..<90).map { UInt8($0 % 3) }
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var columns = Recorder.Columns()
    columns.hasStrata = true
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "dense_1", unitCount: 1, activationFunction: "linear", isOutput: true)],
      columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: codes.map { [Phase.neither, .own, .other][Int($0)] }, activations: [codes.map { Float($0) }])
    batch.strata = codes.map { _ in 4 }
    try recorder.append(batch)
    try recorder.finish()
    let rows = try DecodingAnalysis().rows(of: RecordingView(path: path), in: AnalysisContext(threads: 1))
    for row in rows.prefix(4) {
      #expect(row.score == nil && row.reason == "a training set lacks a class; record more rows or strata")
    }
  }

  @Test("The same seed gives the same digits for any number of threads, another seed others")
  func reproducible() throws {
    let recording = try RecordingView(path: Fixture.path("Golden/recording_2x17_epoch10.h5"))
    var plan = DecodingPlan()
    (plan.permutations, plan.halves) = (99, 2)
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 1))
    #expect(try rows == DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2)))
    #expect(try rows != DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2, seed: 2)))
  }

  @Test(
    "Doubles whose mean is a thousand million times their spread are decoded, and permuted, as what they differ by", arguments: [1, 120])
  func doubles(units: Int) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let codes = (0..<300).map { UInt8($0 % 3) }
    var stream = RandomStream(seed: 5, purpose: "decoding tests: doubles")
    // Whole numbers, so that the sum of both is exact.
    let differences = codes.flatMap { code in (0..<units).map { ($0 > 0 || code == 0 ? 0 : 4) + (4 * stream.normal()).rounded() } }
    func rows(origin: Double) throws -> [DecodingRow] {
      let file = try HandMadeFile(path: path, phases: codes)
      // Around 10⁹ a Float's steps are 64: all of these are one Float.
      try file.write("dense_1", differences.map { origin + $0 }, units: units)
      try file.finish()
      var plan = DecodingPlan()
      (plan.permutations, plan.halves) = (19, 2)
      return try DecodingAnalysis(plan).rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    }
    let (far, near) = (try rows(origin: 4e9), try rows(origin: 0))
    #expect(far.count == 5)
    for (a, b) in zip(far, near).prefix(4) {
      #expect(relativeError(a.score?.accuracy, try #require(b.score).accuracy) <= 1e-12)
      #expect(a.score?.pValue == b.score?.pValue)
    }
    if units == 1 { #expect(far.prefix(4).allSatisfy { ($0.score?.accuracy ?? 0) > 0.6 }) }
  }
}
