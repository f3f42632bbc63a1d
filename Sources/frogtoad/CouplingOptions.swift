import ArgumentParser
import FrogAndToad
import Terminal

/// Which game is played.
struct CouplingOptions: ParsableArguments {
  @Option(
    name: .long,
    help: "Cell from which on Frog's label is to help a Toad in distress; alone: Toad never matters; the paper's is 26.",
    completion: .list(["alone", "26"]))
  var helpFrom: HelpFrom?

  @Option(
    name: .long,
    help:
      "How much Toad's place moves the strip: 1 holds the middle between the players, 0 Frog alone. It also tells who is who; the paper's is 1."
  )
  var dependency: Double?

  @Option(name: .long, help: "Highest probability that new ground begins an obstacle; the paper's is 0.075.")
  var obstacleRate: Double?

  @Option(count: Couplings.flyPatternCounts, help: "Rows of flies that states choose from; the paper's are 6.")
  var flyPatterns: Int?

  var couplings: Couplings { couplings(over: Couplings()) }

  /// Those that were given, the others as in another game.
  func couplings(over game: Couplings) -> Couplings {
    Couplings(
      helpFrom: helpFrom.map(\.cell) ?? game.helpFrom, dependency: dependency.map { Int(($0 * 1000).rounded()) } ?? game.dependency,
      obstacleRate: obstacleRate ?? game.obstacleRate, flyPatterns: flyPatterns ?? game.flyPatterns)
  }

  func validate() throws {
    if let dependency, !(0...1).contains(dependency) || abs((dependency * 1000).rounded() - dependency * 1000) >= 1e-6 {
      throw ValidationError("--dependency takes a number from 0 to 1 with at most three decimals, not \(dependency).")
    }
    if let obstacleRate, !(0...1).contains(obstacleRate) {
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
