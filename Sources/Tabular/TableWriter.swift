/// The formats a table can be written in.
public enum TableFormat: String, Sendable, CaseIterable {
  case csv, tsv, json
}

/// Writes a table row by row, header first.
///
/// CSV and TSV follow RFC 4180 with `\n` at line ends: a value that holds the separator, a quote or a line end is quoted, and text that begins
/// as a formula does (`=`, `+`, `-`, `@`, a tab) gets an apostrophe before it. JSON is one
/// array of objects, one object a line. Numbers are the shortest digits that read back as the same double; a missing value is an
/// empty cell, or `null`.
public struct TableWriter {
  private let schema: TableSchema
  private let format: TableFormat
  private let sink: (String) throws -> Void
  private var rowCount = 0

  /// - Parameter sink: takes the text, piece by piece.
  public init(schema: TableSchema, format: TableFormat, sink: @escaping (String) throws -> Void) throws {
    self.schema = schema
    self.format = format
    self.sink = sink
    try sink(format == .json ? "[" : Self.beginning(of: schema, as: format))
  }

  /// What a table with rows begins with, whatever is in them: the header, in JSON the name of the first row's first column.
  public static func beginning(of schema: TableSchema, as format: TableFormat) -> String {
    switch format {
    case .csv, .tsv:
      let separator = separator(of: format)
      return schema.columns.map { delimited($0.name, separator) }.joined(separator: separator) + "\n"
    case .json:
      return "[\n  {" + (schema.columns.first.map { jsonString($0.name) + ": " } ?? "")
    }
  }

  /// Writes rows of the schema that the writer was made for, one cell per column.
  public mutating func write(_ rows: [[Cell]]) throws {
    var text = ""
    for cells in rows {
      switch format {
      case .csv, .tsv:
        for (index, cell) in cells.enumerated() {
          if index > 0 { text += separator }
          text += delimited(cell)
        }
        text += "\n"
      case .json:
        text += rowCount == 0 ? "\n  {" : ",\n  {"
        for (index, cell) in cells.enumerated() {
          if index > 0 { text += ", " }
          text += jsonString(schema.columns[index].name) + ": " + json(cell)
        }
        text += "}"
      }
      rowCount += 1
    }
    if !text.isEmpty { try sink(text) }
  }

  public mutating func write<Row: TableRow>(_ rows: [Row]) throws {
    // Cells and their text take several times the memory of the rows: only some of them are there at a time.
    for start in stride(from: 0, to: rows.count, by: Self.rowsAtATime) {
      try write(rows[start..<min(start + Self.rowsAtATime, rows.count)].map(\.cells))
    }
  }

  private static let rowsAtATime = 1024

  /// Writes what stands after the last row. Call it once, at the end.
  public mutating func finish() throws {
    if format == .json { try sink(rowCount == 0 ? "]\n" : "\n]\n") }
  }

  private var separator: String { Self.separator(of: format) }

  private static func separator(of format: TableFormat) -> String { format == .tsv ? "\t" : "," }

  private func delimited(_ cell: Cell) -> String {
    switch cell {
    case .string(let value): Self.delimited(harmless(value), separator)
    case .integer(let value): String(value)
    case .number(let value): value.isFinite ? value.description : ""
    case .boolean(let value): value ? "true" : "false"
    case .missing: ""
    }
  }

  private static func delimited(_ value: String, _ separator: String) -> String {
    let special = value.unicodeScalars.contains { $0 == "\"" || $0 == "\n" || $0 == "\r" || separator.unicodeScalars.contains($0) }
    guard special else { return value }
    return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// Text that a spreadsheet would run as a formula, with an apostrophe before it, which spreadsheets take for "this is text".
  private func harmless(_ value: String) -> String {
    guard let first = value.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) else { return value }
    return "'" + value
  }

  private func json(_ cell: Cell) -> String {
    switch cell {
    case .string(let value): jsonString(value)
    case .missing: "null"
    case .number(let value) where !value.isFinite: "null"
    default: delimited(cell)
    }
  }
}

/// A string as JSON writes it, quotes included (RFC 8259 §7).
func jsonString(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}
