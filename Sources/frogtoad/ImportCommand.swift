import ActivationRecording
import ArgumentParser
import Files
import FrogAndToad
import Terminal

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Turn a CSV of labelled states, 100 integers and the label a row, into a states file.",
    discussion: """
      EXAMPLE
        frogtoad import Tests/Fixtures/FrogAndToad/states_slice.csv -o states.h5

      This is the layout of the paper's own scripts, with or without a header. A scenario in column 98 moves to a column of its own, so \
      that no network sees it; where the column is 0 throughout, the players row decides. Every row is kept, in order.
      """)

  @Argument(help: "The CSV file.", completion: .file(extensions: ["csv"]))
  var csv: String

  @Option(name: .shortAndLong, help: ArgumentHelp("File to write.", valueName: "states.h5"), completion: .file(extensions: ["h5"]))
  var output: String

  @Option(name: .long, help: "Which set the rows are.")
  var split = FrogAndToad.Split.test

  @Flag(name: .long, help: "Replace the output if it exists.")
  var force = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    InputFiles.declare([csv])
    try requireAbsent(output, overwrite: force)
    try common.requireRoom(bytes: Self.memory, for: "\(csv): the rows", alternative: "use fewer threads with --threads")
    let log = common.logger
    let bar = ProgressBar("importing", unit: .bytes, quiet: common.quiet)
    let report = try importAuthorCSV(csv, to: output, split: split, commandLine: commandLine, overwrite: force, threads: common.threads) {
      bar.update(done: $0, total: $1)
    }
    bar.finish()
    log.info("\(output): \(grouped(report.rows)) \(split.rawValue) states\(report.hasHeader ? ", after a header" : "").")
    if !common.quiet { for line in try statesSummary(of: output, common: common) { log.info("  \(line)") } }
    log.info(
      report.scenarioIsGiven
        ? "  The scenario comes from column 98." : "  Column 98 is 0 throughout: the scenario comes from the players row.")
    if report.ambiguousScenarios > 0 {
      log.warning("\(grouped(report.ambiguousScenarios)) rows do not say who is in distress; they count as Frog in distress.")
    }
    defer { common.suggest("frogtoad", ["inspect", .text(output)]) }
    if report.labelDisagreements > 0, let line = report.firstLabelDisagreement {
      log.warning("\(grouped(report.labelDisagreements)) labels differ from the labelling rules, the first in line \(line); they are kept.")
    }
  }
}

extension FrogAndToad.Split: ExpressibleByArgument {}
