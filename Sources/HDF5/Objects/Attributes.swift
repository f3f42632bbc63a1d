internal import CHDF5
import Files

/// The attributes of a group or data set: small named values.
///
/// Each getter gives nil when there is no attribute of that name, and throws `typeMismatch` when it holds another kind of value.
public struct Attributes: Sendable {
  let file: File
  let object: String
  let handle: Handle

  /// The names, sorted by their bytes; without `text_crc32`, which is no attribute of the object but of its attributes.
  public func names() throws -> [String] {
    let operation = operation("list the attributes of")
    return try withLibrary { library in
      var names: [String] = []
      try withUnsafeMutablePointer(to: &names) { pointer in
        _ = try library.check(
          H5Aiterate2(
            id(library), H5_INDEX_NAME, H5_ITER_INC, nil,
            { _, name, _, context in
              guard let name else { return 0 }
              context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
              return 0
            }, pointer), operation)
      }
      return names.filter { $0 != TextSums.attributeName }
    }
  }

  public func contains(_ name: String) throws -> Bool {
    try withLibrary { library in
      try library.check(H5Aexists(id(library), name), operation("look for attribute \(name) of")) > 0
    }
  }

  /// The type as stored; nil when there is no such attribute.
  public func datatype(of name: String) throws -> Datatype? {
    try open(name) { $0.datatype }
  }

  /// One string, of fixed or variable length, ASCII or UTF-8. h5py's empty value is an empty string.
  public func string(_ name: String) throws -> String? {
    try open(name) { attribute in
      let values = try checked(name, attribute.strings())
      if values.isEmpty, attribute.hasNoSpace { return "" }
      return try attribute.only(values)
    }
  }

  /// Strings of any shape, the last dimension running fastest.
  public func strings(_ name: String) throws -> [String]? {
    try open(name) { try checked(name, $0.strings()) }
  }

  /// One integer; a boolean of h5py is 0 or 1.
  public func integer(_ name: String) throws -> Int? {
    try open(name) { try $0.only(try $0.numbers(as: Int.self)) }
  }

  /// Integers of any shape, the last dimension running fastest.
  public func integers(_ name: String) throws -> [Int]? {
    try open(name) { try $0.numbers(as: Int.self) }
  }

  /// One number, integer or float.
  public func double(_ name: String) throws -> Double? {
    try open(name) { try $0.only(try $0.numbers(as: Double.self)) }
  }

  /// Numbers of any shape, integer or float, the last dimension running fastest.
  public func doubles(_ name: String) throws -> [Double]? {
    try open(name) { try $0.numbers(as: Double.self) }
  }

  /// Sets a string, replacing an attribute of that name. Stored at its own length, in UTF-8, with a checksum: see `TextSums`.
  public func set(_ name: String, _ value: String) throws {
    try set(name, strings: [value], shape: [])
  }

  public func set(_ name: String, _ values: [String]) throws {
    try set(name, strings: values, shape: [values.count])
  }

  /// Sets a 64-bit integer.
  public func set(_ name: String, _ value: Int) throws {
    try set(name, numbers: [value], shape: [])
  }

  public func set(_ name: String, _ values: [Int]) throws {
    try set(name, numbers: values, shape: [values.count])
  }

  public func set(_ name: String, _ value: Double) throws {
    try set(name, numbers: [value], shape: [])
  }

  public func set(_ name: String, _ values: [Double]) throws {
    try set(name, numbers: values, shape: [values.count])
  }

  /// Sets what a file says of itself while it is being written: its schema and version, and that it is not complete.
  public func set(_ schema: Schema) throws {
    try set("schema", schema.name)
    try set("schema_version", schema.version)
    try set("complete", 0)
  }

  /// What is wrong with a file that is to be of `schema`, by these attributes of its root; nil for one to be read.
  public func mismatch(with schema: Schema) throws -> Schema.Mismatch? {
    schema.mismatch(kind: try string("schema"), version: try string("schema_version"), complete: try integer("complete"))
  }

  /// Copies the attributes of another object that this one lacks: numbers, enumerations and text; what else there is, references above all,
  /// belongs to the other file and is left.
  public func copyMissing(from other: Attributes) throws {
    let operation = operation("copy attributes to")
    for name in try other.names() where try !contains(name) {
      if case .string? = try other.datatype(of: name) {
        if let values = try other.strings(name) { try set(name, strings: values, shape: other.shape(of: name)) }
        continue
      }
      try withLibrary { library in
        let source = try library.check(H5Aopen(other.id(library), name, hid_t(H5P_DEFAULT)), operation)
        defer { H5Aclose(source) }
        let type = try library.check(H5Aget_type(source), operation)
        defer { H5Tclose(type) }
        let kind = H5Tget_class(type)
        let space = try library.check(H5Aget_space(source), operation)
        defer { H5Sclose(space) }
        let count = try library.check(H5Sget_simple_extent_npoints(space), operation)
        guard kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM, count > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: Int(count) * H5Tget_size(type))
        try library.check(H5Aread(source, type, &bytes), operation)
        let own = try library.check(H5Tcopy(type), operation)
        defer { H5Tclose(own) }
        let copy = try library.check(
          H5Acreate2(writableID(library, operation), name, own, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)), operation)
        defer { H5Aclose(copy) }
        try library.check(H5Awrite(copy, own, bytes), operation)
      }
    }
  }

  /// Empty for a single value; an attribute of several dimensions counts as one of them.
  private func shape(of name: String) throws -> [Int] {
    let operation = operation("read attribute \(name) of")
    return try withLibrary { library in
      let raw = try library.check(H5Aopen(id(library), name, hid_t(H5P_DEFAULT)), operation)
      defer { H5Aclose(raw) }
      let space = try library.check(H5Aget_space(raw), operation)
      defer { H5Sclose(space) }
      let rank = try library.check(H5Sget_simple_extent_ndims(space), operation)
      return rank == 0 ? [] : [Int(try library.check(H5Sget_simple_extent_npoints(space), operation))]
    }
  }

  /// Removes the attribute, if it is there.
  public func remove(_ name: String) throws {
    let operation = operation("remove attribute \(name) of")
    try withLibrary { library in
      let object = try writableID(library, operation)
      guard try library.check(H5Aexists(object, name), operation) > 0 else { return }
      try library.check(H5Adelete(object, name), operation)
      try setSum(of: name, nil)
    }
  }

  func id(_ library: borrowing Library) throws -> hid_t {
    _ = try file.id(library)
    return handle.id(library)
  }

  private func writableID(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    _ = try file.writableID(library, operation)
    return handle.id(library)
  }

  private func operation(_ verb: String) -> Operation {
    Operation(verb, file: file.path, object: object)
  }
}

// MARK: - Reading

extension Attributes {
  private func open<Value>(_ name: String, _ body: (OpenAttribute) throws -> Value) throws -> Value? {
    let operation = operation("read attribute \(name) of")
    return try withLibrary { library in
      let object = try id(library)
      guard try library.check(H5Aexists(object, name), operation) > 0 else { return nil }
      let raw = try library.check(H5Aopen(object, name, hid_t(H5P_DEFAULT)), operation)
      defer { H5Aclose(raw) }
      return try body(OpenAttribute(raw, library, operation))
    }
  }

  private func textSums() throws -> TextSums {
    TextSums(text: try open(TextSums.attributeName) { try $0.only($0.strings()) } ?? "")
  }

  /// - Throws: `corruptData` for text that is not what was written.
  private func checked(_ name: String, _ values: [String]) throws -> [String] {
    guard try textSums().agrees(name, values) else {
      throw operation("read attribute \(name) of").error(
        .corruptData,
        "its text does not have the checksum in \(TextSums.attributeName): it was damaged, or changed by a program that keeps no checksums "
          + "(then delete \(TextSums.attributeName))")
    }
    return values
  }
}

/// An attribute while the lock is held; valid inside the closure that it is handed to.
private struct OpenAttribute {
  let raw: hid_t
  let datatype: Datatype
  let number: NumberClass
  let count: Int
  let hasNoSpace: Bool
  let operation: Operation

  init(_ raw: hid_t, _ library: borrowing Library, _ operation: Operation) throws {
    self.raw = raw
    self.operation = operation
    let type = try library.check(H5Aget_type(raw), operation)
    defer { H5Tclose(type) }
    (datatype, number) = try describeType(type, library, operation)
    let space = try library.check(H5Aget_space(raw), operation)
    defer { H5Sclose(space) }
    hasNoSpace = H5Sget_simple_extent_type(space) == H5S_NULL
    count = hasNoSpace ? 0 : Int(try library.check(H5Sget_simple_extent_npoints(space), operation))
  }

  func only<Value>(_ values: [Value]) throws -> Value {
    guard values.count == 1 else { throw operation.error(.shapeMismatch, "it holds \(values.count) values, not one") }
    return values[0]
  }

  func strings() throws -> [String] {
    guard case .string = datatype else { throw operation.error(.typeMismatch, "its type is \(datatype), not text") }
    return try withLibrary { library in
      let type = try library.check(H5Aget_type(raw), operation)
      defer { H5Tclose(type) }
      return try readText(type, count: count, library, operation) { H5Aread(raw, $0, $1) }
    }
  }

  func numbers<T: Element>(as _: T.Type) throws -> [T] {
    guard number != .notNumber, T.numberClass == .floating || number != .floating else {
      throw operation.error(.typeMismatch, "its type is \(datatype), which does not convert to \(T.self)")
    }
    if case .bitField = datatype {
      return try read(as: UInt8.self, memoryType: chdf5_native_b8()).compactMap { T(exactly: $0) }
    }
    guard number.fits(in: T.numberClass) else { return try unsignedNumbers() }
    return try read(as: T.self)
  }

  /// The only integers that 64 signed bits don't hold.
  private func unsignedNumbers<T: Element>() throws -> [T] {
    try read(as: UInt64.self).map { wide in
      guard let value = T(exactly: wide) else { throw operation.error(.outOfRange, "the value \(wide) does not fit into \(T.self)") }
      return value
    }
  }

  private func read<T: Element>(as _: T.Type, memoryType: hid_t? = nil) throws -> [T] {
    guard count > 0 else { return [] }
    return try withLibrary { library in
      let memoryType = try memoryType ?? T.memoryType(library, operation)
      return try [T](unsafeUninitializedCapacity: count) { buffer, filled in
        try library.check(H5Aread(raw, memoryType, buffer.baseAddress), operation)
        filled = count
      }
    }
  }
}

// MARK: - Writing

extension Attributes {
  private func set(_ name: String, strings: [String], shape: [Int]) throws {
    let operation = operation("write attribute \(name) of")
    try create(name, .string(length: nil), shape, operation) { attribute, type, library in
      try writeText(strings, type, library, operation) { H5Awrite(attribute, $0, $1) }
    }
    try setSum(of: name, strings)
  }

  /// - Parameter values: nil for an attribute that is no text, or no longer there.
  private func setSum(of name: String, _ values: [String]?) throws {
    var sums = try textSums()
    guard values != nil || !sums.isEmpty else { return }
    sums.set(name, values)
    let text = sums.text
    let operation = operation("write attribute \(TextSums.attributeName) of")
    // HDF5 has no type of 0 bytes.
    try create(TextSums.attributeName, .string(length: max(1, text.utf8.count)), [], operation) { attribute, type, library in
      try writeText([text], type, library, operation) { H5Awrite(attribute, $0, $1) }
    }
  }

  private func set<T: Element>(_ name: String, numbers: [T], shape: [Int]) throws {
    let operation = operation("write attribute \(name) of")
    try create(name, T.datatype, shape, operation) { attribute, _, library in
      guard !numbers.isEmpty else { return }
      try library.check(H5Awrite(attribute, T.memoryType(library, operation), numbers), operation)
    }
    try setSum(of: name, nil)
  }

  private func create(
    _ name: String, _ datatype: Datatype, _ shape: [Int], _ operation: Operation,
    _ write: (_ attribute: hid_t, _ type: hid_t, borrowing Library) throws -> Void
  ) throws {
    try withLibrary { library in
      let object = try writableID(library, operation)
      if try library.check(H5Aexists(object, name), operation) > 0 {
        try library.check(H5Adelete(object, name), operation)
      }
      let type = try datatype.makeStoredType(library, operation)
      defer { H5Tclose(type) }
      let sizes = shape.map { hsize_t($0) }
      let space = try library.check(shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, sizes, nil), operation)
      defer { H5Sclose(space) }
      let raw = try library.check(H5Acreate2(object, name, type, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)), operation)
      defer { H5Aclose(raw) }
      try write(raw, type, library)
    }
  }
}
