internal import CHDF5
internal import ChunkCodec
import Files

/// Checksums of an object's text attributes: its attribute `text_crc32`.
///
/// HDF5 keeps text of variable length, which h5py gives as `str`, in heaps that carry no sums, and everything else of an attribute in headers that
/// do. So beside such attributes one of fixed length is written, with a line for each: the CRC-32 (zlib's) of its values' UTF-8, each
/// followed by a zero byte, as 8 hexadecimal digits; a space; its name. An attribute without a line, which somebody has added since, is taken
/// as it is.
struct TextSums {
  static let attributeName = "text_crc32"

  private var lines: [(name: String, sum: String)] = []

  init(text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2 { lines.append((String(parts[1]), String(parts[0]))) }
    }
  }

  var isEmpty: Bool { lines.isEmpty }
  var text: String { lines.map { "\($0.sum) \($0.name)" }.joined(separator: "\n") }

  /// - Parameter values: nil takes the line away.
  mutating func set(_ name: String, _ values: [String]?) {
    lines.removeAll { $0.name == name }
    if let values, !name.contains("\n") { lines.append((name, Self.sum(of: values))) }
  }

  /// Whether these are the values that were written; true where it is not known.
  func agrees(_ name: String, _ values: [String]) -> Bool {
    lines.first { $0.name == name }.map { $0.sum == Self.sum(of: values) } ?? true
  }

  private static func sum(of values: [String]) -> String {
    var bytes: [UInt8] = []
    for value in values {
      bytes += value.utf8
      bytes.append(0)
    }
    return withUnsafeBytes(of: crc32(bytes).bigEndian) { hexadecimal($0) }
  }
}
