import HDF5
import Testing

@Suite("mirrorscope validate")
struct ValidateCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "good.h5")
  }

  /// A copy of a small valid recording, changed.
  private func recording(_ name: String = "bad.h5", _ change: (File) throws -> Void) throws {
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: name)
    let file = try File.open(workplace.path(name), writable: true)
    try change(file)
    try file.close()
  }

  @Test("Lists every fault, one line each, and ends with 2")
  func everyFault() throws {
    try recording { file in
      try file.root.group("layers").createGroup("dense_3").write("activations", [Float](repeating: 0, count: 20), shape: [10, 2])
      try file.root.attributes.set("complete", 0)
      try file.root.createGroup("rows").write("position", [Int32](repeating: 0, count: 7))
    }
    let run = try workplace.run("mirrorscope", "validate", "good.h5", "bad.h5", "absent.h5", "--quiet")
    #expect(run.status == 2, run.transcript)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "good.h5: valid" && lines.last == "absent.h5: cannot open the file: it does not exist", run.transcript)
    for part in [
      "the recording was not finished (attribute complete is 0). Recover its rows with 'mirrorscope recover bad.h5'.",
      "/layers/dense_3/activations has 10 rows but /phase has ", "/rows/position has shape 7; it needs one value for each of the ",
    ] {
      #expect(lines.count { $0.hasPrefix("bad.h5: \(part)") } == 1, run.transcript)
    }
    #expect(run.errors.isEmpty, run.transcript)
  }

  @Test("Notes go to standard error and do not make a recording invalid; --quiet leaves them out")
  func notes() throws {
    try workplace.copyFixture("MirrorAnalysis/small.h5", as: "small.h5")
    let run = try workplace.run("mirrorscope", "validate", "small.h5")
    #expect(run.errors.hasPrefix("small.h5: note: carries no checksums: damage may go unseen.\nNext: "), run.transcript)
    #expect(try workplace.run("mirrorscope", "validate", "small.h5", "--quiet").errors.isEmpty)
  }

  @Test("Several faults of what rows hold are found at once")
  func values() throws {
    try recording { file in
      let phase = try file.root.dataset("phase")
      try phase.write([UInt8(9)], rows: 4..<5)
      let activations = try file.root.dataset("layers/dense_1/activations")
      var row = try activations.read(rows: 3..<4, as: Float.self)
      row[1] = .infinity
      try activations.write(row, rows: 3..<4)
    }
    let run = try workplace.run("mirrorscope", "validate", "bad.h5", "--quiet")
    #expect(run.status == 2, run.transcript)
    #expect(run.output.contains("bad.h5: /phase holds 9 at row 4. It may hold none 0, self 1, other 2 and both 3.\n"), run.transcript)
    #expect(run.output.contains("bad.h5: /layers/dense_1/activations holds inf at row 3, unit 1. Record finite values,"), run.transcript)
  }
}

@Suite("mirrorscope inspect")
struct InspectCommandTests {
  @Test("Text for people is aligned; a table has the columns that every table begins with")
  func formats() throws {
    let workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/planted.h5", as: "planted.h5")
    let text = try workplace.run("mirrorscope", "inspect", "planted.h5")
    #expect(text.status == 0 && text.output.hasPrefix("planted.h5\n  "), text.transcript)
    #expect(text.output.contains("\n  layer dense_1 ") && text.output.contains(" units, dense, "), text.transcript)
    let table = try workplace.run("mirrorscope", "inspect", "planted.h5", "--format", "tsv")
    #expect(table.output.hasPrefix("recording\tnetwork\tepoch\titem\tvalue\n"), table.transcript)
    #expect(try workplace.run("mirrorscope", "inspect", "planted.h5", "--output", "facts.json").status == 0)
    #expect(try workplace.text("facts.json").hasPrefix("["))
  }

  @Test("Pairs, columns of rows, types and layouts are shown, and a recording without phases is described too")
  func newParts() throws {
    let workplace = try Workplace()
    let file = try File.create(workplace.path("foreign.h5"))
    let root = try file.root
    for (name, value) in [("schema", "mirrorscope-recording"), ("schema_version", "1.1")] { try root.attributes.set(name, value) }
    try root.write("sample", (0..<6).map { Int64($0) })
    try root.write("pair", [0, 0, 1, 1, -1, -1] as [Int32])
    let rows = try root.createGroup("rows")
    try rows.write("position", (0..<6).map { Int32($0) })
    try rows.write("temperature", (0..<6).map { Float($0) })
    let layer = try root.createGroup("layers").createGroup("encoder.h.0")
    try layer.attributes.set("kernel_layout", "unit,input")
    let activations = try layer.write("activations", [UInt16](repeating: 16256, count: 12), shape: [6, 2])
    try activations.attributes.set("dtype", "bfloat16")
    try layer.write("kernel", [Float](repeating: 1, count: 8), shape: [2, 4])
    try file.close()
    let run = try workplace.run("mirrorscope", "inspect", "foreign.h5", "--format", "csv")
    #expect(run.status == 0, run.transcript)
    let table = Table(run.output)
    let facts = Dictionary(zip(table["item"], table["value"]), uniquingKeysWith: { first, _ in first })
    #expect(facts["pairs"] == "2 (2 rows in none)" && facts["column position"] == "integers", run.transcript)
    #expect(facts["column temperature"] == "floats", run.transcript)
    #expect(run.output.contains("bfloat16 (bits in uint16), kernel 2 × 4 [unit, input] float32"), run.transcript)
    #expect(run.output.contains("taken for the output, since no layer says is_output"), run.transcript)
    #expect(facts["missing phase"] == "a column has to be named that tells the phases", run.transcript)
    #expect(facts["checksums"] == "none: damage may go unseen", run.transcript)
  }
}
