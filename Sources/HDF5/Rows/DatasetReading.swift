internal import CHDF5

extension Dataset {
  /// Reads all elements, the last dimension running fastest.
  ///
  /// Numbers convert to `T`: a wider float rounds to the nearest narrower one (an overflow gives infinity), an integer to the nearest
  /// float, an enumeration to its integers. NaN stays NaN. An empty data set gives an empty array.
  ///
  /// - Parameter rank: the number of dimensions that the caller counts on.
  /// - Throws: `typeMismatch` for text, structures, and floats read as integers; `outOfRange` for an integer that `T` can't hold;
  ///   `shapeMismatch` for another rank; `missingData` where a part was never written and no value was set to stand for it.
  public func read<T: Element>(as type: T.Type = T.self, rank: Int? = nil) throws -> [T] {
    let operation = operation("read")
    return try withLibrary { library in
      if let rank, rank != shape.count {
        throw operation.error(.shapeMismatch, "it has \(shape.count) dimensions, not \(rank)")
      }
      try checkPresent(rows: nil, library, operation)
      return try [T](unsafeUninitializedCapacity: elementCount) { buffer, count in
        let target = UnsafeMutableBufferPointer(rebasing: buffer[..<elementCount])
        try read(rows: nil, into: target, library, operation)
        count = elementCount
      }
    }
  }

  /// Reads some rows of dimension 0 with all of the other dimensions: `[rows.count × elements per row]`. Conversions as in `read(as:)`.
  public func read<T: Element>(rows: Range<Int>, as type: T.Type = T.self) throws -> [T] {
    let operation = operation("read")
    return try withLibrary { library in
      try checkRows(rows, operation)
      try checkPresent(rows: rows, library, operation)
      let size = rows.count * elementsPerRow
      return try [T](unsafeUninitializedCapacity: size) { buffer, count in
        let target = UnsafeMutableBufferPointer(rebasing: buffer[..<size])
        try read(rows: rows, into: target, library, operation)
        count = size
      }
    }
  }

  /// Reads some rows into memory that is there already. The buffer's count must be exactly `rows.count × elements per row`.
  public func read<T: Element>(rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<T>) throws {
    let operation = operation("read")
    try withLibrary { library in
      try checkRows(rows, operation)
      let size = rows.count * elementsPerRow
      guard buffer.count == size else {
        throw operation.error(.shapeMismatch, "\(rows.count) rows are \(size) elements, and the buffer has room for \(buffer.count)")
      }
      try checkPresent(rows: rows, library, operation)
      try read(rows: rows, into: buffer, library, operation)
    }
  }

  func checkRows(_ rows: Range<Int>, _ operation: Operation) throws {
    guard let count = shape.first else { throw operation.error(.shapeMismatch, "a single value has no rows") }
    guard rows.lowerBound >= 0, rows.upperBound <= count else {
      throw operation.error(.outOfRange, "rows \(rows.lowerBound)..<\(rows.upperBound) of \(count)")
    }
  }

  func checkConversion<T: Element>(to type: T.Type, _ operation: Operation) throws {
    guard number != .notNumber, T.numberClass == .floating || number != .floating else {
      throw operation.error(.typeMismatch, "its type is \(datatype), which does not convert to \(T.self)")
    }
  }

  /// `rows` nil stands for everything. The buffer has the right count.
  private func read<T: Element>(
    rows: Range<Int>?, into buffer: UnsafeMutableBufferPointer<T>, _ library: borrowing Library, _ operation: Operation
  ) throws {
    try checkConversion(to: T.self, operation)
    try WriteFault.check(.read, operation)
    try checkChunks(rows: rows, library, operation)
    guard number.fits(in: T.numberClass), datatype != .bitField(byteCount: 1) else {
      return try readNarrowing(rows: rows, into: buffer, library, operation)
    }
    let memoryType = try T.memoryType(library, operation)
    try transfer(rows: rows, elementCount: buffer.count, library, operation) { dataset, memorySpace, fileSpace in
      H5Dread(dataset, memoryType, memorySpace, fileSpace, hid_t(H5P_DEFAULT), buffer.baseAddress)
    }
  }

  /// HDF5 clamps an integer that does not fit and says nothing: reads 64-bit integers block by block and narrows them here. Bit fields it
  /// converts to no number at all: reads their bytes and widens them.
  private func readNarrowing<T: Element>(
    rows: Range<Int>?, into buffer: UnsafeMutableBufferPointer<T>, _ library: borrowing Library, _ operation: Operation
  ) throws {
    if case .bitField = datatype {
      try narrow(UInt8.self, chdf5_native_b8(), rows: rows, into: buffer, library, operation)
    } else if case .integer(8, false) = number {
      try narrow(UInt64.self, UInt64.memoryType(library, operation), rows: rows, into: buffer, library, operation)
    } else {
      try narrow(Int64.self, Int64.memoryType(library, operation), rows: rows, into: buffer, library, operation)
    }
  }

  private func narrow<Wide: Element & FixedWidthInteger, T: Element>(
    _ wide: Wide.Type, _ wideType: hid_t, rows: Range<Int>?, into buffer: UnsafeMutableBufferPointer<T>, _ library: borrowing Library,
    _ operation: Operation
  ) throws {
    let all = rows ?? 0..<(shape.first ?? 1)
    let rowSize = max(elementsPerRow, 1)
    let blockRows = max(1, 65_536 / rowSize)
    var values = [Wide](repeating: 0, count: min(blockRows, all.count) * rowSize)
    var done = 0
    for start in stride(from: all.lowerBound, to: all.upperBound, by: blockRows) {
      let block = start..<min(start + blockRows, all.upperBound)
      let count = min(block.count * rowSize, buffer.count - done)
      try values.withUnsafeMutableBufferPointer { values in
        try transfer(rows: shape.isEmpty ? nil : block, elementCount: count, library, operation) { dataset, memorySpace, fileSpace in
          H5Dread(dataset, wideType, memorySpace, fileSpace, hid_t(H5P_DEFAULT), values.baseAddress)
        }
      }
      for index in 0..<count {
        guard let value = T(exactly: values[index]) else {
          throw operation.error(
            .outOfRange, "the value \(values[index]) in row \(block.lowerBound + index / rowSize) does not fit into \(T.self)")
        }
        buffer[done + index] = value
      }
      done += count
    }
  }

  /// Selects the rows in the file and as many elements in memory, and runs one call on them.
  func transfer(
    rows: Range<Int>?, elementCount: Int, _ library: borrowing Library, _ operation: Operation,
    _ call: (_ dataset: hid_t, _ memorySpace: hid_t, _ fileSpace: hid_t) -> herr_t
  ) throws {
    let dataset = try id(library)
    guard elementCount > 0 else { return }
    guard let rows else {
      return try checkTransfer(call(dataset, hid_t(H5S_ALL), hid_t(H5S_ALL)), library, operation)
    }
    let fileSpace = try library.check(H5Dget_space(dataset), operation)
    defer { H5Sclose(fileSpace) }
    var start = [hsize_t](repeating: 0, count: shape.count)
    var count = shape.map { hsize_t($0) }
    start[0] = hsize_t(rows.lowerBound)
    count[0] = hsize_t(rows.count)
    try library.check(H5Sselect_hyperslab(fileSpace, H5S_SELECT_SET, start, nil, count, nil), operation)
    let memorySpace = try library.check(H5Screate_simple(Int32(count.count), count, nil), operation)
    defer { H5Sclose(memorySpace) }
    try checkTransfer(call(dataset, memorySpace, fileSpace), library, operation)
  }

  /// Like `check`; a failure for want of a filter says which, where HDF5 speaks of folders that it searched.
  private func checkTransfer(_ code: herr_t, _ library: borrowing Library, _ operation: Operation) throws {
    guard code < 0 else { return }
    let error = HDF5Error(operation, stack: ErrorStack.current(library))
    for case .other(let id, let name) in filters.filters where H5Zfilter_avail(H5Z_filter_t(id)) <= 0 {
      throw HDF5Error(
        kind: .unsupported, operation: error.operation, file: error.file, object: error.object,
        reason: "HDF5 has no filter \(id) (\(name)) here; HDF5_PLUGIN_PATH can name the folder with its plugin",
        outermost: error.outermost, innermost: error.innermost)
    }
    throw error
  }
}
