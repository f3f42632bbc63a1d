import ActivationRecording
import ArgumentParser
import FrogAndToad
import Terminal

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "What is in a states file: origin, labels, distress, and how much of the other sets is also in training.",
    discussion: """
      EXAMPLE
        frogtoad inspect demo/states.h5
      """)

  @Argument(help: "A states file.", completion: .file(extensions: ["h5"]))
  var states: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.requireRoom(bytes: 0, for: "\(states): the rows", alternative: "use fewer threads with --threads")
    let file = try StatesFile(states, threads: common.threads)
    let provenance = file.provenance
    var lines = ["source: \(provenance.source)\(provenance.seed.map { ", seed \($0)" } ?? "")"]
    if !provenance.commandLine.isEmpty { lines.append("command line: \(provenance.commandLine)") }
    if let game = provenance.game { lines.append("game: \(game)") }
    lines.append("states sha256: \(file.hash)")
    let counts = [("training", .train), ("test", .test), ("validation", FrogAndToad.Split.validation)].map {
      "\(grouped(file.count($0.1))) \($0.0)"
    }
    lines.append("\(listed(counts)) states")
    lines += try statesSummary(of: states, common: common)
    try StandardOutput.write("\(states)\n" + lines.map { "  \($0)\n" }.joined())
    if file.count(.train) > 0, file.count(.validation) > 0 { common.suggestTraining(on: states) }
  }
}
