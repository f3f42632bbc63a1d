internal import CHDF5
internal import ChunkCodec

/// Chunks of a data set in their stored form.
extension Dataset {
  /// Whether the stored bytes of an element, an enumeration's too, are those of `T` in memory.
  func storesBitwise<T: Element>(_ type: T.Type) throws -> Bool {
    let operation = operation("inspect")
    return try withLibrary { library in
      let stored = try library.check(H5Dget_type(id(library)), operation)
      defer { H5Tclose(stored) }
      if case .bitField = datatype { return datatype == .bitField(byteCount: 1) && T.datatype == .uint8 }
      let isEnumeration = H5Tget_class(stored) == H5T_ENUM
      let numbers = try library.check(isEnumeration ? H5Tget_super(stored) : H5Tcopy(stored), operation)
      defer { H5Tclose(numbers) }
      return try library.check(H5Tequal(numbers, T.memoryType(library, operation)), operation) > 0
    }
  }

  /// The codec for this data set's chunks of `T`; nil where HDF5 has to do it: no chunks, an unknown filter, another type, or chunks
  /// at the edge left unfiltered.
  func chunkCodec<T: Element>(for type: T.Type) throws -> ChunkCodec? {
    guard let chunkShape, let size = chunkByteCount(of: MemoryLayout<T>.stride, chunkShape) else { return nil }
    guard try storesBitwise(T.self), try !leavesEdgesUnfiltered() else { return nil }
    return ChunkCodec(filters: filters, elementSize: MemoryLayout<T>.stride, chunkByteCount: size)
  }

  /// Nil for more than HDF5's 32 bits count.
  func chunkByteCount(of elementSize: Int, _ chunkShape: [Int]) -> Int? {
    let size = chunkShape.reduce(Double(elementSize)) { $0 * Double($1) }
    return size <= Double(UInt32.max) ? Int(size) : nil
  }

  func leavesEdgesUnfiltered() throws -> Bool {
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
      try WriteFault.check(.read, operation)
      let dataset = try id(library)
      let position = offset.map { hsize_t($0) }
      guard let size = try chunkSize(at: position, library, operation) else { return nil }
      var mask: UInt32 = 0
      if H5Dread_chunk(dataset, hid_t(H5P_DEFAULT), position, &mask, buffer.bytes(atLeast: size).baseAddress) < 0 {
        let stack = ErrorStack.current(library)
        // A chunk in HDF5's cache, filled there with the value that stands for it, has a size and is not in the file.
        guard hasFillValue, isNoSuchChunk(stack) else { throw HDF5Error(operation, stack: stack) }
        return nil
      }
      return (size, mask)
    }
  }

  /// The stored bytes of the chunk whose first element is at `position`; nil for a chunk that was never written.
  func chunkSize(at position: [hsize_t], _ library: borrowing Library, _ operation: Operation) throws -> Int? {
    // A chunk that HDF5 holds in its cache is not in the file yet.
    if file.isWritable { try library.check(H5Dflush(id(library)), operation) }
    var size: hsize_t = 0
    if H5Dget_chunk_storage_size(try id(library), position, &size) < 0 {
      let stack = ErrorStack.current(library)
      // HDF5 1.10's way of saying that there is no such chunk; later versions give a size of 0.
      guard isNoSuchChunk(stack) else { throw HDF5Error(operation, stack: stack) }
      return nil
    }
    guard size > 0 else { return nil }
    // HDF5 counts the bytes of a chunk in 32 bits; another number comes from a damaged file.
    guard size <= UInt32.max else { throw operation.error(.corruptData, "a chunk says that it has \(size) bytes") }
    return Int(size)
  }

  private func isNoSuchChunk(_ stack: ErrorStack) -> Bool {
    stack.innermost?.is(CHDF5_ABOUT_DATASET, CHDF5_FAULT_CANNOT_GET) ?? false
  }

  /// Throws unless every element of the rows is in the file, or its writer set a value that stands for those that are not: HDF5 would give
  /// zeros for them. One look into HDF5's index for each chunk.
  ///
  /// - Parameter rows: nil for everything.
  /// - Throws: `missingData` with the first row that is not there, and for far more rows than the file can hold; `truncatedFile` for data
  ///   beyond the end of the file.
  func checkPresent(rows: Range<Int>?, _ library: borrowing Library, _ operation: Operation) throws {
    try checkDeclaration(operation)
    guard !hasFillValue, elementCount > 0, rows?.isEmpty != true else { return }
    guard let chunkShape else { return try checkContiguous(rows: rows, library, operation) }
    let shape = shape
    let wanted = rows ?? 0..<(shape.first ?? 0)
    var position = [hsize_t](repeating: 0, count: shape.count)
    let firstBand = wanted.lowerBound / chunkShape[0] * chunkShape[0]
    for start in stride(from: firstBand, to: wanted.upperBound, by: chunkShape[0]) {
      position[0] = hsize_t(start)
      repeat {
        guard try chunkSize(at: position, library, operation) == nil else { continue }
        let missing = start..<min(start + chunkShape[0], shape[0])
        throw operation.error(.missingData, "its rows \(missing.lowerBound) to \(missing.upperBound - 1) were never written")
      } while advance(&position, over: shape, by: chunkShape)
    }
  }

  /// Steps to the next chunk of the same rows; gives false, back at the first, after the last.
  func advance(_ position: inout [hsize_t], over shape: [Int], by chunkShape: [Int]) -> Bool {
    for dimension in position.indices.dropFirst().reversed() {
      position[dimension] += hsize_t(chunkShape[dimension])
      if position[dimension] < hsize_t(shape[dimension]) { return true }
      position[dimension] = 0
    }
    return false
  }

  func checkContiguous(rows: Range<Int>?, _ library: borrowing Library, _ operation: Operation) throws {
    let dataset = try id(library)
    let size = H5Dget_storage_size(dataset)
    guard size > 0 else {
      throw operation.error(
        .missingData, shape.isEmpty ? "its value was never written" : "its rows from \(rows?.lowerBound ?? 0) on were never written")
    }
    let offset = H5Dget_offset(dataset)
    // Compact data have no offset of their own: they lie in the header.
    guard offset != chdf5_no_offset() else { return }
    var end: hsize_t = 0
    try library.check(H5Fget_filesize(file.id(library), &end), operation)
    let (last, overflow) = UInt64(offset).addingReportingOverflow(UInt64(size))
    guard !overflow, last <= end else {
      throw operation.error(.truncatedFile, "its \(size) bytes reach beyond the end of the file, which has \(end) bytes")
    }
  }

  /// Puts a chunk in its stored form into the file, replacing one that is there. The data set must reach over `offset`.
  func writeRawChunk(_ bytes: UnsafeRawBufferPointer, filterMask: UInt32, at offset: [Int]) throws {
    let operation = operation("write")
    try withLibrary { library in
      try WriteFault.check(.write, operation)
      let position = offset.map { hsize_t($0) }
      _ = try library.check(
        H5Dwrite_chunk(writableID(library, operation), hid_t(H5P_DEFAULT), filterMask, position, bytes.count, bytes.baseAddress), operation)
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
