import ArgumentParser
import FrogAndToad
import Terminal

/// Which game is played.
struct CouplingOptions: ParsableArguments {
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

  var couplings: Couplings {
    Couplings(
      helpFrom: helpFrom.cell, dependency: Int((dependency * 1000).rounded()), obstacleRate: obstacleRate, flyPatterns: flyPatterns)
  }

  func validate() throws {
    guard (0...1).contains(dependency), abs((dependency * 1000).rounded() - dependency * 1000) < 1e-6 else {
      throw ValidationError("--dependency takes a number from 0 to 1 with at most three decimals, not \(dependency).")
    }
    guard (0...1).contains(obstacleRate) else {
      throw ValidationError("--obstacle-rate takes a number from 0 to 1, not \(obstacleRate).")
    }
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
