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

  @Option(name: .long, help: "Cell from which on Frog's label is to help a Toad in distress; alone: Toad never matters.")
  var helpFrom = HelpFrom(cell: Couplings.helpFrom)

  @Option(
    name: .long,
    help: "How much Toad's place moves the strip: 1 holds the middle between the players, 0 Frog alone. It also tells who is who.")
  var dependency = 1.0

  @Option(name: .long, help: "Highest probability that new ground begins an obstacle.")
  var obstacleRate = 0.075

  @Option(count: Couplings.flyPatternCounts, help: "Rows of flies that states choose from.")
  var flyPatterns = 6

  @Option(name: .customLong("test-split"), help: "Labels of the test set: stratified, or natural, as they come.")
  var testDraw = TestDraw.stratified

  func validate() throws {
    guard (0...1).contains(dependency), abs((dependency * 1000).rounded() - dependency * 1000) < 1e-6 else {
      throw ValidationError("--dependency takes a number from 0 to 1 with at most three decimals, not \(dependency).")
    }
    guard (0...1).contains(obstacleRate) else {
      throw ValidationError("--obstacle-rate takes a number from 0 to 1, not \(obstacleRate).")
    }
  }

  var couplings: Couplings {
    Couplings(helpFrom: helpFrom.cell, dependency: Int((dependency * 1000).rounded()), obstacleRate: obstacleRate, flyPatterns: flyPatterns)
  }

  var step: GenerateStep {
    GenerateStep(
      count: states, testCount: testCount, validationCount: validationCount, seed: seed,
      options: GenerationOptions(turnsPerEpisode: turnsPerGame, keepEnergy: keepEnergy, couplings: couplings, testDraw: testDraw))
  }
}

/// The cell from which on Frog helps; none for "alone".
struct HelpFrom: ExpressibleByArgument, CustomStringConvertible {
  let cell: Int?

  init(cell: Int?) { self.cell = cell }

  init?(argument: String) {
    guard argument != "alone" else {
      cell = nil
      return
    }
    guard let cell = Int(argument), (0..<World.width).contains(cell) else { return nil }
    self.cell = cell
  }

  var description: String { cell.map { "\($0)" } ?? "alone" }
  var defaultValueDescription: String { description }
}

extension TestDraw: ExpressibleByArgument {}
