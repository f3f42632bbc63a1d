import Foundation

/// Goes through the lines of a file, a megabyte in memory at a time.
struct LineReader {
  static let chunkSize = 1 << 20
  /// Far more than 101 numbers or names of columns take.
  static let longestLine = 1 << 16

  let path: String

  /// - Parameter body: a line without its end (LF or CR LF) or a leading byte order mark, its number from 1, and the bytes of the file
  ///   read so far.
  /// - Throws: `CSVError`, and what `body` throws.
  func forEachLine(_ body: (UnsafeBufferPointer<UInt8>, _ number: Int, _ bytesRead: Int) throws -> Void) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      let reason = FileManager.default.fileExists(atPath: path) ? "opening it is not allowed" : "there is no such file"
      throw CSVError.unreadable(file: path, reason: reason)
    }
    defer { try? file.close() }
    var rest: [UInt8] = []
    var number = 0
    var bytesRead = 0
    while true {
      let chunk = try read(file)
      if bytesRead == 0 {
        if chunk.starts(with: [0x1f, 0x8b]) { throw CSVError.compressed(file: path) }
        rest.append(contentsOf: chunk.starts(with: [0xef, 0xbb, 0xbf]) ? chunk.dropFirst(3) : chunk)
      } else {
        rest.append(contentsOf: chunk)
      }
      bytesRead += chunk.count
      let isEnd = chunk.isEmpty
      if isEnd && !rest.isEmpty { rest.append(UInt8(ascii: "\n")) }
      let used = try rest.withUnsafeBufferPointer { bytes in
        var start = 0
        while let base = bytes.baseAddress, start < bytes.count,
          let newline = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
        {
          let end = UnsafeRawPointer(newline) - UnsafeRawPointer(base)
          number += 1
          let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
          try body(UnsafeBufferPointer(rebasing: bytes[start..<(hasReturn ? end - 1 : end)]), number, bytesRead)
          start = end + 1
        }
        return start
      }
      if isEnd { return }
      rest.removeSubrange(..<used)
      guard rest.count <= Self.longestLine else { throw CSVError.malformed(file: path, line: number + 1, .lineTooLong) }
    }
  }

  private func read(_ file: FileHandle) throws -> Data {
    do {
      return try file.read(upToCount: Self.chunkSize) ?? Data()
    } catch {
      throw CSVError.unreadable(file: path, reason: error.localizedDescription)
    }
  }
}
