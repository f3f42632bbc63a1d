internal import CDeflate
import Foundation

/// libdeflate's state and two buffers: what one thread needs for one chunk at a time.
final class CodecWorkspace {
  let first: UnsafeMutableRawBufferPointer
  let second: UnsafeMutableRawBufferPointer
  private let level: Int32
  private var compressor: OpaquePointer?
  private var decompressor: OpaquePointer?

  init(level: Int, capacity: Int) {
    self.level = Int32(level)
    first = .allocate(byteCount: capacity, alignment: 64)
    second = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit {
    first.deallocate()
    second.deallocate()
    if let compressor { libdeflate_free_compressor(compressor) }
    if let decompressor { libdeflate_free_decompressor(decompressor) }
  }

  /// Compresses to zlib's format. Gives nil when the result would not fit into `target`.
  func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    if compressor == nil { compressor = libdeflate_alloc_compressor(level) }
    guard let compressor else { return nil }
    let count = libdeflate_zlib_compress(compressor, source.baseAddress, source.count, target.baseAddress, target.count)
    return count > 0 ? count : nil
  }

  /// Inflates zlib's format. Gives nil when the data are damaged or inflate to more than `target` holds.
  func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    if decompressor == nil { decompressor = libdeflate_alloc_decompressor() }
    guard let decompressor else { return nil }
    var count = 0
    let result = libdeflate_zlib_decompress(
      decompressor, source.baseAddress, source.count, target.baseAddress, target.count, &count)
    return result == LIBDEFLATE_SUCCESS ? count : nil
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
