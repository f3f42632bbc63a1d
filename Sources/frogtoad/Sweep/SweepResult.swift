import MirrorAnalysis
import Tabular

/// The results of one network, as a line of `results.jsonl`: cells by column, as text that reads back as the same cells.
struct SweepResult: Codable, Sendable {
  var network: String
  /// SHA-256 of everything that decides its numbers, of which the name has the first digits.
  var identity: String
  var seconds: Double
  /// Of each measured epoch the cells that are not empty.
  var networks: [[String: String]] = []
  var cmni: [[String]] = []
  var cmniAllRows: [[String]] = []

  init(of network: SweepNetwork) { (self.network, identity, seconds) = (network.name, network.identity, 0) }

  /// Whether it is a whole result of a plan's network: the same identity, known columns, cells of their kinds.
  func fits(_ plan: SweepPlan, _ network: SweepNetwork) -> Bool {
    let kinds = Dictionary(plan.measuredColumns.map { ($0.name, $0.kind) }, uniquingKeysWith: { first, _ in first })
    let cmniColumns = RecordingRow<CMNIRow>.schema.columns
    let cmniFits = (cmni + cmniAllRows).allSatisfy { row in
      row.count == cmniColumns.count && zip(row, cmniColumns).allSatisfy { Cell(text: $0, kind: $1.kind) != nil }
        && row[1] == Cell.string(network.name).text
    }
    return self.network == network.name && identity == network.identity && !networks.isEmpty && cmniFits
      && networks.allSatisfy { $0.allSatisfy { name, text in kinds[name].map { Cell(text: text, kind: $0) != nil } ?? false } }
  }

  /// The measured cells of its rows.
  func measured(_ plan: SweepPlan) -> [[String: Cell]] {
    networks.map { row in
      plan.measuredColumns.reduce(into: [:]) { cells, column in
        cells[column.name] = row[column.name].flatMap { Cell(text: $0, kind: column.kind) }
      }
    }
  }

  static func cmniCells(_ rows: [[String]]) -> [[Cell]] {
    let columns = RecordingRow<CMNIRow>.schema.columns
    return rows.map { row in zip(row, columns).map { Cell(text: $0, kind: $1.kind) ?? .missing } }
  }
}
