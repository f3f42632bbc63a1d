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
    for layer in recording.layers {
      let all = DecodingRows(
        values: try recording.values(of: [layer], as: Double.self, threads: 1), features: layer.unitCount,
        labels: codes.map { $0 == 0 ? 0 : 1 })
      let sets = [1, 2].map { phase in
        let half = none.enumerated().filter { $0.offset % 2 == phase - 1 }.map(\.element)
        return all.selecting((half + codes.indices.filter { codes[$0] == UInt8(phase) }).sorted())
      }
      func folds(_ rows: DecodingRows<Double>) -> [Int] { (0..<rows.count).map { $0 % 5 } }
      var scores = [
        "self>other": transferDecoding(train: sets[0], test: sets[1]), "other>self": transferDecoding(train: sets[1], test: sets[0]),
        "self": crossValidatedDecoding(sets[0], folds: folds(sets[0])), "other": crossValidatedDecoding(sets[1], folds: folds(sets[1])),
      ]
      if let labels = try recording.labels {
        let rows = DecodingRows(values: all.values, features: all.features, labels: labels.map { Int($0) })
          .selecting(codes.indices.filter { codes[$0] != PhaseRows.excluded })
        scores["action"] = crossValidatedDecoding(rows, folds: folds(rows))
      }
      for (test, oracle) in try #require(expected[layer.name]) {
        let score = try #require(scores[test] ?? nil)
        #expect(relativeError(score.accuracy, try #require(oracle[0])) <= 1e-9, "\(layer.name) \(test)")
        if let auc = oracle[1] {
          #expect(relativeError(score.auc, auc) <= 1e-9, "\(layer.name) \(test)")
        } else {
          #expect(score.auc == nil)
        }
        #expect(score.chance == (test == "action" ? 0.25 : 0.5))
      }
    }
  }

  private struct Permuted: Decodable {
    let accuracy: Double
    let p: Double
    let refitted: Double?
    let order: [Int]?
  }

  /// Labels permuted inside folds, 4,000 times by numpy and 500 times here (Fixtures/MirrorAnalysis/decode.py).
  @Test(
    "The permuted decoder's accuracy is numpy's, its p within Monte-Carlo error and near that of decoders fitted anew",
    arguments: ["MirrorAnalysis/small.h5", "Golden/recording_2x17_epoch10.h5"])
  func permutationOracle(name: String) throws {
    let data = try Data(contentsOf: Fixture.url("MirrorAnalysis/decode_permutations.json"))
    let expected = try #require(try JSONDecoder().decode([String: [String: [String: Permuted]]].self, from: data)[name])
    let recording = try RecordingView(path: Fixture.path(name))
    let codes = try recording.phases.codes
    let none = codes.indices.filter { codes[$0] == 0 }
    let labels = try recording.labels
    for layer in recording.layers {
      let values = try recording.values(of: [layer], as: Float.self, threads: 1)
      for (test, oracle) in try #require(expected[layer.name]) {
        let isAction = test == "action"
        let phase = test == "other" ? 2 : 1
        let half = none.enumerated().filter { $0.offset % 2 == phase - 1 }.map(\.element)
        let rows =
          isAction
          ? codes.indices.filter { codes[$0] != PhaseRows.excluded } : (half + codes.indices.filter { codes[$0] == UInt8(phase) }).sorted()
        let shown = oracle.order.map { $0.map { rows[$0] } } ?? rows
        let shownValues = shown.flatMap { values[$0 * layer.unitCount..<($0 + 1) * layer.unitCount] }
        let classes = rows.map { row -> Int in isAction ? labels.map { Int($0[row]) } ?? 0 : codes[row] == 0 ? 0 : 1 }
        let folds = rows.indices.map { $0 % 5 }
        let tested = DecodingPermutationTest(
          values: shownValues, features: layer.unitCount, labels: classes, folds: folds, strata: nil, permutations: 500,
          stream: RandomStream(seed: 1, purpose: "decode tests"))
        let permuted = try #require(tested)
        #expect(relativeError(permuted.accuracy, oracle.accuracy) <= 1e-9, "\(layer.name) \(test)")
        let error = (oracle.p * (1 - oracle.p) * (1.0 / 500 + 1.0 / 4000)).squareRoot()
        #expect(abs(permuted.pValue - oracle.p) <= 4 * error + 1.0 / 500, "\(layer.name) \(test)")
        // 200 permutations, and a decoder that differs a little.
        if let refitted = oracle.refitted { #expect(abs(permuted.pValue - refitted) <= 0.15, "\(layer.name) \(test)") }
      }
    }
  }

  /// A recording of one hidden layer of 6 units, in which distress moves units as given.
  private func recording(own: [Float], other: [Float], rows: Int = 3000, seed: UInt64 = 3, strata: Bool = false) throws -> RecordingView {
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
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "dense_1", unitCount: 6, activationFunction: "linear", isOutput: true)],
      columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: [values])
    if strata { batch.strata = (0..<rows).map { Int32($0 / 50) } }
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
    plan.permutations = 99
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
    #expect(rows.map(\.trainPhase) == [.own, .other, .own, .other, nil] && rows.map(\.testPhase) == [.other, .own, .own, .other, nil])
    for row in rows.prefix(4) {
      let score = try #require(row.score)
      #expect(score.accuracy > 0.72 && abs(score.accuracy - (row.ceiling ?? 0)) < 0.05)
      #expect(score.pValue == 0.01)
    }
    #expect(rows[4].score == nil && rows[4].reason == "the recording has no /label")
  }

  @Test("Directions of their own give ceilings and no transfer")
  func separate() throws {
    let recording = try recording(own: [1.5, 0, 0, 0, 0, 0], other: [0, 1.5, 0, 0, 0, 0])
    var plan = DecodingPlan()
    plan.permutations = 0
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
    for row in rows.prefix(2) { #expect(abs(try #require(row.score).accuracy - 0.5) < 0.06 && (row.ceiling ?? 0) > 0.7) }
  }

  @Test("Without an effect accuracy is at chance, and p-values at 0.05 reject at most as often as they may")
  func noEffect() throws {
    let nothing = [Float](repeating: 0, count: 6)
    var rejected = 0
    var tests = 0
    for seed in 0..<20 {
      var plan = DecodingPlan()
      plan.permutations = 99
      let recording = try recording(own: nothing, other: nothing, rows: 800, seed: UInt64(seed), strata: seed % 2 == 0)
      let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2))
      for score in rows.compactMap(\.score) {
        #expect(abs(score.accuracy - 0.5) < 0.13)
        tests += 1
        if try #require(score.pValue) <= 0.05 { rejected += 1 }
      }
    }
    // 80 tests at 0.05: 10 or more have probability 0.01.
    #expect(tests == 80 && rejected < 10)
  }

  @Test("A column that only names the episode transfers nothing: no stratum is trained and tested on")
  func episodesDoNotLeak() throws {
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
    func rows(_ strata: [Int32]?) throws -> [DecodingRow] {
      var columns = Recorder.Columns()
      columns.hasStrata = strata != nil
      let recorder = try Recorder(
        path: path, layers: [LayerDescription(name: "dense_1", unitCount: episodes, activationFunction: "linear", isOutput: true)],
        columns: columns, description: RecordingDescription())
      var batch = RowBatch(phases: phases, activations: [values])
      batch.strata = strata
      try recorder.append(batch)
      try recorder.finish()
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
    plan.permutations = 99
    let rows = try DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 1))
    #expect(try rows == DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2)))
    #expect(try rows != DecodingAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: 2, seed: 2)))
  }

  @Test("The memory that decoding says it takes includes the permutation test: a factor per fold and the sums of 64 labelings")
  func permutationMemory() {
    let shape = RecordingShape(
      rowCount: 40, layers: [.init(name: "a", unitCount: 300), .init(name: "b", unitCount: 4, isOutput: true)], actionCount: 4)
    var plan = DecodingPlan()
    let bytes = DecodingAnalysis(plan).memory(shape, threads: 1)
    plan.permutations = 0
    let difference = bytes - DecodingAnalysis(plan).memory(shape, threads: 1)
    let least = 5 * 300 * 300 * 8 + 5 * 300 * 64 * 4 * 8
    #expect(difference >= least && difference < 2 * least)
  }

  @Test("Doubles that differ by less than a Float's step are decoded as they are")
  func doubles() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "decode-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let codes = (0..<300).map { UInt8($0 % 3) }
    var stream = RandomStream(seed: 5, purpose: "decoding tests: doubles")
    let file = try HandMadeFile(path: path, phases: codes)
    // Around 10⁹ a Float's steps are 64: all of these are one Float.
    try file.write("dense_1", codes.map { 1e9 + ($0 == 0 ? 0 : 4) + stream.normal() }, units: 1)
    try file.finish()
    var plan = DecodingPlan()
    plan.permutations = 0
    let rows = try DecodingAnalysis(plan).rows(of: RecordingView(path: path), in: AnalysisContext(threads: 2))
    for row in rows.prefix(4) { #expect((row.score?.accuracy ?? 0) > 0.9, "\(row)") }
  }
}
