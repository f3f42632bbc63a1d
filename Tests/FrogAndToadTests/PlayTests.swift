import Statistics
import Testing

@testable import FrogAndToad

@Suite struct PlayTests {
  @Test("Random play hops with probability 1/2, jumps with 1/4, leaps and helps with 1/8 each")
  func randomActions() {
    var stream = testStream()
    var counts = [Action: Int]()
    let draws = 80_000
    for _ in 0..<draws { counts[randomAction(&stream), default: 0] += 1 }
    for (action, probability) in [(Action.hop, 0.5), (.jump, 0.25), (.leap, 0.125), (.help, 0.125)] {
      #expect(abs(Double(counts[action] ?? 0) / Double(draws) - probability) <= 5 * (probability / Double(draws)).squareRoot())
    }
  }

  @Test("100,000 random steps keep every invariant", arguments: [1, 2, 3] as [UInt64])
  func invariants(seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: "tests")
    var world = World()
    var player = Player.frog
    var actionsThatDid: [Action: Int] = [:]
    for step in 0..<100_000 {
      let before = world
      let action = randomAction(&stream)
      let hadEffect = world.step(player, action, &stream)
      if hadEffect { actionsThatDid[action, default: 0] += 1 }
      let fault = fault(in: world, after: before)
      #expect(fault == nil, "seed \(seed), step \(step), \(player) \(action)")
      if fault != nil { return }
      player = player.partner
    }
    // Nobody is stuck for good: every action happens.
    for action in Action.allCases { #expect((actionsThatDid[action] ?? 0) > 5000) }
  }

  private func fault(in world: World, after before: World) -> String? {
    for player in Player.allCases {
      let state = world[player]
      if !(0...31).contains(state.cell) { return "cell" }
      // −1 is in the rules' reach: the last unit spent on a leap onto rough ground.
      if !(-1...20).contains(state.energy) { return "energy" }
      if state.energy < before[player].energy - 2 || state.energy > before[player].energy + 4 { return "change of energy" }
      if state.score < before[player].score || state.score > before[player].score + 1 { return "score" }
    }
    let vectors = [world.stateVector(of: .frog), world.stateVector(of: .toad)]
    for vector in vectors {
      if vector.count != 100 { return "length" }
      if !vector[0..<32].allSatisfy({ $0 == 1 || $0 == 2 }) { return "ground code" }
      let players = vector[32..<64].filter { $0 != 0 }
      if !(1...2).contains(players.count) || !players.allSatisfy({ (4...9).contains($0) }) { return "player code" }
      if !vector[64..<96].allSatisfy({ $0 == 0 || $0 == 3 }) { return "fly code" }
      for cell in 0..<32 where vector[32 + cell] != 0 {
        if (vector[32 + cell] == 9) != (vector[cell] == 2) { return "distress" }
      }
      if vector[97] > 20 || vector[99] > 31 { return "own fields" }
    }
    var run = 0
    for cell in 0..<32 {
      run = world.roughGround.isSet(cell) ? run + 1 : 0
      if run > 4 { return "obstacle longer than 4" }
    }
    return nil
  }

  @Test("The strip scrolls only while both advance: alone, Frog reaches the right end and stays")
  func bothMustAdvance() {
    var world = World()
    var stream = testStream()
    for _ in 0..<200 {
      world.frog.energy = 20
      world.step(.frog, .hop, &stream)
    }
    #expect(world.frog.cell == 31)
    #expect(world.toad.cell <= 2)
    #expect(!world.step(.frog, .hop, &stream))
  }

  @Test("A policy can play: the same seed and actions give the same game")
  func policies() {
    func play() -> [World] {
      var world = World()
      var stream = testStream()
      return (0..<300).map { turn in
        world.step(turn % 2 == 0 ? .frog : .toad, world.bestActionForFrog, &stream)
        return world
      }
    }
    #expect(play() == play())
  }

  @Test("The drawing shows flies, players, ground and how the players fare, line by line")
  func drawing() {
    var world = world(frog: 2, toad: 5, frogEnergy: 0, rough: [5, 6], flies: [0, 31])
    #expect(
      world.drawing() == [
        "|*                              *|",
        "|  F  T                          |",
        "|_____##_________________________|",
        "Frog  cell  2  energy  0  score 0  last hop  stalled",
        "Toad  cell  5  energy 10  score 0  last hop  in distress",
      ])
    world.frog.cell = 5
    #expect(world.drawing()[1] == "|     &                          |")
  }
}
