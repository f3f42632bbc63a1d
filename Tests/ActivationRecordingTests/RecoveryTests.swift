import ActivationRecording
import Foundation
import HDF5
import Testing

@Suite("Recovery")
struct RecoveryTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "recovery-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The partial file of a recorder as it is on the disk when the recorder ends without a word after so many rows.
  private func partial(rows: Int, named name: String = "a.h5.partial", flushPeriod: Duration = .seconds(60)) throws -> String {
    var columns = Recorder.Columns()
    columns.actionNames = ["hop", "jump"]
    columns.hasLabels = true
    columns.hasPartnerActing = true
    columns.hasStrata = true
    columns.inputs = (2, true)
    var description = RecordingDescription()
    description.title = "cut short"
    description.model.epoch = 7
    let recorder = try Recorder(
      path: path("running.h5"),
      layers: [
        LayerDescription(
          name: "dense_1", unitCount: 3, activationFunction: "relu", isOutput: false, kernel: [1, 2, 3, 4, 5, 6], bias: [1, 2, 3]),
        LayerDescription(name: "dense_2", unitCount: 1, activationFunction: "linear", isOutput: true),
      ], columns: columns, description: description, flushPeriod: flushPeriod)
    for start in stride(from: 0, to: rows, by: 1000) {
      let range = start..<min(start + 1000, rows)
      var batch = RowBatch(
        phases: range.map { Phase.allCases[$0 % 4] }, activations: [range.flatMap { [Float($0), 1, 2] }, range.map { Float($0) / 2 }])
      batch.labels = range.map { UInt8($0 % 2) }
      batch.partnerActing = range.map { $0 % 3 == 0 }
      batch.strata = range.map { Int32($0 / 10) }
      batch.inputs = .bytes(range.flatMap { [UInt8($0 % 256), 9] })
      try recorder.append(batch)
    }
    try FileManager.default.copyItem(atPath: path("running.h5.partial"), toPath: path(name))
    recorder.cancel()
    return path(name)
  }

  @Test("The rows that were flushed become a valid recording with everything they were recorded with")
  func recovers() throws {
    let partial = try partial(rows: 100_000)
    let found = try recoverRecording(partial: partial, output: path("a.h5"))
    #expect(found.rows >= 32_768 && found.rows <= 100_000)
    let recording = try RecordingView(path: path("a.h5"))
    #expect(recording.rowCount == found.rows)
    #expect(recording.description.title == "cut short" && recording.description.model.epoch == 7)
    #expect(recording.description.provenance["recovered_from"] == "a.h5.partial")
    #expect(recording.actionNames == ["hop", "jump"])
    let last = found.rows - 1
    #expect(try recording.unfilteredPhases.codes[last] == Phase.allCases[last % 4].rawValue)
    #expect(try recording.labels?[last] == UInt8(last % 2))
    #expect(try recording.strata?[last] == Int32(last / 10))
    #expect(try recording.partnerActing?[last] == (last % 3 == 0))
    #expect(try recording.inputs(rows: last..<last + 1) == [Float(last % 256), 9])
    #expect(try recording.values(of: [recording.layers[0]], where: { $0 == last }, threads: 1) == [Float(last), 1, 2])
    #expect(try recording.values(of: [recording.layers[1]], where: { $0 == last }, threads: 1) == [Float(last) / 2])
    #expect(try recording.kernel(of: recording.layers[0])?.values == [1, 2, 3, 4, 5, 6])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a.h5", "a.h5.partial"])
  }

  @Test("Who records slowly loses the chunk being filled at most")
  func slow() throws {
    let partial = try partial(rows: 12_000, flushPeriod: .zero)
    #expect(try recoverRecording(partial: partial, output: path("a.h5")).rows == 8192)
  }

  @Test("Data sets that end before the others decide how many rows are kept")
  func uneven() throws {
    let partial = try partial(rows: 70_000)
    let file = try File.open(partial, writable: true)
    let phase = try file.root.dataset("phase")
    let rows = phase.shape[0]
    try phase.extend(rows: rows + 50)
    try file.close()
    let found = try recoverRecording(partial: partial, output: path("a.h5"))
    #expect(found.rows == rows && found.longest == rows + 50)
  }

  @Test("Before the first flush there is nothing to recover, and an output is not replaced without leave")
  func nothing() throws {
    let partial = try partial(rows: 10)
    let error = #expect(throws: RecordingError.self) { try recoverRecording(partial: partial, output: path("a.h5")) }
    #expect(error?.kind == .notEnoughData)
    #expect(error?.description == "\(partial): no whole row was flushed before the recorder ended. Record again.")
    try "mine".write(toFile: path("b.h5"), atomically: true, encoding: .utf8)
    let full = try self.partial(rows: 70_000, named: "b.h5.partial")
    #expect(throws: RecordingError.self) { try recoverRecording(partial: full, output: path("b.h5")) }
    #expect(try String(contentsOfFile: path("b.h5"), encoding: .utf8) == "mine")
  }
}
