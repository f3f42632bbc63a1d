import CKernels
import Foundation
import Testing

@testable import ChunkCodec

/// Bytes that don't repeat early, from a linear congruence.
func noise(_ count: Int) -> [UInt8] {
  var state: UInt32 = 12_345
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

/// H5_checksum_fletcher32 of HDF5's H5checksum.c, step by step.
private func fletcherReference(_ data: [UInt8]) -> UInt32 {
  var sum1: UInt32 = 0
  var sum2: UInt32 = 0
  func fold(_ sum: UInt32) -> UInt32 { (sum & 0xffff) + (sum >> 16) }
  var words = stride(from: 0, to: data.count - data.count % 2, by: 2).map { UInt32(data[$0]) << 8 | UInt32(data[$0 + 1]) }[...]
  while !words.isEmpty {
    for word in words.prefix(360) {
      sum1 += word
      sum2 += sum1
    }
    words = words.dropFirst(360)
    sum1 = fold(sum1)
    sum2 = fold(sum2)
  }
  if data.count % 2 == 1 {
    sum1 += UInt32(data[data.count - 1]) << 8
    sum2 += sum1
    sum1 = fold(sum1)
    sum2 = fold(sum2)
  }
  return fold(sum2) << 16 | fold(sum1)
}

@Suite struct ChunkCodecTests {
  @Test("Fletcher-32 equals HDF5's loop for every length and for all-zero and all-one data")
  func fletcher() {
    for length in Array(0..<70) + [719, 720, 721, 4095, 4096, 4097, 9001] {
      for data in [noise(length), [UInt8](repeating: 0, count: length), [UInt8](repeating: 255, count: length)] {
        #expect(data.withUnsafeBytes { fletcher32($0) } == fletcherReference(data), "length \(length)")
      }
    }
  }

  @Test("Shuffling puts byte k of every element together, and unshuffling takes it back", arguments: [1, 2, 3, 4, 8])
  func shuffled(_ size: Int) {
    for length in [0, 1, 3, 4, 7, 64, 130, 131] {
      let data = noise(length)
      let count = length / size
      var expected = data
      if count > 1 {
        for element in 0..<count {
          for byte in 0..<size { expected[byte * count + element] = data[element * size + byte] }
        }
      }
      var result = [UInt8](repeating: 0, count: length)
      var back = result
      data.withUnsafeBytes { source in result.withUnsafeMutableBytes { shuffle(source, into: $0, elementSize: size) } }
      result.withUnsafeBytes { source in back.withUnsafeMutableBytes { unshuffle(source, into: $0, elementSize: size) } }
      #expect(result == expected)
      #expect(back == data)
    }
  }

  static let pipelines: [[Filter]] = [
    [], [.shuffle], [.deflate(level: 1)], [.fletcher32], [.shuffle, .deflate(level: 1), .fletcher32],
    [.fletcher32, .deflate(level: 6)], [.fletcher32, .shuffle, .deflate(level: 9)], [.shuffle, .fletcher32],
  ]

  @Test("Decoding gives back what was encoded, for any order of the known filters", arguments: pipelines)
  func roundTrip(_ filters: [Filter]) throws {
    for data in [noise(4000), [UInt8](repeating: 3, count: 4000)] {
      let codec = try #require(ChunkCodec(filters: FilterPipeline(filters), elementSize: 4, chunkByteCount: data.count))
      let (encoded, mask) = try encode(data, codec)
      #expect(try decode(encoded, mask, codec) == data)
      let deflates = filters.contains { if case .deflate = $0 { true } else { false } }
      if deflates, data[0] == 3 { #expect(encoded.count < 100) }
    }
  }

  @Test("A period that repeats is found", arguments: [1, 5])
  func matches(_ level: Int) throws {
    let count = 64 * 1024
    let periodic = (0..<4 * count).map { (index: Int) -> UInt8 in
      let period = UInt8(index % 100)
      return (index / 100) % 7 == 0 ? period ^ 1 : period
    }
    let codec = try #require(ChunkCodec(filters: FilterPipeline([.deflate(level: level)]), elementSize: 1, chunkByteCount: periodic.count))
    #expect(try encode(periodic, codec).0.count < periodic.count / 20)
  }

  @Test("Codes alone inflate to what they were made from, whatever the bytes and blocks", arguments: [1, 3, 100, 4099])
  func literals(_ block: Int) throws {
    var skewed = [UInt8]()
    for (value, times) in [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584].enumerated() {
      skewed += [UInt8](repeating: UInt8(value), count: times)
    }
    for data in [noise(5000), [UInt8](repeating: 0, count: 5000), noise(5000).map { $0 < 130 ? 0 : $0 }, skewed, [7]] {
      var deflated = [UInt8](repeating: 0, count: 2 * data.count + 64 + 16 * (data.count / block + 1))
      let size = mirrorscope_deflate_literals(data, data.count, block, &deflated, deflated.count)
      #expect(size > 0)
      let workspace = CodecWorkspace(level: 1, capacity: 64, chunkByteCount: 64, planeByteCount: 64)
      var inflated = [UInt8](repeating: 0, count: data.count)
      // A zlib stream is the deflated bytes between a header and their checksum.
      let (s1, s2) = data.reduce((UInt32(1), UInt32(0))) { sums, byte in
        let first = (sums.0 + UInt32(byte)) % 65521
        return (first, (sums.1 + first) % 65521)
      }
      let checksum = s2 << 16 | s1
      let trailer: [UInt8] = [24, 16, 8, 0].map { (shift: UInt32) -> UInt8 in UInt8(truncatingIfNeeded: checksum >> shift) }
      let stream: [UInt8] = [0x78, 0x01] + Array(deflated[..<size]) + trailer
      let count = stream.withUnsafeBytes { source in inflated.withUnsafeMutableBytes { workspace.decompress(source, into: $0) } }
      #expect(count == data.count && inflated == data)
      // Without room nothing is written past the end, and 0 says so.
      var little = [UInt8](repeating: 0xaa, count: size / 2 + 8)
      #expect(data.count < 64 || mirrorscope_deflate_literals(data, data.count, block, &little, size / 2) == 0)
      #expect(little.suffix(8) == [UInt8](repeating: 0xaa, count: 8)[...])
    }
  }

  @Test("A chunk that deflate would not make smaller keeps its bytes and a mask says so")
  func incompressible() throws {
    let codec = try #require(ChunkCodec(filters: .standard(), elementSize: 4, chunkByteCount: 4000))
    let (encoded, mask) = try encode(noise(4000), codec)
    #expect(mask == 0b010)
    #expect(encoded.count == 4004)
  }

  @Test("A flipped bit anywhere in a stored chunk is noticed")
  func damage() throws {
    let codec = try #require(ChunkCodec(filters: .standard(), elementSize: 4, chunkByteCount: 400))
    let (encoded, mask) = try encode([UInt8](repeating: 1, count: 200) + noise(200), codec)
    for position in encoded.indices {
      var damaged = encoded
      damaged[position] ^= 0x10
      #expect(throws: ChunkCodec.Damage.checksum) { try decode(damaged, mask, codec) }
    }
    let unchecked = try #require(ChunkCodec(filters: .init([.deflate(level: 1)]), elementSize: 4, chunkByteCount: 400))
    let (deflated, _) = try encode([UInt8](repeating: 1, count: 400), unchecked)
    #expect(throws: ChunkCodec.Damage.deflate) { try decode([1, 2, 3], 0, unchecked) }
    #expect(throws: ChunkCodec.Damage.deflate) { try decode(Array(deflated.dropLast(3)), 0, unchecked) }
    let longer = try #require(ChunkCodec(filters: .init([.deflate(level: 1)]), elementSize: 4, chunkByteCount: 404))
    #expect(throws: ChunkCodec.Damage.size) { try decode(deflated, 0, longer) }
    #expect(throws: ChunkCodec.Damage.size) { try decode([1, 2], 0b010, codec) }
  }

  @Test("A filter that is not known gives no codec")
  func unknown() {
    #expect(ChunkCodec(filters: .init([.other(id: 32_000, name: "lzf")]), elementSize: 4, chunkByteCount: 4) == nil)
  }

  private func encode(_ data: [UInt8], _ codec: ChunkCodec) throws -> ([UInt8], UInt32) {
    var target = [UInt8](repeating: 0, count: codec.encodedCapacity)
    let (count, mask) = try data.withUnsafeBytes { source in
      try target.withUnsafeMutableBytes { try codec.encode(source, into: $0) }
    }
    return (Array(target.prefix(count)), mask)
  }

  private func decode(_ stored: [UInt8], _ mask: UInt32, _ codec: ChunkCodec) throws -> [UInt8] {
    var target = [UInt8](repeating: 0, count: codec.chunkByteCount)
    try stored.withUnsafeBytes { source in
      try target.withUnsafeMutableBytes { try codec.decode(source, filterMask: mask, into: $0) }
    }
    return target
  }
}
