internal import CHDF5

extension Dataset {
  /// Reads all strings, the last dimension running fastest, whether stored at fixed or variable length, as ASCII or UTF-8. Bytes that are
  /// not UTF-8 become U+FFFD; padding is left out.
  ///
  /// - Throws: `typeMismatch` when the elements are no strings.
  public func readStrings() throws -> [String] { try readStrings(of: nil) }

  /// Reads the strings of some rows, as `readStrings()` does.
  public func readStrings(rows: Range<Int>) throws -> [String] { try readStrings(of: rows) }

  private func readStrings(of rows: Range<Int>?) throws -> [String] {
    let operation = operation("read")
    return try withLibrary { library in
      guard case .string = datatype else { throw operation.error(.typeMismatch, "its type is \(datatype), not text") }
      if let rows { try checkRows(rows, operation) }
      try checkPresent(rows: rows, library, operation)
      try checkChunks(rows: rows, library, operation)
      let dataset = try id(library)
      let type = try library.check(H5Dget_type(dataset), operation)
      defer { H5Tclose(type) }
      if let rows {
        let count = rows.count * elementsPerRow
        return try readText(type, count: count, library, operation) { memoryType, buffer in
          var code: herr_t = 0
          try transfer(rows: rows, elementCount: count, library, operation) { dataset, memorySpace, fileSpace in
            code = H5Dread(dataset, memoryType, memorySpace, fileSpace, hid_t(H5P_DEFAULT), buffer)
            return code
          }
          return code
        }
      }
      return try readText(type, count: elementCount, library, operation) { memoryType, buffer in
        H5Dread(dataset, memoryType, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), buffer)
      }
    }
  }

  /// Writes all strings.
  ///
  /// - Throws: `shapeMismatch` unless there are as many as elements; `outOfRange` for one longer than the stored type.
  public func writeStrings(_ values: [String]) throws {
    let operation = operation("write")
    try withLibrary { library in
      guard case .string = datatype else { throw operation.error(.typeMismatch, "its type is \(datatype), not text") }
      guard values.count == elementCount else {
        throw operation.error(.shapeMismatch, "\(values.count) values for \(elementCount) elements")
      }
      try WriteFault.check(.write, operation)
      let dataset = try writableID(library, operation)
      let type = try library.check(H5Dget_type(dataset), operation)
      defer { H5Tclose(type) }
      try writeText(values, type, library, operation) { memoryType, buffer in
        H5Dwrite(dataset, memoryType, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), buffer)
      }
    }
  }
}

/// Reads `count` strings of the stored type through `call`, which gets the type in memory and a buffer.
func readText(
  _ type: hid_t, count: Int, _ library: borrowing Library, _ operation: Operation,
  _ call: (_ memoryType: hid_t, _ buffer: UnsafeMutableRawPointer?) throws -> herr_t
) throws -> [String] {
  guard count > 0 else { return [] }
  if try library.check(H5Tis_variable_str(type), operation) > 0 {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    return try pointers.withUnsafeMutableBytes { buffer in
      _ = try library.check(call(type, buffer.baseAddress), operation)
      let strings = buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self)
      defer {
        // HDF5 allocated each string, so HDF5 frees it.
        for string in strings { H5free_memory(string) }
      }
      return strings.map { $0.map { String(cString: $0) } ?? "" }
    }
  }
  let length = H5Tget_size(type)
  let padding = H5Tget_strpad(type)
  var bytes = [UInt8](repeating: 0, count: count * length)
  try bytes.withUnsafeMutableBytes { buffer in
    _ = try library.check(call(type, buffer.baseAddress), operation)
  }
  return (0..<count).map { index in
    var text = bytes[index * length..<(index + 1) * length]
    if padding == H5T_STR_SPACEPAD {
      while text.last == UInt8(ascii: " ") { text.removeLast() }
    } else if let end = text.firstIndex(of: 0) {
      text = text[..<end]
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Writes strings as the stored type through `call`, which gets the type in memory and the encoded strings.
func writeText(
  _ values: [String], _ type: hid_t, _ library: borrowing Library, _ operation: Operation,
  _ call: (_ memoryType: hid_t, _ buffer: UnsafeRawPointer?) -> herr_t
) throws {
  guard !values.isEmpty else { return }
  if let text = values.first(where: { $0.utf8.contains(0) }) {
    throw operation.error(.outOfRange, "\(text.debugDescription) holds a zero byte, which ends a string in HDF5")
  }
  if try library.check(H5Tis_variable_str(type), operation) > 0 {
    // All texts in one buffer, each ended by a zero, and a pointer to each.
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for value in values {
      offsets.append(bytes.count)
      bytes.append(contentsOf: value.utf8CString)
    }
    try bytes.withUnsafeBufferPointer { bytes in
      let pointers = offsets.map { offset in bytes.baseAddress.map { $0 + offset } }
      try pointers.withUnsafeBytes { _ = try library.check(call(type, $0.baseAddress), operation) }
    }
    return
  }
  let length = H5Tget_size(type)
  var bytes = [UInt8](repeating: 0, count: values.count * length)
  for (index, value) in values.enumerated() {
    guard value.utf8.count <= length else {
      throw operation.error(.outOfRange, "\(value.debugDescription) is longer than \(length) bytes")
    }
    bytes.replaceSubrange(index * length..<index * length + value.utf8.count, with: value.utf8)
  }
  try bytes.withUnsafeBytes { _ = try library.check(call(type, $0.baseAddress), operation) }
}
