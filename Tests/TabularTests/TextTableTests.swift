import Testing

@testable import Tabular

@Suite("Tables that are read")
struct TextTableTests {
  private func table(_ text: String) throws(TextTableError) -> TextTable { try TextTable(name: "t.csv", text: Array(text.utf8)) }

  private func cells(_ table: TextTable) -> [[String]] {
    (0..<table.rowCount).map { row in table.columns.indices.map { table.text(row: row, column: $0) } }
  }

  @Test("Quotes, line ends, blank lines, a byte order mark and tabs")
  func spellings() throws {
    for text in ["a,b\n1,2\n3,\n", "a,b\r\n1,2\r\n\r\n3,\r\n", "\u{FEFF}a,b\n1,2\n\n3,", " a ,b\n\"1\",2\n3,\"\"", "a\tb\n1\t2\n3\t"] {
      let table = try table(text)
      #expect(table.columns == ["a", "b"] && cells(table) == [["1", "2"], ["3", ""]], "\(text.debugDescription)")
    }
    let quoted = try table("name,x\n\"one, two\r\nthree \"\"four\"\"\",1\r\nnext,2\n")
    #expect(cells(quoted) == [["one, two\r\nthree \"four\"", "1"], ["next", "2"]])
    #expect([0, 1, 2].map { quoted.place(ofRow: $0) } == ["line 2", "line 4", "row 2"])
    #expect(quoted.column("x") == 1 && quoted.column("y") == nil && quoted.text(row: 9, column: 0) == "")
  }

  @Test("What was written is read back, apostrophes before formulas included")
  func roundTrip() throws {
    let schema = TableSchema(name: "t", title: "t", columns: [Column("a", .string, ""), Column("b", .number, "")])
    let rows: [[Cell]] = [[.string("=1+1"), .number(0.1)], [.string("'quoted'"), .missing], [.string("a\tb,\"c\"\n"), .number(-1e-300)]]
    for format in [TableFormat.csv, .tsv] {
      var text = ""
      var writer = try TableWriter(schema: schema, format: format) { text += $0 }
      try writer.write(rows)
      try writer.finish()
      #expect(cells(try table(text)) == [["=1+1", "0.1"], ["'quoted'", ""], ["a\tb,\"c\"\n", "-1e-300"]])
    }
  }

  @Test("Rows that are no file's")
  func made() {
    let table = TextTable(name: "r", columns: ["a", "b"], rows: [["1"], ["2", "3"], []])
    #expect(cells(table) == [["1", ""], ["2", "3"], ["", ""]] && table.place(ofRow: 1) == "row 1")
  }

  @Test("What is no table has its sentence")
  func faults() {
    for (text, sentence) in [
      ("", "is empty. A table begins with a line of column names."), ("\n\n", "is empty. A table begins with a line of column names."),
      ("[\n  {\"a\": 1}\n]\n", "is JSON, and tables are read from CSV or TSV. Write it as one of these."),
      ("a\0b", "is no text in UTF-8. Give a CSV or TSV file."),
      ("a,b,a\n1,2,3\n", "two columns are called 'a'. Give each a name of its own."),
      ("a,b\n1,2\n3\n", "line 3 has 1 cells, and the header 2. Give every row a cell for each column."),
      ("a,b\n1,2,3\n", "line 2 has 3 cells, and the header 2. Give every row a cell for each column."),
      (
        "a,b\n\"1,2\n3,4\n",
        "the row at line 2 has a quote that is not closed, or text behind one that is. Double quotes inside of quoted text."
      ),
      (
        "a,b\n\"1\"x,2\n",
        "the row at line 2 has a quote that is not closed, or text behind one that is. Double quotes inside of quoted text."
      ),
    ] {
      do {
        _ = try table(text)
        Issue.record("\(text.debugDescription) was read")
      } catch {
        #expect(error.description == "t.csv: \(sentence)")
      }
    }
    #expect(throws: TextTableError.self) { try TextTable(name: "t", text: [0x61, 0xff, 0x0a]) }
    #expect(throws: TextTableError(table: "/no/such.csv", fault: .unreadable("there is no such file"))) {
      try TextTable(path: "/no/such.csv")
    }
  }
}
