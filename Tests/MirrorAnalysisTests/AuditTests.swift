import ActivationRecording
import Foundation
import HDF5
import MirrorAnalysis
import Statistics
import Testing

/// A value of audit.json: a number, or mean and standard deviation over draws.
private enum Measured: Decodable {
  case value(Double)
  case draws(mean: Double, deviation: Double)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Double.self) {
      self = .value(value)
    } else {
      let pair = try container.decode([Double].self)
      self = .draws(mean: pair[0], deviation: pair[1])
    }
  }
}

/// Recordings that h5py wrote (Fixtures/MirrorAnalysis/audit.py), against numpy.
@Suite("Audit")
struct AuditTests {
  private static func rows(_ name: String, partnerFilter: Bool = true, seed: UInt64 = 1, threads: Int = 2, along: String? = nil) throws
    -> [AuditRow]
  {
    var selection = RecordingSelection()
    selection.partnerFilter = partnerFilter
    return try AuditAnalysis(along: along).rows(
      of: RecordingView(path: Fixture.path(name), selection: selection), in: AnalysisContext(threads: threads, seed: seed))
  }

  @Test(
    "Closed forms are numpy's to 1e-9; random baselines agree within Monte-Carlo error",
    arguments: ["audit_game", "audit_floats", "audit_strata"])
  func oracle(name: String) throws {
    let expected = try #require(try Fixture.json([String: [String: Measured]].self, "MirrorAnalysis/audit.json")[name])
    let rows = try Self.rows("MirrorAnalysis/\(name).h5", along: "sample")
    for (key, measured) in expected {
      let isThreshold = key.hasPrefix("threshold|")
      let row = try #require(rows.first { "\(isThreshold ? "threshold|" : "")\($0.check)|\($0.subject)" == key }, "\(key)")
      switch measured {
      case .value(let value) where isThreshold: #expect(relativeError(row.threshold, value) <= 1e-9, "\(key)")
      case .value(let value): #expect(relativeError(row.value, value) <= 1e-9, "\(key)")
      case .draws(let mean, let deviation):
        let draws = row.subject == "untrained network" ? 10.0 : 100.0
        #expect(abs(try #require(row.value) - mean) <= 4 * deviation / draws.squareRoot(), "\(key)")
      }
    }
  }

  @Test("A scenario column among the inputs is a leak, named; without it there is none")
  func leak() throws {
    let leaks = try Self.rows("MirrorAnalysis/audit_game.h5").filter { $0.check == "label leak" }
    #expect(leaks.map(\.subject) == ["none/self/other/both", "none/self", "none/other", "self/other"])
    for row in leaks {
      #expect(row.verdict == .fail && row.value == 1)
      #expect(row.detail.hasPrefix("Leak: input column 98 alone tells these phases"))
    }
    let floats = try Self.rows("MirrorAnalysis/audit_floats.h5").filter { $0.check == "label leak" }
    #expect(floats.map(\.verdict) == [.ok, .ok, .caution, .caution])
  }

  @Test("Confounds that were planted are named: energy, labels, a dead unit, dropped rows")
  func planted() throws {
    let rows = try Self.rows("MirrorAnalysis/audit_game.h5")
    func verdict(_ check: String, _ subject: String) -> AuditVerdict? { rows.first { $0.check == check && $0.subject == subject }?.verdict }
    #expect(verdict("matched energy", "none/self") == .caution)
    #expect(verdict("matched label", "none/self") == .caution)
    #expect(verdict("matched own cell", "none/self") == .ok)
    #expect(verdict("dead units", "dense_1") == .caution)
    #expect(verdict("partner filter", "self") == .caution)
    #expect(verdict("missing part", "stratum") == .caution)
    #expect(verdict("missing part", "kernel") == .ok)
  }

  @Test(
    "What a recording lacks is not measured, and says so",
    arguments: ["MirrorAnalysis/small.h5", "MirrorAnalysis/doubles.h5", "MirrorAnalysis/halves.h5", "Golden/recording_2x17_epoch10.h5"])
  func missing(name: String) throws {
    let rows = try Self.rows(name)
    for row in rows where ["label leak", "baseline CMNI", "matched energy"].contains(row.check) {
      #expect(row.verdict == .notMeasured && row.value == nil && row.detail.contains("/inputs"))
    }
    #expect(rows.first { $0.check == "missing part" && $0.subject == "inputs" }?.value == 0)
  }

  @Test("Neither threads nor the order of runs change a digit; the seed changes only the random baselines")
  func reproducible() throws {
    let rows = try Self.rows("MirrorAnalysis/audit_game.h5", threads: 1)
    #expect(try rows == Self.rows("MirrorAnalysis/audit_game.h5", threads: 2))
    let other = try Self.rows("MirrorAnalysis/audit_game.h5", seed: 2)
    let differing = zip(rows, other).filter { $0.value != $1.value && $0.check != "linear probe of inputs" }.map(\.0.subject)
    #expect(differing == ["random projection", "untrained network"])
  }

  @Test("Energy, ground and cells are measured of recordings of the game alone, whatever the number of inputs")
  func gameOnly() throws {
    let game = try Self.rows("MirrorAnalysis/audit_game.h5")
    #expect(game.filter { $0.check == "matched energy" && $0.value != nil }.count == 2)
    let other = try Self.view(inputs: (0..<60_000).map { Double($0 % 7) }, columns: 100)
    let rows = try AuditAnalysis().rows(of: other, in: AnalysisContext(threads: 2))
    #expect(!rows.contains { $0.check.hasPrefix("matched") && $0.check != "matched label" })
    let provenance = try Self.view(inputs: (0..<60_000).map { Double($0 % 7) }, columns: 100) { root in
      try root.createGroup("provenance").attributes.set("states_sha256", "00")
    }
    #expect(try AuditAnalysis().rows(of: provenance, in: AnalysisContext(threads: 2)).contains { $0.check == "matched energy" })
  }

  @Test(
    "What linear decoders read off the inputs stands beside the layers: a column that both phases move tells both, one of self's only self")
  func probes() throws {
    var stream = RandomStream(seed: 4, purpose: "audit tests: probes")
    func rows(own: Double, other: Double, otherColumn: Int) throws -> [AuditRow] {
      let inputs = (0..<600).flatMap { row -> [Double] in
        var values = [stream.normal(), stream.normal()]
        if row % 3 == 1 { values[0] += own }
        if row % 3 == 2 { values[otherColumn] += other }
        return values
      }
      return try AuditAnalysis().rows(of: Self.view(inputs: inputs, columns: 2), in: AnalysisContext(threads: 2))
        .filter { $0.check == "linear probe of inputs" }
    }
    let shared = try rows(own: 2, other: 2, otherColumn: 0)
    #expect(shared.map(\.subject) == ["none/self/other", "none/self", "none/other", "self/other", "self to other", "other to self"])
    #expect(shared.map(\.verdict) == [.caution, .caution, .caution, .ok, .caution, .caution], "\(shared)")
    // Φ(1) = 0.841 is the best that there is.
    #expect(
      shared[1...2].allSatisfy { abs(($0.value ?? 0) - 0.841) < 0.06 } && shared[4...5].allSatisfy { abs(($0.value ?? 0) - 0.841) < 0.06 })
    let apart = try rows(own: 2, other: 2, otherColumn: 1)
    #expect(apart[3].verdict == .caution && apart[4...5].allSatisfy { $0.verdict == .ok }, "\(apart)")
    let missing = try Self.rows("MirrorAnalysis/small.h5").filter { $0.check == "linear probe of inputs" }
    #expect(missing.count == 1 && missing[0].verdict == .notMeasured && missing[0].detail.contains("/inputs"))
  }

  @Test("Rows that follow one another along turn: a unit of autocorrelation 0.7 is named, one without is not, and phases that stay are")
  func order() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var stream = RandomStream(seed: 6, purpose: "audit tests: order")
    // 60 episodes of 50 turns, in three stretches; rows come last turn first.
    let codes = (0..<3000).map { UInt8($0 % 50 / 17) }
    let file = try HandMadeFile(path: path, phases: codes)
    var state = 0.0
    let persistent = codes.indices.map { row -> Float in
      state = row % 50 == 0 ? stream.normal() : 0.7 * state + (1 - 0.49).squareRoot() * stream.normal()
      return Float(state) + (codes[row] == 1 ? 5 : 0)
    }
    try file.write("dense_1", persistent, units: 1)
    try file.write("dense_2", codes.map { Float(stream.normal()) + ($0 == 1 ? 5 : 0) }, units: 1, isOutput: true)
    _ = try file.root.write("stratum", codes.indices.map { Int32($0 / 50) })
    try file.root.createGroup("rows").write("turn", codes.indices.map { Int32($0 % 50) })
    try file.finish()
    let view = try RecordingView(path: path)
    let rows = try AuditAnalysis().rows(of: view, in: AnalysisContext(threads: 2)).filter { $0.check == "lag-1 autocorrelation" }
    #expect(rows.map(\.subject) == ["phases", "dense_1", "dense_2"])
    #expect(rows.map(\.verdict) == [.caution, .caution, .ok], "\(rows)")
    let (persistence, noise) = (try #require(rows[1].value), try #require(rows[2].value))
    #expect(abs(persistence - 0.6) < 0.12 && abs(noise) < 0.06, "\(rows)")
    #expect(throws: RecordingError.self) { try AuditAnalysis(along: "nothing").rows(of: view, in: AnalysisContext()) }
    let without = try Self.rows("MirrorAnalysis/audit_game.h5").filter { $0.check == "lag-1 autocorrelation" }
    #expect(without.map(\.verdict) == [.notMeasured])
  }

  @Test("Without the partner filter nothing is dropped, and that is said")
  func unfiltered() throws {
    let rows = try Self.rows("MirrorAnalysis/audit_game.h5", partnerFilter: false).filter { $0.check == "partner filter" }
    #expect(rows.map(\.verdict) == [.notMeasured, .notMeasured])
  }

  /// A recording with inputs of any type, by HDF5 alone.
  private static func view(
    inputs: [Double], columns: Int, saysOutput: Bool = true, rows: Int = 600, selection: RecordingSelection = RecordingSelection(),
    change: (Group) throws -> Void = { _ in }
  ) throws -> RecordingView {
    let path = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let codes = (0..<rows).map { UInt8($0 % 3) }
    let file = try HandMadeFile(path: path, phases: codes)
    try file.write("dense_1", codes.indices.map { Float($0 % 7) + Float(codes[$0]) }, units: 1, isOutput: saysOutput ? false : nil)
    try file.write("dense_2", codes.indices.map { Float($0 % 5) + Float(codes[$0]) }, units: 1, isOutput: saysOutput ? true : nil)
    _ = try file.root.write("inputs", inputs, shape: [rows, columns])
    try change(file.root)
    try file.finish()
    return try RecordingView(path: path, selection: selection)
  }

  @Test("Inputs stored as doubles are read as such: a leak below a Float's step is found")
  func doubleInputs() throws {
    let view = try Self.view(inputs: (0..<600).flatMap { [7, 1e9 + Double($0 % 3)] }, columns: 2)
    #expect(try view.inputsStoreDoubles)
    let rows = try AuditAnalysis().rows(of: view, in: AnalysisContext(threads: 2))
    for row in rows where row.check == "label leak" { #expect(row.verdict == .fail && row.value == 1, "\(row)") }
    #expect(relativeError(rows.first { $0.check == "baseline CMNI" && $0.subject == "raw inputs" }?.value, 0.5) <= 1e-6)
  }

  @Test("An input that is not finite counts in rows of a phase only, and is named by the row's number in the file")
  func notFiniteInputs() throws {
    var inputs = (0..<600).map { Double($0 % 11) }
    inputs[6] = .nan
    var selection = RecordingSelection()
    selection.condition = try RowCondition("kept == 1")
    func view(keepsNaN: Bool) throws -> RecordingView {
      try Self.view(inputs: inputs, columns: 1, selection: selection) { root in
        try root.createGroup("rows").write("kept", (0..<600).map { Int32($0 < 3 || $0 == 6 && !keepsNaN ? 0 : 1) })
      }
    }
    #expect(throws: Never.self) { try AuditAnalysis().rows(of: view(keepsNaN: false), in: AnalysisContext()) }
    let error = try #require(throws: RecordingError.self) { try AuditAnalysis().rows(of: view(keepsNaN: true), in: AnalysisContext()) }
    #expect(error.description.hasSuffix("/inputs holds nan at row 6, column 0. It needs finite values."), "\(error)")
  }

  @Test("Where no layer says that it is the output, the guess is said")
  func guessedOutput() throws {
    for saysOutput in [true, false] {
      let view = try Self.view(inputs: (0..<600).map { Double($0 % 11) }, columns: 1, saysOutput: saysOutput)
      let rows = try AuditAnalysis().rows(of: view, in: AnalysisContext())
      let detail = try #require(rows.first { $0.check == "MNS of outputs" }?.detail)
      #expect(detail.hasPrefix("No layer says is_output; the last one, dense_2, is taken for the output. ") != saysOutput, "\(detail)")
    }
  }
}
