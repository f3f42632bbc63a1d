import ChunkCodec
import Foundation

/// A picture of indexed colours, eight bits a pixel, as PNG (ISO/IEC 15948): no filter, one IDAT.
struct PNGImage {
  let width: Int
  let height: Int
  /// Red, green, blue; at most 256 of them.
  let palette: [(UInt8, UInt8, UInt8)]
  /// Numbers of colours, `[height × width]`, row by row from the top.
  let pixels: [UInt8]

  var bytes: [UInt8] {
    var rows: [UInt8] = []
    rows.reserveCapacity((width + 1) * height)
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * width..<(row + 1) * width]
    }
    let header = bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, 3, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
      + chunk("PLTE", palette.flatMap { [$0.0, $0.1, $0.2] }) + chunk("IDAT", deflated(rows)) + chunk("IEND", [])
  }

  var dataURI: String { "data:image/png;base64," + Data(bytes).base64EncodedString() }

  private func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let named = Array(type.utf8) + content
    return bigEndian(UInt32(content.count)) + named + bigEndian(crc32(named))
  }
}

private func bigEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

/// Bytes in zlib's format (RFC 1950): deflated, or stored where that makes them no smaller.
private func deflated(_ bytes: [UInt8]) -> [UInt8] {
  guard let codec = ChunkCodec(filters: FilterPipeline([.deflate(level: 9)]), elementSize: 1, chunkByteCount: bytes.count) else {
    return stored(bytes)
  }
  var target = [UInt8](repeating: 0, count: codec.encodedCapacity)
  let result = try? bytes.withUnsafeBytes { source in try target.withUnsafeMutableBytes { try codec.encode(source, into: $0) } }
  guard let result, result.filterMask == 0 else { return stored(bytes) }
  return Array(target[..<result.byteCount])
}

private func stored(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = [0x78, 0x01]
  var start = 0
  repeat {
    let count = min(65535, bytes.count - start)
    let size = UInt16(count)
    result.append(start + count == bytes.count ? 1 : 0)
    for value in [size, ~size] { result += [UInt8(value & 0xFF), UInt8(value >> 8)] }
    result += bytes[start..<start + count]
    start += count
  } while start < bytes.count
  var (a, b): (UInt32, UInt32) = (1, 0)
  for byte in bytes {
    a = (a + UInt32(byte)) % 65521
    b = (b + a) % 65521
  }
  return result + bigEndian(b << 16 | a)
}
