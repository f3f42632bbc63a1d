import Statistics
import Testing

@testable import FrogAndToad

/// A player who always does the same.
private func always(_ action: Action) -> LookingPlayer {
  LookingPlayer(veil: .ofIgnorance) { _, actions in actions.update(repeating: action.rawValue) }
}

/// A player who reads the best action off what it sees: under a veil that hides nothing.
private func wise(helpFrom: Int? = Couplings.helpFrom) -> LookingPlayer {
  LookingPlayer(veil: .hidingIdentity(share: 0)) { views, actions in
    for place in actions.indices {
      let view = Array(views[place * 100..<(place + 1) * 100])
      actions[place] = bestAction(seeing: view, helpFrom: helpFrom).rawValue
    }
  }
}

/// The labelling rules on the 100 bytes: 5 to 8 in a players row is Toad, in Frog's part, if the cell is not Frog's.
private func bestAction(seeing view: [UInt8], helpFrom: Int?) -> Action {
  let cell = Int(view[99])
  let partnerInDistress = (0..<32).contains { $0 != cell && view[32 + $0] == 9 } || view[32 + cell] == 9
  let scenario = Scenario(frogInDistress: view[cell] == 2, toadInDistress: partnerInDistress)
  let rough = (0..<32).reduce(UInt32(0)) { $0 | (view[$1] == 2 ? 1 << UInt32($1) : 0) }
  return FrogAndToad.bestAction(energy: Int(view[97]), frogCell: cell, scenario: scenario, roughGround: rough, helpFrom: helpFrom)
}

@Suite("Games in lockstep")
struct LockstepTests {
  private static let smooth = Couplings(obstacleRate: 0)

  /// Worlds of random play, as they come.
  private func worlds(_ count: Int) -> [World] {
    var stream = RandomStream(seed: 5, purpose: "worlds")
    var world = World()
    return (0..<count).map { _ in
      world.step(.frog, randomAction(&stream), &stream)
      world.step(.toad, randomAction(&stream), &stream)
      return world
    }
  }

  private func view(of player: Player, in world: World) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 100) { buffer, count in
      count = 100
      if let base = buffer.baseAddress { world.writeView(of: player, energy: world[player].energy, flies: world.flies, to: base) }
    }
  }

  @Test("Frog's view is the state vector, and Toad's is Frog's in the exchanged game: exchanging twice changes nothing")
  func views() {
    var shared = 0
    for world in worlds(3000) {
      var expected = world.stateVector(of: .frog)
      expected[98] = 0
      #expect(view(of: .frog, in: world) == expected)
      #expect(view(of: .toad, in: world) == view(of: .frog, in: world.exchanged))
      #expect(world.exchanged.exchanged == world)
      let (own, other) = (view(of: .frog, in: world), view(of: .toad, in: world))
      #expect(own[0..<32] == other[0..<32] && own[64..<96] == other[64..<96])
      #expect(other[97] == UInt8(clamping: world.toad.energy) && Int(other[99]) == world.toad.cell)
      if world.frog.cell == world.toad.cell {
        shared += 1
        #expect(own[32 + world.frog.cell] == world.symbol(of: .toad))
        #expect(other[32 + world.frog.cell] == world.exchanged.symbol(of: .toad))
      } else {
        // Each is 4 or 6 to 9 to itself, and 5 or 6 to 9 to its partner.
        let exchanged = own[32..<64].map { $0 == 4 ? 5 : $0 == 5 ? 4 : $0 }
        #expect(Array(other[32..<64]) == exchanged)
      }
    }
    #expect(shared > 0)
  }

  @Test("Both always hop on solid ground: every turn a cell for each, nothing else happens, and hopping is right")
  func hopping() throws {
    let tallies = try playInLockstep(3..<5, PlayOptions(turns: 50, couplings: Self.smooth), frog: always(.hop), toad: always(.hop))
    var expected = GameTally()
    (expected.games, expected.turns, expected.frogScore, expected.toadScore) = (1, 50, 50, 50)
    (expected.frogEnergy, expected.toadEnergy, expected.agreements) = (1000, 1000, 50)
    #expect(tallies == [expected, expected])
    #expect(PlayOutcome.frogScore.value(of: expected) == 50 && PlayOutcome.scoreTogether.value(of: expected) == 100)
    #expect(PlayOutcome.frogEnergy.value(of: expected) == 20 && PlayOutcome.labelAgreement.value(of: expected) == 1)
    #expect(PlayOutcome.leaps.value(of: expected) == nil)
    #expect(PlayOutcome.leaps.absence(in: expected) == "no turn in which Frog is in distress")
    #expect(PlayOutcome.helpSelectivity.absence(in: expected) == "no turn in which Toad is in distress")
    #expect(PlayOutcome.helpsOtherwise.count(in: expected) == 50 && PlayOutcome.helpSelectivity.count(in: expected) == 0)
  }

  @Test("Frog always helps a Toad that jumps: every help is given or has no room, none is right")
  func helping() throws {
    let one = try playInLockstep(0..<1, PlayOptions(turns: 1, couplings: Self.smooth), frog: always(.help), toad: always(.jump))[0]
    #expect(one.frogHelps == 1 && one.helpsOtherwise == 1 && one.stalls == 0 && one.agreements == 0)
    let tallies = try playInLockstep(0..<20, PlayOptions(turns: 300, couplings: Self.smooth), frog: always(.help), toad: always(.jump))
    for tally in tallies {
      #expect(tally.helpsOtherwise == 300 && tally.helpsInDistress == 0 && tally.frogHelps + tally.stalls == 300)
      #expect(tally.frogHelps > 0 && tally.frogScore == 0 && tally.toadScore == 0 && tally.agreements == 0)
    }
  }

  @Test("A player who knows the rules always agrees with the label", arguments: [false, true], [26, 0, nil])
  func wisdom(showsRedrawn: Bool, helpFrom: Int?) throws {
    let options = PlayOptions(turns: 400, couplings: Couplings(helpFrom: helpFrom), showsRedrawn: showsRedrawn, seed: 9)
    let tallies = try playInLockstep(0..<20, options, frog: wise(helpFrom: helpFrom))
    for tally in tallies { #expect(tally.agreements == 400) }
    let help = tallies.reduce(0) { $0 + $1.helpsInDistress + $1.helpsOtherwise }
    #expect(helpFrom == nil ? help == 0 : help > 0)
  }

  @Test("Games side by side are the games one by one, and the game as the rules have it", arguments: [false, true])
  func oneByOne(showsRedrawn: Bool) throws {
    let options = PlayOptions(turns: 200, couplings: Couplings(), showsRedrawn: showsRedrawn, seed: 4)
    let together = try playInLockstep(7..<27, options, frog: wise(), toad: wise())
    #expect(try (7..<27).flatMap { try playInLockstep($0..<$0 + 1, options, frog: wise(), toad: wise()) } == together)
    #expect(together == (7..<27).map { plainGame($0, options, toadIsRandom: false) })
    #expect(try playInLockstep(7..<27, options, frog: wise()) == (7..<27).map { plainGame($0, options, toadIsRandom: true) })
    var other = options
    other.seed = 5
    #expect(try playInLockstep(7..<27, other, frog: wise(), toad: wise()) != together)
  }

  /// One game written out, with states as arrays.
  private func plainGame(_ number: Int, _ options: PlayOptions, toadIsRandom: Bool) -> GameTally {
    var tally = GameTally()
    var world = World(options.couplings)
    for turn in 0..<options.turns {
      var stream = RandomStream(seed: options.seed, purpose: "games", index: UInt64(number << 32 + turn))
      let random = randomAction(&stream)
      var shown: [(energy: Int, flies: Int)] = []
      for _ in 0..<(options.showsRedrawn ? 2 : 0) {
        let energy = Int(Redraw.energyTable[stream.uniform(below: 240)])
        shown.append((energy, stream.uniform(below: 6)))
      }
      func seen(_ world: World, _ player: Int) -> [UInt8] {
        guard shown.isEmpty else {
          return PackedState(world, energy: shown[player].energy, flyPattern: shown[player].flies).stateVector
        }
        return world.stateVector(of: .frog)
      }
      let choice = bestAction(seeing: seen(world, 0), helpFrom: 26)
      let (frog, toad) = (world.isInDistress(.frog), world.isInDistress(.toad))
      tally.frogEnergy += world.frog.energy
      tally.toadEnergy += world.toad.energy
      tally.frogDistress += frog ? 1 : 0
      tally.toadDistress += toad ? 1 : 0
      tally.agreements += 1
      if choice == .help { if toad { tally.helpsInDistress += 1 } else { tally.helpsOtherwise += 1 } }
      if world.step(.frog, choice, &stream) {
        if choice == .help { tally.frogHelps += 1 }
        if choice == .leap, frog { tally.leapsInDistress += 1 }
      } else {
        tally.stalls += 1
      }
      let answer = toadIsRandom ? random : bestAction(seeing: seen(world.exchanged, 1), helpFrom: 26)
      if world.step(.toad, answer, &stream), answer == .help { tally.toadHelps += 1 }
    }
    (tally.games, tally.turns, tally.frogScore, tally.toadScore) = (1, options.turns, world.frog.score, world.toad.score)
    return tally
  }

  @Test("What is handed out each turn is what was seen and chosen")
  func turns() throws {
    var count = 0
    _ = try playInLockstep(0..<3, PlayOptions(turns: 40, seed: 2), frog: wise()) { turn in
      #expect(turn.turn == count && turn.games == 0..<3 && Array(turn.labels) == Array(turn.actions))
      for place in 0..<3 {
        let view = Array(turn.views[place * 100..<(place + 1) * 100])
        #expect(turn.scenario(place).frogInDistress == (view[Int(view[99])] == 2))
        #expect(turn.partnerIsActing(place) == partnerIsActing(turn.scenario(place), players: view[32..<64]))
      }
      count += 1
    }
    #expect(count == 40)
  }

  @Test("A number that is no action hops")
  func noAction() throws {
    let strange = LookingPlayer(veil: .ofIgnorance) { _, actions in actions.update(repeating: 200) }
    #expect(
      try playInLockstep(0..<1, PlayOptions(turns: 9, couplings: Self.smooth), frog: strange)[0].frogScore
        == playInLockstep(0..<1, PlayOptions(turns: 9, couplings: Self.smooth), frog: always(.hop))[0].frogScore)
  }
}
