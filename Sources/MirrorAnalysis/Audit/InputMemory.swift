import ActivationRecording
import DenseNetwork
import Statistics

/// What the audit holds of the inputs at a time, whatever the number of rows.
enum InputMemory {
  /// Bytes of input columns that are asked for the phase in one pass; more columns take more passes.
  private static let columnBytes = 32 << 20

  /// Columns in groups, each of which fits for so many rows.
  static func columnGroups(_ columns: Int, leakRows: Int) -> [Range<Int>] {
    let most = max(1, columnBytes / (4 * max(1, leakRows)))
    return stride(from: 0, to: columns, by: most).map { $0..<min($0 + most, columns) }
  }

  static func rowsPerBlock(_ columns: Int) -> Int {
    min(Network.forwardBlockRows, RecordingSchema.rowsPerBlock(unitCount: columns))
  }

  static func blocksInFlight(threads: Int) -> Int { max(1, threads) * 2 }
}

/// Bytes that `auditRows` takes beside blocks of activations: the columns that are asked for the phase, blocks of inputs with their moments,
/// and what is known of each row. 0 without inputs.
public func auditBytes(of recording: Recording, threads: Int) -> Int {
  guard let columns = recording.inputShape?.last, columns > 0 else { return 0 }
  let leakRows = min(recording.rowCount, Phase.allCases.count * LeakRows.mostPerPhase)
  let group = InputMemory.columnGroups(columns, leakRows: leakRows)[0].count
  let moments = Phase.allCases.count * 6 * 8 * columns
  let block = 4 * min(recording.rowCount, InputMemory.rowsPerBlock(columns)) * columns + moments
  return 4 * leakRows * group + InputMemory.blocksInFlight(threads: threads) * block + moments + 24 * recording.rowCount
}
