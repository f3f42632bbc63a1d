import Foundation
import Testing

@testable import HDF5

@Suite struct ContentHashTests {
  let scratch = try! Scratch()
  private static let interpreter = ProcessInfo.processInfo.environment["MIRRORSCOPE_PYTHON"]

  private func makeRows(_ root: Group, _ name: String, _ values: [Float], threads: Int = 2) throws -> RowWriter<Float> {
    let dataset = try root.createDataset(
      name, type: .float32, shape: [0, 6], maximumShape: [nil, 6], chunk: [10, 6], filters: .standard())
    try dataset.attributes.set("unit", "mV")
    let writer = try RowWriter(dataset, as: Float.self, workers: ChunkWorkers(threads: threads))
    try writer.append(values)
    try writer.finish()
    return writer
  }

  @Test("A writer seals with the sums that it wrote, the same as those in the file")
  func sealed() throws {
    let root = try File.create(scratch.path("a.h5")).root
    let writer = try makeRows(root, "x", grid(rows: 103, units: 6))
    let dataset = try root.dataset("x")
    #expect(try dataset.verifyContent() == nil)
    try writer.seal()
    #expect(try dataset.verifyContent() == true)
    #expect(try dataset.attributes.string("content_sha256") == dataset.contentSHA256())
    let kernel = try root.write("kernel", [Float(1), 2, 3], shape: [3, 1])
    try kernel.seal()
    #expect(try kernel.verifyContent() == true)
    try kernel.write([Float(1), 2, 4])
    #expect(try kernel.verifyContent() == false)
    try kernel.write([Float(1), 2, 3])
    #expect(try kernel.verifyContent() == true)
    try kernel.attributes.set("unit", "mV")
    #expect(try kernel.verifyContent() == false)
  }

  @Test("It is the same with scales attached, and another for other values, shapes, types and attributes")
  func differences() throws {
    let root = try File.create(scratch.path("d.h5")).root
    let values: [Float] = [1, 2, 3, 4]
    let first = try root.write("a", values)
    let digits = try first.contentSHA256()
    #expect(digits.count == 64)
    let scale = try root.write("scale", [Int32](0..<4))
    try scale.makeScale()
    try first.attachScale(scale, dimension: 0)
    #expect(try first.contentSHA256() == digits)
    var seen: Set = [digits]
    for other in [
      try root.write("b", [1, 2, 3, 5] as [Float]), try root.write("c", values, shape: [2, 2]), try root.write("d", values, type: .float64),
      try root.writeStrings("e", ["1", "2", "3", "4"]),
    ] {
      #expect(seen.insert(try other.contentSHA256()).inserted)
    }
  }

  @Test("A chunk that lost its sum, or was never written, is an error")
  func damaged() throws {
    let file = try File.create(scratch.path("c.h5"))
    let writer = try makeRows(file.root, "x", grid(rows: 40, units: 6))
    try writer.seal()
    let dataset = try file.root.dataset("x")
    let stored = GrowingBuffer()
    let chunk = try #require(try dataset.readRawChunk(at: [20, 0], into: stored))
    var bytes = Array(stored.bytes(atLeast: chunk.byteCount)[..<chunk.byteCount])
    bytes[3] ^= 1
    try bytes.withUnsafeBytes { try dataset.writeRawChunk($0, filterMask: chunk.filterMask, at: [20, 0]) }
    let error = try hdf5Error { _ = try dataset.verifyContent() }
    #expect(error.kind == .corruptData)
    #expect(error.reason == "the chunk of its rows from 20 on does not have its checksum")
    #expect(try hdf5Error { _ = try fixture("missing.h5").root.dataset("filtered").contentSHA256() }.kind == .missingData)
  }

  @Test("h5py computes the same", .enabled(if: Self.interpreter != nil, "set MIRRORSCOPE_PYTHON to a Python with numpy and h5py"))
  func sameAsPython() throws {
    let path = scratch.path("p.h5")
    let file = try File.create(path)
    let root = try file.root
    _ = try makeRows(root, "rows", grid(rows: 103, units: 6))
    try root.write("empty", [Float](), shape: [0, 3])
    try root.writeStrings("text", ["frog", "Kröte", ""])
    try root.writeStrings("fixed", ["frog", "Kröte", ""], length: 7)
    try root.write("half", [0.5, 2.0], type: .float16)
    try root.write("phase", [UInt8(0), 1, 2], type: .enumeration(["none", "self", "other"]))
    let many = try root.write("many", [Int64](0..<7))
    try many.attributes.set("b", [1, 2, 3])
    try many.attributes.set("a", "Kröte")
    try many.attributes.set("texts", ["x", ""])
    try many.attributes.set("é", 0.25)
    let mine = ["rows", "empty", "text", "fixed", "half", "phase", "many"]
    try file.close()
    try check(path, mine)
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let others =
      ["f4_big", "i2_big", "scalar", "cube", "nothing"].map { "numbers/\($0)" }
      + ["phase", "flags", "wide_enumeration", "strings/variable_utf8", "strings/fixed_ascii"]
    try check(tests.appending(path: "Fixtures/HDF5/types.h5").path, others)
    try check(tests.appending(path: "Fixtures/HDF5/chunks.h5").path, ["contiguous", "plain", "standard", "line"])
  }

  private func check(_ path: String, _ names: [String]) throws {
    let process = Process()
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    process.executableURL = URL(fileURLWithPath: try #require(Self.interpreter))
    process.arguments = [tests.appending(path: "Fixtures/HDF5/content_sha256.py").path, path] + names
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n").map(String.init)
    process.waitUntilExit()
    let root = try File.open(path).root
    #expect(lines == (try names.map { "\(try root.dataset($0).contentSHA256()) \($0)" }))
  }
}
