import CKernels
import Testing

@testable import ChunkCodec

@Suite struct LiteralInflateTests {
  /// Bytes of several kinds: noise (stored), half zeros (codes of 1 and 9 bits), few values, one value, and codes of every length up to the limit.
  static func bytes(_ kind: Int, _ count: Int) -> [UInt8] {
    let random = noise(2 * count)
    return (0..<count).map { index in
      let byte = random[index]
      switch kind {
      case 0: return byte
      case 1: return random[count + index] < 128 ? 0 : byte
      case 2: return byte % 5
      case 3: return 9
      default: return UInt8(min((Int(byte) << 8 | Int(random[count + index])).trailingZeroBitCount, 15)) &* 17
      }
    }
  }

  private func deflated(_ data: [UInt8], block: Int) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: 2 * data.count + 1000)
    let size = mirrorscope_deflate_literals(data, data.count, block, &target, target.count)
    #expect(size > 0)
    return Array(target[..<size])
  }

  private func inflated(_ stream: [UInt8], block: Int, expected: Int) -> (bytes: [UInt8], consumed: Int)? {
    var target = [UInt8](repeating: 0, count: expected)
    var consumed = 0
    let size = mirrorscope_inflate_literals(stream, stream.count, block, &target, expected, &consumed)
    return size == 0 ? nil : (Array(target[..<size]), consumed)
  }

  @Test(
    "Both halves inflate to what they were made from, whatever the blocks; what follows is left alone", arguments: [0, 1, 2, 3, 4],
    [32_768, 100_003])
  func halves(_ kind: Int, _ count: Int) throws {
    let data = Self.bytes(kind, count)
    for block in [1000, 4096, count / 4, count / 2 + 1, count - 1] {
      let stream = deflated(data, block: block)
      let result = try #require(inflated(stream + [0, 0, 255, 255, 1], block: block, expected: count))
      #expect(result.bytes == data)
      #expect(result.consumed == stream.count)
    }
  }

  @Test("Few bytes, one block, another size, matches and nothing at all are left to a general inflater")
  func others() throws {
    let data = Self.bytes(1, 40_000)
    #expect(mirrorscope_literal_split(data.count, data.count) == 0)
    #expect(inflated(deflated(data, block: data.count), block: data.count, expected: data.count) == nil)
    #expect(mirrorscope_literal_split(20_000, 1000) == 0)
    #expect(inflated(deflated(Array(data[..<20_000]), block: 1000), block: 1000, expected: 20_000) == nil)
    let stream = deflated(data, block: 10_000)
    for expected in [39_999, 40_001, 50_000] { #expect(inflated(stream, block: 10_000, expected: expected) == nil) }
    #expect(inflated(stream, block: 9000, expected: data.count) == nil)
    #expect(inflated([], block: 10_000, expected: data.count) == nil)
    let periodic = (0..<40_000).map { UInt8($0 % 100) }
    let codec = try #require(ChunkCodec(filters: FilterPipeline([.deflate(level: 1)]), elementSize: 1, chunkByteCount: periodic.count))
    var target = [UInt8](repeating: 0, count: codec.encodedCapacity)
    let size = try periodic.withUnsafeBytes { source in
      try target.withUnsafeMutableBytes { try codec.encode(source, into: $0).byteCount }
    }
    #expect(inflated(Array(target[2..<size]), block: 40_000, expected: periodic.count) == nil)
  }

  @Test("Cut anywhere, or with bytes changed, a stream gives nothing or as many bytes as were asked for", arguments: [1, 4])
  func damaged(_ kind: Int) {
    let data = Self.bytes(kind, 40_000)
    let stream = deflated(data, block: 10_000)
    for length in stride(from: 0, to: stream.count - 1, by: 97) {
      #expect(inflated(Array(stream[..<length]), block: 10_000, expected: data.count) == nil)
    }
    let random = noise(4000)
    for trial in 0..<1000 {
      var changed = stream
      // Every other change falls on a header.
      let range = trial % 2 == 0 ? 300 : stream.count
      changed[(Int(random[4 * trial]) << 8 | Int(random[4 * trial + 1])) % range] ^= max(1, random[4 * trial + 2])
      let result = inflated(changed, block: 10_000, expected: data.count)
      #expect(result == nil || result?.bytes.count == data.count)
    }
  }

  @Test("A chunk whose codes were changed is damage, even without a checksum of HDF5's")
  func checksum() throws {
    let data = Self.bytes(1, 65_536)
    let codec = try #require(ChunkCodec(filters: FilterPipeline([.deflate(level: 1)]), elementSize: 1, chunkByteCount: data.count))
    var target = [UInt8](repeating: 0, count: codec.encodedCapacity)
    let size = try data.withUnsafeBytes { source in try target.withUnsafeMutableBytes { try codec.encode(source, into: $0).byteCount } }
    var decoded = [UInt8](repeating: 0, count: data.count)
    for position in stride(from: 400, to: size, by: size / 50) {
      var changed = Array(target[..<size])
      changed[position] ^= 0x10
      #expect(throws: ChunkCodec.Damage.self) {
        try changed.withUnsafeBytes { source in
          try decoded.withUnsafeMutableBytes { try codec.decode(source, filterMask: 0, into: $0) }
        }
      }
    }
  }
}
