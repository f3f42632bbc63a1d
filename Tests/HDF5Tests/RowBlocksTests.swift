import Foundation
import Testing

@testable import HDF5

@Suite struct RowBlocksTests {
  let scratch = try! Scratch()

  static let floats = [
    "contiguous", "plain", "standard", "one_chunk", "deflate", "shuffle", "checksum", "columns", "big_endian", "float16", "float64",
  ]

  @Test("Files by h5py read the same in blocks of any size, on any number of threads", arguments: floats)
  func blocks(_ name: String) throws {
    let dataset = try fixture("chunks.h5").root.dataset(name)
    let expected = grid(rows: 103, units: 6)
    #expect(try dataset.read(as: Float.self) == expected)
    for blockRows in [1, 4, 10, 20, 33, 103, 500] {
      for threads in [1, 4] {
        let blocks = try dataset.mapRowBlocks(blockRows: blockRows, as: Float.self, threads: threads) { rows, values in
          #expect(values.count == rows.count * 6)
          return (rows.lowerBound, Array(values))
        }
        #expect(blocks.map { $0.0 } == Array(stride(from: 0, to: 103, by: blockRows)))
        #expect(blocks.flatMap { $0.1 } == expected)
      }
    }
    let part = try dataset.mapRowBlocks(rows: 17..<71, blockRows: 8, as: Float.self, threads: 2) { _, values in Array(values) }
    #expect(part.flatMap { $0 } == Array(expected[17 * 6..<71 * 6]))
    #expect(try dataset.read(rows: 17..<71, as: Float.self, threads: 3) == Array(expected[17 * 6..<71 * 6]))
    #expect(try dataset.read(as: Float.self, threads: 3) == expected)
    #expect(try dataset.mapRowBlocks(rows: 5..<5, blockRows: 8, as: Float.self) { _, _ in 1 } == [])
  }

  @Test("Chunks are decoded here where their filters are known, and by HDF5 otherwise")
  func paths() throws {
    let root = try fixture("chunks.h5").root
    for name in ["plain", "standard", "deflate", "shuffle", "checksum", "columns"] {
      #expect(try root.dataset(name).chunkCodec(for: Float.self) != nil, "\(name)")
    }
    for name in ["contiguous", "lzf", "big_endian", "float16", "float64", "line"] {
      #expect(try root.dataset(name).chunkCodec(for: Float.self) == nil, "\(name)")
    }
    #expect(try root.dataset("lzf").filters.filters.last == .other(id: 32_000, name: "lzf"))
  }

  @Test("A filter that the library lacks is an error, not a wrong number")
  func missingFilter() throws {
    let dataset = try fixture("chunks.h5").root.dataset("lzf")
    let error = try hdf5Error { _ = try dataset.read(as: Float.self, threads: 2) }
    #expect(error.kind == .unsupported)
    #expect(error.description.contains("cannot read /lzf: HDF5 has no filter 32000 (lzf) here"))
  }

  @Test("Bytes, shorts and integers read in blocks too; other types are converted")
  func integers() throws {
    let root = try fixture("chunks.h5").root
    let bytes = (0..<515).map { UInt8($0 * 37 % 256) }
    #expect(try root.dataset("odd_bytes").read(as: UInt8.self, threads: 2) == bytes)
    #expect(try root.dataset("odd_deflated").read(as: UInt8.self, threads: 2) == bytes)
    #expect(try root.dataset("shorts").read(as: Int16.self, threads: 2) == bytes.map { Int16($0) })
    #expect(try root.dataset("shorts").read(as: Float.self, threads: 2) == bytes.map { Float($0) })
    #expect(try root.dataset("line").read(as: Int32.self, threads: 2) == Array(0..<103))
    #expect(try root.dataset("line").read(rows: 9..<90, as: Int64.self, threads: 2) == Array(9..<90))
    #expect(try root.dataset("cube").read(as: Float.self, threads: 2) == (0..<618).map { Float($0) })
    #expect(try root.dataset("cut_cube").read(as: Float.self, threads: 2) == (0..<618).map { Float($0) })
    #expect(try hdf5Error { _ = try root.dataset("plain").read(as: Int32.self, threads: 2) }.kind == .typeMismatch)
    #expect(try hdf5Error { _ = try root.dataset("plain").read(rows: 90..<104, as: Float.self, threads: 2) }.kind == .outOfRange)
  }

  @Test("A chunk never written reads as the fill value, one with a filter left out as it is")
  func unusualChunks() throws {
    let root = try fixture("chunks.h5").root
    let values = grid(rows: 103, units: 6)
    var holes = [Float](repeating: -1.5, count: 618)
    holes.replaceSubrange(120..<180, with: values[120..<180])
    #expect(try root.dataset("holes").read(as: Float.self, threads: 2) == holes)
    #expect(try root.dataset("masked").read(as: Float.self, threads: 2) == Array(values[..<120]))
  }

  @Test("A damaged chunk is named with its file, data set and rows; HDF5's own reading notices it as well")
  func damage() throws {
    let path = scratch.path("d.h5")
    let file = try File.create(path)
    let dataset = try file.root.createDataset(
      "layers/a", type: .float32, shape: [0, 6], maximumShape: [nil, 6], chunk: [10, 6], filters: .standard())
    let writer = try RowWriter(dataset, as: Float.self)
    try writer.append(grid(rows: 40, units: 6))
    try writer.finish()
    let stored = GrowingBuffer()
    let chunk = try #require(try dataset.readRawChunk(at: [20, 0], into: stored))
    var bytes = Array(stored.bytes(atLeast: chunk.byteCount)[..<chunk.byteCount])
    bytes[chunk.byteCount / 2] ^= 1
    try bytes.withUnsafeBytes { try dataset.writeRawChunk($0, filterMask: chunk.filterMask, at: [20, 0]) }
    try file.close()

    let damaged = try File.open(path).root.dataset("layers/a")
    let error = try hdf5Error { _ = try damaged.read(as: Float.self, threads: 2) }
    #expect(error.kind == .corruptData)
    #expect(error.description == "\(path): cannot read /layers/a: chunk 2 (rows 20 to 29) is damaged: its checksum does not match")
    #expect(try hdf5Error { _ = try damaged.mapRowBlocks(blockRows: 7, as: Float.self, threads: 2) { _, _ in 0 } }.kind == .corruptData)
    #expect(try hdf5Error { _ = try damaged.read(as: Float.self) }.kind == .corruptData)
    #expect(try damaged.read(rows: 0..<20, as: Float.self, threads: 2) == Array(grid(rows: 40, units: 6)[..<120]))
  }

  @Test(
    "Each chunk is given back after its last block, whichever thread decoded it",
    arguments: ["one_chunk", "standard", "columns", "float64"])
  func memory(_ name: String) throws {
    let dataset = try fixture("chunks.h5").root.dataset(name)
    let expected = grid(rows: 103, units: 6)
    for blockRows in [1, 3, 5, 12, 25] {
      let blocks = try RowBlocks<Float>(dataset, rows: 2..<101, blockRows: blockRows)
      #expect(blocks.count == (99 + blockRows - 1) / blockRows)
      #expect(blocks.rows(ofBlock: blocks.count - 1).upperBound == 101)
      DispatchQueue.concurrentPerform(iterations: blocks.count) { block in
        let isEqual = try? blocks.withBlock(block) { rows, values in
          Array(values) == Array(expected[rows.lowerBound * 6..<rows.upperBound * 6])
        }
        #expect(isEqual == true, "block \(block) of \(blockRows) rows")
      }
      #expect(blocks.bands?.openBandCount == 0)
    }
  }

  @Test("Decoding ahead takes no chunk that its one block decodes by itself")
  func ahead() throws {
    let dataset = try File.create(scratch.path("a.h5")).root.createDataset(
      "x", type: .float32, shape: [0, 8], maximumShape: [nil, 8], chunk: [16, 8], filters: .standard())
    let writer = try RowWriter(dataset, as: Float.self)
    try writer.append(grid(rows: 4000, units: 8))
    try writer.finish()
    for _ in 0..<5 {
      let blocks = try RowBlocks<Float>(dataset, blockRows: 40)
      DispatchQueue.concurrentPerform(iterations: blocks.count) { block in
        _ = try? blocks.withBlock(block) { _, _ in }
      }
      #expect(blocks.bands?.openBandCount == 0)
    }
  }

  @Test(
    "Blocks read twice, backwards, with gaps or by several threads hold the same values, and what is kept is bounded",
    arguments: ["one_chunk", "standard", "columns", "float64", "contiguous"], [1, 3, 12, 25])
  func anyOrder(_ name: String, blockRows: Int) throws {
    let dataset = try fixture("chunks.h5").root.dataset(name)
    let expected = grid(rows: 103, units: 6)
    let count = (103 + blockRows - 1) / blockRows
    let all = Array(0..<count)
    let orders = [all + all, all.flatMap { [$0, $0] }, all.reversed(), all.filter { $0 % 2 == 0 }, all.filter { $0 % 3 == 1 } + all]
    for order in orders {
      let blocks = try RowBlocks<Float>(dataset, blockRows: blockRows)
      for block in order {
        let values = try blocks.withBlock(block) { Array($1) }
        #expect(values == Array(expected[blocks.rows(ofBlock: block).lowerBound * 6..<blocks.rows(ofBlock: block).upperBound * 6]))
      }
      let twice = try RowBlocks<Float>(dataset, blockRows: blockRows)
      DispatchQueue.concurrentPerform(iterations: 4 * order.count) { turn in
        let block = order[turn / 4]
        let isEqual = try? twice.withBlock(block) { rows, values in
          Array(values) == Array(expected[rows.lowerBound * 6..<rows.upperBound * 6])
        }
        #expect(isEqual == true, "block \(block) of \(blockRows) rows")
      }
    }
  }

  @Test("Of many chunks that blocks left out would still need, few are kept")
  func skipping() throws {
    let dataset = try File.create(scratch.path("s.h5")).root.createDataset(
      "x", type: .float32, shape: [0, 8], maximumShape: [nil, 8], chunk: [16, 8], filters: .standard())
    let writer = try RowWriter(dataset, as: Float.self)
    let expected = grid(rows: 8000, units: 8)
    try writer.append(expected)
    try writer.finish()
    let blocks = try RowBlocks<Float>(dataset, blockRows: 8)
    for _ in 0..<2 {
      for block in stride(from: 0, to: blocks.count, by: 2) {
        #expect(try blocks.withBlock(block) { Array($1) } == Array(expected[block * 64..<(block + 1) * 64]))
      }
      #expect((1...64).contains(try #require(blocks.bands).openBandCount))
    }
  }

  @Test("A block inside another, and one that there is not")
  func nested() throws {
    let blocks = try RowBlocks<Float>(fixture("chunks.h5").root.dataset("standard"), blockRows: 7)
    let expected = grid(rows: 103, units: 6)
    let both = try blocks.withBlock(2) { _, outer in try blocks.withBlock(2) { _, inner in (Array(outer), Array(inner)) } }
    #expect(both.0 == Array(expected[14 * 6..<21 * 6]) && both.1 == both.0)
    for block in [-1, blocks.count, .max] {
      #expect(
        try hdf5Error { try blocks.withBlock(block) { _, _ in } }.description.hasSuffix("cannot read /standard: block \(block) of 15"))
      #expect(blocks.rows(ofBlock: block).isEmpty)
    }
    #expect(try RowBlocks<Float>(fixture("chunks.h5").root.dataset("standard"), blockRows: .max).count == 1)
  }

  @Test("A damaged chunk is an error each time that it is asked for, and the others stay readable")
  func damagedAgain() throws {
    let file = try File.create(scratch.path("again.h5"))
    let dataset = try file.root.createDataset(
      "x", type: .float32, shape: [0, 6], maximumShape: [nil, 6], chunk: [10, 6], filters: .standard())
    let writer = try RowWriter(dataset, as: Float.self)
    try writer.append(grid(rows: 40, units: 6))
    try writer.finish()
    let stored = GrowingBuffer()
    let chunk = try #require(try dataset.readRawChunk(at: [20, 0], into: stored))
    var bytes = Array(stored.bytes(atLeast: chunk.byteCount)[..<chunk.byteCount])
    bytes[chunk.byteCount / 2] ^= 1
    try bytes.withUnsafeBytes { try dataset.writeRawChunk($0, filterMask: chunk.filterMask, at: [20, 0]) }
    let blocks = try RowBlocks<Float>(dataset, blockRows: 5)
    for _ in 0..<3 {
      #expect(try hdf5Error { try blocks.withBlock(4) { _, _ in } }.kind == .corruptData)
      #expect(try blocks.withBlock(3) { Array($1) } == Array(grid(rows: 40, units: 6)[15 * 6..<20 * 6]))
    }
  }

  @Test("An error of the body comes out, the lowest block's first")
  func bodyError() throws {
    struct Stop: Error, Equatable { var row: Int }
    let dataset = try fixture("chunks.h5").root.dataset("standard")
    #expect(throws: Stop(row: 21)) {
      try dataset.mapRowBlocks(blockRows: 7, as: Float.self, threads: 1) { rows, _ in
        if rows.lowerBound >= 20 { throw Stop(row: rows.lowerBound) }
      }
    }
  }
}
