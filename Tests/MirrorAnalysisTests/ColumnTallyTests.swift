import ActivationRecording
import Foundation
import MirrorAnalysis
import Testing

@Suite("Tally of input columns")
struct ColumnTallyTests {
  @Test("A column that reaches over more than the largest Float is counted, and a leak beside it still found")
  func widestRange() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "tally-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let phases = (0..<300).map { [Phase.neither, .own, .other][$0 % 3] }
    var columns = Recorder.Columns()
    columns.inputs = (2, false)
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "dense_1", unitCount: 1, activationFunction: "linear", isOutput: true)],
      columns: columns, description: RecordingDescription())
    var batch = RowBatch(phases: phases, activations: [phases.indices.map { Float($0 % 7) }])
    batch.inputs = .floats(
      phases.enumerated().flatMap { row, phase in
        [row % 2 == 0 ? Float.greatestFiniteMagnitude : -Float.greatestFiniteMagnitude, Float(phase.rawValue) + 0.5]
      })
    try recorder.append(batch)
    try recorder.finish()
    let rows = try auditRows(of: Recording(path: path), partnerFilter: true, seed: 1, threads: 1)
    let leak = try #require(rows.first { $0.check == "label leak" && $0.subject == "none/self/other" })
    #expect(leak.value == 1 && leak.verdict == .fail)
    #expect(leak.detail.hasPrefix("Leak: input column 1 alone"))
  }
}
