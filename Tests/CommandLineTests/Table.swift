/// A CSV table as the programs write it, for tests whose values hold no commas.
struct Table {
  let header: [String]
  let rows: [[String]]

  init(_ text: String) {
    let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    header = lines.first ?? []
    rows = Array(lines.dropFirst())
  }

  /// The values of a column; empty for one that the table does not have.
  subscript(_ column: String) -> [String] {
    guard let index = header.firstIndex(of: column) else { return [] }
    return rows.map { $0[index] }
  }

  func numbers(_ column: String) -> [Double?] { self[column].map { Double($0) } }
}
