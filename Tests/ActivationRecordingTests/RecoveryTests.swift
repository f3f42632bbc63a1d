import ActivationRecording
import Foundation
import Testing

@testable import HDF5

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

  /// Damages the chunk that begins at a row.
  private func damage(_ path: String, _ dataset: String, fromRow row: Int) throws {
    let file = try File.open(path, writable: true)
    let stored = try file.root.dataset(dataset)
    // One byte too short for a checksum: what no decoder may read.
    let place = [row] + stored.shape.dropFirst().map { _ in 0 }
    try withUnsafeBytes(of: UInt8(1)) { try stored.writeRawChunk($0, filterMask: 0, at: place) }
    try file.close()
  }

  @Test("A row counts only where every data set stores it: rows that are declared and were never written are left out")
  func uneven() throws {
    let partial = try partial(rows: 70_000)
    let file = try File.open(partial, writable: true)
    let phase = try file.root.dataset("phase")
    let rows = phase.shape[0]
    for name in ["phase", "label", "layers/dense_2/activations"] { try file.root.dataset(name).extend(rows: rows + 5000) }
    try file.close()
    let found = try recoverRecording(partial: partial, output: path("a.h5"))
    #expect(found.rows == rows && found.longest == rows + 5000 && found.damage == nil)
    #expect(try RecordingView(path: path("a.h5")).rowCount == rows)
  }

  @Test(
    "A chunk that is damaged ends the recovery before it, and where rows follow it says so",
    arguments: ["label", "layers/dense_1/activations"])
  func damaged(name: String) throws {
    let partial = try partial(rows: 70_000)
    try damage(partial, name, fromRow: 8192)
    let found = try recoverRecording(partial: partial, output: path("a.h5"))
    #expect(found.rows == 8192)
    #expect(found.damage == "/\(name) is damaged: in rows 8192 to 12287 a checksum does not match")
    #expect(try RecordingView(path: path("a.h5")).unfilteredPhases.codes.count == 8192)
  }

  @Test("What is cut off at the end is left out, whatever the file says of its length")
  func cutOff() throws {
    let partial = try partial(rows: 70_000)
    let whole = try recoverRecording(partial: partial, output: path("whole.h5")).rows
    let bytes = try Data(contentsOf: URL(filePath: partial))
    var last = whole
    for part in [9, 7, 5, 3] {
      try bytes.prefix(bytes.count / 10 * part).write(to: URL(filePath: path("cut.h5.partial")))
      do {
        let rows = try recoverRecording(partial: path("cut.h5.partial"), output: path("cut.h5"), overwrite: true).rows
        #expect(rows > 0 && rows <= last)
        last = rows
        let recording = try RecordingView(path: path("cut.h5"))
        #expect(try recording.unfilteredPhases.codes == (0..<rows).map { Phase.allCases[$0 % 4].rawValue })
        #expect(try recording.values(of: [recording.layers[1]], where: { _ in true }, threads: 1) == (0..<rows).map { Float($0) / 2 })
      } catch let error as RecordingError where error.kind == .notEnoughData {
        last = 0
      } catch is HDF5Error {
        last = 0
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.hasSuffix(".recovering") })
    }
    #expect(last < whole)
  }

  @Test("Everything comes back: coordinates, pairs, layouts of kernels, doubles, attributes that no description has")
  func everything() throws {
    var columns = Recorder.Columns()
    columns.hasPairs = true
    columns.coordinates = [.init("token", .integers), .init("time", .numbers), .init("wording", .categories(["plain", "blunt"]))]
    columns.inputs = (1, false)
    var layer = LayerDescription(name: "block.1/mlp", unitCount: 2, activationFunction: "gelu", isOutput: false)
    layer.storage = .float64
    layer.kernel = .doubles([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    layer.kernelLayout = .unitByInput
    var half = LayerDescription(name: "head", unitCount: 1, activationFunction: "linear", isOutput: true)
    half.storage = .bfloat16
    let recorder = try Recorder(
      path: path("running.h5"), layers: [layer, half], columns: columns, description: RecordingDescription(), flushPeriod: .zero)
    let rows = 9000
    var batch = RowBatch(
      phases: (0..<rows).map { Phase.allCases[$0 % 4] },
      activations: [.doubles((0..<2 * rows).map { Double($0) / 3 }), .floats((0..<rows).map { Float($0 % 100) })])
    batch.pairs = (0..<rows).map { Int32($0 / 2) }
    batch.inputs = .floats((0..<rows).map { Float($0) })
    batch.coordinates = [
      "token": .integers(Array(0..<rows)), "time": .numbers((0..<rows).map { Double($0) / 7 }),
      "wording": .strings((0..<rows).map { $0 % 3 == 0 ? "blunt" : "plain" }),
    ]
    try recorder.append(batch)
    try FileManager.default.copyItem(atPath: path("running.h5.partial"), toPath: path("b.h5.partial"))
    recorder.cancel()
    let file = try File.open(path("b.h5.partial"), writable: true)
    try file.root.group("model").attributes.set("temperature", 0.7)
    try file.root.group("layers/head").attributes.set("note", "last")
    try file.root.writeStrings("rows/speaker", (0..<rows).map { "speaker \($0 % 5)" }, length: 9)
    try file.close()

    let found = try recoverRecording(partial: path("b.h5.partial"), output: path("b.h5"))
    #expect(found.rows == 8192)
    let view = try RecordingView(path: path("b.h5"))
    #expect(try view.pairs == (0..<8192).map { Int32($0 / 2) })
    #expect(try view.rowColumn("token") == .integers(Array(0..<8192)))
    #expect(try view.rowColumn("time") == .numbers((0..<8192).map { Double($0) / 7 }))
    #expect(try view.rowColumn("wording").text(3) == "blunt" && view.rowColumn("speaker").text(8) == "speaker 3")
    #expect(view.layers.map(\.name) == ["block.1/mlp", "head"] && view.layers[0].storesDoubles)
    #expect(try view.kernel(of: view.layers[0])?.values == [0.1, 0.4, 0.2, 0.5, 0.3, 0.6])
    let root = try File.open(path("b.h5")).root
    #expect(try root.dataset("layers/block.1/mlp/kernel").read(as: Double.self) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    #expect(try root.dataset("layers/block.1/mlp/activations").read(rows: 8191..<8192) == [16382.0 / 3, 16383.0 / 3])
    #expect(try root.dataset("layers/head/activations").attributes.string("dtype") == "bfloat16")
    #expect(try root.group("model").attributes.double("temperature") == 0.7)
    #expect(try root.group("layers/head").attributes.string("note") == "last")
  }

  @Test("When writing fails, the rows that the message promises are those that can be recovered", arguments: [40, 90, 150, 400])
  func promised(writes: Int) throws {
    var columns = Recorder.Columns()
    columns.hasStrata = true
    let recorder = try Recorder(
      path: path("full.h5"),
      layers: [LayerDescription(name: "dense_1", unitCount: 8, activationFunction: "relu", isOutput: true)], columns: columns,
      description: RecordingDescription())
    WriteFault.inject(afterWrites: writes, file: path("full.h5.partial"))
    defer { WriteFault.clear(file: path("full.h5.partial")) }
    let error = #expect(throws: RecordingError.self) {
      for start in stride(from: 0, to: 800_000, by: 8192) {
        var batch = RowBatch(
          phases: (0..<8192).map { Phase.allCases[$0 % 4] }, activations: [(0..<8 * 8192).map { Float(start + $0) }])
        batch.strata = (0..<8192).map { Int32(start + $0) }
        try recorder.append(batch)
      }
    }
    guard case .writeFailed(_, let partial, let rows, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // The recorder still holds its file: a copy is what another program finds afterwards.
    let left = path("left.h5.partial")
    try FileManager.default.copyItem(atPath: partial, toPath: left)
    guard rows > 0 else {
      let nothing = #expect(throws: RecordingError.self) { try recoverRecording(partial: left, output: path("kept.h5")) }
      #expect(nothing?.kind == .notEnoughData && error?.description.contains("No row of it can be recovered") == true)
      return
    }
    #expect(try recoverRecording(partial: left, output: path("kept.h5")).rows == rows)
    #expect(try RecordingView(path: path("kept.h5")).strata == (0..<rows).map { Int32($0) })
  }

  @Test(
    "A recorder that is killed in its first moments leaves a file of no bytes, or an empty one: that no row was flushed is all that is said"
  )
  func firstMoments() throws {
    #expect(FileManager.default.createFile(atPath: path("a.h5.partial"), contents: nil))
    try File.create(path("b.h5.partial")).close()
    for partial in [path("a.h5.partial"), path("b.h5.partial")] {
      let error = #expect(throws: RecordingError.self) { try recoverRecording(partial: partial, output: path("c.h5")) }
      #expect(error?.kind == .notEnoughData)
      #expect(error?.description == "\(partial): no whole row was flushed before the recorder ended. Record again.")
    }
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
