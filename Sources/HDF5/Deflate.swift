internal import CISAL
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

  /// - Parameter level: of HDF5's deflate filter, 0 to 9. ISA-L has three, of which the last serves for 3 to 9.
  init(level: Int, capacity: Int) {
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
  }

  /// Compresses to zlib's format. Gives nil when the result would not fit into `target`.
  func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
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
  private let level: Int
  private let capacity: Int

  init(level: Int, capacity: Int) {
    self.level = level
    self.capacity = capacity
  }

  func withWorkspace<Value>(_ body: (CodecWorkspace) throws -> Value) rethrows -> Value {
    let workspace = lock.withLock { idle.popLast() } ?? CodecWorkspace(level: level, capacity: capacity)
    defer { lock.withLock { idle.append(workspace) } }
    return try body(workspace)
  }
}
