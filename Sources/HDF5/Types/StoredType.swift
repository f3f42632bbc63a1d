internal import CHDF5

/// How the bits of a stored type are to be understood when numbers are converted.
enum NumberClass: Equatable {
  case integer(byteCount: Int, isSigned: Bool)
  case floating
  case notNumber

  /// Whether every value of this class has an exact counterpart in `other`, or converts by rounding to a float.
  func fits(in other: NumberClass) -> Bool {
    switch (self, other) {
    case (.integer(let size, let isSigned), .integer(let otherSize, let otherIsSigned)):
      if isSigned == otherIsSigned { return size <= otherSize }
      return !isSigned && size < otherSize
    case (.integer, .floating), (.floating, .floating): return true
    default: return false
    }
  }
}

extension Element {
  static var numberClass: NumberClass {
    switch datatype {
    case .int8: .integer(byteCount: 1, isSigned: true)
    case .int16: .integer(byteCount: 2, isSigned: true)
    case .int32: .integer(byteCount: 4, isSigned: true)
    case .int64: .integer(byteCount: 8, isSigned: true)
    case .uint8: .integer(byteCount: 1, isSigned: false)
    case .uint16: .integer(byteCount: 2, isSigned: false)
    case .uint32: .integer(byteCount: 4, isSigned: false)
    case .uint64: .integer(byteCount: 8, isSigned: false)
    case .float16, .float32, .float64: .floating
    default: .notNumber
    }
  }

  /// The library's type for this element in memory. It is the library's own: nobody closes it.
  ///
  /// - Throws: `typeMismatch` for a conformance made elsewhere whose `datatype` is not the element's size.
  static func memoryType(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    let raw: hid_t
    switch datatype {
    case .int8: raw = chdf5_native_int8()
    case .int16: raw = chdf5_native_int16()
    case .int32: raw = chdf5_native_int32()
    case .int64: raw = chdf5_native_int64()
    case .uint8: raw = chdf5_native_uint8()
    case .uint16: raw = chdf5_native_uint16()
    case .uint32: raw = chdf5_native_uint32()
    case .uint64: raw = chdf5_native_uint64()
    case .float16: raw = try NativeHalf.type(library, operation)
    case .float32: raw = chdf5_native_float()
    case .float64: raw = chdf5_native_double()
    default: raw = -1
    }
    guard raw >= 0, H5Tget_size(raw) == MemoryLayout<Self>.stride else {
      throw operation.error(.typeMismatch, "\(Self.self) is no element type")
    }
    return raw
  }
}

/// The library has no type of its own for float16: it is made once and kept.
private enum NativeHalf {
  // Touched only by who holds the library.
  nonisolated(unsafe) private static var made: hid_t?

  static func type(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    if let made { return made }
    let raw = try Datatype.float16.makeStoredType(library, operation)
    if H5Tset_order(raw, H5Tget_order(chdf5_native_float())) < 0 {
      H5Tclose(raw)
      throw HDF5Error(operation, stack: ErrorStack.current(library))
    }
    made = raw
    return raw
  }
}

extension Datatype {
  /// Makes the library's type to store. The caller closes it.
  func makeStoredType(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    switch self {
    case .int8: return try library.check(H5Tcopy(chdf5_le_int8()), operation)
    case .int16: return try library.check(H5Tcopy(chdf5_le_int16()), operation)
    case .int32: return try library.check(H5Tcopy(chdf5_le_int32()), operation)
    case .int64: return try library.check(H5Tcopy(chdf5_le_int64()), operation)
    case .uint8: return try library.check(H5Tcopy(chdf5_le_uint8()), operation)
    case .uint16: return try library.check(H5Tcopy(chdf5_le_uint16()), operation)
    case .uint32: return try library.check(H5Tcopy(chdf5_le_uint32()), operation)
    case .uint64: return try library.check(H5Tcopy(chdf5_le_uint64()), operation)
    case .float32: return try library.check(H5Tcopy(chdf5_le_float()), operation)
    case .float64: return try library.check(H5Tcopy(chdf5_le_double()), operation)
    case .float16: return try makeHalf(exponentBits: 5, library, operation)
    case .bfloat16: return try makeHalf(exponentBits: 8, library, operation)
    case .string(let length): return try makeString(length, library, operation)
    case .enumeration(let base, let members): return try makeEnumeration(base, members, library, operation)
    case .float, .bitField, .other: throw operation.error(.unsupported, "data of type \(self) cannot be made here")
    }
  }

  /// A float of 16 bits.
  private func makeHalf(exponentBits: Int, _ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    let raw = try library.check(H5Tcopy(chdf5_le_float()), operation)
    do {
      try library.check(H5Tset_fields(raw, 15, 15 - exponentBits, exponentBits, 0, 15 - exponentBits), operation)
      try library.check(H5Tset_size(raw, 2), operation)
      try library.check(H5Tset_ebias(raw, (1 << (exponentBits - 1)) - 1), operation)
      return raw
    } catch {
      H5Tclose(raw)
      throw error
    }
  }

  private func makeString(_ length: Int?, _ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    if let length, length < 1 {
      throw operation.error(.outOfRange, "a string type has at least one byte")
    }
    let raw = try library.check(H5Tcopy(chdf5_c_string()), operation)
    do {
      try library.check(H5Tset_size(raw, length ?? chdf5_variable_length()), operation)
      try library.check(H5Tset_cset(raw, H5T_CSET_UTF8), operation)
      if length != nil { try library.check(H5Tset_strpad(raw, H5T_STR_NULLPAD), operation) }
      return raw
    } catch {
      H5Tclose(raw)
      throw error
    }
  }

  private func makeEnumeration(
    _ base: Datatype, _ members: [EnumerationMember], _ library: borrowing Library, _ operation: Operation
  ) throws -> hid_t {
    guard base.isInteger else { throw operation.error(.typeMismatch, "an enumeration is made of integers, not of \(base)") }
    let baseType = try base.makeStoredType(library, operation)
    defer { H5Tclose(baseType) }
    let raw = try library.check(H5Tenum_create(baseType), operation)
    do {
      for member in members {
        var value = Int64(member.value)
        // The base of our own types is little-endian and no wider than the value, so its first bytes are the member's.
        value = value.littleEndian
        let isExact = base.holds(member.value)
        guard isExact else { throw operation.error(.outOfRange, "\(member.name) = \(member.value) does not fit into \(base)") }
        try library.check(H5Tenum_insert(raw, member.name, &value), operation)
      }
      return raw
    } catch {
      H5Tclose(raw)
      throw error
    }
  }

  private func holds(_ value: Int) -> Bool {
    switch self {
    case .int8: Int8(exactly: value) != nil
    case .int16: Int16(exactly: value) != nil
    case .int32: Int32(exactly: value) != nil
    case .int64: true
    case .uint8: UInt8(exactly: value) != nil
    case .uint16: UInt16(exactly: value) != nil
    case .uint32: UInt32(exactly: value) != nil
    case .uint64: value >= 0
    default: false
    }
  }
}

/// Says what a stored type is, in Swift's terms.
func describeType(_ raw: hid_t, _ library: borrowing Library, _ operation: Operation) throws -> (Datatype, NumberClass) {
  let size = H5Tget_size(raw)
  switch H5Tget_class(raw) {
  case H5T_INTEGER:
    let isSigned = H5Tget_sign(raw) != H5T_SGN_NONE
    let number = NumberClass.integer(byteCount: size, isSigned: isSigned)
    guard H5Tget_precision(raw) == 8 * size else { return (.other("\(H5Tget_precision(raw))-bit integer"), number) }
    switch (size, isSigned) {
    case (1, true): return (.int8, number)
    case (2, true): return (.int16, number)
    case (4, true): return (.int32, number)
    case (8, true): return (.int64, number)
    case (1, false): return (.uint8, number)
    case (2, false): return (.uint16, number)
    case (4, false): return (.uint32, number)
    case (8, false): return (.uint64, number)
    default: return (.other("\(8 * size)-bit integer"), .notNumber)
    }
  case H5T_FLOAT:
    return (try describeFloat(raw, size, library, operation), .floating)
  case H5T_STRING:
    let isVariable = try library.check(H5Tis_variable_str(raw), operation) > 0
    return (.string(length: isVariable ? nil : size), .notNumber)
  case H5T_ENUM:
    let base = try library.check(H5Tget_super(raw), operation)
    defer { H5Tclose(base) }
    let (baseType, number) = try describeType(base, library, operation)
    return (.enumeration(base: baseType, members: try enumerationMembers(raw, library, operation)), number)
  case H5T_COMPOUND: return (.other("compound"), .notNumber)
  case H5T_REFERENCE: return (.other("reference"), .notNumber)
  case H5T_ARRAY: return (.other("array"), .notNumber)
  case H5T_VLEN: return (.other("variable-length list"), .notNumber)
  case H5T_OPAQUE: return (.other("opaque"), .notNumber)
  case H5T_BITFIELD:
    let isWhole = H5Tget_precision(raw) == 8 * size
    return (.bitField(byteCount: size), size == 1 && isWhole ? .integer(byteCount: 1, isSigned: false) : .notNumber)
  default: return (.other("unknown"), .notNumber)
  }
}

private func describeFloat(_ raw: hid_t, _ size: Int, _ library: borrowing Library, _ operation: Operation) throws -> Datatype {
  var (sign, exponent, exponentBits, mantissa, mantissaBits) = (0, 0, 0, 0, 0)
  try library.check(H5Tget_fields(raw, &sign, &exponent, &exponentBits, &mantissa, &mantissaBits), operation)
  guard H5Tget_norm(raw) == H5T_NORM_IMPLIED else { return .other("\(8 * size)-bit float") }
  switch (size, exponentBits, H5Tget_ebias(raw), mantissaBits) {
  case (2, 5, 15, 10): return .float16
  case (2, 8, 127, 7): return .bfloat16
  case (4, 8, 127, 23): return .float32
  case (8, 11, 1023, 52): return .float64
  case (_, _, let bias, _):
    return .float(
      FloatFormat(byteCount: size, exponentBits: exponentBits, exponentBias: Int(clamping: bias), mantissaBits: mantissaBits))
  }
}

private func enumerationMembers(
  _ raw: hid_t, _ library: borrowing Library, _ operation: Operation
) throws -> [EnumerationMember] {
  let count = try library.check(H5Tget_nmembers(raw), operation)
  let base = try library.check(H5Tget_super(raw), operation)
  defer { H5Tclose(base) }
  guard H5Tget_size(base) <= 8 else { return [] }
  let members = try (0..<UInt32(count)).map { index in
    guard let name = H5Tget_member_name(raw, index) else {
      throw HDF5Error(operation, stack: ErrorStack.current(library))
    }
    defer { H5free_memory(name) }
    // Holds the member in its stored form, then in place as a native 64-bit integer.
    var value: Int64 = 0
    try library.check(H5Tget_member_value(raw, index, &value), operation)
    try library.check(H5Tconvert(base, chdf5_native_int64(), 1, &value, nil, hid_t(H5P_DEFAULT)), operation)
    return EnumerationMember(name: String(cString: name), value: Int(value))
  }
  // Writers differ in the order in which they insert them.
  return members.sorted { $0.value < $1.value }
}
