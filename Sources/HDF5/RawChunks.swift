internal import CHDF5

/// Chunks of a data set in their stored form.
extension Dataset {
  /// Whether the stored bytes of an element, an enumeration's too, are those of `T` in memory.
  func storesBitwise<T: Element>(_ type: T.Type) throws -> Bool {
    let operation = operation("inspect")
    return try withLibrary { library in
      let stored = try library.check(H5Dget_type(id(library)), operation)
      defer { H5Tclose(stored) }
      let isEnumeration = H5Tget_class(stored) == H5T_ENUM
      let numbers = try library.check(isEnumeration ? H5Tget_super(stored) : H5Tcopy(stored), operation)
      defer { H5Tclose(numbers) }
      return try library.check(H5Tequal(numbers, T.memoryType(library, operation)), operation) > 0
    }
  }

  /// The codec for this data set's chunks of `T`; nil where HDF5 has to do it: no chunks, an unknown filter, another type, or chunks
  /// at the edge left unfiltered.
  func chunkCodec<T: Element>(for type: T.Type) throws -> ChunkCodec? {
    guard let chunkShape, try storesBitwise(T.self), try !leavesEdgesUnfiltered() else { return nil }
    let size = MemoryLayout<T>.stride
    return ChunkCodec(filters: filters, elementSize: size, chunkByteCount: chunkShape.reduce(size, *))
  }

  private func leavesEdgesUnfiltered() throws -> Bool {
    let operation = operation("inspect")
    return try withLibrary { library in
      let list = try library.check(H5Dget_create_plist(id(library)), operation)
      defer { H5Pclose(list) }
      var options: UInt32 = 0
      try library.check(H5Pget_chunk_opts(list, &options), operation)
      return options != 0
    }
  }

  /// Fetches the chunk whose first element is at `offset` in its stored form.
  ///
  /// - Returns: the filter mask and the byte count, or nil for a chunk that was never written.
  func readRawChunk(at offset: [Int], into buffer: GrowingBuffer) throws -> (byteCount: Int, filterMask: UInt32)? {
    let operation = operation("read")
    return try withLibrary { library in
      let dataset = try id(library)
      let position = offset.map { hsize_t($0) }
      var size: hsize_t = 0
      if H5Dget_chunk_storage_size(dataset, position, &size) < 0 {
        let error = HDF5Error(operation, stack: ErrorStack.current(library))
        // HDF5 1.10's way of saying that there is no such chunk; later versions give a size of 0.
        guard error.innermost?.contains("not allocated") ?? false else { throw error }
        return nil
      }
      guard size > 0 else { return nil }
      var mask: UInt32 = 0
      try library.check(
        H5Dread_chunk(dataset, hid_t(H5P_DEFAULT), position, &mask, buffer.bytes(atLeast: Int(size)).baseAddress), operation)
      return (Int(size), mask)
    }
  }

  /// Puts a chunk in its stored form into the file, replacing one that is there. The data set must reach over `offset`.
  func writeRawChunk(_ bytes: UnsafeRawBufferPointer, filterMask: UInt32, at offset: [Int]) throws {
    let operation = operation("write")
    try withLibrary { library in
      try WriteFault.check(operation)
      let position = offset.map { hsize_t($0) }
      _ = try library.check(
        H5Dwrite_chunk(id(library), hid_t(H5P_DEFAULT), filterMask, position, bytes.count, bytes.baseAddress), operation)
    }
  }
}

/// Memory that is kept from use to use and grows when more is asked for.
final class GrowingBuffer {
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { memory.deallocate() }

  /// At least `count` bytes, aligned for vectors; what was in them before may be lost.
  func bytes(atLeast count: Int) -> UnsafeMutableRawBufferPointer {
    if memory.count < count {
      memory.deallocate()
      memory = .allocate(byteCount: count, alignment: 64)
    }
    return memory
  }

  /// Room for exactly `count` elements.
  func elements<T: Element>(_ count: Int, as _: T.Type) -> UnsafeMutableBufferPointer<T> {
    let whole = bytes(atLeast: count * MemoryLayout<T>.stride)
    return UnsafeMutableRawBufferPointer(rebasing: whole[..<(count * MemoryLayout<T>.stride)]).bindMemory(to: T.self)
  }
}
