internal import CHDF5

/// An array in a file: its type, shape and storage. Reading and writing are in the extensions.
///
/// Safe to use from any thread: calls take turns.
public final class Dataset: @unchecked Sendable {
  // Sendable because its variables are read and written inside the library's lock only.

  /// The absolute path inside the file, such as `/layers/dense_1/activations`.
  public let path: String
  /// The type of the elements as stored.
  public let datatype: Datatype
  /// The shape of a chunk; nil where the data are stored in one piece.
  public let chunkShape: [Int]?
  /// The filters on the way to the file, those that this package doesn't know included.
  public let filters: FilterPipeline
  /// The greatest shape that `extend` can reach; nil in a dimension without limit.
  public let maximumShape: [Int?]

  let number: NumberClass
  /// Whether its writer set the value that stands for what was never written.
  let hasFillValue: Bool
  private let handle: Handle
  let file: File
  private var extent: [Int]
  /// Whether its declared size was held against the stored bytes.
  var isDeclarationTrusted = false
  let hasNoSpace: Bool

  /// The number of elements in each dimension; empty for a single value. After an `extend` through another `Dataset` of the same
  /// data this is the shape before it.
  public var shape: [Int] { withLibrary { _ in extent } }

  /// The attributes of this data set.
  public var attributes: Attributes { Attributes(file: file, object: path, handle: handle) }

  private init(file: File, path: String, handle: Handle, library: borrowing Library, operation: Operation) throws {
    self.file = file
    self.path = path
    self.handle = handle
    let raw = handle.id(library)

    // Before anything else: to give its shape, HDF5 may open the sources of a virtual data set.
    let list = try library.check(H5Dget_create_plist(raw), operation)
    defer { H5Pclose(list) }
    try Dataset.checkStorage(list, library, operation)
    filters = try FilterPipeline(of: list, library, operation)
    var fillValue = H5D_FILL_VALUE_UNDEFINED
    try library.check(H5Pfill_value_defined(list, &fillValue), operation)
    hasFillValue = fillValue == H5D_FILL_VALUE_USER_DEFINED

    let type = try library.check(H5Dget_type(raw), operation)
    defer { H5Tclose(type) }
    (datatype, number) = try describeType(type, library, operation)

    let space = try library.check(H5Dget_space(raw), operation)
    defer { H5Sclose(space) }
    hasNoSpace = H5Sget_simple_extent_type(space) == H5S_NULL
    (extent, maximumShape) = try Dataset.extents(of: space, elementSize: H5Tget_size(type), library, operation)
    chunkShape = try Dataset.chunkShape(in: list, rank: extent.count, library, operation)
    if let chunkShape, !hasNoSpace {
      try Dataset.checkChunk(chunkShape, extent: extent, elementSize: H5Tget_size(type), operation)
    }
  }

  /// - Throws: `pointsElsewhere` for data that lie in other files.
  private static func checkStorage(_ list: hid_t, _ library: borrowing Library, _ operation: Operation) throws {
    if H5Pget_layout(list) == H5D_VIRTUAL {
      throw operation.error(
        .pointsElsewhere,
        "it is a virtual data set, whose rows lie in other files; other files are never read from here, so copy the rows into one file")
    }
    if try library.check(H5Pget_external_count(list), operation) > 0 {
      throw operation.error(
        .pointsElsewhere,
        "its rows lie in another file (external storage); other files are never read from here, so copy the rows into one file")
    }
  }

  static func open(in file: File, at path: String) throws -> Dataset {
    let operation = Operation("open", file: file.path, object: path)
    return try withLibrary { library in
      let id = try file.id(library)
      let raw = try library.open(path, in: id, chdf5_dataset_access(), operation) { H5Dopen2(id, path, $0) }
      let dataset = try Dataset(file: file, path: path, handle: Handle(raw, in: file), library: library, operation: operation)
      guard let cacheSize = try dataset.neededCacheSize(library, operation) else { return dataset }
      let access = try library.check(H5Pcreate(chdf5_dataset_access()), operation)
      defer { H5Pclose(access) }
      try library.check(H5Pset_chunk_cache(access, 521, cacheSize, 0.75), operation)
      let cached = try library.check(H5Dopen2(id, path, access), operation)
      return try Dataset(file: file, path: path, handle: Handle(cached, in: file), library: library, operation: operation)
    }
  }

  /// The bytes that the elements take in the file, filtered as they are there; 0 where nothing has been written.
  public var storedByteCount: Int {
    withLibrary { library in Int(clamping: H5Dget_storage_size(handle.id(library))) }
  }

  /// Where a row of chunks is greater than HDF5's cache of 1 MB, a read of few rows would inflate it anew each time: the size, up to
  /// 64 MB, that keeps it.
  private func neededCacheSize(_ library: borrowing Library, _ operation: Operation) throws -> Int? {
    guard let chunkShape, let chunkRows = chunkShape.first, !filters.filters.isEmpty else { return nil }
    let type = try library.check(H5Dget_type(handle.id(library)), operation)
    defer { H5Tclose(type) }
    let bandSize = zip(chunkShape, extent).dropFirst().reduce(Double(chunkRows) * Double(H5Tget_size(type))) { size, dimension in
      let (chunk, whole) = dimension
      return size * Double((whole + chunk - 1) / chunk) * Double(chunk)
    }
    return bandSize > 0x1p20 && bandSize <= 0x1p26 ? Int(bandSize) : nil
  }

  static func create(
    in file: File, at path: String, type: Datatype, shape: [Int], maximumShape: [Int?]?, chunk: [Int]?, filters: FilterPipeline
  ) throws -> Dataset {
    let operation = Operation("create", file: file.path, object: path)
    guard shape.allSatisfy({ $0 >= 0 }), maximumShape?.allSatisfy({ $0 ?? 0 >= 0 }) ?? true,
      maximumShape?.count ?? shape.count == shape.count, chunk?.count ?? shape.count == shape.count
    else { throw operation.error(.shapeMismatch, "shape, greatest shape and chunk need one size for each dimension") }
    guard chunk != nil || (filters == .none && maximumShape == nil) else {
      throw operation.error(.shapeMismatch, "filters and growth need a chunk shape")
    }
    return try withLibrary { library in
      let storedType = try type.makeStoredType(library, operation)
      defer { H5Tclose(storedType) }
      let sizes = shape.map { hsize_t($0) }
      let limits = maximumShape.map { $0.map { $0.map { hsize_t($0) } ?? chdf5_unlimited() } }
      let space = try library.check(
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(sizes.count), sizes, limits), operation)
      defer { H5Sclose(space) }
      let list = try library.check(H5Pcreate(chdf5_dataset_create()), operation)
      defer { H5Pclose(list) }
      // A time stamp would make two runs with the same seed differ.
      try library.check(H5Pset_obj_track_times(list, false), operation)
      if let chunk {
        try library.check(H5Pset_chunk(list, Int32(chunk.count), chunk.map { hsize_t(max($0, 0)) }), operation)
        try filters.apply(to: list, library, operation)
      }
      let links = try linkList(library, operation)
      defer { H5Pclose(links) }
      let access = try library.check(H5Pcreate(chdf5_dataset_access()), operation)
      defer { H5Pclose(access) }
      // What is written goes from first to last, chunk by chunk: a table of 521 chunks is of no use, and thousands of data sets may be open.
      try library.check(H5Pset_chunk_cache(access, 7, 1 << 20, 0.75), operation)
      let raw = try library.check(
        H5Dcreate2(file.writableID(library, operation), path, storedType, space, links, list, access), operation)
      return try Dataset(file: file, path: path, handle: Handle(raw, in: file), library: library, operation: operation)
    }
  }

  /// Changes the number of rows, the size of dimension 0. New rows have to be written before they can be read; rows cut off are lost.
  public func extend(rows: Int) throws {
    let operation = Operation("extend", file: file.path, object: path)
    try withLibrary { library in
      guard !extent.isEmpty else { throw operation.error(.shapeMismatch, "a single value has no rows") }
      guard rows >= 0 else { throw operation.error(.outOfRange, "there is no shape with \(rows) rows") }
      if rows > extent[0] { try WriteFault.check(.allocation, operation) }
      var sizes = extent
      sizes[0] = rows
      try library.check(H5Dset_extent(writableID(library, operation), sizes.map { hsize_t($0) }), operation)
      extent = sizes
    }
  }

  /// Throws once the file is closed.
  func id(_ library: borrowing Library) throws -> hid_t {
    _ = try file.id(library)
    return handle.id(library)
  }

  func writableID(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    _ = try file.writableID(library, operation)
    return handle.id(library)
  }

  func operation(_ verb: String) -> Operation {
    Operation(verb, file: file.path, object: path)
  }

  /// The number of elements in each row of dimension 0.
  var elementsPerRow: Int { shape.dropFirst().reduce(1, *) }

  /// The number of elements in all; none where the data set has no space at all.
  var elementCount: Int { hasNoSpace ? 0 : shape.reduce(1, *) }

  private static func extents(
    of space: hid_t, elementSize: Int, _ library: borrowing Library, _ operation: Operation
  ) throws -> ([Int], [Int?]) {
    let rank = Int(try library.check(H5Sget_simple_extent_ndims(space), operation))
    var sizes = [hsize_t](repeating: 0, count: rank)
    var limits = sizes
    if rank > 0 { try library.check(H5Sget_simple_extent_dims(space, &sizes, &limits), operation) }
    // Leaves room for the arithmetic of bytes: eight for each number in memory, and those of longer elements in the file.
    let count = sizes.filter { $0 > 0 }.reduce(1.0) { $0 * Double($1) }
    guard count < 0x1p60, count * Double(elementSize) < 0x1p62 else {
      throw operation.error(.unsupported, "its shape \(sizes) is too large")
    }
    return (sizes.map { Int($0) }, limits.map { Int(exactly: $0) })
  }

  private static func chunkShape(
    in list: hid_t, rank: Int, _ library: borrowing Library, _ operation: Operation
  ) throws -> [Int]? {
    guard H5Pget_layout(list) == H5D_CHUNKED else { return nil }
    var sizes = [hsize_t](repeating: 0, count: rank)
    try library.check(H5Pget_chunk(list, Int32(rank), &sizes), operation)
    guard sizes.allSatisfy({ $0 > 0 && $0 <= UInt32.max }) else {
      throw operation.error(.corruptData, "its chunks have the impossible shape \(sizes)")
    }
    return sizes.map { Int($0) }
  }
}

extension Group {
  /// Makes a data set. What is not written cannot be read.
  ///
  /// - Parameters:
  ///   - shape: sizes, rows first; empty for a single value.
  ///   - maximumShape: how far each dimension may grow, nil for without limit; needs a chunk shape. Without it the shape is fixed.
  ///   - chunk: stores the data in chunks of this shape.
  ///   - filters: what chunks pass through; needs a chunk shape.
  @discardableResult
  public func createDataset(
    _ name: String, type: Datatype, shape: [Int], maximumShape: [Int?]? = nil, chunk: [Int]? = nil, filters: FilterPipeline = .none
  ) throws -> Dataset {
    try Dataset.create(
      in: file, at: childPath(name), type: type, shape: shape, maximumShape: maximumShape, chunk: chunk, filters: filters)
  }

  /// Makes a data set in one piece and writes it: for what is small.
  ///
  /// - Parameters:
  ///   - shape: as many elements as there are values; the default is one dimension.
  ///   - type: the stored type; the default holds the values bit for bit.
  @discardableResult
  public func write<T: Element>(_ name: String, _ values: [T], shape: [Int]? = nil, type: Datatype? = nil) throws -> Dataset {
    let dataset = try createDataset(name, type: type ?? T.datatype, shape: shape ?? [values.count])
    try dataset.write(values)
    return dataset
  }

  /// Makes a data set of strings in one piece and writes it.
  ///
  /// - Parameters:
  ///   - shape: as many elements as there are values; the default is one dimension.
  ///   - length: bytes kept for each string; nil stores each at its own length.
  @discardableResult
  public func writeStrings(_ name: String, _ values: [String], shape: [Int]? = nil, length: Int? = nil) throws -> Dataset {
    let dataset = try createDataset(name, type: .string(length: length), shape: shape ?? [values.count])
    try dataset.writeStrings(values)
    return dataset
  }
}
