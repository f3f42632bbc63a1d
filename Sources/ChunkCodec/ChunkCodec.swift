/// Encodes and decodes chunks of a file as HDF5's shuffle, deflate and Fletcher-32 filters do, without HDF5.
///
/// What is decoded may come from anywhere: whatever the bytes are, nothing outside the buffers is read or written, and anything but a whole
/// chunk is an error. Deflate and inflate are our own where bytes don't repeat and ISA-L's where they do, in zlib's
/// format and many times as fast. The same chunk always gives the same bytes, whatever the thread. Threads may share a codec.
public struct ChunkCodec: Sendable {
  /// Why a stored chunk cannot be decoded.
  public enum Damage: Error, Equatable, CustomStringConvertible {
    /// The data don't have the checksum stored with them.
    case checksum
    /// zlib's format is violated, or its own checksum.
    case deflate
    /// Decoding gives another number of bytes than a chunk has.
    case size

    public var description: String {
      switch self {
      case .checksum: "its checksum does not match"
      case .deflate: "it cannot be inflated"
      case .size: "it has the wrong size"
      }
    }
  }

  /// The filters, in the order in which writing applies them.
  public let filters: FilterPipeline
  /// The bytes of one element.
  public let elementSize: Int
  /// The bytes of one chunk before encoding.
  public let chunkByteCount: Int
  /// The most bytes that an encoded chunk can have.
  public let encodedCapacity: Int
  private let workspaces: CodecWorkspaces

  /// Gives nil when a filter is none of shuffle, deflate and Fletcher-32, when elements have no bytes, and for chunks of more bytes than
  /// HDF5 counts, which are 4 GiB.
  public init?(filters: FilterPipeline, elementSize: Int, chunkByteCount: Int) {
    var checksums = 0
    var level = 1
    for filter in filters.filters {
      switch filter {
      case .shuffle: break
      case .deflate(let stored): level = stored
      case .fletcher32: checksums += 1
      case .other: return nil
      }
    }
    guard filters.filters.count <= 32, elementSize > 0, (0...Int(UInt32.max) - 4 * checksums).contains(chunkByteCount) else { return nil }
    self.filters = filters
    self.elementSize = elementSize
    self.chunkByteCount = chunkByteCount
    encodedCapacity = chunkByteCount + 4 * checksums
    let isShuffled = filters.filters.contains(.shuffle) && elementSize > 1
    let (finalLevel, capacity) = (level, encodedCapacity)
    let planeByteCount = isShuffled ? max(1, chunkByteCount / elementSize) : chunkByteCount
    workspaces = CodecWorkspaces {
      CodecWorkspace(level: finalLevel, capacity: capacity, chunkByteCount: chunkByteCount, planeByteCount: planeByteCount)
    }
  }

  /// Encodes one whole chunk.
  ///
  /// A deflate step that would not make the chunk smaller is left out, as HDF5 allows.
  ///
  /// - Parameters:
  ///   - chunk: `chunkByteCount` bytes.
  ///   - target: at least `encodedCapacity` bytes.
  /// - Returns: the number of bytes written, and HDF5's filter mask: bit i set where filter i was left out.
  /// - Throws: `Damage.size` when a buffer has another size.
  public func encode(
    _ chunk: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws -> (byteCount: Int, filterMask: UInt32) {
    guard chunk.count == chunkByteCount, target.count >= encodedCapacity else { throw Damage.size }
    // From the last filter that moves all bytes on, they are where they have to be.
    let lastMove = filters.filters.lastIndex { $0 != .fletcher32 } ?? 0
    return workspaces.withWorkspace { workspace in
      var mask: UInt32 = 0
      var data = chunk
      for (index, filter) in filters.filters.enumerated() {
        let scratch = data.baseAddress == UnsafeRawPointer(workspace.first.baseAddress) ? workspace.second : workspace.first
        let next = index >= lastMove ? target : scratch
        switch filter {
        case .shuffle:
          shuffle(data, into: next, elementSize: elementSize)
          data = UnsafeRawBufferPointer(rebasing: next[..<data.count])
        case .deflate:
          if let count = workspace.compress(data, into: .init(rebasing: next[..<data.count])) {
            data = UnsafeRawBufferPointer(rebasing: next[..<count])
          } else {
            mask |= 1 << UInt32(index)
          }
        case .fletcher32:
          let count = data.count
          let checksum = fletcher32(data).littleEndian
          if data.baseAddress != UnsafeRawPointer(next.baseAddress) { next.copyMemory(from: data) }
          next.storeBytes(of: checksum, toByteOffset: count, as: UInt32.self)
          data = UnsafeRawBufferPointer(rebasing: next[..<(count + 4)])
        case .other: break  // the initialiser refuses these
        }
      }
      if data.baseAddress != UnsafeRawPointer(target.baseAddress) { target.copyMemory(from: data) }
      return (data.count, mask)
    }
  }

  /// Decodes one whole chunk.
  ///
  /// - Parameters:
  ///   - stored: the bytes as in the file.
  ///   - filterMask: as in the file: bit i set where filter i was left out.
  ///   - target: `chunkByteCount` bytes.
  /// - Throws: `Damage` when the bytes are not such a chunk.
  public func decode(
    _ stored: UnsafeRawBufferPointer, filterMask: UInt32, into target: UnsafeMutableRawBufferPointer
  ) throws {
    guard target.count == chunkByteCount else { throw Damage.size }
    let active = filters.filters.enumerated().filter { filterMask & (1 << UInt32($0.offset)) == 0 }.map { $0.element }
    var filtersLeft = active.count
    try workspaces.withWorkspace { workspace in
      var data = stored
      for filter in active.reversed() {
        filtersLeft -= 1
        if filter == .fletcher32 {
          data = try Self.verified(data)
          continue
        }
        let scratch = data.baseAddress == UnsafeRawPointer(workspace.first.baseAddress) ? workspace.second : workspace.first
        let next = filtersLeft == 0 ? target : scratch
        if filter == .shuffle {
          guard data.count <= next.count else { throw Damage.size }
          unshuffle(data, into: next, elementSize: elementSize)
          data = UnsafeRawBufferPointer(rebasing: next[..<data.count])
        } else {
          guard let count = workspace.decompress(data, into: next) else { throw Damage.deflate }
          data = UnsafeRawBufferPointer(rebasing: next[..<count])
        }
      }
      guard data.count == chunkByteCount else { throw Damage.size }
      if data.baseAddress != UnsafeRawPointer(target.baseAddress) { target.copyMemory(from: data) }
    }
  }

  /// The Fletcher-32 sum, as stored, of an encoded chunk that ends with one; nil where it is not that of the bytes before it.
  public static func checkedSum(of stored: UnsafeRawBufferPointer) -> UInt32? {
    (try? verified(stored)) == nil ? nil : storedSum(of: stored)
  }

  /// The last four bytes of an encoded chunk, which are its sum where Fletcher-32 is the last filter; nil for fewer.
  public static func storedSum(of stored: UnsafeRawBufferPointer) -> UInt32? {
    guard stored.count >= 4 else { return nil }
    return UInt32(littleEndian: stored.loadUnaligned(fromByteOffset: stored.count - 4, as: UInt32.self))
  }

  /// The data before a checksum that matches them.
  private static func verified(_ data: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
    guard data.count >= 4 else { throw Damage.size }
    let content = UnsafeRawBufferPointer(rebasing: data[..<(data.count - 4)])
    let stored = storedSum(of: data)
    let sum = fletcher32(content)
    // HDF5 before 1.6.3 stored both halves with their bytes swapped on little-endian machines, and readers still accept that.
    let swappedHalves = (sum & 0x00ff_00ff) << 8 | (sum & 0xff00_ff00) >> 8
    guard stored == sum || stored == swappedHalves else { throw Damage.checksum }
    return content
  }
}
