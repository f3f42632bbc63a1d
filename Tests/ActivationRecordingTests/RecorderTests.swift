import ActivationRecording
import Files
import Foundation
import HDF5
import Testing

/// A folder that goes away with the value.
private final class Folder {
  let url = FileManager.default.temporaryDirectory.appending(path: "recorder-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted() }
}

private let layers = [
  LayerDescription(
    name: "dense_1", unitCount: 3, activationFunction: "relu", isOutput: false, kernel: (0..<15).map { Float($0) / 10 },
    bias: [0.5, -1, 0]),
  LayerDescription(name: "dense_2", unitCount: 2, activationFunction: "linear", isOutput: true),
]

private var columns: Recorder.Columns {
  var columns = Recorder.Columns()
  columns.actionNames = ["hop", "jump", "leap", "help"]
  columns.hasLabels = true
  columns.hasPredictions = true
  columns.hasPartnerActing = true
  columns.hasStrata = true
  columns.hasSplit = true
  columns.inputs = (5, true)
  return columns
}

private func value(_ row: Int, _ position: Int) -> Float { Float((row * 31 + position * 7) % 101) / 8 - 2 }

/// Rows that are a function of their number, so that any batching gives the same recording.
private func batch(_ range: Range<Int>) -> RowBatch {
  var batch = RowBatch(
    phases: range.map { Phase.allCases[$0 % 4] },
    activations: [range.flatMap { row in (0..<3).map { value(row, $0) } }, range.flatMap { row in (0..<2).map { value(row, $0 + 3) } }])
  batch.labels = range.map { UInt8($0 % 4) }
  batch.predictions = range.map { UInt8(($0 / 2) % 4) }
  batch.partnerActing = range.map { $0 % 3 == 0 }
  batch.strata = range.map { Int32($0 / 100) }
  batch.split = range.map { $0 % 2 == 0 ? .select : .evaluate }
  batch.inputs = .bytes(range.flatMap { row in (0..<5).map { UInt8((row + $0) % 250) } })
  return batch
}

@Suite("The recorder")
struct RecorderTests {
  private let folder: Folder

  init() throws {
    folder = try Folder()
  }

  private func record(_ name: String, rows: Int, batchRows: Int, threads: Int) throws -> String {
    var description = RecordingDescription()
    description.title = "a title"
    description.seed = 42
    description.createdUTC = "2026-01-02T03:04:05Z"
    description.model.epoch = 7
    description.model.validationLoss = 0.0371
    description.provenance = ["states_sha256": "abc"]
    let recorder = try Recorder(
      path: folder.path(name), layers: layers, columns: columns, description: description, threads: threads,
      // Where chunks lie depends on the time once this has passed, as it does on a machine under load.
      flushPeriod: .seconds(3600))
    for start in stride(from: 0, to: rows, by: batchRows) { try recorder.append(batch(start..<min(start + batchRows, rows))) }
    try recorder.finish()
    return folder.path(name)
  }

  @Test("What was appended is read back, in any batching", arguments: [(1, 1), (5000, 4096), (40_000, 1000), (20_000, 20_000)])
  func roundTrip(rows: Int, batchRows: Int) throws {
    let recording = try RecordingView(path: record("a.h5", rows: rows, batchRows: batchRows, threads: 2))
    let expected = batch(0..<rows)
    #expect(recording.rowCount == rows)
    #expect(recording.layers.map(\.name) == ["dense_1", "dense_2"])
    #expect(recording.layers.map(\.isOutput) == [false, true])
    for (layer, values) in zip(recording.layers, expected.activations) {
      #expect(try recording.values(of: [layer], as: Float.self, threads: 2) == values.doubles.map { Float($0) })
    }
    #expect(try recording.unfilteredPhases.codes == expected.phases.map(\.rawValue))
    #expect(try recording.labels == expected.labels)
    #expect(try recording.predictions == expected.predictions)
    #expect(try recording.partnerActing == expected.partnerActing)
    #expect(try recording.strata == expected.strata)
    #expect(try recording.split == expected.split)
    #expect(try recording.kernel(of: recording.layers[0])?.values == layers[0].kernel?.doubles)
    #expect(try recording.bias(of: recording.layers[0])?.values == layers[0].bias?.doubles)
    #expect(try recording.kernel(of: recording.layers[1]) == nil)
    #expect(try recording.inputs(rows: 0..<1) == [0, 1, 2, 3, 4])
    #expect(recording.actionNames == ["hop", "jump", "leap", "help"])
    #expect(recording.description.seed == 42)
    #expect(recording.description.model.validationLoss == 0.0371)
    #expect(recording.description.provenance == ["states_sha256": "abc"])
    #expect(folder.names == ["a.h5"])
  }

  @Test("The file is the same, byte for byte, for one thread and for two")
  func threadsChangeNothing() throws {
    let one = try record("one.h5", rows: 30_000, batchRows: 4096, threads: 1)
    let two = try record("two.h5", rows: 30_000, batchRows: 4096, threads: 2)
    #expect(try Data(contentsOf: URL(filePath: one)) == Data(contentsOf: URL(filePath: two)))
  }

  @Test("Blocks come in order and cover every row once", arguments: [1, 2])
  func blocks(threads: Int) throws {
    let recording = try RecordingView(path: record("a.h5", rows: 10_000, batchRows: 10_000, threads: 1))
    var next = 0
    var values: [Float] = []
    try recording.mapBlocks(of: recording.layers[0], threads: threads) { (rows, block: UnsafeBufferPointer<Float>) in
      (rows, Array(block))
    } take: { rows, block in
      #expect(rows.lowerBound == next)
      next = rows.upperBound
      values += block
    }
    #expect(next == 10_000)
    #expect(RecordedNumbers.floats(values) == batch(0..<10_000).activations[0])
  }

  @Test("Until it is finished there is nothing under the final name; cancelled, nothing at all")
  func partial() throws {
    let recorder = try Recorder(path: folder.path("a.h5"), layers: layers, columns: columns, description: RecordingDescription())
    try recorder.append(batch(0..<10))
    #expect(folder.names == ["a.h5.partial"])
    recorder.cancel()
    #expect(folder.names == [])
  }

  @Test("Rows that an interrupted recorder left are not lost to the next one, unless they may be replaced")
  func leftover() throws {
    let path = folder.path("a.h5")
    func recorder(overwrite: Bool = false) throws -> Recorder {
      try Recorder(
        path: path, layers: layers, columns: columns, description: RecordingDescription(), overwrite: overwrite, flushPeriod: .zero)
    }
    do { try recorder().append(batch(0..<10_000)) }
    #expect(folder.names == ["a.h5.partial"])
    #expect(throws: FileError(file: path, fault: .leftover(partial: path + ".partial"))) { _ = try recorder() }
    #expect(try recoverRecording(partial: path + ".partial", output: folder.path("kept.h5")).rows > 0)
    let second = try recorder(overwrite: true)
    #expect(throws: FileError(file: path, fault: .beingWritten(partial: path + ".partial"))) { _ = try recorder(overwrite: true) }
    second.cancel()
    // One that holds no row is of no use.
    do { _ = try recorder() }
    #expect(folder.names == ["a.h5.partial", "kept.h5"])
    try recorder().cancel()
    #expect(folder.names == ["kept.h5"])
  }

  @Test("An existing recording is replaced only when that is allowed, and only when the new one is complete")
  func overwrite() throws {
    let path = try record("a.h5", rows: 10, batchRows: 10, threads: 1)
    #expect(throws: RecordingError.self) {
      try Recorder(path: path, layers: layers, columns: columns, description: RecordingDescription())
    }
    let recorder = try Recorder(
      path: path, layers: layers, columns: columns, description: RecordingDescription(), overwrite: true)
    try recorder.append(batch(0..<20))
    #expect(try Recording(path: path).rowCount == 10)
    try recorder.finish()
    #expect(try Recording(path: path).rowCount == 20)
  }

  @Test("A batch that does not fit is refused with a sentence, and nothing of it is appended")
  func misfits() throws {
    let recorder = try Recorder(path: folder.path("a.h5"), layers: layers, columns: columns, description: RecordingDescription())
    func expect(_ fault: String, _ change: (inout RowBatch) -> Void) {
      var bad = batch(0..<4)
      change(&bad)
      let error = #expect(throws: RecordingError.self) { try recorder.append(bad) }
      #expect(error?.description == "\(folder.path("a.h5")): \(fault)")
    }
    expect("a batch of 4 rows has 11 activations for layer dense_1 of 3 units.") {
      $0.activations[0] = .floats(Array(repeating: 0, count: 11))
    }
    expect("a batch has activations of 1 layers, but 2 are declared.") { $0.activations.removeLast() }
    expect("a batch of 4 rows has 3 values for label, which was declared.") { $0.labels?.removeLast() }
    expect("a batch of 4 rows has 0 values for stratum, which was declared.") { $0.strata = nil }
    expect("a label is 9, but there are 4 actions.") { $0.labels?[0] = 9 }
    expect("inputs were declared as bytes but are floats.") { $0.inputs = .floats(Array(repeating: 0, count: 20)) }
    try recorder.append(batch(0..<4))
    try recorder.finish()
    #expect(try Recording(path: folder.path("a.h5")).rowCount == 4)
  }

  @Test("Layers that cannot be are refused before a file is made")
  func badLayers() {
    for bad in [[], [layers[0], layers[0]], [LayerDescription(name: "a//b", unitCount: 1, activationFunction: "relu", isOutput: false)]] {
      #expect(throws: RecordingError.self) {
        try Recorder(path: folder.path("a.h5"), layers: bad, columns: columns, description: RecordingDescription())
      }
    }
    #expect(folder.names == [])
  }

  @Test("When the disk is full the sentence says so and what was flushed stays under the partial name", arguments: [12, 60, 150])
  func diskFull(afterWrites: Int) throws {
    let path = folder.path("a.h5")
    let recorder = try Recorder(path: path, layers: layers, columns: columns, description: RecordingDescription())
    WriteFault.inject(afterWrites: afterWrites, file: path + ".partial")
    defer { WriteFault.clear(file: path + ".partial") }
    let error = #expect(throws: RecordingError.self) {
      for start in stride(from: 0, to: 400_000, by: 4096) { try recorder.append(batch(start..<start + 4096)) }
      try recorder.finish()
    }
    #expect(error?.description.hasPrefix("\(path): writing failed (") == true, "\(String(describing: error))")
    #expect(error?.kind == .failed)
    #expect(folder.names == ["a.h5.partial"])
  }

  @Test("A folder that is not there")
  func missingFolder() {
    let error = #expect(throws: RecordingError.self) {
      try Recorder(path: folder.path("absent/a.h5"), layers: layers, columns: columns, description: RecordingDescription())
    }
    #expect(
      error?.description
        == "\(folder.path("absent/a.h5")): the recording cannot be begun (its folder does not exist). "
        + "Check the folder and the space left on the disk.")
  }
}
