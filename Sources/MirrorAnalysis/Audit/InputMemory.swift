import ActivationRecording
import DenseNetwork
import Statistics

/// What the audit holds of the inputs at a time, whatever the number of rows.
enum InputMemory {
  /// Bytes of input columns that are asked for the phase in one pass; more columns take more passes.
  private static let columnBytes = 32 << 20

  /// Most columns that fit for so many rows.
  static func columnsAtATime(leakRows: Int) -> Int { max(1, columnBytes / (4 * max(1, leakRows))) }

  /// Columns in groups, each of which fits for so many rows.
  static func columnGroups(_ columns: Int, leakRows: Int) -> [Range<Int>] {
    let most = columnsAtATime(leakRows: leakRows)
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
  let group = min(columns, InputMemory.columnsAtATime(leakRows: leakRows))
  let moments = Double(Phase.allCases.count * 6 * 8) * Double(columns)
  let block = Double(4 * min(recording.rowCount, InputMemory.rowsPerBlock(columns))) * Double(columns) + moments
  return byteCount(
    Double(4 * leakRows) * Double(group) + Double(InputMemory.blocksInFlight(threads: threads)) * block + moments
      + 24 * Double(recording.rowCount))
}
