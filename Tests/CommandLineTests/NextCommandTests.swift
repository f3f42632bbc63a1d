import Foundation
import Testing

/// The line that names the next command, followed from one command to the next.
@Suite("The next command")
struct NextCommandTests {
  private let workplace: Workplace

  init() throws { workplace = try Workplace() }

  /// The one line that a run names another command in.
  private func next(after run: ProgramRun) -> String? {
    let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("Next: ") }
    #expect(lines.count <= 1 && !run.output.contains("Next: "), run.transcript)
    return lines.last.map { String($0.dropFirst("Next: ".count)) }
  }

  @Test("From states to an ablation each command names the next one, which works as it stands")
  func chain() throws {
    var line: String? = "frogtoad generate --states 4000 --test 1000 --output states.h5"
    var commands: [String] = []
    while let current = line {
      let words = current.split(separator: " ").map(String.init)
      let program = (words[0] as NSString).lastPathComponent
      let command = "\(program) \(words[1])"
      guard !commands.contains(command) else { break }
      commands.append(command)
      let run = try workplace.shell(current)
      try #require(run.status == 0, run.transcript)
      line = next(after: run)
      if command == "frogtoad train" { try #require(line?.contains("states.h5") == true, run.transcript) }
    }
    #expect(
      commands.prefix(6) == [
        "frogtoad generate", "frogtoad train", "frogtoad record", "mirrorscope cmni", "mirrorscope units", "mirrorscope ablate",
      ],
      "\(commands)")
    #expect(commands.count > 6 && workplace.exists("units.csv") && workplace.exists("ablate.csv"), "\(commands)")
  }

  @Test("validate, inspect and audit name each other and then the index of all recordings; --quiet names nothing")
  func order() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "a b.h5")
    var line = ["validate", "a b.h5"]
    var commands: [String] = []
    for _ in 0..<3 {
      commands.append(line[0])
      let run = try workplace.run("mirrorscope", line)
      let named = try #require(next(after: run), run.transcript)
      #expect(named.contains("'a b.h5'"), run.transcript)
      let quiet = try workplace.run("mirrorscope", [line[0], "a b.h5", "--quiet", "-o", "quiet-\(line[0])"])
      #expect(quiet.status == 0 && next(after: quiet) == nil, quiet.transcript)
      line = [named.split(separator: " ").map(String.init)[1], "a b.h5"]
    }
    #expect(commands == ["validate", "inspect", "audit"] && line[0] == "cmni")
  }

  @Test("What chooses rows and phases goes on to the next command, and a table that is there is not named as its output")
  func carried() throws {
    try workplace.copyFixture("Golden/recording_2x17_epoch10.h5", as: "r.h5")
    try workplace.write("units.csv", "")
    let run = try workplace.run("mirrorscope", "cmni", "r.h5", "--no-partner-filter", "--where", "sample >= 0", "--layers", "dense_1")
    #expect(
      run.status == 0 && next(after: run)?.hasSuffix("mirrorscope units r.h5 --no-partner-filter --where 'sample >= 0'") == true,
      run.transcript)
  }

  @Test("A command that fails names nothing")
  func failure() throws {
    let run = try workplace.run("mirrorscope", "cmni", "none.h5")
    #expect(run.status != 0 && next(after: run) == nil, run.transcript)
  }
}
