import Foundation

/// An ordinary file read in pieces.
struct ByteFile {
  let path: String
  let byteCount: Int
  private let handle: FileHandle

  /// - Throws: `CheckpointError` for a file that can't be opened.
  init(_ path: String) throws {
    self.path = path
    guard isOrdinaryFile(path), let handle = FileHandle(forReadingAtPath: path), let end = try? handle.seekToEnd(),
      let count = Int(exactly: end)
    else { throw CheckpointError(file: path, fault: .unreadable) }
    self.handle = handle
    byteCount = count
  }

  /// - Throws: `CheckpointError` where the file ends before the last of these bytes.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw CheckpointError(file: path, fault: .truncated(byteCount: byteCount))
    }
    guard count > 0 else { return [] }
    do {
      try handle.seek(toOffset: UInt64(offset))
      if let bytes = try handle.read(upToCount: count), bytes.count == count { return Array(bytes) }
    } catch {
      throw CheckpointError(file: path, fault: .unreadable)
    }
    throw CheckpointError(file: path, fault: .truncated(byteCount: byteCount))
  }
}

/// Whether it is a file with a beginning and an end: opening a pipe would wait for a writer, perhaps for ever.
func isOrdinaryFile(_ path: String) -> Bool {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { return false }
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

extension Array where Element == UInt8 {
  /// The unsigned number of `count` bytes at an offset, the least significant first; nil where the bytes end before it, or it is more than
  /// `Int` holds.
  func littleEndian(at offset: Int, count: Int) -> Int? {
    guard offset >= 0, offset <= self.count, count <= self.count - offset, count <= 8 else { return nil }
    let value = self[offset..<offset + count].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: value)
  }
}
