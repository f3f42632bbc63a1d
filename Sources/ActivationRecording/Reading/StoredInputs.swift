import HDF5

/// How `/inputs` are stored.
///
/// Plain integers are numbers that the network was shown; with attributes that say what stored numbers stand for they are taken as
/// activations are (`StoredActivations`).
struct StoredInputs: Sendable {
  let dataset: Dataset
  private let stored: StoredActivations
  private let file: String

  var storesDoubles: Bool { stored.encoding.storesDoubles }

  /// - Throws: `RecordingError.invalid` for text and other things that are no numbers.
  init(_ dataset: Dataset, file: String) throws {
    self.dataset = dataset
    self.file = file
    let type = dataset.datatype
    let attributes = dataset.attributes
    let isPlain = try ["dtype", "scale_factor", "add_offset"].allSatisfy { try attributes.datatype(of: $0) == nil }
    if isPlain, type.isNumberedInteger {
      stored = try StoredActivations(type.fitsFloat ? .floats : .doubles, missingValuesOf: attributes)
      return
    }
    guard type.isFloat || type.isInteger else {
      throw RecordingError.invalid(
        file: file, fault: "/inputs \(type.isString ? "is text" : "is \(type)"). Write the numbers that the network was shown.")
    }
    do {
      stored = try StoredActivations(of: dataset)
    } catch let unreadable as StoredActivations.Unreadable {
      throw RecordingError.invalid(file: file, fault: "/inputs \(unreadable.fault)")
    }
  }

  /// Reads rows, `[rows × inputs]`.
  ///
  /// - Throws: `RecordingError.invalid` for a number that marks a missing input, and for doubles asked for as Float.
  func read<Value: ActivationValue>(rows: Range<Int>, as type: Value.Type) throws -> [Value] {
    guard Value.self == Double.self || !storesDoubles else {
      throw RecordingError.invalid(file: file, fault: "/inputs would be rounded to single precision.")
    }
    let width = max(1, dataset.shape.last ?? 1)
    return try stored.read(rows: rows, of: dataset, as: Value.self) { position, number in
      .invalid(
        file: file,
        fault: "/inputs is missing at row \(rows.lowerBound + position / width), column \(position % width): it holds the fill value "
          + "\(number). Record every input.")
    }
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
