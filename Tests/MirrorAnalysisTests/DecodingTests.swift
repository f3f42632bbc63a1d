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
    let recording = try Recording(path: Fixture.path(name))
    let codes = try PhaseRows(of: recording, partnerFilter: true).codes
    let none = codes.indices.filter { codes[$0] == 0 }
    for layer in recording.layers {
      let all = DecodingRows(
        values: try recording.activations(of: layer, threads: 1), features: layer.unitCount, labels: codes.map { $0 == 0 ? 0 : 1 })
      let sets = [1, 2].map { phase in
        let half = none.enumerated().filter { $0.offset % 2 == phase - 1 }.map(\.element)
        return all.selecting((half + codes.indices.filter { codes[$0] == UInt8(phase) }).sorted())
      }
      func folds(_ rows: DecodingRows) -> [Int] { (0..<rows.count).map { $0 % 5 } }
      var scores = [
        "self>other": transferDecoding(train: sets[0], test: sets[1]), "other>self": transferDecoding(train: sets[1], test: sets[0]),
        "self": crossValidatedDecoding(sets[0], folds: folds(sets[0])), "other": crossValidatedDecoding(sets[1], folds: folds(sets[1])),
      ]
      if let labels = try recording.labels() {
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

  /// A recording of one hidden layer of 6 units, in which distress moves units as given.
  private func recording(own: [Float], other: [Float], rows: Int = 3000, seed: UInt64 = 3, strata: Bool = false) throws -> Recording {
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
    return try Recording(path: path)
  }

  private static let direction: [Float] = [1.2, -0.8, 0, 0.5, 0, 0]

  @Test("A direction that self and other share transfers both ways, up to the ceiling, with p at its floor", arguments: [false, true])
  func shared(strata: Bool) throws {
    let recording = try recording(own: Self.direction, other: Self.direction, strata: strata)
    let rows = try recording.decodingRows(partnerFilter: true, plan: DecodingPlan(), threads: 2)
    #expect(rows.map(\.trainPhase) == [.own, .other, .own, .other, nil] && rows.map(\.testPhase) == [.other, .own, .own, .other, nil])
    for row in rows.prefix(4) {
      let score = try #require(row.score)
      #expect(score.accuracy > 0.72 && abs(score.accuracy - (row.ceiling ?? 0)) < 0.05)
      #expect(score.pValue == 0.001)
    }
    #expect(rows[4].score == nil && rows[4].reason == "the recording has no /label")
  }

  @Test("Directions of their own give ceilings and no transfer")
  func separate() throws {
    let recording = try recording(own: [1.5, 0, 0, 0, 0, 0], other: [0, 1.5, 0, 0, 0, 0])
    let rows = try recording.decodingRows(partnerFilter: true, plan: DecodingPlan(), threads: 2)
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
      let rows = try recording(own: nothing, other: nothing, rows: 800, seed: UInt64(seed), strata: seed % 2 == 0)
        .decodingRows(partnerFilter: true, plan: plan, threads: 2)
      for score in rows.compactMap(\.score) {
        #expect(abs(score.accuracy - 0.5) < 0.13)
        tests += 1
        if try #require(score.pValue) <= 0.05 { rejected += 1 }
      }
    }
    // 80 tests at 0.05: 10 or more have probability 0.01.
    #expect(tests == 80 && rejected < 10)
  }

  @Test("The same seed gives the same digits for any number of threads, another seed others")
  func reproducible() throws {
    let recording = try Recording(path: Fixture.path("Golden/recording_2x17_epoch10.h5"))
    var plan = DecodingPlan()
    let rows = try recording.decodingRows(partnerFilter: true, plan: plan, threads: 1)
    #expect(try rows == recording.decodingRows(partnerFilter: true, plan: plan, threads: 2))
    plan.seed = 2
    #expect(try rows != recording.decodingRows(partnerFilter: true, plan: plan, threads: 2))
  }
}
