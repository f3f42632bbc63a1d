import ChunkCodec

/// A zip archive (PKWARE's APPNOTE 6.3): entries that are stored or deflated, in one file of less than 4 GiB.
struct ZipArchive {
  private let file: ByteFile
  private let entries: [String: Entry]

  private struct Entry {
    let method: Int
    let isEncrypted: Bool
    let checksum: Int
    let storedCount: Int
    let byteCount: Int
    /// Of its local header.
    let offset: Int
  }

  /// What deflate can make of a byte at most is a little less (1,032).
  private static let mostInflation = 1040

  /// Reads the directory at the end.
  ///
  /// - Throws: `CheckpointError` for an archive that is cut, in several files, of 4 GiB and more, or damaged.
  init(_ path: String) throws {
    file = try ByteFile(path)
    func damaged(_ reason: String) -> CheckpointError {
      CheckpointError(file: path, fault: .invalid(part: "the zip archive", reason: reason))
    }
    // The record at the end may have a comment of up to 65,535 bytes behind it.
    let tailStart = max(0, file.byteCount - Self.endRecordBytes - 65535)
    let tail = try file.bytes(at: tailStart, count: file.byteCount - tailStart)
    guard
      let end = stride(from: tail.count - Self.endRecordBytes, through: 0, by: -1).first(where: {
        tail[$0] == 0x50 && tail.littleEndian(at: $0, count: 4) == 0x0605_4b50
          && tail.littleEndian(at: $0 + 20, count: 2) == tail.count - $0 - Self.endRecordBytes
      }),
      let disks = tail.littleEndian(at: end + 4, count: 4), let onDisk = tail.littleEndian(at: end + 8, count: 2),
      let count = tail.littleEndian(at: end + 10, count: 2), let length = tail.littleEndian(at: end + 12, count: 4),
      let start = tail.littleEndian(at: end + 16, count: 4)
    else { throw damaged("it has no directory at its end, as one that was cut has not") }
    guard count != 0xffff, length != 0xffff_ffff, start != 0xffff_ffff else { throw CheckpointError(file: path, fault: .largeZip) }
    guard disks == 0, onDisk == count else { throw damaged("it is a part of several") }
    guard start + length <= tailStart + end else { throw damaged("its directory runs over its end") }

    let directory = try file.bytes(at: start, count: length)
    var entries: [String: Entry] = [:]
    var position = 0
    for number in 0..<count {
      guard directory.littleEndian(at: position, count: 4) == 0x0201_4b50, let flags = directory.littleEndian(at: position + 8, count: 2),
        let method = directory.littleEndian(at: position + 10, count: 2),
        let checksum = directory.littleEndian(at: position + 16, count: 4),
        let stored = directory.littleEndian(at: position + 20, count: 4), let bytes = directory.littleEndian(at: position + 24, count: 4),
        let nameCount = directory.littleEndian(at: position + 28, count: 2),
        let extra = directory.littleEndian(at: position + 30, count: 2),
        let comment = directory.littleEndian(at: position + 32, count: 2), let offset = directory.littleEndian(at: position + 42, count: 4),
        position + Self.directoryEntryBytes + nameCount <= directory.count
      else { throw damaged("entry \(number) of its directory is damaged") }
      guard ![stored, bytes, offset].contains(0xffff_ffff) else { throw CheckpointError(file: path, fault: .largeZip) }
      let nameStart = position + Self.directoryEntryBytes
      let name = String(decoding: directory[nameStart..<nameStart + nameCount], as: UTF8.self)
      let entry = Entry(
        method: method, isEncrypted: flags & 1 != 0, checksum: checksum, storedCount: stored, byteCount: bytes, offset: offset)
      guard entries.updateValue(entry, forKey: name) == nil else { throw damaged("it has two entries \(name)") }
      position = nameStart + nameCount + extra + comment
    }
    guard position == directory.count else { throw damaged("its directory has another length than it says") }
    self.entries = entries
  }

  private static let endRecordBytes = 22
  private static let directoryEntryBytes = 46
  private static let localHeaderBytes = 30

  func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The content of an entry, checked against its CRC-32.
  ///
  /// - Parameter limit: the most bytes that it may have.
  /// - Throws: `CheckpointError` for one that is missing, encrypted, compressed in another way, longer, or damaged.
  func content(of name: String, limit: Int) throws -> [UInt8] {
    func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file.path, fault: fault) }
    guard let entry = entries[name] else { throw fault(.missing(part: "\(name) in the archive")) }
    func damaged(_ reason: String) -> CheckpointError { fault(.invalid(part: name, reason: reason)) }
    guard !entry.isEncrypted else { throw fault(.otherStorage(part: name, what: "encrypted")) }
    guard entry.method == 0 || entry.method == 8 else {
      throw fault(.otherStorage(part: name, what: "compressed by method \(entry.method)"))
    }
    guard entry.byteCount <= limit else { throw damaged("it has \(entry.byteCount) bytes, and at most \(limit) are read") }
    guard entry.method == 8 ? entry.byteCount / Self.mostInflation <= entry.storedCount : entry.byteCount == entry.storedCount else {
      throw damaged("its \(entry.storedCount) bytes can't be \(entry.byteCount)")
    }
    let header = try file.bytes(at: entry.offset, count: Self.localHeaderBytes)
    guard header.littleEndian(at: 0, count: 4) == 0x0403_4b50, let nameCount = header.littleEndian(at: 26, count: 2),
      let extra = header.littleEndian(at: 28, count: 2)
    else { throw damaged("it is not where the directory says") }
    let stored = try file.bytes(at: entry.offset + Self.localHeaderBytes + nameCount + extra, count: entry.storedCount)
    guard let content = entry.method == 0 ? stored : inflateRaw(stored, byteCount: entry.byteCount) else {
      throw damaged("it cannot be inflated")
    }
    guard crc32(content) == UInt32(truncatingIfNeeded: entry.checksum) else { throw damaged("it fails its checksum") }
    return content
  }
}
