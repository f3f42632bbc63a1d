import Foundation
import Testing

/// What people see at a terminal.
@Suite("At a terminal", .enabled(if: python != nil, "no Python: run scripts/test"))
struct TerminalTests {
  private let workplace: Workplace
  private let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/CommandLine/in_terminal.py").path

  init() throws { workplace = try Workplace() }

  private func show(_ program: String, _ arguments: String..., output: Bool = false) throws -> ProgramRun {
    try workplace.run(
      executable: try #require(python),
      [script] + (output ? ["--output"] : []) + [try #require(workplace.program(program))] + arguments)
  }

  @Test("A long analysis shows its share, rate and time left, and the line is gone before anything else is printed")
  func analysis() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "r.h5")
    let run = try show("mirrorscope", "units", "r.h5", "--permutations", "20000", "-o", "u.csv")
    #expect(run.status == 0, run.transcript)
    #expect(run.output.contains(/units \[#+\.*\] \d+ %  [\d.]+ (bytes|KB|MB)\/s  \d+ (s|min) left/), run.transcript)
    #expect(run.output.contains("\r\u{1B}[KNext: "), run.transcript)
    let quiet = try show("mirrorscope", "units", "r.h5", "--permutations", "20000", "-o", "v.csv", "--quiet")
    #expect(quiet.status == 0 && quiet.output.isEmpty, quiet.transcript)
  }

  @Test("A table on the terminal is not drawn over")
  func table() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "r.h5")
    let run = try show("mirrorscope", "units", "r.h5", "--permutations", "1000", output: true)
    let plain = try workplace.run("mirrorscope", "units", "r.h5", "--permutations", "1000")
    #expect(run.status == 0 && run.output.replacing("\r\n", with: "\n").contains(plain.output), run.transcript)
  }
}
