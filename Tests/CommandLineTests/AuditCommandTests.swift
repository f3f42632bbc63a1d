import HDF5
import Testing

@Suite("mirrorscope audit")
struct AuditCommandTests {
  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
    try workplace.copyFixture("MirrorAnalysis/audit_game.h5", as: "game.h5")
  }

  @Test("Writes the contract's columns, the same bytes for any number of threads")
  func table() throws {
    let runs = try ["1", "2"].map { try workplace.run("mirrorscope", "audit", "game.h5", "--quiet", "--threads", $0) }
    #expect(runs[0].status == 0 && runs[0].errors.isEmpty, runs[0].transcript)
    let start = "recording,network,epoch,check,subject,value,threshold,verdict,detail\ngame.h5,,,label leak,none/self/other/both,1"
    #expect(runs[0].output.hasPrefix(start), runs[0].transcript)
    #expect(runs[0].output == runs[1].output)
  }

  @Test("An input that is not finite is named by row and column")
  func notFinite() throws {
    try workplace.copyFixture("MirrorAnalysis/audit_floats.h5", as: "floats.h5")
    let file = try File.open(workplace.path("floats.h5"), writable: true)
    let inputs = try file.root.dataset("inputs")
    var row = try inputs.read(rows: 20..<21, as: Float.self)
    row[3] = .nan
    try inputs.write(row, rows: 20..<21)
    try file.close()
    let run = try workplace.run("mirrorscope", "audit", "floats.h5", "--quiet")
    #expect(run.status == 2, run.transcript)
    #expect(run.errors == "error: floats.h5: /inputs holds nan at row 20, column 3. It needs finite values.\n", run.transcript)
    #expect(run.output.isEmpty, run.transcript)
  }

  @Test("A phase without rows ends with 3")
  func emptyPhase() throws {
    let file = try File.open(workplace.path("game.h5"), writable: true)
    let phase = try file.root.dataset("phase")
    try phase.write(try phase.read(as: UInt8.self).map { $0 == 2 ? 0 : $0 })
    try file.close()
    let run = try workplace.run("mirrorscope", "audit", "game.h5", "--quiet")
    #expect(run.status == 3 && run.output.isEmpty, run.transcript)
  }

  @Test("Inputs that do not fit into --max-memory end with 1 and say what they need")
  func memory() throws {
    let run = try workplace.run("mirrorscope", "audit", "game.h5", "--quiet", "--threads", "1", "--max-memory", "100K")
    #expect(run.status == 1 && run.output.isEmpty, run.transcript)
    #expect(run.errors.hasPrefix("error: game.h5: the table audit needs "), run.transcript)
    #expect(run.errors.contains(", more than the 100.0 KB that are allowed. "), run.transcript)
    #expect(try workplace.run("mirrorscope", "audit", "game.h5", "--quiet", "--max-memory", "64M").status == 0)
  }
}
