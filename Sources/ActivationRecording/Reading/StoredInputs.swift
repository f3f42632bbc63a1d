import HDF5

/// How `/inputs` are stored.
///
/// Plain integers are numbers that the network was shown; with attributes that say what stored numbers stand for they are taken as
/// activations are (`StoredActivations`).
struct StoredInputs: Sendable {
  let dataset: Dataset
  let encoding: ActivationEncoding
  private let missingValues: [Double]
  private let file: String

  /// - Throws: `RecordingError.invalid` for text and other things that are no numbers.
  init(_ dataset: Dataset, file: String) throws {
    self.dataset = dataset
    self.file = file
    let type = dataset.datatype
    let attributes = dataset.attributes
    let isPlain = try ["dtype", "scale_factor", "add_offset"].allSatisfy { try attributes.datatype(of: $0) == nil }
    if isPlain, type.isNumberedInteger {
      encoding = type.fitsFloat ? .floats : .doubles
      missingValues = try ["_FillValue", "missing_value"].flatMap { try attributes.doubles($0) ?? [] }
      return
    }
    guard type.isFloat || type.isInteger else {
      throw RecordingError.invalid(
        file: file, fault: "/inputs \(type.isString ? "is text" : "is \(type)"). Write the numbers that the network was shown.")
    }
    do {
      let stored = try StoredActivations(of: dataset)
      (encoding, missingValues) = (stored.encoding, stored.missingValues)
    } catch let unreadable as StoredActivations.Unreadable {
      throw RecordingError.invalid(file: file, fault: "/inputs \(unreadable.fault)")
    }
  }

  /// Reads rows, `[rows × inputs]`.
  ///
  /// - Throws: `RecordingError.invalid` for a number that marks a missing input, and for doubles asked for as Float.
  func read<Value: ActivationValue>(rows: Range<Int>, as type: Value.Type) throws -> [Value] {
    guard Value.self == Double.self || !encoding.storesDoubles else {
      throw RecordingError.invalid(file: file, fault: "/inputs would be rounded to single precision.")
    }
    switch encoding {
    case .floats, .doubles:
      let values = try dataset.read(rows: rows, as: Value.self)
      try refuseMissing(values, rows: rows) { Double($0) }
      return values
    case .bfloat16Bits:
      let bits = try dataset.read(rows: rows, as: UInt16.self)
      try refuseMissing(bits, rows: rows) { Double(Float(bitPattern: UInt32($0) << 16)) }
      return bits.map { Value(Float(bitPattern: UInt32($0) << 16)) }
    case .scaledIntegers(let scale, let offset):
      let integers = try dataset.read(rows: rows, as: Int64.self)
      try refuseMissing(integers, rows: rows) { Double($0) }
      return integers.map { Value(Double($0) * scale + offset) }
    }
  }

  private func refuseMissing<Stored>(_ values: [Stored], rows: Range<Int>, _ number: (Stored) -> Double) throws {
    guard !missingValues.isEmpty, let position = values.firstIndex(where: { missingValues.contains(number($0)) }) else { return }
    let width = max(1, dataset.shape.last ?? 1)
    throw RecordingError.invalid(
      file: file,
      fault: "/inputs is missing at row \(rows.lowerBound + position / width), column \(position % width): it holds the fill value "
        + "\(number(values[position])). Record every input.")
  }
}

extension Datatype {
  /// Integers, those of an enum included.
  fileprivate var isNumberedInteger: Bool {
    if case .enumeration = self { return true }
    return isInteger
  }

  /// Whether every one of these integers is a Float.
  fileprivate var fitsFloat: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16: true
    case .enumeration(let base, _): base.fitsFloat
    default: false
    }
  }
}
