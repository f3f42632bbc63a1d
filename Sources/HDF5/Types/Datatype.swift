/// The type of a data set's or attribute's elements as stored in the file.
///
/// New objects are stored little-endian. Byte order does not show here: reading converts it.
public indirect enum Datatype: Sendable, Equatable {
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  /// IEEE 754 binary16, binary32 and binary64.
  case float16, float32, float64
  /// The upper half of a float32: 8 bits of exponent, 7 of mantissa.
  case bfloat16
  /// A float of another layout, which converts to `Double` as its fields say.
  case float(FloatFormat)
  /// Bits in so many bytes. Those of one byte are read as integers: other writers' booleans.
  case bitField(byteCount: Int)
  /// Text of at most `length` bytes, or of any length where it is nil. New text is UTF-8; ASCII is read too.
  case string(length: Int?)
  /// Named values of an integer type; when read, in the order of the values. h5py's booleans are such a type.
  case enumeration(base: Datatype, members: [EnumerationMember])
  /// A type that only HDF5 itself can name: compound, reference, an odd bit width.
  case other(String)

  /// An enumeration over `uint8` that numbers the names from 0.
  public static func enumeration(_ names: [String]) -> Datatype {
    .enumeration(base: .uint8, members: names.enumerated().map { EnumerationMember(name: $1, value: $0) })
  }

  /// Whether this is one of the eight integer types.
  public var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  /// The stored bits of a float's mantissa, without the leading one that isn't stored; nil for what is no float. Rounding to it changes a
  /// number by at most 2^−(bits + 1) of itself.
  public var mantissaBits: Int? {
    switch self {
    case .float16: 10
    case .bfloat16: 7
    case .float32: 23
    case .float64: 52
    case .float(let format): format.mantissaBits
    default: nil
    }
  }

  /// Whether this is an enumeration of FALSE = 0 and TRUE, as h5py stores booleans.
  public var isBoolean: Bool {
    guard case .enumeration(_, let members) = self, members.count == 2 else { return false }
    let values = Dictionary(members.map { ($0.name.uppercased(), $0.value) }) { first, _ in first }
    guard values["FALSE"] == 0, let truth = values["TRUE"] else { return false }
    return truth != 0
  }

  /// Whether the elements, or the values of an enumeration, are single bytes that count from 0.
  public var isByte: Bool {
    if case .enumeration(let base, _) = self { return base.isByte }
    return self == .uint8
  }
}

/// The fields of a float: its sign is one bit, and the mantissa's leading one isn't stored.
public struct FloatFormat: Sendable, Equatable {
  public var byteCount: Int
  public var exponentBits: Int
  public var exponentBias: Int
  public var mantissaBits: Int

  public init(byteCount: Int, exponentBits: Int, exponentBias: Int, mantissaBits: Int) {
    self.byteCount = byteCount
    self.exponentBits = exponentBits
    self.exponentBias = exponentBias
    self.mantissaBits = mantissaBits
  }
}

/// One name and its value in an enumeration.
public struct EnumerationMember: Sendable, Equatable {
  public var name: String
  public var value: Int

  public init(name: String, value: Int) {
    self.name = name
    self.value = value
  }
}

extension Datatype: CustomStringConvertible {
  /// The name in words: `float32`, `string of 8 bytes`, `enumeration of uint8 (none = 0, self = 1)`.
  public var description: String {
    switch self {
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .float16: "float16"
    case .float32: "float32"
    case .float64: "float64"
    case .bfloat16: "bfloat16"
    case .float(let format):
      "\(8 * format.byteCount)-bit float with \(format.exponentBits) bits of exponent and \(format.mantissaBits) of mantissa"
    case .bitField(let byteCount): byteCount == 1 ? "bit field" : "bit field of \(byteCount) bytes"
    case .string(let length): length.map { "string of \($0) bytes" } ?? "string"
    case .enumeration(let base, let members):
      "enumeration of \(base) (\(members.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")))"
    case .other(let text): text
    }
  }
}
