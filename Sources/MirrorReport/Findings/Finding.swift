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
}
