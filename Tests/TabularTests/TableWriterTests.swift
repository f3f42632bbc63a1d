import Tabular
import Testing

private let schema = TableSchema(
  name: "sample", title: "A sample",
  columns: [
    Column("name", .string, "A name"), Column("n", .integer, "A count"), Column("x", .number, "A \"number\""),
    Column("known", .boolean, "Whether"),
  ])

@Suite("Writing tables")
struct TableWriterTests {
  private func text(_ format: TableFormat, _ rows: [[Cell]]) throws -> String {
    var text = ""
    var writer = try TableWriter(schema: schema, format: format) { text += $0 }
    try writer.write(rows)
    try writer.finish()
    return text
  }

  @Test("CSV has a header, empty cells for what does not exist, and quotes only where they are needed")
  func csv() throws {
    let rows: [[Cell]] = [
      [.string("a,b"), .integer(3), .number(0.1), .boolean(true)],
      [.string("say \"hi\""), .integer(nil), .number(nil), .boolean(false)],
      [.string("two\nlines"), .integer(-1), .number(.nan), .missing],
      [.string("tab\there"), .integer(0), .number(1e-5), .missing],
    ]
    #expect(
      try text(.csv, rows) == """
        name,n,x,known
        "a,b",3,0.1,true
        "say ""hi""\",,,false
        "two
        lines",-1,,
        tab\there,0,1e-05,

        """)
  }

  @Test("Text that a spreadsheet would run gets an apostrophe, in CSV and TSV alone", arguments: TableFormat.allCases)
  func formulas(format: TableFormat) throws {
    let text = try text(format, ["=cmd()", "-1", "+x", "@a", "a=b"].map { [.string($0), .integer(-1), .missing, .missing] })
    for name in ["=cmd()", "-1", "+x", "@a"] { #expect(text.contains("'\(name)") == (format != .json)) }
    #expect(!text.contains("'a=b") && text.contains(format == .tsv ? "a=b\t-1" : format == .csv ? "a=b,-1" : "-1"))
  }

  @Test("TSV quotes a tab and leaves a comma alone")
  func tsv() throws {
    let rows: [[Cell]] = [[.string("a,b"), .integer(3), .number(2), .boolean(true)], [.string("c\td"), .missing, .missing, .missing]]
    #expect(try text(.tsv, rows) == "name\tn\tx\tknown\na,b\t3\t2.0\ttrue\n\"c\td\"\t\t\t\n")
  }

  @Test("JSON is an array of objects, empty or not")
  func json() throws {
    #expect(try text(.json, []) == "[]\n")
    #expect(
      try text(
        .json, [[.string("a\"\\\u{1}"), .integer(3), .number(.infinity), .boolean(false)], [.missing, .missing, .missing, .missing]])
          == """
          [
            {"name": "a\\"\\\\\\u0001", "n": 3, "x": null, "known": false},
            {"name": null, "n": null, "x": null, "known": null}
          ]

          """)
  }

  @Test(
    "A number reads back as the same double",
    arguments: [0.1, -0.0, 1.0 / 3, .leastNonzeroMagnitude, 1.7976931348623157e308, 123_456_789.125, 0.012072334414403611])
  func roundTrip(value: Double) throws {
    let line = try text(.csv, [[.missing, .missing, .number(value), .missing]]).split(separator: "\n")[1]
    let cell = line.split(separator: ",", omittingEmptySubsequences: false)[2]
    #expect(Double(cell)?.bitPattern == value.bitPattern)
  }

  @Test("A Table Schema names each field, its type and what it means")
  func frictionless() {
    #expect(
      schema.frictionlessJSON == """
        {
          "name": "sample",
          "title": "A sample",
          "missingValues": [""],
          "fields": [
            { "name": "name", "type": "string",
              "description": "A name" },
            { "name": "n", "type": "integer",
              "description": "A count" },
            { "name": "x", "type": "number",
              "description": "A \\"number\\"" },
            { "name": "known", "type": "boolean",
              "description": "Whether" }
          ]
        }

        """)
  }
}
