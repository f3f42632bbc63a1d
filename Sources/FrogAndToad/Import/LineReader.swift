import Files
import Foundation

/// Goes through the lines of a text file, a megabyte in memory at a time.
///
/// UTF-8, and UTF-16 with a byte order mark, whose characters beyond ASCII become question marks. Lines end with LF, CR LF, or, in a file
/// that begins without any LF, CR.
struct LineReader {
  static let chunkSize = 1 << 20
  /// Far more than 101 numbers or names of columns take.
  static let longestLine = 1 << 16

  let path: String

  /// - Parameter body: a line without its end or a leading byte order mark, its number from 1, and the bytes of the file read so far.
  /// - Throws: `CSVError`, and what `body` throws.
  func forEachLine(_ body: (UnsafeBufferPointer<UInt8>, _ number: Int, _ bytesRead: Int) throws -> Void) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      let reason = FileManager.default.fileExists(atPath: path) ? "opening it is not allowed" : "there is no such file"
      throw CSVError.unreadable(file: path, reason: reason)
    }
    defer { try? file.close() }
    var encoding = TextEncoding.utf8
    var lineEnd = UInt8(ascii: "\n")
    var rest: [UInt8] = []
    var number = 0
    var bytesRead = 0
    while true {
      let chunk = try read(file)
      if bytesRead == 0 {
        encoding = try TextEncoding(Array(chunk.prefix(FileSignature.byteCount)), file: path)
        encoding.append(chunk.dropFirst(encoding.markLength), to: &rest)
        lineEnd = Self.lineEnd(of: rest, isWhole: chunk.count < Self.chunkSize)
      } else {
        encoding.append(chunk, to: &rest)
      }
      bytesRead += chunk.count
      let isEnd = chunk.isEmpty
      if isEnd && !rest.isEmpty { rest.append(lineEnd) }
      let used = try rest.withUnsafeBufferPointer { bytes in
        var start = 0
        while let base = bytes.baseAddress, start < bytes.count,
          let newline = memchr(base + start, Int32(lineEnd), bytes.count - start)
        {
          let end = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
          number += 1
          var lineEnd = end
          while lineEnd > start, bytes[lineEnd - 1] == UInt8(ascii: "\r") { lineEnd -= 1 }
          try body(UnsafeBufferPointer(rebasing: bytes[start..<lineEnd]), number, bytesRead)
          start = end + 1
        }
        return start
      }
      if isEnd { return }
      rest.removeSubrange(..<used)
      guard rest.count <= Self.longestLine else { throw CSVError.malformed(file: path, line: number + 1, .lineTooLong) }
    }
  }

  /// CR where there is no LF. A CR at the end of the chunk may be half of CR LF.
  private static func lineEnd(of text: [UInt8], isWhole: Bool) -> UInt8 {
    let (lf, cr) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    if text.contains(lf) { return lf }
    return (isWhole ? text[...] : text.dropLast()).contains(cr) ? cr : lf
  }

  private func read(_ file: FileHandle) throws -> Data {
    do {
      return try file.read(upToCount: Self.chunkSize) ?? Data()
    } catch {
      throw CSVError.unreadable(file: path, reason: error.localizedDescription)
    }
  }
}

/// How a file holds its characters.
private enum TextEncoding {
  case utf8
  case utf8WithMark
  /// `half` is a byte whose other half comes with the next chunk.
  case utf16(isLittleEndian: Bool, half: UInt8?)

  /// - Parameter start: the first bytes of the file.
  /// - Throws: `CSVError.otherFile` or `.otherText` for what is no text, or text of a kind that is not read.
  init(_ start: [UInt8], file: String) throws {
    if let signature = FileSignature(start, path: file) { throw CSVError.otherFile(file: file, signature) }
    switch start {
    case _ where start.starts(with: [0xff, 0xfe, 0, 0]) || start.starts(with: [0, 0, 0xfe, 0xff]):
      throw CSVError.otherText(file: file, "UTF-32: save it as UTF-8 (iconv -f UTF-32 -t UTF-8)")
    case _ where start.starts(with: [0xff, 0xfe]): self = .utf16(isLittleEndian: true, half: nil)
    case _ where start.starts(with: [0xfe, 0xff]): self = .utf16(isLittleEndian: false, half: nil)
    case _ where start.starts(with: [0xef, 0xbb, 0xbf]): self = .utf8WithMark
    case _ where start.count > 3 && (start[0] == 0) != (start[1] == 0) && (start[0] == 0) == (start[2] == 0):
      let order = start[0] == 0 ? "BE" : "LE"
      throw CSVError.otherText(file: file, "UTF-16 without a byte order mark: save it as UTF-8 (iconv -f UTF-16\(order) -t UTF-8)")
    case _ where Self.isWebPage(start): throw CSVError.otherText(file: file, "a web page: download the file itself")
    case _ where start.contains(0): throw CSVError.otherText(file: file, "no text: give a CSV file")
    default: self = .utf8
    }
  }

  private static func isWebPage(_ start: [UInt8]) -> Bool {
    let text = String(decoding: start.prefix(64), as: UTF8.self).lowercased().drop { $0.isWhitespace }
    return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
  }

  var markLength: Int {
    switch self {
    case .utf8: 0
    case .utf8WithMark: 3
    case .utf16: 2
    }
  }

  /// Adds a chunk in UTF-8.
  mutating func append(_ chunk: Data, to text: inout [UInt8]) {
    guard case .utf16(let isLittleEndian, var half) = self else { return text.append(contentsOf: chunk) }
    for byte in chunk {
      if let first = half {
        let (low, high) = isLittleEndian ? (first, byte) : (byte, first)
        text.append(high == 0 && low < 0x80 ? low : UInt8(ascii: "?"))
        half = nil
      } else {
        half = byte
      }
    }
    self = .utf16(isLittleEndian: isLittleEndian, half: half)
  }
}
