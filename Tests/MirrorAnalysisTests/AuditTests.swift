import ActivationRecording
import Foundation
import HDF5
import MirrorAnalysis
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
  private static func rows(_ name: String, partnerFilter: Bool = true, seed: UInt64 = 1, threads: Int = 2) throws -> [AuditRow] {
    var selection = RecordingSelection()
    selection.partnerFilter = partnerFilter
    return try AuditAnalysis().rows(
      of: RecordingView(path: Fixture.path(name), selection: selection), in: AnalysisContext(threads: threads, seed: seed))
  }

  @Test(
    "Closed forms are numpy's to 1e-9; random baselines agree within Monte-Carlo error",
    arguments: ["audit_game", "audit_floats", "audit_strata"])
  func oracle(name: String) throws {
    let expected = try #require(try Fixture.json([String: [String: Measured]].self, "MirrorAnalysis/audit.json")[name])
    let rows = try Self.rows("MirrorAnalysis/\(name).h5")
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
    let differing = zip(rows, other).filter { $0.value != $1.value }.map(\.0.subject)
    #expect(differing == ["random projection", "untrained network"])
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
