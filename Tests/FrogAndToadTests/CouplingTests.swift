import Testing

@testable import FrogAndToad

@Suite("Couplings of the game")
struct CouplingTests {
  private func states(_ couplings: Couplings, games: Int = 60) -> [PackedState] {
    (0..<games).flatMap { playEpisode($0, seed: 31, options: GenerationOptions(couplings: couplings)) }
  }

  /// Largest cells and shares measured by another program, in numpy.
  @Test("The less Toad moves the strip, the less far Frog gets", arguments: [(0, 16), (500, 23), (800, 28), (1000, 31)])
  func dependency(thousandths: Int, largestCell: Int) {
    let states = states(Couplings(dependency: thousandths))
    #expect(states.map(\.frogCell).max() == largestCell)
    let helps = states.count { $0.label() == .help }
    #expect((helps > 0) == (thousandths > 600))
  }

  @Test("Scrolling follows the place between the players, floored exactly", arguments: [0, 1, 333, 500, 999, 1000])
  func scrolling(dependency: Int) {
    for frog in 0..<32 {
      for toad in 0..<32 {
        var world = world(frog: frog, toad: toad)
        world.dependency = dependency
        var stream = testStream()
        world.scroll(&stream)
        let exact = (Double(2000 - dependency) * Double(frog) + Double(dependency) * Double(toad)) / 2000
        // Half a thousandth of a cell is the finest step, so that rounding up by less finds the floor.
        let shift = Int((exact + 1e-6).rounded(.down)) - 16
        #expect(world.frog.cell == min(max(frog - shift, 0), 31) && world.toad.cell == min(max(toad - shift, 0), 31))
      }
    }
  }

  @Test(
    "The lower the cell that Frog helps from, the more help labels, on the same boards",
    arguments: [(nil, 0), (30, 0.002), (26, 0.010), (20, 0.028), (10, 0.056), (0, 0.074)] as [(Int?, Double)])
  func helpFrom(cell: Int?, share: Double) throws {
    var options = GenerationOptions(couplings: Couplings(helpFrom: cell))
    let stratified = try generateStates(count: 100_000, testCount: 5_000, seed: 4, options: options, threads: 2)
    #expect(stratified.shortLabels == (cell == nil || share < 0.005 ? [.help] : []))
    options.testDraw = .natural
    let set = try generateStates(count: 100_000, testCount: 5_000, seed: 4, options: options, threads: 2)
    let tally = StateTally(set.train.rows())
    #expect(abs(Double(tally.count(.help)) / Double(tally.count) - share) <= 0.003)
    let paper = try generateStates(count: 100_000, testCount: 0, seed: 4, threads: 2)
    #expect(Set(set.train.states + set.test.states) == Set(paper.train.states))
  }

  @Test("Without any dependency a set has no help label, and can be made all the same", arguments: TestDraw.allCases)
  func independent(draw: TestDraw) throws {
    let options = GenerationOptions(couplings: Couplings(dependency: 0), testDraw: draw)
    let set = try generateStates(count: 20_000, testCount: 1_000, seed: 5, options: options, threads: 2)
    let tally = StateTally(set.test.rows())
    #expect(set.test.count == 1_000 && tally.count(.help) == 0 && StateTally(set.train.rows()).count(.help) == 0)
    #expect(set.shortLabels == (draw == .natural ? [] : [.help]))
  }

  @Test("A natural test set has the labels as they come")
  func naturalShares() throws {
    let set = try generateStates(
      count: 60_000, testCount: 20_000, seed: 6, options: GenerationOptions(testDraw: .natural), threads: 2)
    let (test, train) = (StateTally(set.test.rows()), StateTally(set.train.rows()))
    for action in Action.allCases {
      let (a, b) = (Double(test.count(action)) / 20_000, Double(train.count(action)) / 40_000)
      #expect(abs(a - b) <= 5 * (max(b, 1e-4) * (1 - b) / 20_000).squareRoot() + 0.002, "\(action)")
    }
  }

  @Test("Without obstacles nobody is in distress; there are as many fly rows as asked for", arguments: [1, 6, 9, 256])
  func signals(patterns: Int) {
    let states = states(Couplings(obstacleRate: 0, flyPatterns: patterns), games: 30)
    #expect(states.allSatisfy { $0.scenario == .none && $0.roughGround == 0 })
    #expect(Set(states.map { Array($0.stateVector[64..<96]) }).count == patterns)
    #expect(Set(states.map(\.flyPattern)) == Set(0..<patterns))
  }

  @Test("More obstacles are more distress")
  func obstacles() {
    let shares = [0.03, 0.075, 0.3].map { rate -> Double in
      let states = states(Couplings(obstacleRate: rate))
      return Double(states.count { $0.scenario != .none }) / Double(states.count)
    }
    #expect(shares[0] < shares[1] && shares[1] < shares[2])
  }

  @Test(
    "A game that can't be is refused",
    arguments: [
      Couplings(helpFrom: 32), Couplings(helpFrom: -1), Couplings(dependency: 1001), Couplings(obstacleRate: 1.5),
      Couplings(obstacleRate: .nan), Couplings(flyPatterns: 0), Couplings(flyPatterns: 257),
    ])
  func faults(couplings: Couplings) {
    #expect(throws: GenerationError.self) {
      try generateStates(count: 10, testCount: 0, seed: 1, options: GenerationOptions(couplings: couplings), threads: 1)
    }
  }
}
