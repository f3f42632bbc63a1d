import Files
import HDF5

/// The root group of a file.
///
/// - Throws: `CheckpointError` for a file that is known to be of another kind, `HDF5Error` for any other that can't be opened.
func hdf5Root(_ path: String) throws -> Group {
  do {
    return try File.open(path).root
  } catch let error as HDF5Error where error.kind == .notHDF5 {
    guard isOrdinaryFile(path), let signature = FileSignature(path: path) else { throw error }
    // torch.save: data.pkl in a folder of the archive.
    if case .zip(let entry) = signature, entry.hasSuffix("/data.pkl") { throw CheckpointError(file: path, fault: .pickle) }
    throw CheckpointError(file: path, fault: .otherFile(signature))
  }
}

/// A data set's values as networks hold them.
struct StoredFloats {
  let values: [Float]
  /// Whether a stored number has more digits than float32 holds.
  let isRounded: Bool

  /// More weights than any network that is trained here, and fewer than would take the memory of a machine.
  static let mostValues = 1 << 28

  /// - Throws: `CheckpointError` for NaN and infinity.
  init(checking values: [Float], part: String, file: String) throws {
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError(file: file, fault: .notFinite(part: part, index: index))
    }
    self.values = values
    isRounded = false
  }

  /// Rounds to float32.
  ///
  /// - Throws: `CheckpointError` for NaN and infinity, and for a number that float32 has no room for.
  init(checking wide: [Double], part: String, file: String) throws {
    if let index = wide.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError(file: file, fault: .notFinite(part: part, index: index))
    }
    values = wide.map { Float($0) }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError(
        file: file, fault: .invalid(part: part, reason: "value \(index) is \(wide[index]), more than float32 holds"))
    }
    isRounded = zip(values, wide).contains { Double($0) != $1 }
  }
}

/// A data set's values, checked to be there, to be floats, to have this shape and no NaN or infinity.
///
/// Floats of 16 bits are exact here: those of HDF5's own types, and bfloat16 as uint16 with the attribute dtype "bfloat16". Those of more
/// than 32 are rounded to the nearest; one that float32 has no room for is an error.
func finiteFloats(_ group: Group, _ path: String, shape: [Int], file: String) throws -> StoredFloats {
  let part = group.path == "/" ? "/\(path)" : "\(group.path)/\(path)"
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }
  guard try group.contains(path) else { throw fault(.missing(part: part)) }
  let dataset = try group.dataset(path)
  guard dataset.shape == shape else { throw fault(.shape(part: part, found: dataset.shape, expected: shape)) }
  guard shape.reduce(1.0, { $0 * Double($1) }) <= Double(StoredFloats.mostValues) else {
    throw fault(.invalid(part: part, reason: "it has more than \(StoredFloats.mostValues) values"))
  }
  guard dataset.storedByteCount > 0 else { throw fault(.neverWritten(part: part)) }
  if dataset.storesWideFloats { return try StoredFloats(checking: dataset.read(as: Double.self), part: part, file: file) }
  let values = try storedFloats(dataset) ?? { throw fault(.notFloats(part: part, type: "\(dataset.datatype)")) }()
  return try StoredFloats(checking: values, part: part, file: file)
}

extension Dataset {
  /// Whether the numbers are floats of which float32 may not hold every digit.
  fileprivate var storesWideFloats: Bool {
    switch datatype {
    case .float64, .float: true
    case .other(let name): name.hasSuffix("-bit float")
    default: false
    }
  }
}

/// Nil where the numbers are no floats of 32 bits or fewer.
private func storedFloats(_ dataset: Dataset) throws -> [Float]? {
  switch dataset.datatype {
  case .float16, .bfloat16, .float32: return try dataset.read(as: Float.self)
  case .uint16 where try dataset.attributes.contains("dtype") && dataset.attributes.string("dtype") == "bfloat16":
    return try dataset.read(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
  default: return nil
  }
}
