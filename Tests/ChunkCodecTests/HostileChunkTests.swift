import Testing

@testable import ChunkCodec

/// Chunks that no writer made: each must be refused, or give a whole chunk, without a byte beside the target being touched.
@Suite struct HostileChunkTests {
  /// Numbers from SplitMix64.
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  private static let margin = 64

  /// Decodes into the middle of memory whose rest is then looked at. Says whether the chunk was accepted.
  @discardableResult
  private func accepts(_ stored: [UInt8], _ mask: UInt32, _ codec: ChunkCodec) throws -> Bool {
    var memory = [UInt8](repeating: 0xa5, count: codec.chunkByteCount + 2 * Self.margin)
    var isAccepted = true
    memory.withUnsafeMutableBytes { memory in
      let target = UnsafeMutableRawBufferPointer(rebasing: memory[Self.margin..<(Self.margin + codec.chunkByteCount)])
      do {
        // A copy of its own size, so that a sanitizer sees reads past its end.
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: stored.count, alignment: 1)
        defer { source.deallocate() }
        source.copyBytes(from: stored)
        try codec.decode(UnsafeRawBufferPointer(source), filterMask: mask, into: target)
      } catch {
        isAccepted = false
        #expect(error is ChunkCodec.Damage)
      }
    }
    #expect(memory.prefix(Self.margin).allSatisfy { $0 == 0xa5 } && memory.suffix(Self.margin).allSatisfy { $0 == 0xa5 })
    return isAccepted
  }

  @Test("Random bytes, changed chunks, cut chunks and any filter mask", arguments: ChunkCodecTests.pipelines)
  func fuzzed(_ filters: [Filter]) throws {
    for (elementSize, byteCount) in [(1, 1), (1, 3), (2, 5), (4, 4), (4, 400), (8, 4096), (3, 1000)] {
      var random = Random(state: UInt64(byteCount))
      let codec = try #require(ChunkCodec(filters: FilterPipeline(filters), elementSize: elementSize, chunkByteCount: byteCount))
      let chunk = (0..<byteCount).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : 0 }
      var encoded = [UInt8](repeating: 0, count: codec.encodedCapacity)
      let (size, mask) = try chunk.withUnsafeBytes { source in try encoded.withUnsafeMutableBytes { try codec.encode(source, into: $0) } }
      encoded.removeLast(encoded.count - size)
      #expect(try accepts(encoded, mask, codec))
      for trial in 0..<300 {
        var stored = encoded
        switch trial % 4 {
        case 0: stored = (0..<Int.random(in: 0...2 * byteCount, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 1: stored.removeLast(Int.random(in: 0...stored.count, using: &random))
        case 2: stored += (0..<Int.random(in: 1...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        default: break
        }
        if trial % 8 > 3, !stored.isEmpty { stored[Int.random(in: 0..<stored.count, using: &random)] ^= 1 << UInt8(trial % 8) }
        try accepts(stored, trial % 5 == 0 ? UInt32.random(in: 0...UInt32.max, using: &random) : mask, codec)
      }
    }
  }

  @Test("A stream that inflates to more than a chunk is damage, however much it would be")
  func bomb() throws {
    let large = try #require(ChunkCodec(filters: .init([.deflate(level: 1)]), elementSize: 1, chunkByteCount: 1 << 24))
    var encoded = [UInt8](repeating: 0, count: large.encodedCapacity)
    let zeros = [UInt8](repeating: 0, count: 1 << 24)
    let size = try zeros.withUnsafeBytes { source in
      try encoded.withUnsafeMutableBytes { try large.encode(source, into: $0).byteCount }
    }
    for byteCount in [1, 100, 1 << 20, (1 << 24) - 1] {
      let codec = try #require(ChunkCodec(filters: .init([.deflate(level: 1)]), elementSize: 1, chunkByteCount: byteCount))
      #expect(try !accepts(Array(encoded[..<size]), 0, codec))
    }
  }

  @Test("No codec for elements without bytes, impossible sizes or too many filters")
  func impossible() {
    #expect(ChunkCodec(filters: .none, elementSize: 0, chunkByteCount: 4) == nil)
    #expect(ChunkCodec(filters: .none, elementSize: 4, chunkByteCount: -1) == nil)
    #expect(ChunkCodec(filters: .standard(), elementSize: 4, chunkByteCount: Int.max) == nil)
    #expect(ChunkCodec(filters: .init([Filter](repeating: .shuffle, count: 33)), elementSize: 4, chunkByteCount: 4) == nil)
  }

  @Test("Buffers of another size are refused on both sides")
  func sizes() throws {
    let codec = try #require(ChunkCodec(filters: .standard(), elementSize: 4, chunkByteCount: 40))
    var room = [UInt8](repeating: 0, count: 100)
    let chunk = [UInt8](repeating: 1, count: 41)
    #expect(throws: ChunkCodec.Damage.size) {
      try chunk.withUnsafeBytes { source in _ = try room.withUnsafeMutableBytes { try codec.encode(source, into: $0) } }
    }
    #expect(throws: ChunkCodec.Damage.size) {
      try chunk.withUnsafeBytes { source in try room.withUnsafeMutableBytes { try codec.decode(source, filterMask: 0, into: $0) } }
    }
  }
}
