import ActivationRecording
import Foundation
import HDF5
import Testing

@Suite("Layers of a recording")
struct RecordingLayoutTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "layout-\(UUID().uuidString).h5").path

  /// Writes a recording of four rows, whose layers the body makes.
  private func write(_ body: (Group) throws -> Void) throws {
    let file = try File.create(path, overwrite: true)
    let root = try file.root
    try root.attributes.set("schema", "mirrorscope-recording")
    try root.attributes.set("schema_version", "1.1")
    try root.attributes.set("complete", 1)
    _ = try root.write("phase", [UInt8](0..<4))
    try body(root.createGroup("layers"))
    try file.close()
  }

  @Test("Where the last layer cannot be opened and is left out, the one before it is no output", arguments: [nil, 1])
  func outputLeftOut(says: Int?) throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    try write { layers in
      _ = try layers.createGroup("dense_1").write("activations", [Float](repeating: 1, count: 8), shape: [4, 2])
      let picture = try layers.createGroup("dense_2")
      _ = try picture.write("activations", [Float](repeating: 1, count: 8), shape: [4, 2, 1])
      if let says { try picture.attributes.set("is_output", says) }
    }
    let recording = try Recording(path: path) { $0 == "dense_1" }
    #expect(recording.layers.map(\.name) == ["dense_1"] && recording.layers.allSatisfy { !$0.isOutput })
    #expect(recording.saysOutput == (says != nil))
    #expect(throws: RecordingError.self) { try Recording(path: path) }
  }

  @Test("Attributes of a layer that is left out may be anything")
  func strangeAttributes() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    try write { layers in
      for name in ["dense_1", "dense_2"] {
        _ = try layers.createGroup(name).write("activations", [Float](repeating: 1, count: 8), shape: [4, 2])
      }
      try layers.group("dense_2").attributes.set("is_output", "yes")
    }
    #expect(try Recording(path: path) { $0 == "dense_1" }.layers.count == 1)
    #expect(throws: HDF5Error.self) { try Recording(path: path) }
  }

  @Test("A layer that declares more than its bytes can hold is refused before anything is asked of memory", arguments: [4, 0])
  func declaredOnly(rows: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    try write { layers in
      _ = try layers.createGroup("dense_1").createDataset(
        "activations", type: .float32, shape: [rows, 1 << 55], maximumShape: [nil, 1 << 55], chunk: [1, 1024])
    }
    let error = #expect(throws: RecordingError.self) { try Recording(path: path) }
    #expect(
      error?.description
        == "\(path): /layers/dense_1/activations declares \(rows) × 36,028,797,018,963,968 values, but the file holds 0 bytes of them. "
        + "Record again.")
  }
}
