/// A table of the page. The first cell of each row is its heading.
struct PageTable {
  let caption: String
  let columns: [String]
  let rows: [[String]]
  /// Numbers of columns that hold numbers, which stand at the right.
  var numeric: Set<Int> = []

  var markup: String {
    func kind(_ column: Int) -> String { numeric.contains(column) ? " class=\"n\"" : "" }
    var html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"\(caption.markup)\"><table><caption>\(caption.markup)</caption>"
    html += "<thead><tr>"
    for (number, column) in columns.enumerated() { html += "<th scope=\"col\"\(kind(number))>\(column.markup)</th>" }
    html += "</tr></thead><tbody>"
    for row in rows {
      html += "<tr>"
      for (number, cell) in row.enumerated() {
        html += number == 0 ? "<th scope=\"row\"\(kind(0))>\(cell.markup)</th>" : "<td\(kind(number))>\(cell.markup)</td>"
      }
      html += "</tr>"
    }
    return html + "</tbody></table></div>"
  }
}
