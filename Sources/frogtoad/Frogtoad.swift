import ArgumentParser
import Terminal

@main
struct Frogtoad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "frogtoad",
    abstract: "Make the Frog and Toad experiment: labelled states, small networks trained on them, recordings of their activations.",
    discussion: """
      EXAMPLE
        frogtoad run --preset quick --output demo

      Results go to files, progress and notes to standard error. Exit codes: 0 fine, 1 failed, 2 bad or corrupt file, 3 not enough data, \
      64 usage, 130, 143 and 129 ended by a signal (INT, TERM, HUP; what was finished is kept).
      """,
    version: toolkitVersion,
    subcommands: [
      GenerateCommand.self, ImportCommand.self, InspectCommand.self, TrainCommand.self, RecordCommand.self, RunCommand.self,
      PlayCommand.self, GamesCommand.self, SweepCommand.self,
    ])

  static func main() {
    runProgram(Self.self) { Failure(ofLibrary: $0) }
  }
}
