internal import CHDF5

extension Dataset {
  /// Writes all elements, the last dimension running fastest.
  ///
  /// Numbers convert to the stored type as they do in reading; integers are written into an enumeration as they are.
  ///
  /// - Throws: `shapeMismatch` unless there are as many values as elements; `typeMismatch` for floats into integers and numbers into
  ///   text; `outOfRange` for an integer that the stored type can't hold.
  public func write<T: Element>(_ values: [T]) throws {
    let operation = operation("write")
    try values.withUnsafeBufferPointer { buffer in
      try withLibrary { library in
        guard buffer.count == elementCount else {
          throw operation.error(.shapeMismatch, "\(buffer.count) values for \(elementCount) elements")
        }
        try write(buffer, rows: nil, library, operation)
      }
    }
  }

  /// Writes some rows of dimension 0 with all of the other dimensions: `[rows.count × elements per row]`. Conversions as in `write(_:)`.
  public func write<T: Element>(_ values: UnsafeBufferPointer<T>, rows: Range<Int>) throws {
    let operation = operation("write")
    try withLibrary { library in
      try checkRows(rows, operation)
      let size = rows.count * elementsPerRow
      guard values.count == size else {
        throw operation.error(.shapeMismatch, "\(rows.count) rows are \(size) elements, not \(values.count)")
      }
      try write(values, rows: rows, library, operation)
    }
  }

  /// Writes some rows of dimension 0. See `write(_:rows:)`.
  public func write<T: Element>(_ values: [T], rows: Range<Int>) throws {
    try values.withUnsafeBufferPointer { try write($0, rows: rows) }
  }

  func checkConversion<T: Element>(from type: T.Type, _ operation: Operation) throws {
    var isBitField = false
    if case .bitField = datatype { isBitField = true }
    guard !isBitField, number != .notNumber, T.numberClass != .floating || number == .floating else {
      throw operation.error(.typeMismatch, "its type is \(datatype), to which \(T.self) does not convert")
    }
  }

  private func write<T: Element>(
    _ values: UnsafeBufferPointer<T>, rows: Range<Int>?, _ library: borrowing Library, _ operation: Operation
  ) throws {
    try checkConversion(from: T.self, operation)
    _ = try writableID(library, operation)
    try WriteFault.check(.write, operation)
    let memoryType = try T.memoryType(library, operation)
    if case .integer = number {
      try writeIntegers(values, memoryType, rows: rows, library, operation)
    } else {
      try transfer(rows: rows, elementCount: values.count, library, operation) { dataset, memorySpace, fileSpace in
        H5Dwrite(dataset, memoryType, memorySpace, fileSpace, hid_t(H5P_DEFAULT), values.baseAddress)
      }
    }
  }

  /// Converts to the stored integer type here, where HDF5 would clamp without a word or, for an enumeration, has no conversion.
  private func writeIntegers<T: Element>(
    _ values: UnsafeBufferPointer<T>, _ memoryType: hid_t, rows: Range<Int>?, _ library: borrowing Library, _ operation: Operation
  ) throws {
    let storedType = try library.check(H5Dget_type(id(library)), operation)
    defer { H5Tclose(storedType) }
    let nativeType = try library.check(H5Tget_native_type(storedType, H5T_DIR_ASCEND), operation)
    defer { H5Tclose(nativeType) }
    var bytes = ContiguousArray<UInt8>()
    var source = UnsafeRawPointer(values.baseAddress)
    if T.numberClass != number {
      bytes = try narrowed(values, memoryType, to: nativeType, rows: rows, library, operation)
    }
    try bytes.withUnsafeBytes { converted in
      if T.numberClass != number { source = converted.baseAddress }
      try transfer(rows: rows, elementCount: values.count, library, operation) { dataset, memorySpace, fileSpace in
        H5Dwrite(dataset, nativeType, memorySpace, fileSpace, hid_t(H5P_DEFAULT), source)
      }
    }
  }

  /// The values as `nativeType`, each shown to be unchanged by converting it back.
  private func narrowed<T: Element>(
    _ values: UnsafeBufferPointer<T>, _ memoryType: hid_t, to nativeType: hid_t, rows: Range<Int>?, _ library: borrowing Library,
    _ operation: Operation
  ) throws -> ContiguousArray<UInt8> {
    let isEnumeration = H5Tget_class(nativeType) == H5T_ENUM
    let integerType = try library.check(isEnumeration ? H5Tget_super(nativeType) : H5Tcopy(nativeType), operation)
    defer { H5Tclose(integerType) }
    let count = values.count
    let size = H5Tget_size(integerType)
    let width = max(size, MemoryLayout<T>.stride)
    var converted = ContiguousArray<UInt8>(repeating: 0, count: count * width)
    try converted.withUnsafeMutableBytes { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(values))
      try library.check(H5Tconvert(memoryType, integerType, count, bytes.baseAddress, nil, hid_t(H5P_DEFAULT)), operation)
    }
    var back = converted
    try back.withUnsafeMutableBytes { bytes in
      try library.check(H5Tconvert(integerType, memoryType, count, bytes.baseAddress, nil, hid_t(H5P_DEFAULT)), operation)
      for (index, value) in bytes.bindMemory(to: T.self).prefix(count).enumerated() where value != values[index] {
        let row = (rows?.lowerBound ?? 0) + index / max(elementsPerRow, 1)
        throw operation.error(.outOfRange, "the value \(values[index]) for row \(row) does not fit into \(datatype)")
      }
    }
    return converted
  }
}
