import ArgumentParser
import FrogAndToad
import Terminal

/// Which states are made, of which game.
struct StatesOptions: ParsableArguments, Sendable {
  @Option(count: 1...4_294_967_295, help: "Different states to make, training and test set together.")
  var states: Int

  @Option(
    name: .customLong("test"), count: 0...4_294_967_295, help: "States of the test set. (default: a twentieth of all, at most 100,000)")
  var testCount: Int?

  @Option(
    name: .customLong("validation"), count: 0...4_294_967_295,
    help: "States of the validation set, beside those. (default: a twentieth of them, at most 100,000)")
  var validationCount: Int?

  @Option(name: .long, help: "Seed of the games and of the split.")
  var seed: UInt64 = 1

  @Option(count: 1...1_000_000, help: "Turns of one game.")
  var turnsPerGame = 1000

  @Flag(name: .long, help: "Keep the energy as played instead of drawing it anew.")
  var keepEnergy = false

  @OptionGroup var couplings: CouplingOptions

  @Option(name: .customLong("test-split"), help: "Labels of the test set: stratified, or natural, as they come.")
  var testDraw = TestDraw.stratified

  var step: GenerateStep {
    GenerateStep(
      count: states, testCount: testCount, validationCount: validationCount, seed: seed,
      options: GenerationOptions(turnsPerEpisode: turnsPerGame, keepEnergy: keepEnergy, couplings: couplings.couplings, testDraw: testDraw))
  }
}

extension TestDraw: ExpressibleByArgument {}
