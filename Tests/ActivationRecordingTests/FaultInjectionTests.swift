import ActivationRecording
import Files
import Foundation
import HDF5
import Testing

/// The n-th write, allocation, sync or read fails, for every n of a small recording.
@Suite("Fault injection")
struct FaultInjectionTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private static let rows = 12_000

  /// Records rows that tell their own number.
  private func record(to path: String) throws {
    var columns = Recorder.Columns()
    columns.hasStrata = true
    let recorder = try Recorder(
      path: path,
      layers: [
        LayerDescription(name: "dense_1", unitCount: 3, activationFunction: "relu", isOutput: true, kernel: [1, 2, 3], bias: [1, 2, 3])
      ],
      columns: columns, description: RecordingDescription(), flushPeriod: .zero)
    for start in stride(from: 0, to: Self.rows, by: 3000) {
      let range = start..<start + 3000
      var batch = RowBatch(phases: range.map { Phase.allCases[$0 % 4] }, activations: [range.flatMap { [Float($0), 1, 2] }])
      batch.strata = range.map { Int32($0) }
      try recorder.append(batch)
    }
    try recorder.finish()
  }

  /// Whether every row holds what was recorded.
  private func holdsItsRows(_ path: String, count: Int) throws -> Bool {
    let view = try RecordingView(path: path)
    return try view.rowCount == count && view.strata == (0..<Int32(count)).map { $0 }
      && view.unfilteredPhases.codes == (0..<count).map { Phase.allCases[$0 % 4].rawValue }
      && view.values(of: [view.layers[0]], where: { _ in true }, threads: 1) == (0..<count).flatMap { [Float($0), 1, 2] }
  }

  @Test("Recording finishes, or says how many rows are safe and keeps them", arguments: [WriteFault.Step.write, .allocation, .sync])
  func recording(_ step: WriteFault.Step) throws {
    var failures = 0
    for count in 0... {
      let name = path("\(step)-\(count).h5")
      let partial = name + ".partial"
      WriteFault.inject(step, after: count, file: partial)
      defer { WriteFault.clear(file: partial) }
      do {
        try record(to: name)
        #expect(try holdsItsRows(name, count: Self.rows) && !FileManager.default.fileExists(atPath: partial))
        break
      } catch RecordingError.cannotBegin(let file, let cause) {
        #expect(file == name && !cause.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: partial) && !FileManager.default.fileExists(atPath: name))
      } catch RecordingError.writeFailed(let file, let place, let rows, let cause) {
        #expect(file == name && place == partial)
        #expect(cause == (step == .sync ? "input/output error" : "no space left on the device"))
        #expect(!FileManager.default.fileExists(atPath: name))
        // What another process finds.
        let left = path("left.h5.partial")
        try? FileManager.default.removeItem(atPath: left)
        try FileManager.default.copyItem(atPath: partial, toPath: left)
        if let found = try? recoverRecording(partial: left, output: path("recovered.h5"), overwrite: true) {
          #expect(found.rows >= rows)
          #expect(try holdsItsRows(path("recovered.h5"), count: found.rows))
        } else {
          #expect(rows == 0, "\(rows) rows were promised after \(count) of \(step)")
        }
      }
      failures += 1
      try #require(failures < 500)
    }
    #expect(failures > 3)
  }

  @Test("Reading gives every row, or an error: never less without a word")
  func reading() throws {
    let name = path("whole.h5")
    try record(to: name)
    var failures = 0
    for count in 0... {
      WriteFault.inject(.read, after: count, file: name)
      defer { WriteFault.clear(file: name) }
      do {
        #expect(try holdsItsRows(name, count: Self.rows))
        break
      } catch let error as HDF5Error {
        #expect(error.reason == "input/output error" && error.file == name)
      }
      failures += 1
      try #require(failures < 500)
    }
    #expect(failures > 3)
  }
}
