import ArgumentParser
import FrogAndToad
import Terminal

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Play the game at random and store labelled states: a training and a test set that share none.",
    discussion: """
      EXAMPLE
        frogtoad generate --states 200000 --seed 1 --output states.h5

      The states are all different. The test set is 40 % hop, 40 % jump, 10 % leap and 10 % help; the rest trains as it comes: about \
      44 % hop, 46 % jump, 9 % leap and 1 % help. --help-from and --dependency say how much Toad matters to Frog, --obstacle-rate and \
      --fly-patterns how much there is to see; the defaults are the paper's game.
      """)

  @Option(count: 1...4_294_967_295, help: "Different states to make, both sets together.")
  var states: Int

  @Option(
    name: .customLong("test"), count: 0...4_294_967_295, help: "States of the test set. (default: a twentieth of all, at most 100,000)")
  var testCount: Int?

  @Option(name: .long, help: "Seed of the games and of the split.")
  var seed: UInt64 = 1

  @Option(count: 1...1_000_000, help: "Turns of one game.")
  var turnsPerGame = 1000

  @Flag(name: .long, help: "Keep the energy as played instead of drawing it anew.")
  var keepEnergy = false

  @OptionGroup var couplings: CouplingOptions

  @Option(name: .customLong("test-split"), help: "Labels of the test set: stratified, or natural, as they come.")
  var testDraw = TestDraw.stratified

  @Option(name: .shortAndLong, help: ArgumentHelp("File to write.", valueName: "states.h5"))
  var output: String

  @Flag(name: .long, help: "Replace the output if it exists.")
  var force = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try requireAbsent(output, overwrite: force)
    let step = GenerateStep(
      count: states, testCount: testCount, seed: seed,
      options: GenerationOptions(turnsPerEpisode: turnsPerGame, keepEnergy: keepEnergy, couplings: couplings.couplings, testDraw: testDraw))
    try step.run(to: output, overwrite: force, common: common)
  }
}

extension TestDraw: ExpressibleByArgument {}
