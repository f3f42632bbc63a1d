import Foundation

/// A table read from CSV or TSV: a header, and rows whose cells are text.
///
/// RFC 4180 in UTF-8, with LF or CR LF at line ends; what separates is a tab where the header has more tabs than commas. A cell in quotes may
/// hold separators, line ends and doubled quotes. Blank lines are no rows. The apostrophe that `TableWriter` puts before what a spreadsheet would run
/// as a formula is taken off again.
public struct TextTable: Sendable {
  /// What the table is called in a sentence: its path.
  public let name: String
  public let columns: [String]
  public let rowCount: Int
  /// The contents of all cells, one after the other, and where each ends.
  private let bytes: [UInt8]
  private let ends: [Int]
  /// The line on which each row begins, from 1; empty where rows are of no file.
  private let lines: [Int]

  /// A table of rows that are no file's.
  public init(name: String, columns: [String], rows: [[String]]) {
    var (bytes, ends) = ([UInt8](), [Int]())
    for row in rows {
      for column in columns.indices {
        bytes += row.indices.contains(column) ? Array(row[column].utf8) : []
        ends.append(bytes.count)
      }
    }
    (self.name, self.columns, rowCount, lines) = (name, columns, rows.count, [])
    (self.bytes, self.ends) = (bytes, ends)
  }

  /// - Throws: `TextTableError`.
  public init(path: String) throws(TextTableError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "there is no such file"
      throw TextTableError(table: path, fault: .unreadable(reason))
    }
    try self.init(name: path, text: Array(data))
  }

  /// - Throws: `TextTableError`.
  public init(name: String, text: [UInt8]) throws(TextTableError) {
    func fail(_ fault: TextTableError.Fault) -> TextTableError { TextTableError(table: name, fault: fault) }
    let text = text.starts(with: [0xef, 0xbb, 0xbf]) ? text[3...] : text[...]
    if text.first == UInt8(ascii: "["), !text.prefix(while: { $0 != 0x0a }).contains(UInt8(ascii: ",")) { throw fail(.isJSON) }
    if text.contains(0) || String(validating: text, as: UTF8.self) == nil { throw fail(.isNoText) }
    var parser = CellParser(text)
    var header: [String] = []
    var (bytes, ends, lines) = ([UInt8](), [Int](), [Int]())
    while let line = parser.nextLine {
      let (start, first) = (bytes.count, ends.count)
      do {
        try parser.readRow(into: &bytes, ends: &ends)
      } catch {
        throw fail(.badQuotes(line: line))
      }
      if ends.count == first + 1, bytes.count == start {
        ends.removeLast()
        continue
      }
      if header.isEmpty {
        var begin = 0
        for end in ends {
          header.append(String(decoding: bytes[begin..<end], as: UTF8.self).trimmingCharacters(in: .whitespaces))
          begin = end
        }
        (bytes, ends) = ([], [])
        let repeated = Dictionary(grouping: header.filter { !$0.isEmpty }) { $0 }.filter { $0.value.count > 1 }.keys
        if let name = header.first(where: repeated.contains) { throw fail(.repeatedColumn(name)) }
        continue
      }
      guard ends.count - first == header.count else {
        throw fail(.raggedRow(line: line, cells: ends.count - first, columns: header.count))
      }
      lines.append(line)
    }
    guard !header.isEmpty else { throw fail(.noHeader) }
    (self.name, columns, rowCount) = (name, header, lines.count)
    (self.bytes, self.ends, self.lines) = (bytes, ends, lines)
  }

  /// Bytes in memory while a file of so many bytes is read, and afterwards, at most.
  public static func byteCount(fileBytes: Int) -> Int {
    let (bytes, overflows) = fileBytes.multipliedReportingOverflow(by: 32)
    return overflows ? .max : bytes
  }

  /// The number of a column, from 0.
  public func column(_ name: String) -> Int? { columns.firstIndex(of: name) }

  public func text(row: Int, column: Int) -> String {
    let cell = row * columns.count + column
    guard ends.indices.contains(cell) else { return "" }
    let content = bytes[(cell > 0 ? ends[cell - 1] : 0)..<ends[cell]]
    let text =
      content.first == UInt8(ascii: "'") && content.dropFirst().first.map { "=+-@\t\r".utf8.contains($0) } ?? false
      ? content.dropFirst() : content
    return String(decoding: text, as: UTF8.self)
  }

  /// Where a row is: "line 7", or "row 3" of a table that is no file.
  public func place(ofRow row: Int) -> String { lines.indices.contains(row) ? "line \(lines[row])" : "row \(row)" }
}

/// Why a file is no table.
public struct TextTableError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Fault: Sendable, Equatable {
    case unreadable(String)
    case isJSON
    case isNoText
    case noHeader
    case repeatedColumn(String)
    case raggedRow(line: Int, cells: Int, columns: Int)
    /// A quote that is not closed, or text behind a closed one.
    case badQuotes(line: Int)
  }

  public let table: String
  public let fault: Fault

  public var description: String {
    switch fault {
    case .unreadable(let reason): "\(table): \(reason)."
    case .isJSON: "\(table): is JSON, and tables are read from CSV or TSV. Write it as one of these."
    case .isNoText: "\(table): is no text in UTF-8. Give a CSV or TSV file."
    case .noHeader: "\(table): is empty. A table begins with a line of column names."
    case .repeatedColumn(let name): "\(table): two columns are called '\(name)'. Give each a name of its own."
    case .raggedRow(let line, let cells, let columns):
      "\(table): line \(line) has \(cells) cells, and the header \(columns). Give every row a cell for each column."
    case .badQuotes(let line):
      "\(table): the row at line \(line) has a quote that is not closed, or text behind one that is. Double quotes inside of quoted text."
    }
  }
}

/// Goes through the rows of a text.
private struct CellParser {
  struct BadQuotes: Error {}

  private let text: ArraySlice<UInt8>
  private let separator: UInt8
  private var position: Int
  private var line = 1

  init(_ text: ArraySlice<UInt8>) {
    self.text = text
    position = text.startIndex
    let header = text.prefix { $0 != 0x0a }
    let tab = UInt8(ascii: "\t")
    separator = header.count { $0 == tab } > header.count { $0 == UInt8(ascii: ",") } ? tab : UInt8(ascii: ",")
  }

  /// The number of the line that is read next; nil at the end.
  var nextLine: Int? { position < text.endIndex ? line : nil }

  /// Appends the contents of a row's cells, and where each ends.
  mutating func readRow(into bytes: inout [UInt8], ends: inout [Int]) throws(BadQuotes) {
    let (quote, newline) = (UInt8(ascii: "\""), UInt8(ascii: "\n"))
    while true {
      if position < text.endIndex, text[position] == quote {
        try readQuoted(into: &bytes)
      } else {
        let end = text[position...].firstIndex { $0 == separator || $0 == newline } ?? text.endIndex
        let isLast = end == text.endIndex || text[end] == newline
        let content = text[position..<end]
        bytes += isLast && content.last == UInt8(ascii: "\r") ? content.dropLast() : content
        position = end
      }
      ends.append(bytes.count)
      guard position < text.endIndex else { return }
      let byte = text[position]
      position += 1
      if byte == newline {
        line += 1
        return
      }
    }
  }

  /// Up to the separator or line end behind the closing quote.
  private mutating func readQuoted(into bytes: inout [UInt8]) throws(BadQuotes) {
    let (quote, newline) = (UInt8(ascii: "\""), UInt8(ascii: "\n"))
    position += 1
    while position < text.endIndex {
      let byte = text[position]
      position += 1
      if byte == newline { line += 1 }
      guard byte == quote else {
        bytes.append(byte)
        continue
      }
      if position < text.endIndex, text[position] == quote {
        bytes.append(quote)
        position += 1
        continue
      }
      if position < text.endIndex, text[position] == UInt8(ascii: "\r") { position += 1 }
      guard position == text.endIndex || text[position] == separator || text[position] == newline else { throw BadQuotes() }
      return
    }
    throw BadQuotes()
  }
}
