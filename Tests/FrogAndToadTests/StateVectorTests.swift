import Statistics
import Testing

@testable import FrogAndToad

@Suite struct StateVectorTests {
  @Test("Every index of Frog's view holds what the method says")
  func frogsView() {
    var world = world(frog: 3, toad: 9, frogEnergy: 7, rough: [9, 10], flies: [0, 3, 31])
    world.frog.score = 12
    world.frog.lastAction = .help
    var expected = [UInt8](repeating: 0, count: 100)
    for cell in 0..<32 { expected[cell] = cell == 9 || cell == 10 ? 2 : 1 }
    expected[32 + 3] = 8
    expected[32 + 9] = 9
    for cell in [0, 3, 31] { expected[64 + cell] = 3 }
    expected[96] = 8
    expected[97] = 7
    expected[98] = 12
    expected[99] = 3
    #expect(world.stateVector(of: .frog) == expected)
  }

  @Test("Toad's view differs in the last four places only")
  func toadsView() {
    let world = world(frog: 3, toad: 9, frogEnergy: 7, toadEnergy: 8)
    #expect(world.stateVector(of: .toad)[..<96] == world.stateVector(of: .frog)[..<96])
    #expect(world.stateVector(of: .toad)[96...] == [5, 8, 0, 9])
  }

  @Test(
    "Symbols: 4 Frog hopping, 5 Toad hopping, 6 jumping, 7 leaping, 8 helping",
    arguments: [(Action.hop, 4, 5), (.jump, 6, 6), (.leap, 7, 7), (.help, 8, 8)])
  func symbols(action: Action, frog: UInt8, toad: UInt8) {
    #expect(StateCode.symbol(of: .frog, after: action, inDistress: false) == frog)
    #expect(StateCode.symbol(of: .toad, after: action, inDistress: false) == toad)
    #expect(StateCode.symbol(of: .frog, after: action, inDistress: true) == 9)
    #expect(StateCode.symbol(of: .toad, after: action, inDistress: true) == 9)
  }

  @Test("On a shared cell Toad's symbol shows, and Frog's own symbol stays in index 96")
  func sharedCell() {
    var world = world(frog: 6, toad: 6)
    world.frog.lastAction = .jump
    let state = world.stateVector(of: .frog)
    #expect(state[32..<64].filter { $0 != 0 } == [5])
    #expect(state[38] == 5 && state[96] == 6)
  }

  @Test("Energy below 0 shows as 0, a score above 255 as 255")
  func limits() {
    var world = world(frogEnergy: -1)
    world.frog.score = 300
    let state = world.stateVector(of: .frog)
    #expect(state[97] == 0 && state[98] == 255)
  }

  @Test("The veil zeroes 96, 98 and 99 and nothing else; the leak puts the scenario into 98")
  func veil() {
    let states = (0..<200).map { UInt8($0 % 100 + 1) }
    var veiled = states
    Veil.ofIgnorance.apply(to: &veiled, scenarios: [])
    var leaking = states
    Veil.withScenarioLeak.apply(to: &leaking, scenarios: [2, 3])
    for index in 0..<200 {
      let hidden = [96, 98, 99].contains(index % 100)
      #expect(veiled[index] == (hidden ? 0 : states[index]))
      #expect(leaking[index] == (index == 98 ? 2 : index == 198 ? 3 : veiled[index]))
    }
  }

  @Test("A packed state unpacks to Frog's view with energy and flies replaced and score 0")
  func packing() {
    var stream = testStream()
    var world = World()
    for turn in 0..<5000 {
      world.step(turn % 2 == 0 ? .frog : .toad, randomAction(&stream), &stream)
      let energy = turn % 21
      let pattern = turn % 6
      let packed = PackedState(world, energy: energy, flyPattern: pattern)
      var expected = world.stateVector(of: .frog)
      expected[97] = UInt8(energy)
      expected[98] = 0
      for cell in 0..<32 { expected[64 + cell] = Redraw.flyPatterns[pattern].isSet(cell) ? 3 : 0 }
      #expect(packed.stateVector == expected)
      #expect(packed.scenario == world.scenario)
      #expect(packed.partnerIsActing == partnerIsActing(world.scenario, players: expected[32..<64]))
      let label = bestAction(
        energy: energy, frogCell: world.frog.cell, scenario: world.scenario, roughGround: world.roughGround)
      #expect(packed.label() == label)
    }
  }

  @Test("Two states have the same word exactly if they have the same bytes")
  func packingIsExact() {
    let states = (0..<40).flatMap { playEpisode($0, seed: 5, options: GenerationOptions(turnsPerEpisode: 60)) }
    let words = Set(states.map(\.word))
    let bytes = Set(states.map(\.stateVector))
    #expect(words.count == bytes.count)
    #expect(words.count < states.count)
    #expect(Set(states.map { [$0.word] + $0.stateVector.map { UInt64($0) } }).count == words.count)
  }

  @Test("Veiled twins are the other states with the same veiled bytes")
  func twins() {
    func veiled(_ state: PackedState) -> [UInt8] {
      var bytes = state.stateVector
      Veil.ofIgnorance.apply(to: &bytes, scenarios: [])
      return bytes
    }
    var bothJumping = world(frog: 4, toad: 20)
    bothJumping.frog.lastAction = .jump
    bothJumping.toad.lastAction = .jump
    var jumpingBesideDistress = bothJumping
    jumpingBesideDistress.roughGround = bits([20])
    let cases: [(World, Int)] = [
      (bothJumping, 1), (jumpingBesideDistress, 1), (world(frog: 4, toad: 20, rough: [4, 20]), 1), (world(frog: 7, toad: 7), 3),
      (world(frog: 4, toad: 20), 0),
      (world(frog: 7, toad: 7, rough: [7]), 0), (world(frog: 4, toad: 20, rough: [4]), 0),
    ]
    for (world, count) in cases {
      let state = PackedState(world, energy: 4, flyPattern: 2)
      let twins = state.veiledTwins
      #expect(twins.count == count && !twins.contains(state))
      for twin in twins {
        #expect(veiled(twin) == veiled(state))
        #expect(twin.stateVector != state.stateVector)
      }
    }
  }
}
