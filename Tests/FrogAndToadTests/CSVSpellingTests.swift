import Foundation
import Testing

@testable import FrogAndToad

/// The same states as other programs write them.
@Suite struct CSVSpellingTests {
  private static let lines: [[String]] = (0..<40).map { row in
    AuthorCSVTests.fields().enumerated().map { $0.offset == 97 ? String(1 + row % 20) : $0.element }
  }

  private func read(_ bytes: [UInt8]) throws -> (StateRows, CSVReport) {
    let path = FileManager.default.temporaryDirectory.appending(path: "frogtoad-\(UUID().uuidString).csv").path()
    try Data(bytes).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var all = StateRows()
    let report = try readAuthorCSV(path, blockRows: 7) { all.append($0) }
    return (all, report)
  }

  private func text(separator: String = ",", end: String = "\n", _ spell: (String) -> String = { $0 }) -> String {
    Self.lines.map { $0.map(spell).joined(separator: separator) + end }.joined()
  }

  private func plain() throws -> StateRows { try read(Array(text().utf8)).0 }

  @Test(
    "Numbers in quotes, as decimals of 0, in scientific notation or with blanks around them are the same numbers",
    arguments: [
      ("\"", "\""), ("", ".0"), ("", ".000"), ("", "."), ("\"", ".0\""), ("", "e0"), ("\"", "e+00\""), (" \"", "\" "), ("+", ""),
    ])
  func numbers(before: String, after: String) throws {
    let (rows, report) = try read(Array(text { before + $0 + after }.utf8))
    let plain = try plain()
    #expect(rows == plain && !report.hasHeader)
  }

  @Test("numpy.savetxt's own format, %.18e, is read")
  func savetxt() throws {
    #expect(try read(Array(text(separator: ";") { String(format: "%.18e", Double($0) ?? .nan) }.utf8)).0 == plain())
  }

  @Test("Tabs and semicolons separate as commas do", arguments: ["\t", ";", " ,", "\t ", " "])
  func separators(separator: String) throws {
    #expect(try read(Array(text(separator: separator).utf8)).0 == plain())
  }

  @Test("UTF-16 with a byte order mark is read, whichever its byte order and line end", arguments: ["\n", "\r\n", "\r"], [false, true])
  func utf16(end: String, isBigEndian: Bool) throws {
    var units = [UInt16(0xfeff)]
    units += Array(text(separator: "\t", end: end).utf16)
    let bytes = units.flatMap { isBigEndian ? [UInt8($0 >> 8), UInt8($0 & 0xff)] : [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    #expect(try read(bytes).0 == plain())
  }

  @Test("Lines may end with CR alone, also in a file of many chunks, and a mark of UTF-8 in front does not matter")
  func carriageReturns() throws {
    #expect(try read(Array(("\u{feff}" + text(end: "\r")).utf8)).0 == plain())
    let (rows, report) = try read(Array(String(repeating: text(end: "\r"), count: 200).utf8))
    #expect(rows.count == 8_000 && report.rows == 8_000)
  }

  @Test("A separator or a second CR at the end of each line does not matter", arguments: [",\n", ",\r\n", "\r\r\n", " \n"])
  func lineEnds(end: String) throws {
    #expect(try read(Array(text(end: end).utf8)).0 == plain())
  }

  @Test("A header in quotes is one, whatever commas are in its names")
  func quotedHeader() throws {
    let names = (0..<101).map { "\"V,\($0)\"" }.joined(separator: ",")
    let (rows, report) = try read(Array((names + "\n" + text { "\"\($0)\"" }).utf8))
    let plain = try plain()
    #expect(report.hasHeader && rows == plain)
  }

  @Test(
    "Text that is not read says what it is and what to do",
    arguments: [
      ([0xff, 0xfe, 0, 0, 0x31, 0, 0, 0], "UTF-32: save it as UTF-8 (iconv -f UTF-32 -t UTF-8)"),
      ([0x31, 0, 0x2c, 0, 0x30, 0], "UTF-16 without a byte order mark: save it as UTF-8 (iconv -f UTF-16LE -t UTF-8)"),
      ([0, 0x31, 0, 0x2c, 0, 0x30], "UTF-16 without a byte order mark: save it as UTF-8 (iconv -f UTF-16BE -t UTF-8)"),
      (Array("\n<!DOCTYPE html>\n".utf8), "a web page: download the file itself"),
      (Array("PAR1".utf8) + [0x15, 0, 0x15], "no text: give a CSV file"),
    ] as [([UInt8], String)])
  func otherText(bytes: [UInt8], sentence: String) {
    #expect {
      _ = try read(bytes)
    } throws: { error in
      String(describing: error).hasSuffix(" is \(sentence).")
    }
  }

  @Test("A column of row numbers is an error that says how to leave it out")
  func rowNumbers() throws {
    let text = "\"\"," + (1...101).map { "\"V\($0)\"" }.joined(separator: ",") + "\n\"1\"," + Self.lines[0].joined(separator: ",") + "\n"
    try withTemporaryFile(text) { path in
      #expect {
        _ = try readAuthorCSV(path) { _ in }
      } throws: { error in
        String(describing: error)
          == "\(path), line 2: 102 fields instead of 101 (100 integers and the label). If the first is a column of row numbers, write the file "
          + "without it: to_csv(index=False) in pandas, row.names = FALSE in R."
      }
    }
  }
}
