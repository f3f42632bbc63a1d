import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

@Suite("Leaks of the phase through input columns")
struct InputLeakTests {
  private enum Inputs {
    case floats([[Float]])
    case bytes([[UInt8]])
  }

  /// The leak rows of a recording with these input columns.
  private func leaks(
    phases: [Phase], strata: [Int32]? = nil, seed: UInt64 = 1, threads: Int = 1, _ inputs: Inputs
  ) throws -> [AuditRow] {
    let path = FileManager.default.temporaryDirectory.appending(path: "leak-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var columns = Recorder.Columns()
    columns.hasStrata = strata != nil
    var batch = RowBatch(phases: phases, activations: [phases.indices.map { Float($0 % 7) }])
    batch.strata = strata
    switch inputs {
    case .floats(let values):
      columns.inputs = (values.count, false)
      batch.inputs = .floats(phases.indices.flatMap { row in values.map { $0[row] } })
    case .bytes(let values):
      columns.inputs = (values.count, true)
      batch.inputs = .bytes(phases.indices.flatMap { row in values.map { $0[row] } })
    }
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "dense_1", unitCount: 1, activationFunction: "linear", isOutput: true)],
      columns: columns, description: RecordingDescription())
    try recorder.append(batch)
    try recorder.finish()
    return try AuditAnalysis().rows(of: RecordingView(path: path), in: AnalysisContext(threads: threads, seed: seed))
      .filter { $0.check == "label leak" }
  }

  private func phases(_ rows: Int, seed: UInt64 = 9) -> [Phase] {
    var stream = RandomStream(seed: seed, purpose: "leak tests: phases")
    return (0..<rows).map { _ in [Phase.neither, .neither, .own, .other][stream.uniform(below: 4)] }
  }

  private func noise(_ rows: Int, columns: Int, seed: UInt64) -> [[Float]] {
    var stream = RandomStream(seed: seed, purpose: "leak tests: noise")
    return (0..<columns).map { _ in (0..<rows).map { _ in Float(stream.normal()) } }
  }

  @Test("100 columns of noise in 60 rows are no leak, whatever the seed; nor are bytes of noise")
  func noiseIsNoLeak() throws {
    for seed in 0..<40 as Range<UInt64> {
      let phases = phases(60, seed: seed)
      let values = noise(60, columns: 100, seed: seed)
      let bytes = values.map { $0.map { UInt8(max(0, min(255, 128 + 40 * $0))) } }
      for inputs in [Inputs.floats(values), .bytes(bytes)] {
        for row in try leaks(phases: phases, seed: seed, inputs) {
          #expect(row.verdict == .ok || row.verdict == .notMeasured, "seed \(seed): \(row.subject) \(row.detail)")
        }
      }
    }
  }

  @Test("A float column that says the phase is a leak among 100, with one outlier at 1e30 too", arguments: [60, 2000], [false, true])
  func floatLeak(rows: Int, outlier: Bool) throws {
    let phases = phases(rows)
    var values = noise(rows, columns: 100, seed: 4)
    values[63] = phases.map { Float($0.rawValue) + 0.25 }
    if outlier { values[63][rows / 2] = 1e30 }
    for row in try leaks(phases: phases, .floats(values)) where rows > 60 || row.verdict != .notMeasured {
      #expect(row.verdict == .fail && (row.value ?? 0) >= (outlier ? 0.9 : 1), "\(row.subject) \(row.detail)")
      #expect(row.detail.hasPrefix("Leak: input column 63 alone"))
    }
    #expect(try leaks(phases: phases, .floats(values))[0].verdict == .fail)
  }

  @Test("A noisy float copy of the phase is a leak where its values do not overlap, for a rare phase as well")
  func continuousLeak() throws {
    let phases = (0..<4000).map { row -> Phase in row % 25 == 0 ? .own : row % 25 == 1 ? .other : .neither }
    var values = noise(4000, columns: 3, seed: 5)
    values[2] = zip(phases, values[2]).map { Float($0.rawValue) + max(-0.4, min(0.4, 0.1 * $1)) }
    for row in try leaks(phases: phases, .floats(values)) { #expect(row.verdict == .fail, "\(row.subject) \(row.detail)") }
  }

  @Test("A uint8 column that says the phase is a leak; one that says it in most rows is nearly one")
  func byteLeak() throws {
    let phases = phases(1000)
    var stream = RandomStream(seed: 1, purpose: "leak tests: bytes")
    let copy = phases.map(\.rawValue)
    let blurred = copy.map { stream.uniform() < 0.7 ? $0 : UInt8(stream.uniform(below: 3)) }
    let rows = try leaks(phases: phases, .bytes([phases.indices.map { UInt8($0 % 256) }, copy]))
    #expect(rows.allSatisfy { $0.verdict == .fail && $0.value == 1 && $0.detail.hasPrefix("Leak: input column 1 alone") })
    #expect(try leaks(phases: phases, .bytes([blurred])).allSatisfy { $0.verdict == .caution && $0.detail.hasPrefix("Nearly a leak") })
  }

  @Test("Columns that do not vary are at chance exactly, the share of the most common phase")
  func constantColumn() throws {
    let phases = phases(800)
    for inputs in [Inputs.floats([Array(repeating: 0.5, count: 800)]), .bytes([Array(repeating: 7, count: 800)])] {
      for row in try leaks(phases: phases, inputs) {
        let value = try #require(row.value)
        #expect(row.verdict == .ok && row.detail.contains("(chance \(String(format: "%.4g", value)))"), "\(row.detail)")
        #expect(try #require(row.threshold) >= (1 + value) / 2)
      }
    }
  }

  @Test("Noise that is constant in an episode is no leak where episodes hold one phase each: no episode is in both halves")
  func strata() throws {
    let episodes = phases(24, seed: 2)
    let rows = 24 * 40
    let phases = (0..<rows).map { episodes[$0 / 40] }
    let strata = (0..<rows).map { Int32($0 / 40) }
    let perEpisode = noise(24, columns: 20, seed: 8).map { column in (0..<rows).map { column[$0 / 40] } }
    for row in try leaks(phases: phases, strata: strata, .floats(perEpisode)) {
      #expect(row.verdict == .ok || row.verdict == .notMeasured, "\(row.subject) \(row.detail)")
    }
    // Rows taken one by one recognise their episode.
    #expect(try leaks(phases: phases, .floats(perEpisode))[0].verdict == .fail)
  }

  @Test("Noise that is constant in an episode is no leak where two long episodes stand beside many short ones, whatever the seed")
  func unequalStrata() throws {
    // Two episodes of 1,000 none rows, 200 of 10 self rows, 200 of 10 other rows.
    let lengths = [1000, 1000] + Array(repeating: 10, count: 400)
    let episodeOfRow = lengths.indices.flatMap { Array(repeating: $0, count: lengths[$0]) }
    let phases = episodeOfRow.map { $0 < 2 ? Phase.neither : $0 < 202 ? .own : .other }
    for seed in 0..<8 as Range<UInt64> {
      var stream = RandomStream(seed: seed, purpose: "leak tests: unequal strata")
      let inputs = (0..<100).map { _ in
        let values = lengths.map { _ in UInt8(stream.uniform(below: 2)) }
        return episodeOfRow.map { values[$0] }
      }
      for row in try leaks(phases: phases, strata: episodeOfRow.map { Int32($0) }, seed: seed, threads: 2, .bytes(inputs)) {
        #expect(row.verdict == (row.subject == "self/other" ? .ok : .notMeasured), "seed \(seed): \(row.subject) \(row.detail)")
        if row.subject == "none/self" { #expect(row.detail.hasPrefix("3 independent rows"), "\(row.detail)") }
      }
    }
  }

  @Test("A leak is one in episodes of unequal length too")
  func leakInUnequalStrata() throws {
    let lengths = (0..<120).map { 5 + $0 * 7 % 60 }
    let episodeOfRow = lengths.indices.flatMap { Array(repeating: $0, count: lengths[$0]) }
    let phases = episodeOfRow.map { [Phase.neither, .own, .other][$0 % 3] }
    for row in try leaks(phases: phases, strata: episodeOfRow.map { Int32($0) }, .bytes([phases.map(\.rawValue)])) {
      #expect(row.verdict == .fail, "\(row.subject) \(row.detail)")
    }
  }

  @Test("Few rows or a single stratum are not measured, and say why")
  func notMeasurable() throws {
    let few = (0..<8).map { [Phase.neither, .own, .other, .neither][$0 % 4] }
    for row in try leaks(phases: few, .bytes([few.map(\.rawValue)])) {
      #expect(row.verdict == .notMeasured && row.value == nil && row.detail.contains("cannot tell a leak from chance"), "\(row.detail)")
    }
    let phases = phases(300)
    for row in try leaks(phases: phases, strata: Array(repeating: 3, count: 300), .bytes([phases.map(\.rawValue)])) {
      #expect(row.verdict == .notMeasured && row.detail.contains("no stratum in both"), "\(row.detail)")
    }
  }

  @Test("A column that reaches over more than the largest Float is counted, and a leak beside it still found")
  func widestRange() throws {
    let phases = (0..<300).map { [Phase.neither, .own, .other][$0 % 3] }
    let wide = phases.indices.map { $0 % 2 == 0 ? Float.greatestFiniteMagnitude : -Float.greatestFiniteMagnitude }
    let rows = try leaks(phases: phases, .floats([wide, phases.map { Float($0.rawValue) + 0.5 }]))
    #expect(rows[0].value == 1 && rows[0].verdict == .fail && rows[0].detail.hasPrefix("Leak: input column 1 alone"))
  }

  @Test("Of more than 2,500 rows of a phase so many are drawn, and more columns than fit take a second pass")
  func passes() throws {
    let phases = (0..<7800).map { [Phase.neither, .own, .other][$0 % 3] }
    // 7,500 rows of 1,118 columns are a pass.
    var values = [[UInt8]](repeating: phases.indices.map { UInt8($0 % 2) }, count: 1130)
    values[1125] = phases.map(\.rawValue)
    let rows = try leaks(phases: phases, threads: 2, .bytes(values))
    #expect(rows[0].verdict == .fail && rows[0].detail.hasPrefix("Leak: input column 1125 alone tells these phases in 1 of 3750 rows"))
  }
}
