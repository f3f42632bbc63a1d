import ArgumentParser
import FrogAndToad
import Terminal

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Play the game at random and store labelled states: a training, a test and a validation set that share none.",
    discussion: """
      EXAMPLES
        frogtoad generate --states 200000 --seed 1 --output states.h5
        frogtoad generate --states 20000 --help-from alone --output alone.h5

      The states are all different. The test set is 40 % hop, 40 % jump, 10 % leap and 10 % help; the rest trains as it comes: about \
      44 % hop, 46 % jump, 9 % leap and 1 % help. The validation set, to choose epochs on, is one turn in twenty of \
      later games, as they come. --help-from and --dependency say how much Toad matters to Frog, --obstacle-rate and \
      --fly-patterns how much there is to see; the defaults are the paper's game.
      """)

  @OptionGroup var game: StatesOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("File to write.", valueName: "states.h5"), completion: .file(extensions: ["h5"]))
  var output: String

  @Flag(name: .long, help: "Replace the output if it exists.")
  var force = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try requireAbsent(output, overwrite: force)
    try game.step.run(to: output, overwrite: force, common: common)
    common.suggestTraining(on: output)
  }
}
