import Statistics
import Testing

@testable import FrogAndToad

/// A world in the middle of nowhere: players where the test wants them, no flies, and no obstacles to come.
func world(frog: Int = 15, toad: Int = 16, frogEnergy: Int = 10, toadEnergy: Int = 10, rough: [Int] = [], flies: [Int] = []) -> World {
  World(
    roughGround: bits(rough), flies: bits(flies), frog: PlayerState(cell: frog, energy: frogEnergy),
    toad: PlayerState(cell: toad, energy: toadEnergy))
}

func bits(_ cells: [Int]) -> UInt32 {
  cells.reduce(0) { $0 | 1 << UInt32($1) }
}

func testStream(_ index: UInt64 = 0) -> RandomStream {
  RandomStream(seed: 7, purpose: "tests", index: index)
}

@Suite struct RulesTests {
  @Test("A game starts with Frog on 15, Toad on 16, energy 20, score 0, solid ground and no flies")
  func start() {
    let world = World()
    #expect(world.frog == PlayerState(cell: 15, energy: 20, score: 0, lastAction: .hop))
    #expect(world.toad == PlayerState(cell: 16, energy: 20, score: 0, lastAction: .hop))
    #expect(world.roughGround == 0 && world.flies == 0)
    #expect(world.terrain.obstacleProbability == 0)
  }

  @Test("A hop gains a cell and a point and costs nothing on solid ground")
  func hop() {
    var world = world(frog: 15, toad: 16)
    var stream = testStream()
    #expect(world.step(.frog, .hop, &stream))
    #expect(world.frog == PlayerState(cell: 16, energy: 10, score: 1, lastAction: .hop))
    #expect(world.toad == PlayerState(cell: 16, energy: 10))
  }

  @Test("A hop from the last cell has no effect, on the symbol neither")
  func hopWithoutRoom() {
    var world = world(frog: 31, toad: 1)
    world.frog.lastAction = .jump
    var stream = testStream()
    #expect(!world.step(.frog, .hop, &stream))
    #expect(world.frog == PlayerState(cell: 31, energy: 10, lastAction: .jump))
  }

  @Test("A leap gains five cells, costs one unit of energy and gives no point")
  func leap() {
    var world = world(frog: 10, toad: 17)
    var stream = testStream()
    #expect(world.step(.frog, .leap, &stream))
    #expect(world.frog == PlayerState(cell: 15, energy: 9, score: 0, lastAction: .leap))
  }

  @Test("A leap needs the fifth cell to be in the strip", arguments: [(26, true), (27, false), (31, false)])
  func leapNeedsRoom(cell: Int, works: Bool) {
    var world = world(frog: cell, toad: 1)
    var stream = testStream()
    #expect(world.step(.frog, .leap, &stream) == works)
    #expect(world.frog.cell == (works ? 31 : cell))
    #expect(world.frog.energy == (works ? 9 : 10))
  }

  @Test(
    "A jump catches a fly on the own cell: energy +4, capped at 20, and the fly is gone", arguments: [(3, 7), (16, 20), (19, 20), (20, 20)])
  func jumpCatches(before: Int, after: Int) {
    var player = PlayerState(cell: 4, energy: before)
    var flies = bits([4, 5])
    player.jump(catching: &flies)
    #expect(player == PlayerState(cell: 4, energy: after, lastAction: .jump))
    #expect(flies == bits([5]))
  }

  @Test("A jump without a fly on the own cell changes nothing but the symbol")
  func jumpWithoutFly() {
    var player = PlayerState(cell: 4, energy: 3)
    var flies = bits([3, 5])
    player.jump(catching: &flies)
    #expect(player == PlayerState(cell: 4, energy: 3, lastAction: .jump))
    #expect(flies == bits([3, 5]))
  }

  @Test("Help gives the partner 2, capped, and costs 1", arguments: [(5, 7), (18, 20), (19, 20)])
  func helpGivesEnergy(before: Int, after: Int) {
    var helper = PlayerState(cell: 3, energy: 10)
    var partner = PlayerState(cell: 5, energy: before)
    var stream = streamThat(letsPartnerLeap: false)
    #expect(helper.help(&partner, over: 0, &stream))
    #expect(helper == PlayerState(cell: 3, energy: 9, lastAction: .help))
    #expect(partner == PlayerState(cell: 5, energy: after))
  }

  @Test("Help costs nothing if the partner has full energy, but may still make it leap")
  func helpAtCap() {
    var helper = PlayerState(cell: 3, energy: 10)
    var partner = PlayerState(cell: 5, energy: 20)
    var stream = streamThat(letsPartnerLeap: true)
    #expect(helper.help(&partner, over: 0, &stream))
    #expect(helper.energy == 10)
    #expect(partner == PlayerState(cell: 10, energy: 19, lastAction: .leap))
  }

  @Test("A helped partner leaps by its own rules: it pays and lands on rough ground")
  func helpedLeapOntoRough() {
    var helper = PlayerState(cell: 3, energy: 10)
    var partner = PlayerState(cell: 5, energy: 0)
    var stream = streamThat(letsPartnerLeap: true)
    #expect(helper.help(&partner, over: bits([10]), &stream))
    #expect(partner == PlayerState(cell: 10, energy: 0, lastAction: .leap))
  }

  @Test("A helped partner leaps with probability 1/4")
  func helpProbability() {
    var stream = testStream()
    let draws = 40_000
    var leaps = 0
    for _ in 0..<draws {
      var helper = PlayerState(cell: 3)
      var partner = PlayerState(cell: 5)
      _ = helper.help(&partner, over: 0, &stream)
      if partner.cell == 10 { leaps += 1 }
    }
    // Five standard deviations.
    #expect(abs(Double(leaps) / Double(draws) - 0.25) <= 5 * (0.25 * 0.75 / Double(draws)).squareRoot())
  }

  @Test("Help needs room for the partner's leap, wherever the helper is", arguments: [(26, true), (27, false)])
  func helpNeedsRoom(partnerCell: Int, works: Bool) {
    var world = world(frog: 5, toad: partnerCell)
    var stream = testStream()
    #expect(world.step(.frog, .help, &stream) == works)
    #expect(world.toad.energy >= (works ? 11 : 10))
    #expect(world.frog.energy == (works ? 9 : 10))
  }

  @Test("Landing on rough ground costs 1 and brings distress", arguments: [Action.hop, .leap])
  func landing(action: Action) {
    var world = world(frog: 10, toad: action == .hop ? 21 : 17, rough: [11, 15])
    var stream = testStream()
    world.step(.frog, action, &stream)
    #expect(world.frog.energy == (action == .hop ? 9 : 8))
    #expect(world.isInDistress(.frog) && !world.isInDistress(.toad))
    #expect(world.scenario == .selfInDistress)
  }

  @Test("Distress lasts while the player stands on rough ground and ends with the hop that leaves it")
  func distressEnds() {
    var world = world(frog: 10, toad: 21, rough: [11])
    var stream = testStream()
    world.step(.frog, .hop, &stream)
    world.flies = 0
    world.step(.frog, .jump, &stream)
    #expect(world.isInDistress(.frog))
    #expect(world.symbol(of: .frog) == 9)
    world.step(.frog, .hop, &stream)
    #expect(!world.isInDistress(.frog))
    #expect(world.frog.energy == 9)
  }

  @Test("Without energy only a jump has an effect", arguments: Action.allCases, [0, -1])
  func stalled(action: Action, energy: Int) {
    var world = world(frog: 5, toad: 6, frogEnergy: energy, flies: [5])
    world.frog.lastAction = .leap
    let before = world
    var stream = testStream()
    let hadEffect = world.step(.frog, action, &stream)
    #expect(hadEffect == (action == .jump))
    #expect(world.toad == before.toad)
    #expect(world.terrain == before.terrain && world.roughGround == before.roughGround)
    #expect(world.frog == (action == .jump ? PlayerState(cell: 5, energy: energy + 4, lastAction: .jump) : before.frog))
  }

  @Test("The last unit of energy leaves −1 after a leap onto rough ground, the lowest there is")
  func lowestEnergy() {
    var player = PlayerState(cell: 5, energy: 1)
    let leapt = player.leap(over: bits([10]))
    #expect(leapt && player.energy == -1)
  }

  /// A stream whose first number decides as the test wants.
  private func streamThat(letsPartnerLeap leaps: Bool) -> RandomStream {
    for index in 0..<1000 {
      var trial = testStream(UInt64(index))
      if (trial.uniform() < 0.25) == leaps { return testStream(UInt64(index)) }
    }
    return testStream()
  }
}
