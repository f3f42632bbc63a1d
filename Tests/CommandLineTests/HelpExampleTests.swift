import Foundation
import Testing

/// The examples that `--help` of every command begins with, run as they stand.
@Suite("Examples in the help")
struct HelpExampleTests {
  /// Running this one takes longest: `ExperimentTests` does it.
  static let wholeExperiment = "frogtoad run --preset quick --output demo"

  private let workplace: Workplace

  init() throws {
    workplace = try Workplace()
  }

  /// The names of a program's commands, from its help.
  private func commands(of program: String) throws -> [String] {
    let lines = try workplace.run(program, "--help").output.split(separator: "\n")
    return lines.drop { $0 != "SUBCOMMANDS:" }.compactMap { $0.prefixMatch(of: /\ \ ([a-z]+)/).map { String($0.1) } }
  }

  /// What stands under EXAMPLE or EXAMPLES before all else, one to three; each has to be one line: what is wrapped cannot be copied.
  private func examples(_ program: String, _ command: [String]) throws -> [String] {
    let help = try workplace.run(program, command + ["--help"])
    let match = try #require(help.output.firstMatch(of: /\n\nEXAMPLE(S?)\n((?:  .+\n)+)\n/), help.transcript)
    let lines = match.2.split(separator: "\n").map { String($0.dropFirst(2)) }
    #expect((1...3).contains(lines.count) && match.1.isEmpty == (lines.count == 1), help.transcript)
    #expect(match.range.lowerBound < (help.output.firstRange(of: "USAGE:")?.lowerBound ?? help.output.startIndex), help.transcript)
    for line in lines { #expect(line.hasPrefix(([program] + command).joined(separator: " ") + " "), help.transcript) }
    return lines
  }

  /// A folder laid out as that of `scripts/demo`, of fewer states and epochs.
  private func makeDemo() throws {
    for arguments in [
      ["generate", "--states", "8000", "--test", "1500", "--output", "demo/states.h5"],
      ["train", "demo/states.h5", "--hidden", "17,17", "--learning-rate", "1e-3", "--epochs", "2", "--output", "demo/networks/2x17"],
      ["record", "demo/networks/2x17", "--states", "demo/states.h5", "--output", "demo/recordings/2x17"],
    ] {
      let run = try workplace.run("frogtoad", arguments)
      try #require(run.status == 0, run.transcript)
    }
  }

  /// A plan, and outcomes of its arms that are all alike.
  private func makeOutcomes(in place: Workplace) throws {
    let run = try place.run("mirrorscope", "plan", "demo/recordings/2x17/epoch-001.h5", "--units", "dense_1:1,2", "-o", "plan.json")
    try #require(run.status == 0, run.transcript)
    let plan = try #require(JSONSerialization.jsonObject(with: Data(place.text("plan.json").utf8)) as? [String: Any])
    let examples = try #require(plan["examples"] as? [[String: Any]]).compactMap { $0["example"] as? String }
    let arms = try #require(plan["arms"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    let rows = arms.flatMap { arm in examples.map { "\(arm),\($0),hit,1" } }
    try place.write("outcomes.csv", "arm,example,outcome,value\n" + rows.joined(separator: "\n") + "\n")
  }

  /// What two recordings add to `stats`.
  private func makeShards(in place: Workplace) throws {
    for shard in 1...2 {
      let run = try place.run(
        "mirrorscope", "stats", "demo/recordings/2x17/epoch-00\(shard - 1).h5", "--accumulator", "shard-\(shard).h5", "--shard",
        "\(shard)/2")
      try #require(run.status == 0, run.transcript)
    }
  }

  @Test("Every command's examples work word for word on the demo's output, in a checkout")
  func examples() throws {
    try FileManager.default.createDirectory(atPath: workplace.path("demo"), withIntermediateDirectories: true)
    try makeDemo()
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    var count = 0
    for program in ["frogtoad", "mirrorscope"] {
      for command in try [[]] + commands(of: program).map({ [$0] }) {
        count += 1
        for example in try examples(program, command) where example != Self.wholeExperiment {
          // A folder of its own for what each writes.
          let place = try Workplace()
          try FileManager.default.createSymbolicLink(atPath: place.path("demo"), withDestinationPath: workplace.path("demo"))
          try FileManager.default.createSymbolicLink(atPath: place.path("Tests"), withDestinationPath: tests)
          try FileManager.default.createSymbolicLink(atPath: place.path("sweeps"), withDestinationPath: tests + "/../sweeps")
          if command == ["judge"] { try makeOutcomes(in: place) }
          if command == ["merge"] { try makeShards(in: place) }
          let run = try place.shell(example)
          #expect(run.status == 0, run.transcript)
        }
      }
    }
    #expect(count == 2 + 9 + 20)
  }
}
