import ActivationRecording
import Statistics

/// The rows of the none, self and other phases with the activations of all units of all open layers side by side: what the bootstrap
/// needs in memory at once.
public struct ContrastRows: Sendable {
  /// `[rows × units]`, row-major; layers one after another in the recording's order. Stored doubles are rounded to Float.
  let values: [Float]
  let unitCount: Int
  /// Code of the phase of each row: none, self or other.
  let codes: [UInt8]
  /// The stratum of each row; nil where the recording has none or they are not wanted.
  let strata: [Int]?

  /// Bytes that the rows of a recording take while they are read.
  public static func bytes(rows: PhaseRows, layers: [RecordedLayer]) -> Int {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let used = rows.count(.neither) + rows.count(.own) + rows.count(.other)
    return 4 * (used * units + rows.codes.count * (layers.map(\.unitCount).max() ?? 0))
  }

  public init(of recording: Recording, rows: PhaseRows, usesStrata: Bool, threads: Int) throws {
    let used = rows.codes.indices.filter { rows.codes[$0] < Phase.both.rawValue }
    let unitCount = recording.layers.reduce(0) { $0 + $1.unitCount }
    var values = [Float](repeating: 0, count: used.count * unitCount)
    var offset = 0
    for layer in recording.layers {
      let activations = try recording.activations(of: layer, threads: threads)
      let width = layer.unitCount
      for (position, row) in used.enumerated() {
        for unit in 0..<width { values[position * unitCount + offset + unit] = activations[row * width + unit] }
      }
      offset += width
    }
    self.values = values
    self.unitCount = unitCount
    codes = used.map { rows.codes[$0] }
    strata = usesStrata ? try recording.strata().map { strata in used.map { Int(strata[$0]) } } : nil
  }
}
