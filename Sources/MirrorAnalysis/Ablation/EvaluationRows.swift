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
  let phases: [Phase]

  /// - Parameters:
  ///   - sameRows: use all rows for both.
  ///   - seed: of the half-split, inside each phase, of a recording without `/split`.
  public init(of recording: Recording, sameRows: Bool, seed: UInt64) throws {
    phases = try recording.phases()
    areSame = sameRows
    if sameRows {
      select = Array(phases.indices)
      evaluate = select
      return
    }
    let split = try recording.split()
    let isSelect =
      split.map { $0.map { $0 == .select } }
      ?? seededHalfSplit(groupOfRow: phases.map { Int($0.rawValue) }, seed: seed, purpose: "select and evaluate")
    select = isSelect.indices.filter { isSelect[$0] }
    evaluate = isSelect.indices.filter { !isSelect[$0] }
    for (name, rows) in [("select", select), ("evaluate", evaluate)] where rows.isEmpty {
      throw RecordingError.notEnoughRows(
        file: recording.path,
        fault: split == nil
          ? "\(phases.count == 1 ? "1 row leaves" : "\(phases.count) rows leave") none to \(name). Record more, or use the same rows for both with --same-rows."
          : "/split leaves no rows to \(name). Mark some, or use the same rows for both with --same-rows.")
    }
  }
}

extension PhaseRows {
  /// The same rows without those that are not listed.
  func restricted(to rows: [Int]) -> PhaseRows {
    var kept = Array(repeating: Self.excluded, count: codes.count)
    for row in rows { kept[row] = codes[row] }
    return PhaseRows(codes: kept, isFiltered: isFiltered)
  }
}
