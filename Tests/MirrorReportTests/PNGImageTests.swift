import ChunkCodec
import Testing

@testable import MirrorReport

@Suite("PNG")
struct PNGImageTests {
  private static let palette: [(UInt8, UInt8, UInt8)] = (0..<256).map { (UInt8($0), UInt8(255 - $0), 7) }

  /// The chunks of a PNG file: names with contents, sums checked (ISO/IEC 15948 §5.3).
  private func chunks(_ bytes: [UInt8]) throws -> [(name: String, content: [UInt8])] {
    #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    var (rest, result) = (bytes.dropFirst(8), [(name: String, content: [UInt8])]())
    func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    while !rest.isEmpty {
      let count = number(rest.prefix(4))
      let named = Array(rest.dropFirst(4).prefix(4 + count))
      let sum = number(rest.dropFirst(8 + count).prefix(4))
      // The CRC-32 of the standard's annex D, bit by bit.
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in named {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
      }
      #expect(Int(crc ^ 0xFFFF_FFFF) == sum)
      result.append((String(decoding: named.prefix(4), as: UTF8.self), Array(named.dropFirst(4))))
      rest = rest.dropFirst(12 + count)
    }
    return result
  }

  private func inflated(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
    let codec = try #require(ChunkCodec(filters: FilterPipeline([.deflate(level: 1)]), elementSize: 1, chunkByteCount: count))
    var target = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeBytes { source in try target.withUnsafeMutableBytes { try codec.decode(source, filterMask: 0, into: $0) } }
    return target
  }

  @Test(
    "Pixels come back, whether they deflate, do not, or fill several stored blocks", arguments: [(1, 1), (17, 17), (64, 48), (300, 400)])
  func pixels(width: Int, height: Int) throws {
    for isNoise in [false, true] {
      var state: UInt32 = 7
      let pixels = (0..<width * height).map { _ -> UInt8 in
        state = state &* 1_664_525 &+ 1_013_904_223
        return isNoise ? UInt8(state >> 24) : 3
      }
      let image = PNGImage(width: width, height: height, palette: Self.palette, pixels: pixels)
      let chunks = try chunks(image.bytes)
      #expect(chunks.map(\.name) == ["IHDR", "PLTE", "IDAT", "IEND"])
      #expect(chunks[0].content.suffix(5) == [8, 3, 0, 0, 0])
      #expect(chunks[1].content.count == 768)
      let rows = try inflated(chunks[2].content, count: (width + 1) * height)
      var expected: [UInt8] = []
      for row in 0..<height {
        expected.append(0)
        expected += pixels[row * width..<(row + 1) * width]
      }
      #expect(rows == expected)
    }
  }

  @Test("Colours of −1, 0 and 1 lie at the ends and in the middle, and what does not exist is none of them")
  func colours() {
    #expect(CorrelationColours.number(of: -1) == 1)
    #expect(CorrelationColours.number(of: 0) == 128)
    #expect(CorrelationColours.number(of: 1) == 255)
    #expect(CorrelationColours.number(of: .nan) == 0)
    #expect(CorrelationColours.palette.count == 256)
    #expect(CorrelationColours.palette[128] == (247, 247, 247))
  }
}
