import ActivationRecording
import Statistics

/// The rows of the none, self and other phases with the activations of all units of all open layers side by side: what the bootstrap
/// needs in memory at once.
struct ContrastRows: Sendable {
  /// `[rows × units]`, row-major; layers one after another in the recording's order.
  enum Values: Sendable {
    case floats([Float])
    case doubles([Double])
  }

  let values: Values
  let unitCount: Int
  /// Code of the phase of each row: none, self or other.
  let codes: [UInt8]
  /// The stratum of each row; nil where the recording has none or they are not wanted.
  let strata: [Int]?

  init(of recording: RecordingView, usesStrata: Bool, threads: Int) throws {
    let codes = try recording.phases.codes
    let isUsed: RowTest = { codes[$0] < Phase.both.rawValue }
    let layers = recording.layers
    values =
      layers.contains(where: \.storesDoubles)
      ? .doubles(try recording.values(of: layers, where: isUsed, threads: threads))
      : .floats(try recording.values(of: layers, where: isUsed, threads: threads))
    unitCount = layers.reduce(0) { $0 + $1.unitCount }
    let used = codes.indices.filter(isUsed)
    self.codes = used.map { codes[$0] }
    strata = usesStrata ? try recording.strata.map { strata in used.map { Int(strata[$0]) } } : nil
  }

  /// Bytes that the rows take while they are read, with their squares.
  static func bytes(_ shape: RecordingShape) -> Double {
    // An array that grows is copied into one twice its size.
    3 * Double(shape.valueBytes) * Double(shape.contrastRowCount) * Double(shape.unitCount) + 16 * Double(shape.rowCount)
  }
}
