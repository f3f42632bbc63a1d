import Tabular

/// A table that the page offers as CSV, in the digits and columns that the command writes.
struct Download {
  /// Such as `cmni.csv`.
  let fileName: String
  let csv: String

  init(_ fileName: String, csv: String) {
    (self.fileName, self.csv) = (fileName, csv)
  }

  init<Row: TableRow>(_ fileName: String, rows: [Row]) {
    self.init(fileName, schema: Row.schema, cells: rows.map(\.cells))
  }

  init(_ fileName: String, schema: TableSchema, cells: [[Cell]]) {
    var text = ""
    // Text alone is written to, so that nothing can be thrown.
    if var writer = try? TableWriter(schema: schema, format: .csv, sink: { text += $0 }) {
      try? writer.write(cells)
      try? writer.finish()
    }
    self.init(fileName, csv: text)
  }

  var link: String {
    "<a download=\"\(fileName.markup)\" href=\"\(dataURI(csv, type: "text/csv"))\">\(fileName.markup)</a>"
  }
}

/// A file's name from the names of recordings and layers, which may hold anything.
func fileName(_ parts: String?...) -> String {
  let text = parts.compactMap { $0 }.joined(separator: "-")
  let kept = text.unicodeScalars.map { scalar -> Character in
    let isPlain =
      scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-_.".unicodeScalars.contains(scalar))
    return isPlain ? Character(scalar) : "-"
  }
  return String(kept.prefix(100))
}
