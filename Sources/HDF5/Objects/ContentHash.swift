internal import CHDF5
internal import ChunkCodec
import Crypto
import Files

/// SHA-256 over what a data set holds and says of itself: `content_sha256`.
///
/// It is taken over these bytes, one after another. A *number* is a count in 64 bits, a *text* its number of bytes as a *number* and then
/// its UTF-8; both little-endian.
///
/// 1. The shape: the number of dimensions, then each size; 2⁶⁴ − 1 alone where there is no space at all (h5py's `Empty`).
/// 2. The type, as a text: `float32`, `string`, `string of 8 bytes`, `enumeration of uint8 (none = 0, self = 1)`, as `Datatype.description`.
/// 3. The number of attributes, and for each, in the order of its name's bytes: the name as a text, its shape and its type as above, and
///    its values as in 4. Left out are `content_sha256` itself, `text_crc32` and what HDF5 and netCDF-4 keep for dimension scales: `CLASS`, `NAME`,
///    `DIMENSION_LIST`, `REFERENCE_LIST`, `_Netcdf4Dimid`, `_Netcdf4Coordinates`.
/// 4. The values. Where chunks have Fletcher-32 as their last filter, and the values are no strings: the four bytes of each chunk's sum as they
///    are stored, chunks in the order of their place, the last dimension running fastest. Otherwise each value, the last dimension running
///    fastest: numbers and an enumeration's numbers little-endian in their stored size, strings as texts.
///
/// So it depends on how data are compressed, and not on where chunks lie in the file, on byte order in unchunked data, or on names outside.
/// `Tests/Fixtures/HDF5/content_sha256.py` computes the same.
struct ContentHash {
  private var hash = SHA256()

  static let attributeName = "content_sha256"
  static let bookkeeping: Set = [
    attributeName, "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates",
  ]

  mutating func add(number: Int) {
    add(bytes: UInt64(truncatingIfNeeded: number).littleEndian)
  }

  mutating func add(text: String) {
    add(number: text.utf8.count)
    hash.update(data: Array(text.utf8))
  }

  /// - Parameter shape: nil where there is no space at all.
  mutating func add(shape: [Int]?, _ datatype: Datatype) {
    add(number: shape?.count ?? -1)
    for size in shape ?? [] { add(number: size) }
    add(text: datatype.description)
  }

  mutating func add(bytes: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: bytes)
  }

  mutating func add(sum: UInt32) {
    add(bytes: sum.littleEndian)
  }

  /// 64 hexadecimal digits.
  var digits: String { hexadecimal(hash.finalize()) }

  private mutating func add<Value: BitwiseCopyable>(bytes value: Value) {
    withUnsafeBytes(of: value) { hash.update(bufferPointer: $0) }
  }
}

extension Dataset {
  /// Takes `content_sha256` from the file: see `ContentHash` for the bytes. Chunks are read as they are stored and held against their sums.
  ///
  /// - Throws: `corruptData` for a chunk that does not have its sum, `missingData` for what was never written, `unsupported` for elements or
  ///   attributes that are no numbers, enumerations or text.
  public func contentSHA256() throws -> String {
    if hasChunkSums { return try contentSHA256(chunkSums: storedChunkSums()) }
    var hash = try hashOfDescription()
    try addValues(to: &hash)
    return hash.digits
  }

  /// Whether the data give the stored `content_sha256`; nil where there is none.
  public func verifyContent() throws -> Bool? {
    guard let stored = try attributes.string(ContentHash.attributeName) else { return nil }
    return try contentSHA256() == stored
  }

  /// Stores `content_sha256`: the last thing to do to a data set, after its values and attributes.
  public func seal() throws {
    try attributes.set(ContentHash.attributeName, try contentSHA256())
  }

  /// - Parameter sums: those of all chunks, in order.
  func seal(chunkSums sums: [UInt32]) throws {
    try attributes.set(ContentHash.attributeName, try contentSHA256(chunkSums: sums))
  }

  /// Whether the values enter as the sums of their chunks.
  var hasChunkSums: Bool {
    guard case .string = datatype else { return chunkShape != nil && filters.filters.last == .fletcher32 }
    return false
  }

  private func contentSHA256(chunkSums sums: [UInt32]) throws -> String {
    var hash = try hashOfDescription()
    for sum in sums { hash.add(sum: sum) }
    return hash.digits
  }

  private func hashOfDescription() throws -> ContentHash {
    var hash = ContentHash()
    hash.add(shape: hasNoSpace ? nil : shape, datatype)
    let names = try attributes.names().filter { !ContentHash.bookkeeping.contains($0) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    hash.add(number: names.count)
    for name in names { try attributes.addContent(of: name, to: &hash) }
    return hash
  }

  /// The sums as they are stored, each held against its chunk.
  private func storedChunkSums() throws -> [UInt32] {
    guard let chunkShape else { return [] }
    let operation = operation("check")
    let buffer = GrowingBuffer()
    let (shape, mask) = (shape, UInt32(1) << UInt32(filters.filters.count - 1))
    guard shape.allSatisfy({ $0 > 0 }) else { return [] }
    var sums: [UInt32] = []
    var offset = [Int](repeating: 0, count: shape.count)
    var isThere = true
    while isThere {
      guard let (byteCount, skipped) = try readRawChunk(at: offset, into: buffer) else {
        throw operation.error(.missingData, "its rows from \(offset[0]) on were never written")
      }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes(atLeast: byteCount)[..<byteCount])
      guard skipped & mask == 0, let sum = ChunkCodec.checkedSum(of: bytes) else {
        throw operation.error(.corruptData, "the chunk of its rows from \(offset[0]) on does not have its checksum")
      }
      sums.append(sum)
      isThere = false
      for dimension in offset.indices.reversed() {
        offset[dimension] += chunkShape[dimension]
        if offset[dimension] < shape[dimension] {
          isThere = true
          break
        }
        offset[dimension] = 0
      }
    }
    return sums
  }

  private func addValues(to hash: inout ContentHash) throws {
    let operation = operation("check")
    if case .string = datatype {
      for text in try readStrings() { hash.add(text: text) }
      return
    }
    guard elementCount > 0 else { return }
    let rowCount = shape.first ?? 1
    let blockRows = max(1, (1 << 20) / max(elementsPerRow, 1))
    var hashed = hash
    try withLibrary { library in
      try checkPresent(rows: nil, library, operation)
      try checkChunks(rows: nil, library, operation)
      let type = try library.check(H5Dget_type(id(library)), operation)
      defer { H5Tclose(type) }
      let littleEndian = try makeLittleEndian(type, datatype, library, operation)
      defer { H5Tclose(littleEndian) }
      let buffer = GrowingBuffer()
      for start in stride(from: 0, to: rowCount, by: blockRows) {
        let rows = start..<min(start + blockRows, rowCount)
        let count = rows.count * elementsPerRow
        let bytes = buffer.bytes(atLeast: count * H5Tget_size(littleEndian))
        try transfer(rows: shape.isEmpty ? nil : rows, elementCount: count, library, operation) { dataset, memorySpace, fileSpace in
          H5Dread(dataset, littleEndian, memorySpace, fileSpace, hid_t(H5P_DEFAULT), bytes.baseAddress)
        }
        hashed.add(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<(count * H5Tget_size(littleEndian))]))
      }
    }
    hash = hashed
  }
}

extension Attributes {
  fileprivate func addContent(of name: String, to hash: inout ContentHash) throws {
    let operation = Operation("check attribute \(name) of", file: file.path, object: object)
    var hashed = hash
    hashed.add(text: name)
    try withLibrary { library in
      let raw = try library.check(H5Aopen(id(library), name, hid_t(H5P_DEFAULT)), operation)
      defer { H5Aclose(raw) }
      let type = try library.check(H5Aget_type(raw), operation)
      defer { H5Tclose(type) }
      let (datatype, _) = try describeType(type, library, operation)
      let space = try library.check(H5Aget_space(raw), operation)
      defer { H5Sclose(space) }
      let isEmpty = H5Sget_simple_extent_type(space) == H5S_NULL
      let rank = Int(try library.check(H5Sget_simple_extent_ndims(space), operation))
      var sizes = [hsize_t](repeating: 0, count: rank)
      if rank > 0 { try library.check(H5Sget_simple_extent_dims(space, &sizes, nil), operation) }
      hashed.add(shape: isEmpty ? nil : sizes.map { Int(clamping: $0) }, datatype)
      // HDF5 keeps attributes in its headers, so their sizes are small; the library has read this one.
      let count = isEmpty ? 0 : Int(try library.check(H5Sget_simple_extent_npoints(space), operation))
      if case .string = datatype {
        for text in try readText(type, count: count, library, operation, { H5Aread(raw, $0, $1) }) { hashed.add(text: text) }
        return
      }
      guard count > 0 else { return }
      let littleEndian = try makeLittleEndian(type, datatype, library, operation)
      defer { H5Tclose(littleEndian) }
      var bytes = [UInt8](repeating: 0, count: count * H5Tget_size(littleEndian))
      try library.check(H5Aread(raw, littleEndian, &bytes), operation)
      bytes.withUnsafeBytes { hashed.add(bytes: $0) }
    }
    hash = hashed
  }
}

/// The stored type of numbers, or of an enumeration's numbers, with the first byte the lowest. The caller closes it.
private func makeLittleEndian(
  _ type: hid_t, _ datatype: Datatype, _ library: borrowing Library, _ operation: Operation
) throws -> hid_t {
  let isEnumeration = H5Tget_class(type) == H5T_ENUM
  let numbers = try library.check(isEnumeration ? H5Tget_super(type) : H5Tcopy(type), operation)
  do {
    let kind = H5Tget_class(numbers)
    guard kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_BITFIELD else {
      throw operation.error(.unsupported, "its type is \(datatype), over which no checksum is defined")
    }
    try library.check(H5Tset_order(numbers, H5T_ORDER_LE), operation)
    return numbers
  } catch {
    H5Tclose(numbers)
    throw error
  }
}
