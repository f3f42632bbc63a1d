import ActivationRecording
import Foundation
import HDF5
import MirrorAnalysis
import Testing

@Suite("Rows to select and to evaluate on")
struct EvaluationRowsTests {
  private static func recording(phases: [Phase], strata: [Int32]?) throws -> RecordingView {
    try HandMadeRecording(hidden: phases.map { _ in [1, 2] }, kernel: [[1, 0], [0, 1]], phases: phases, strata: strata).open()
  }

  private static func halves(
    _ phases: [Phase], _ strata: [Int32], seed: UInt64
  ) throws -> (strata: (Set<Int32>, Set<Int32>), counts: [[Int]]) {
    let rows = try EvaluationRows(of: recording(phases: phases, strata: strata), sameRows: false, seed: seed)
    #expect((rows.select + rows.evaluate).sorted() == Array(phases.indices))
    let counts = [rows.select, rows.evaluate].map { part in Phase.allCases.map { phase in part.count { phases[$0] == phase } } }
    return ((Set(rows.select.map { strata[$0] }), Set(rows.evaluate.map { strata[$0] })), counts)
  }

  @Test("Strata stay whole, ones of several phases and ones of one, and both halves have the phases in proportion", arguments: [1, 2, 3])
  func wholeStrata(seed: UInt64) throws {
    let mixed = try Self.halves((0..<160).map { Phase.allCases[$0 % 4] }, (0..<160).map { Int32($0 / 8) }, seed: seed)
    #expect(mixed.strata.0.isDisjoint(with: mixed.strata.1) && mixed.strata.0.count == 10 && mixed.counts[0] == [20, 20, 20, 20])
    let whole = try Self.halves((0..<160).map { Phase.allCases[$0 / 8 % 4] }, (0..<160).map { Int32($0 / 8) }, seed: seed)
    #expect(whole.strata.0.isDisjoint(with: whole.strata.1))
    // Five strata of 8 rows a phase: 2 in one half and 3 in the other.
    #expect(whole.counts.allSatisfy { $0.allSatisfy { [16, 24].contains($0) } }, "\(whole.counts)")
    let again = try Self.halves((0..<160).map { Phase.allCases[$0 % 4] }, (0..<160).map { Int32($0 / 8) }, seed: seed + 10)
    #expect(again.strata.0 != mixed.strata.0)
  }

  @Test("Without strata items stay whole; with strata, those that an item ties together", arguments: [1, 2, 3])
  func wholeItems(seed: UInt64) throws {
    let phases = (0..<120).map { Phase.allCases[$0 % 3] }
    // Forty items of three versions, and one row in ten of none.
    let pairs = (0..<120).map { $0 % 10 == 9 ? -1 : Int32($0 / 3) }
    func halves(strata: [Int32]?) throws -> (select: Set<Int32>, evaluate: Set<Int32>, rows: EvaluationRows) {
      let recording = try HandMadeRecording(
        hidden: phases.map { _ in [1, 2] }, kernel: [[1, 0], [0, 1]], phases: phases, strata: strata, pairs: pairs
      ).open()
      let rows = try EvaluationRows(of: recording, sameRows: false, seed: seed)
      return (Set(rows.select.map { pairs[$0] }).subtracting([-1]), Set(rows.evaluate.map { pairs[$0] }).subtracting([-1]), rows)
    }
    let free = try halves(strata: nil)
    #expect(free.select.isDisjoint(with: free.evaluate) && free.select.count + free.evaluate.count == 40)
    #expect((55...65).contains(free.rows.select.count))
    // Strata of five rows part items of three: what hangs together is everything up to the next row of no item.
    let tied = try halves(strata: (0..<120).map { Int32($0 / 5) })
    #expect(tied.select.isDisjoint(with: tied.evaluate))
    let strata = Set(tied.rows.select.map { $0 / 5 })
    #expect(strata.isDisjoint(with: Set(tied.rows.evaluate.map { $0 / 5 })))
    // Strata that hold items whole are what is halved.
    let holding = try halves(strata: (0..<120).map { Int32($0 / 6) })
    #expect(Set(holding.rows.select.map { $0 / 6 }).isDisjoint(with: Set(holding.rows.evaluate.map { $0 / 6 })))
  }

  @Test("One stratum cannot be halved, and the sentence says so")
  func oneStratum() throws {
    let recording = try Self.recording(phases: (0..<16).map { Phase.allCases[$0 % 4] }, strata: Array(repeating: 7, count: 16))
    let error = #expect(throws: RecordingError.self) { try EvaluationRows(of: recording, sameRows: false, seed: 1) }
    #expect(error?.description.contains(": all rows lie in one stratum, which leaves none to ") == true, "\(String(describing: error))")
    #expect(try EvaluationRows(of: recording, sameRows: true, seed: 1).select.count == 16)
  }

  @Test("A /split that parts a stratum is refused, and which")
  func partedStratum() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "parted-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.copyItem(atPath: Fixture.path("MirrorAnalysis/references.h5"), toPath: path)
    #expect(try EvaluationRows(of: RecordingView(path: path), sameRows: false, seed: 1).select.count == 200)
    let file = try File.open(path, writable: true)
    let stratum = try file.root.dataset("stratum")
    var values = try stratum.read(as: Int32.self)
    let split = try file.root.dataset("split").read(as: UInt8.self)
    // A row of stratum 0 moves to the first stratum of the other part.
    let other = try #require(split.firstIndex { $0 != split[0] })
    values[0] = values[other]
    try stratum.write(values)
    try file.close()
    let error = #expect(throws: RecordingError.self) { try EvaluationRows(of: RecordingView(path: path), sameRows: false, seed: 1) }
    #expect(
      error?.description.hasSuffix(
        ": /split puts rows of one stratum in both parts (1 of 40 strata, such as \(values[other])), so that they would choose units and "
          + "test them. Mark whole strata as select or evaluate, or use the same rows for both.") == true, "\(String(describing: error))")
  }
}
