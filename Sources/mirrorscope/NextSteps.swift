import ActivationRecording
import Terminal

extension RecordingOptions {
  /// The last recording that was given: of a training in order its last checkpoint. All of them where they are one.
  private var last: [NextCommand.Word] { (join ? recordings : recordings.suffix(1)).map { .text($0) } }

  /// Options that say which rows, phases and files an analysis sees hold for the next one too.
  private static let carriedOptions = ["--where", "--phase-column", "--phase-names", "--stratum-column", "--pair-column"]
  private static let carriedFlags = ["--join", "--join-strata", "--no-partner-filter"]

  /// Those of the options above that were given, as they were.
  static func carried(from arguments: [String]) -> [NextCommand.Word] {
    var words: [NextCommand.Word] = []
    var takesNext = false
    for argument in arguments {
      if takesNext {
        words.append(.text(argument))
        takesNext = false
      } else if argument == "--" {
        break
      } else if carriedOptions.contains(argument) {
        words.append(.text(argument))
        takesNext = true
      } else if carriedFlags.contains(argument) || carriedOptions.contains(where: { argument.hasPrefix($0 + "=") }) {
        words.append(.text(argument))
      }
    }
    return words
  }

  private var carried: [NextCommand.Word] { Self.carried(from: Array(CommandLine.arguments.dropFirst())) }

  /// Names an analysis of the last recording.
  ///
  /// - Parameters:
  ///   - options: of the command.
  ///   - table: name of the table that it writes, with its ending; nil where it prints.
  ///   - output: where this command's went.
  func suggest(_ command: String, _ options: [NextCommand.Word] = [], table: String?, beside output: String = "-", _ common: CommonOptions)
  {
    guard !common.quiet else { return }
    common.suggest(
      "mirrorscope", [.text(command)] + last + carried + options + (table.map { NextCommand.table($0, beside: output) } ?? []))
  }

  /// Names the same analysis of all recordings.
  func suggestForAll(_ command: String, table: String, _ common: CommonOptions) {
    common.suggest("mirrorscope", [.text(command)] + recordings.map { .text($0) } + carried + NextCommand.table(table))
  }

  /// Names an ablation: by replaying the recorded network, or, where it cannot be replayed, by a plan to be run in the model.
  func suggestAblation(beside output: String, _ common: CommonOptions) {
    guard !common.quiet else { return }
    if canReplay {
      suggest("ablate", ["--top", "4"], table: "ablate.csv", beside: output, common)
    } else if !join {
      suggest("plan", ["--top", "4"], table: "plan.json", beside: output, common)
    }
  }

  /// Names the page that sums everything up, where there is that command, or else another analysis.
  func suggestReport(or command: String, table: String, beside output: String, _ common: CommonOptions) {
    if Mirrorscope.configuration.subcommands.contains(where: { $0.configuration.commandName == "report" }) {
      suggest("report", table: "report.html", beside: output, common)
    } else {
      suggest(command, table: table, beside: output, common)
    }
  }

  /// Whether the last recording holds the parameters of its output layer.
  private var canReplay: Bool {
    guard let path = recordings.last, let recording = try? Recording(path: path, needsPhase: false) else { return false }
    let layers = recording.layers.filter(\.isOwnLayer)
    guard layers.count > 1, let output = layers.last else { return false }
    return output.hasKernel && output.activationFunction != nil
  }
}
