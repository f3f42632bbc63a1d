import ActivationRecording
import Statistics

/// Which rows units are chosen on and which they are tested on, so that no row serves twice.
public struct EvaluationRows: Sendable {
  /// Numbers of the rows to choose on, ascending.
  public let select: [Int]
  /// Numbers of the rows to evaluate on, ascending.
  public let evaluate: [Int]
  /// Whether both are all rows.
  public let areSame: Bool
  /// Phase codes of all rows, without the partner filter: ablation looks at every row.
  let phases: [Phase?]

  /// - Parameters:
  ///   - sameRows: use all rows for both.
  ///   - seed: of the half-split, inside each phase, of a recording without `/split`.
  public init(of recording: RecordingView, sameRows: Bool, seed: UInt64) throws {
    phases = try recording.unfilteredPhases.codes.map { Phase(rawValue: $0) }
    areSame = sameRows
    if sameRows {
      select = Array(phases.indices)
      evaluate = select
      return
    }
    let split = try recording.split
    let isSelect =
      split.map { $0.map { $0 == .select } }
      ?? seededHalfSplit(groupOfRow: phases.map { $0.map { Int($0.rawValue) } ?? -1 }, seed: seed, purpose: "select and evaluate")
    select = isSelect.indices.filter { isSelect[$0] }
    evaluate = isSelect.indices.filter { !isSelect[$0] }
    for (name, rows) in [("select", select), ("evaluate", evaluate)] where rows.isEmpty {
      throw RecordingError.notEnoughRows(
        file: recording.path,
        fault: split == nil
          ? "\(phases.count == 1 ? "1 row leaves" : "\(phases.count) rows leave") none to \(name). Record more,"
          : "/split leaves no rows to \(name). Mark some,", remedy: .useSameRows)
    }
  }
}
