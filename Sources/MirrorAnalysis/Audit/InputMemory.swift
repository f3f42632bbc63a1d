import ActivationRecording
import DenseNetwork
import Statistics

/// What the audit holds of the inputs at a time, whatever the number of rows.
enum InputMemory {
  /// Bytes of input columns that are asked for the phase in one pass; more columns take more passes.
  private static let columnBytes = 32 << 20
  /// Bytes of the kernels of untrained networks that are run on the inputs in one pass; more networks take more passes.
  private static let kernelBytes = 64 << 20

  /// Most columns that fit for so many rows.
  static func columnsAtATime(leakRows: Int, valueBytes: Int) -> Int { max(1, columnBytes / (valueBytes * max(1, leakRows))) }

  /// Columns in groups, each of which fits for so many rows.
  static func columnGroups(_ columns: Int, leakRows: Int, valueBytes: Int) -> [Range<Int>] {
    let most = columnsAtATime(leakRows: leakRows, valueBytes: valueBytes)
    return stride(from: 0, to: columns, by: most).map { $0..<min($0 + most, columns) }
  }

  static func rowsPerBlock(_ columns: Int) -> Int {
    min(Network.forwardBlockRows, RecordingSchema.rowsPerBlock(unitCount: columns))
  }

  static func blocksInFlight(threads: Int) -> Int { max(1, threads) * 2 }

  static func networksAtATime(inputCount: Int, units: [Int]) -> Int {
    Int(max(1, min(Double(BaselineDraws.networks), Double(kernelBytes) / max(1, networkBytes(inputCount: inputCount, units: units)))))
  }

  /// Bytes of the kernels of a dense network.
  private static func networkBytes(inputCount: Int, units: [Int]) -> Double {
    zip([inputCount] + units, units).reduce(0) { $0 + 4 * Double($1.0) * Double($1.1) }
  }

  /// Bytes that auditing the inputs takes: the columns that are asked for the phase, blocks of inputs with their moments, and the untrained
  /// networks with theirs. 0 without inputs.
  static func bytes(_ shape: RecordingShape, threads: Int) -> Double {
    guard let columns = shape.inputCount, columns > 0 else { return 0 }
    let leakRows = min(shape.rowCount, Phase.allCases.count * LeakRows.mostPerPhase)
    let group = min(columns, columnsAtATime(leakRows: leakRows, valueBytes: 4))
    let units = shape.layers.filter(\.isOwnLayer).map(\.unitCount)
    let networks = Double(networksAtATime(inputCount: columns, units: units))
    let blockRows = Double(min(shape.rowCount, rowsPerBlock(columns)))
    let moments = Double(Phase.allCases.count * 6 * 8) * (Double(columns) + networks * Double(units.reduce(0, +)))
    // A block as double and as float.
    let block = blockRows * 16 * Double(columns) + moments
    // A forward pass packs the network's kernels anew, and has the activations of all layers twice; what is freed is not given back at once.
    let pass = 2 * networkBytes(inputCount: columns, units: units) + 16 * blockRows * Double(units.reduce(0, +))
    // Columns twice while the array grows. A band of the file's chunks is kept while its rows are read.
    return 8 * Double(leakRows) * Double(group) + moments + Double(blocksInFlight(threads: threads)) * block
      + Double(max(1, threads)) * pass + 2 * networks * networkBytes(inputCount: columns, units: units)
      + min(0x1p26, 8 * Double(shape.rowCount) * Double(columns)) + 24 * Double(leakRows)
  }
}
