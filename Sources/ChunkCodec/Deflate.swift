internal import CISAL
internal import CKernels
import Foundation

/// ISA-L's state and two buffers: what one thread needs for one chunk at a time.
final class CodecWorkspace {
  let first: UnsafeMutableRawBufferPointer
  let second: UnsafeMutableRawBufferPointer
  /// ISA-L's level, 1 to 3; nil for HDF5's level 0, which stores.
  private let level: UInt32?
  private let compressor = UnsafeMutablePointer<isal_zstream>.allocate(capacity: 1)
  private let compressorTables: UnsafeMutableRawBufferPointer
  private let decompressor = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
  private let chunkByteCount: Int
  /// Bytes that get a Huffman code of their own: even parts of a plane.
  private let literalBlock: Int
  /// Parts of a chunk, and room for what they deflate to.
  private let sample: UnsafeMutableRawBufferPointer
  private let deflatedSample: UnsafeMutableRawBufferPointer

  /// - Parameters:
  ///   - level: of HDF5's deflate filter, 0 to 9. ISA-L has three, of which the last serves for 3 to 9.
  ///   - capacity: the most bytes of a chunk, a checksum with it.
  ///   - chunkByteCount: bytes of a chunk before encoding.
  ///   - planeByteCount: bytes of a plane of shuffled elements: the bytes in it are alike.
  init(level: Int, capacity: Int, chunkByteCount: Int, planeByteCount: Int) {
    self.chunkByteCount = chunkByteCount
    let parts = max(1, (planeByteCount + Self.largestBlock - 1) / Self.largestBlock)
    literalBlock = max(1, (planeByteCount + parts - 1) / parts)
    sample = .allocate(byteCount: Self.samplePieces * Self.samplePieceBytes, alignment: 64)
    deflatedSample = .allocate(byteCount: 2 * sample.count, alignment: 64)
    self.level = level > 0 ? UInt32(min(level, 3)) : nil
    first = .allocate(byteCount: capacity, alignment: 64)
    second = .allocate(byteCount: capacity, alignment: 64)
    compressorTables = .allocate(byteCount: Int(mirrorscope_deflate_buffer_bytes(self.level ?? 0)), alignment: 64)
  }

  deinit {
    first.deallocate()
    second.deallocate()
    compressor.deallocate()
    compressorTables.deallocate()
    decompressor.deallocate()
    sample.deallocate()
    deflatedSample.deallocate()
  }

  /// Compresses to zlib's format. Gives nil when the result would not fit into `target`.
  ///
  /// Shuffled floats hold hardly a repeat: Huffman codes alone give less than a search for matches does, in a third of the time. What
  /// repeats goes to ISA-L.
  func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    guard level != nil else { return nil }
    guard source.count > sample.count else { return compressSmall(source, into: target) }
    let part = sampled(source)
    guard let matched = compressMatches(part, into: deflatedSample) else { return compressLiterals(source, into: target) }
    let literal = compressLiterals(part, into: deflatedSample)
    return literalsWin(literal, over: matched) ? compressLiterals(source, into: target) : compressMatches(source, into: target)
  }

  /// Tries both on the whole.
  private func compressSmall(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    let matched = compressMatches(source, into: deflatedSample)
    let literal = compressLiterals(source, into: target)
    guard let matched, matched <= target.count, !literalsWin(literal, over: matched) else { return literal }
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: deflatedSample[..<matched]))
    return matched
  }

  /// Literals win up to 5 % more bytes, for their speed.
  private func literalsWin(_ literal: Int?, over matched: Int) -> Bool {
    literal.map { $0 * 20 <= matched * 21 } ?? false
  }

  /// Bytes of zlib's frame (RFC 1950): 78 01 for deflate with a window of 32 KiB and the fastest algorithm; then Adler-32 of the bytes.
  private static let frame = (header: 2, trailer: 4)

  private static let samplePieces = 4
  private static let samplePieceBytes = 4096

  /// Parts of a chunk that is larger than they are together.
  private func sampled(_ source: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let distance = source.count / Self.samplePieces
    for piece in 0..<Self.samplePieces {
      let part = UnsafeRawBufferPointer(rebasing: source[piece * distance..<piece * distance + Self.samplePieceBytes])
      UnsafeMutableRawBufferPointer(rebasing: sample[(piece * Self.samplePieceBytes)...]).copyMemory(from: part)
    }
    return UnsafeRawBufferPointer(sample)
  }

  private func compressLiterals(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    let (header, trailer) = Self.frame
    guard target.count > header + trailer, let start = target.baseAddress, let bytes = source.baseAddress else { return nil }
    let count = mirrorscope_deflate_literals(
      bytes.assumingMemoryBound(to: UInt8.self), source.count, literalBlock, (start + header).assumingMemoryBound(to: UInt8.self),
      target.count - header - trailer)
    guard count > 0 else { return nil }
    target[0] = 0x78
    target[1] = 0x01
    let checksum = isal_adler32(1, bytes.assumingMemoryBound(to: UInt8.self), UInt64(source.count))
    (start + header + count).storeBytes(of: checksum.bigEndian, as: UInt32.self)
    return header + count + trailer
  }

  private static let largestBlock = 1 << 17

  /// Inflates a whole chunk of literals in two halves. Gives nil for all that is not exactly that, damage included.
  private func decompressLiterals(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    let (header, trailer) = Self.frame
    guard source.count > header + trailer, source[0] == 0x78, source[1] == 0x01, target.count >= chunkByteCount,
      let start = source.baseAddress, let bytes = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    else { return nil }
    var consumed = 0
    let count = mirrorscope_inflate_literals(
      (start + header).assumingMemoryBound(to: UInt8.self), source.count - header - trailer, literalBlock, bytes, chunkByteCount,
      &consumed)
    guard count > 0 else { return nil }
    let stored = UInt32(bigEndian: (start + header + consumed).loadUnaligned(as: UInt32.self))
    return stored == isal_adler32(1, bytes, UInt64(count)) ? count : nil
  }

  private func compressMatches(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    // ISA-L counts bytes in 32 bits, and so does HDF5 those of a chunk.
    guard let level, let inputCount = UInt32(exactly: source.count), let room = UInt32(exactly: target.count) else { return nil }
    isal_deflate_init(compressor)
    compressor.pointee.level = level
    compressor.pointee.level_buf = compressorTables.baseAddress?.assumingMemoryBound(to: UInt8.self)
    compressor.pointee.level_buf_size = UInt32(compressorTables.count)
    compressor.pointee.gzip_flag = UInt16(IGZIP_ZLIB)
    compressor.pointee.flush = UInt16(NO_FLUSH)
    compressor.pointee.end_of_stream = 1
    // ISA-L reads from it only, though its interface does not say so.
    compressor.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
    compressor.pointee.avail_in = inputCount
    compressor.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    compressor.pointee.avail_out = room
    guard isal_deflate(compressor) == COMP_OK, compressor.pointee.internal_state.state == ZSTATE_END else { return nil }
    return Int(compressor.pointee.total_out)
  }

  /// Inflates zlib's format. Gives nil when the data are damaged or inflate to more than `target` holds.
  func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    if let count = decompressLiterals(source, into: target) { return count }
    guard let inputCount = UInt32(exactly: source.count), let room = UInt32(exactly: target.count) else { return nil }
    isal_inflate_init(decompressor)
    decompressor.pointee.crc_flag = UInt32(ISAL_ZLIB)
    decompressor.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
    decompressor.pointee.avail_in = inputCount
    decompressor.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    decompressor.pointee.avail_out = room
    // The call that says whether the whole stream, its checksum included, has been seen.
    guard isal_inflate(decompressor) == ISAL_DECOMP_OK, decompressor.pointee.block_state == ISAL_BLOCK_FINISH else { return nil }
    return Int(decompressor.pointee.total_out)
  }
}

/// Workspaces that are not in use: as many are made as there are threads at work at the same time.
final class CodecWorkspaces: @unchecked Sendable {
  // Sendable because the list is touched under the lock only, and a workspace is on it or with one thread.
  private let lock = NSLock()
  private var idle: [CodecWorkspace] = []
  private let make: @Sendable () -> CodecWorkspace

  init(_ make: @escaping @Sendable () -> CodecWorkspace) {
    self.make = make
  }

  func withWorkspace<Value>(_ body: (CodecWorkspace) throws -> Value) rethrows -> Value {
    let workspace = lock.withLock { idle.popLast() } ?? make()
    defer { lock.withLock { idle.append(workspace) } }
    return try body(workspace)
  }
}
