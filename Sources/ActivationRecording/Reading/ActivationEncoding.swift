import HDF5

/// How a layer's stored numbers stand for activations.
enum ActivationEncoding: Sendable, Equatable {
  /// float32, or another float that HDF5 makes a Float of without loss.
  case floats
  /// float16, which is widened here: HDF5's conversion is one number at a time, and one thread's.
  case halves
  case doubles
  /// Bits of bfloat16, the upper half of a float32, in unsigned integers of 16 bits (attribute `dtype`).
  case bfloat16Bits
  /// activation = stored × scale + offset (attributes `scale_factor` and `add_offset`, as the CF conventions have them).
  case scaledIntegers(scale: Double, offset: Double)

  var storesDoubles: Bool {
    switch self {
    case .floats, .halves, .bfloat16Bits: false
    case .doubles, .scaledIntegers: true
    }
  }

  /// Bytes of an element as it is read from the file.
  var storedByteCount: Int {
    switch self {
    case .floats: 4
    case .doubles, .scaledIntegers: 8
    case .halves, .bfloat16Bits: 2
    }
  }
}

extension Float {
  /// - Parameter bits: of a bfloat16, the upper half of a float32.
  init(bfloat16Bits bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}

/// An encoding, and the stored numbers that stand for no activation.
struct StoredActivations: Sendable {
  let encoding: ActivationEncoding
  /// The numbers that the file's writer put where an activation is missing (attributes `_FillValue` and `missing_value`), as stored.
  let missingValues: [Double]

  /// Numbers that are read as they are.
  init(_ encoding: ActivationEncoding, missingValuesOf attributes: Attributes) throws {
    self.encoding = encoding
    missingValues = try Self.missingValues(attributes)
  }

  /// - Throws: a sentence about the data set, without its name, where its numbers cannot be taken for activations; `HDF5Error` where an
  ///   attribute cannot be read.
  init(of dataset: Dataset) throws {
    let attributes = dataset.attributes
    let dtype = try attributes.datatype(of: "dtype").flatMap { type in
      if case .string = type { try attributes.string("dtype") } else { nil as String? }
    }
    let scale = try attributes.double("scale_factor")
    let offset = try attributes.double("add_offset")
    missingValues = try Self.missingValues(attributes)
    let type = dataset.datatype
    switch dtype {
    case nil where type.isInteger || type.isFloat: break
    case nil: throw Unreadable("are \(type), which are no numbers of a network. Write float32.")
    case "bfloat16"? where type == .uint16 && scale == nil && offset == nil:
      encoding = .bfloat16Bits
      return
    case "bfloat16"? where type.isFloat: break
    case "bfloat16"?:
      throw Unreadable("are \(type), but attribute dtype says bfloat16, whose bits are stored as uint16. Write uint16 or float32.")
    case "\(type)"?: break
    case let name?: throw Unreadable("are \(type), but attribute dtype says '\(name)'. Remove the attribute, or write what it says.")
    }
    if scale != nil || offset != nil {
      let (scale, offset) = (scale ?? 1, offset ?? 0)
      guard scale.isFinite, scale != 0, offset.isFinite else {
        throw Unreadable("have scale_factor \(scale) and add_offset \(offset). Give finite ones, the scale not 0.")
      }
      if type.isInteger {
        encoding = .scaledIntegers(scale: scale, offset: offset)
      } else if (scale, offset) == (1, 0) {
        encoding = try Self.encoding(of: type)
      } else {
        throw Unreadable("are \(type) with scale_factor or add_offset. Write the activations themselves.")
      }
    } else if type.isInteger {
      throw Unreadable(
        "are \(type), and nothing says what these integers stand for. Write float32, or say it: attribute dtype = bfloat16 for its bits in "
          + "uint16, scale_factor (and add_offset) for packed numbers.")
    } else {
      encoding = try Self.encoding(of: type)
    }
  }

  private static func missingValues(_ attributes: Attributes) throws -> [Double] {
    try ["_FillValue", "missing_value"].flatMap { try attributes.doubles($0) ?? [] }.filter { !$0.isNaN }
  }

  /// Where the first of some stored numbers is that stands for no activation, and which it is.
  func firstMissing<Stored: Collection>(
    in values: Stored, number: (Stored.Element) -> Double
  ) -> (position: Int, number: Double)? where Stored.Index == Int {
    guard !missingValues.isEmpty, let position = values.firstIndex(where: { missingValues.contains(number($0)) }) else { return nil }
    return (position - values.startIndex, number(values[position]))
  }

  /// Reads rows of a data set as they are meant, whether finite or not; what is stored as doubles only as Double.
  ///
  /// - Parameter refuse: makes the error of a number that stands for no activation, of its position in the rows and the number as stored;
  ///   nil reads it like any other.
  func read<Value: ActivationValue>(
    rows: Range<Int>, of dataset: Dataset, as type: Value.Type, refuse: ((_ position: Int, _ number: Double) -> RecordingError)?
  ) throws -> [Value] {
    func stored<Stored: Element>(_ number: (Stored) -> Double) throws -> [Stored] {
      let stored = try dataset.read(rows: rows, as: Stored.self)
      if let refuse, let missing = firstMissing(in: stored, number: number) { throw refuse(missing.position, missing.number) }
      return stored
    }
    return switch encoding {
    case .floats, .halves, .doubles: try stored { (value: Value) in Double(value) }
    case .bfloat16Bits: try stored { Double(Float(bfloat16Bits: $0)) }.map { Value(Float(bfloat16Bits: $0)) }
    case .scaledIntegers(let scale, let offset): try stored { (value: Int64) in Double(value) }.map { Value(Double($0) * scale + offset) }
    }
  }

  /// What a float type is read as without loss.
  private static func encoding(of type: Datatype) throws -> ActivationEncoding {
    switch type {
    #if !(os(macOS) && arch(x86_64))
      case .float16: return .halves
    #else
      case .float16: return .floats
    #endif
    case .bfloat16, .float32: return .floats
    case .float64: return .doubles
    case .float(let format) where format.mantissaBits <= 23 && format.exponentBits <= 8: return .floats
    case .float(let format) where format.mantissaBits <= 52 && format.exponentBits <= 11: return .doubles
    default: throw Unreadable("are \(type), which no Double holds. Write float64.")
    }
  }

  /// Why a data set holds no activations: what follows its name in a sentence.
  struct Unreadable: Error {
    let fault: String

    init(_ fault: String) { self.fault = fault }
  }
}
