/// What an analysis gave for a recording: its rows, or the sentence that says why there are none.
public enum Finding<Row: Sendable>: Sendable {
  case rows([Row])
  case absent(reason: String)

  var rows: [Row] {
    if case .rows(let rows) = self { rows } else { [] }
  }

  var reason: String? {
    if case .absent(let reason) = self { reason } else { nil }
  }

  /// Why there is no number of a kind: the reason of the whole or, where no row has it, those that the rows give; nil where one has it.
  func absence(of hasNumber: (Row) -> Bool, because rowReason: (Row) -> String?) -> String? {
    if let reason { return reason }
    guard !rows.contains(where: hasNumber) else { return nil }
    var reasons: [String] = []
    for row in rows {
      guard let reason = rowReason(row), !reasons.contains(reason) else { continue }
      reasons.append(reason)
      // Units by the thousand may each have one of their own.
      if reasons.count == 4 { break }
    }
    return reasons.isEmpty ? "nothing in the recording is left to take it from" : reasons.joined(separator: "; ")
  }
}
