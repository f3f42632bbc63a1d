internal import CHDF5
internal import ChunkCodec

// What a header declares is held against what the file stores before memory is taken for it: a file of 40 kB can declare an exabyte.

/// Deflate makes at most 1,032 bytes of one.
private let mostInflation = 1100.0

/// Declarations up to here are taken at their word.
private let trustedByteCount = 0x1p26

extension Dataset {
  /// What is wrong with a data set whose header declares far more than its stored bytes can give; nil where nothing is. What follows its
  /// name in a sentence.
  public var declarationFault: String? {
    guard let declared = declaredByteCount, declared > trustedByteCount else { return nil }
    let stored = storedByteCount
    let most = filters.filters.reduce(Double(stored)) { bytes, filter in
      switch filter {
      case .deflate: bytes * mostInflation
      // What a filter of other people makes of a byte is not known.
      case .other: bytes * 0x1p20
      case .shuffle, .fletcher32: bytes
      }
    }
    // Twice: a recorder that was killed had made room for rows that it did not come to write.
    guard declared > trustedByteCount + 2 * most else { return nil }
    return "declares \(shape.map { "\($0)" }.joined(separator: " × ")) elements, but the file holds \(stored) bytes of them"
  }

  /// Bytes of all elements, unfiltered; nil where the type's size cannot be had.
  private var declaredByteCount: Double? {
    withLibrary { library in
      guard !hasNoSpace, let raw = try? id(library), case let type = H5Dget_type(raw), type >= 0 else { return nil }
      defer { H5Tclose(type) }
      return shape.reduce(Double(H5Tget_size(type))) { $0 * Double($1) }
    }
  }

  /// Looks once: HDF5 adds up stored bytes chunk by chunk.
  func checkDeclaration(_ operation: Operation) throws {
    try withLibrary { _ in
      guard !isDeclarationTrusted else { return }
      if let fault = declarationFault { throw operation.error(.missingData, "it \(fault)") }
      isDeclarationTrusted = true
    }
  }

  /// - Throws: `unsupported` for chunks that no reader has to take memory for: of more than 512 MiB, and of far more than all elements are.
  static func checkChunk(_ chunkShape: [Int], extent: [Int], elementSize: Int, _ operation: Operation) throws {
    let size = chunkShape.reduce(Double(elementSize)) { $0 * Double($1) }
    guard size > trustedByteCount else { return }
    let all = extent.reduce(Double(elementSize)) { $0 * Double($1) }
    guard size <= 0x1p29, all == 0 || size <= 64 * all else {
      throw operation.error(
        .unsupported,
        "a chunk of it has \(Int(clamping: Int64(min(size, 0x1p62)))) bytes, more than is read here; write smaller chunks (h5repack -l CHUNK)"
      )
    }
  }

  /// Decodes the chunks of the rows before HDF5 does. It inflates without a bound, reads before the start of a chunk that is shorter than its
  /// checksum, and takes what lies in memory behind one that is shorter than a chunk for data.
  ///
  /// - Parameter rows: nil for everything.
  /// - Throws: `corruptData` for a chunk that is not one whole chunk.
  func checkChunks(rows: Range<Int>?, _ library: borrowing Library, _ operation: Operation) throws {
    guard elementCount > 0, rows?.isEmpty != true, let chunkShape else { return }
    let type = try library.check(H5Dget_type(id(library)), operation)
    defer { H5Tclose(type) }
    let elementSize = H5Tget_size(type)
    let size = chunkShape.reduce(elementSize, *)
    let codec = try leavesEdgesUnfiltered() ? nil : ChunkCodec(filters: filters, elementSize: elementSize, chunkByteCount: size)
    let (buffer, target) = (GrowingBuffer(), GrowingBuffer())
    let wanted = rows ?? 0..<(shape.first ?? 0)
    let shape = shape
    var position = [hsize_t](repeating: 0, count: shape.count)
    for start in stride(from: wanted.lowerBound / chunkShape[0] * chunkShape[0], to: wanted.upperBound, by: chunkShape[0]) {
      position[0] = hsize_t(start)
      repeat {
        guard let stored = try chunkSize(at: position, library, operation) else { continue }
        let name = "its chunk of rows from \(start) on"
        guard stored <= size + size / 500 + 1024 else {
          throw operation.error(.corruptData, "\(name) takes \(stored) bytes of the file for \(size) bytes of data")
        }
        guard let codec, let (byteCount, mask) = try readRawChunk(at: position.map { Int($0) }, into: buffer) else { continue }
        do {
          let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes(atLeast: byteCount)[..<byteCount])
          try codec.decode(bytes, filterMask: mask, into: UnsafeMutableRawBufferPointer(target.elements(size, as: UInt8.self)))
        } catch let damage as ChunkCodec.Damage {
          throw operation.error(.corruptData, "\(name) is damaged: \(damage)")
        }
      } while advance(&position, over: shape, by: chunkShape)
    }
  }
}
