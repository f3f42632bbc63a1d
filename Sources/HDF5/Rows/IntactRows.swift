internal import CHDF5
internal import ChunkCodec

/// Rows of a data set that can be trusted to be what was written: from the first on, each in chunks that are in the file, have their
/// checksums and decode to whole chunks.
public struct IntactRows: Sendable, Equatable {
  /// Rows before the first that is not.
  public let count: Int
  /// What is wrong with the rows that follow, as a clause; nil where all rows of the data set are intact.
  public let fault: String?
  /// Whether there are intact rows behind those: they were damaged, and are not only the end that was cut off.
  public let isFollowed: Bool
}

extension Dataset {
  /// Reads every chunk from the first on, until one is not intact.
  ///
  /// Values that a fill value stands for do not count: nobody wrote them.
  ///
  /// - Parameter firstRowRead: chunks before this row are looked for only, not read.
  public func intactRows(from firstRowRead: Int = 0) -> IntactRows {
    let shape = shape
    guard let rowCount = shape.first, !hasNoSpace, elementCount > 0 else { return IntactRows(count: 0, fault: nil, isFollowed: false) }
    guard let chunkShape else { return intactWhole(rowCount: rowCount) }
    let buffers = (stored: GrowingBuffer(), decoded: GrowingBuffer())
    let codec: ChunkCodec?
    do {
      codec = try byteCodec()
    } catch {
      return IntactRows(count: 0, fault: reason(error), isFollowed: false)
    }
    func check(_ start: Int) throws {
      try checkBand(from: start, chunkShape, start < firstRowRead, codec, buffers)
    }
    for start in stride(from: 0, to: rowCount, by: chunkShape[0]) {
      do {
        try check(start)
      } catch {
        let (behind, overflow) = start.addingReportingOverflow(chunkShape[0])
        let next = stride(from: overflow ? rowCount : behind, to: rowCount, by: chunkShape[0])
        // What a flush brings is some tens of chunks.
        let isFollowed = next.lazy.prefix(1024).contains { (try? check($0)) != nil }
        let last = overflow ? rowCount : min(behind, rowCount)
        return IntactRows(count: start, fault: "in rows \(start) to \(last - 1) \(reason(error))", isFollowed: isFollowed)
      }
    }
    return IntactRows(count: rowCount, fault: nil, isFollowed: false)
  }

  /// Of data in one piece.
  private func intactWhole(rowCount: Int) -> IntactRows {
    do {
      try withLibrary { library in try checkContiguous(rows: nil, library, operation("check")) }
      guard try verifyContent() != false else {
        return IntactRows(count: 0, fault: "its content is not that of its checksum", isFollowed: false)
      }
      return IntactRows(count: rowCount, fault: nil, isFollowed: false)
    } catch {
      return IntactRows(count: 0, fault: reason(error), isFollowed: false)
    }
  }

  /// Throws unless all chunks of the rows from `start` on are intact.
  private func checkBand(
    from start: Int, _ chunkShape: [Int], _ isLookedForOnly: Bool, _ codec: ChunkCodec?,
    _ buffers: (stored: GrowingBuffer, decoded: GrowingBuffer)
  ) throws {
    let operation = operation("check")
    let shape = shape
    var position = [hsize_t](repeating: 0, count: shape.count)
    position[0] = hsize_t(start)
    repeat {
      let size = try withLibrary { library in try chunkSize(at: position, library, operation) }
      guard let size else { throw operation.error(.missingData, "nothing was written") }
      if isLookedForOnly { continue }
      guard let codec else {
        // A filter that only HDF5 has, if it has it.
        try withLibrary { library in
          let rows = start..<min(start + chunkShape[0], shape[0])
          let type = try library.check(H5Dget_type(id(library)), operation)
          defer { H5Tclose(type) }
          let count = rows.count * elementsPerRow
          let target = buffers.decoded.bytes(atLeast: count * H5Tget_size(type))
          try transfer(rows: rows, elementCount: count, library, operation) { dataset, memorySpace, fileSpace in
            H5Dread(dataset, type, memorySpace, fileSpace, hid_t(H5P_DEFAULT), target.baseAddress)
          }
        }
        return
      }
      // A size that no encoding of a chunk has comes from damage; nothing is read for it.
      guard size <= 2 * codec.encodedCapacity + 1024 else { throw operation.error(.corruptData, "a chunk says that it has \(size) bytes") }
      guard let (byteCount, mask) = try readRawChunk(at: position.map { Int($0) }, into: buffers.stored) else {
        throw operation.error(.missingData, "nothing was written")
      }
      let bytes = UnsafeRawBufferPointer(rebasing: buffers.stored.bytes(atLeast: byteCount)[..<byteCount])
      if hasChunkSums, ChunkCodec.checkedSum(of: bytes) == nil { throw operation.error(.corruptData, "a checksum does not match") }
      do {
        let target = buffers.decoded.bytes(atLeast: codec.chunkByteCount)
        try codec.decode(bytes, filterMask: mask, into: UnsafeMutableRawBufferPointer(rebasing: target[..<codec.chunkByteCount]))
      } catch let damage as ChunkCodec.Damage {
        throw operation.error(.corruptData, "a chunk is damaged: \(damage)")
      }
    } while advance(&position, over: shape, by: chunkShape)
  }

  /// The codec for this data set's chunks as bytes; nil where HDF5 has to decode them.
  ///
  /// - Throws: `unsupported` for chunks that are too large to be held.
  private func byteCodec() throws -> ChunkCodec? {
    let operation = operation("check")
    let elementSize = try withLibrary { library in
      let type = try library.check(H5Dget_type(id(library)), operation)
      defer { H5Tclose(type) }
      return H5Tget_size(type)
    }
    guard let chunkShape, let size = chunkByteCount(of: elementSize, chunkShape), size <= 1 << 30 else {
      throw operation.error(.unsupported, "its chunks are too large")
    }
    guard try !leavesEdgesUnfiltered() else { return nil }
    return ChunkCodec(filters: filters, elementSize: elementSize, chunkByteCount: size)
  }
}

/// The cause without file and object, which the caller names.
private func reason(_ error: any Error) -> String { (error as? HDF5Error)?.reason ?? "\(error)" }
