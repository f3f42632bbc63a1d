import Foundation
import Testing

@testable import HDF5

@Suite struct CompressionTests {
  @Test("Rectified floats become smaller by codes alone than zlib makes them, and HDF5 reads them", arguments: [1, 5])
  func rectified(_ level: Int) throws {
    let count = 64 * 1024
    // Bytes that don't repeat early, from a linear congruence.
    var state: UInt32 = 12_345
    let bytes = (0..<4 * count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    let rectified: [Float] = (0..<count).map { index in
      let value = Float(bytes[4 * index]) + Float(bytes[4 * index + 1]) / 256 + Float(bytes[4 * index + 2]) / 65536
      return bytes[4 * index + 3] < 135 ? 0 : value
    }
    let file = try File.create(FileManager.default.temporaryDirectory.appending(path: "codec-\(UUID().uuidString).h5").path)
    defer { unlink(file.path) }
    let filters = FilterPipeline([.shuffle, .deflate(level: level), .fletcher32])
    let ours = try file.root.createDataset("ours", type: .float32, shape: [0], maximumShape: [nil], chunk: [count], filters: filters)
    let writer = try RowWriter(ours, as: Float.self)
    try writer.append(rectified)
    try writer.finish()
    let zlib = try file.root.createDataset("zlib", type: .float32, shape: [count], chunk: [count], filters: filters)
    try zlib.write(rectified)
    // HDF5 reads both with its own filters.
    #expect(try ours.read(as: Float.self) == rectified)
    #expect(try ours.read(as: Float.self, threads: 2) == rectified)
    let (buffer, other) = (GrowingBuffer(), GrowingBuffer())
    let ourSize = try #require(try ours.readRawChunk(at: [0], into: buffer)).byteCount
    let zlibSize = try #require(try zlib.readRawChunk(at: [0], into: other)).byteCount
    #expect(ourSize < zlibSize)
  }
}
