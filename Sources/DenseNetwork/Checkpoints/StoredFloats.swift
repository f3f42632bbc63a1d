import Files
import HDF5

/// The root group of a file.
///
/// - Throws: `CheckpointError` for a file that is known to be of another kind, `HDF5Error` for any other that can't be opened.
func hdf5Root(_ path: String) throws -> Group {
  do {
    return try File.open(path).root
  } catch let error as HDF5Error where error.kind == .notHDF5 {
    guard let signature = FileSignature(path: path) else { throw error }
    if case .zip(let entry) = signature, path.hasSuffix(".keras") || ["metadata.json", "config.json", "model.weights.h5"].contains(entry) {
      throw CheckpointError(file: path, fault: .keras3)
    }
    throw CheckpointError(file: path, fault: .otherFile(signature))
  }
}

/// More weights than any network that is trained here, and fewer than would take the memory of a machine.
private let mostFloats = 1 << 28

/// A data set's values, checked to be there, to be floats, to have this shape and no NaN or infinity.
///
/// Floats of 16 bits are exact here: those of HDF5's own types, and bfloat16 as uint16 with the attribute dtype "bfloat16".
func finiteFloats(_ group: Group, _ path: String, shape: [Int], file: String) throws -> [Float] {
  let part = group.path == "/" ? "/\(path)" : "\(group.path)/\(path)"
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: file, fault: fault) }
  guard try group.contains(path) else { throw fault(.missing(part: part)) }
  let dataset = try group.dataset(path)
  guard dataset.shape == shape else { throw fault(.shape(part: part, found: dataset.shape, expected: shape)) }
  guard shape.reduce(1.0, { $0 * Double($1) }) <= Double(mostFloats) else {
    throw fault(.invalid(part: part, reason: "it has more than \(mostFloats) values"))
  }
  guard dataset.storedByteCount > 0 else { throw fault(.neverWritten(part: part)) }
  let values = try storedFloats(dataset) ?? { throw fault(.notFloats(part: part, type: "\(dataset.datatype)")) }()
  if let index = values.firstIndex(where: { !$0.isFinite }) { throw fault(.notFinite(part: part, index: index)) }
  return values
}

/// Nil where the numbers are no floats.
private func storedFloats(_ dataset: Dataset) throws -> [Float]? {
  switch dataset.datatype {
  case .float16, .float32, .float64: return try dataset.read(as: Float.self)
  case .other(let name) where name.hasSuffix("-bit float"): return try dataset.read(as: Float.self)
  case .uint16 where try dataset.attributes.contains("dtype") && dataset.attributes.string("dtype") == "bfloat16":
    return try dataset.read(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
  default: return nil
  }
}
