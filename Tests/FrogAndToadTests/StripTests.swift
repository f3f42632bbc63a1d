import Statistics
import Testing

@testable import FrogAndToad

@Suite struct StripTests {
  @Test("The strip moves left until the middle between the players is on cell 16")
  func scrollsLeft() {
    var world = world(frog: 20, toad: 17, rough: [3, 20, 31], flies: [0, 5])
    var stream = testStream()
    world.scroll(&stream)
    #expect(world.frog.cell == 18 && world.toad.cell == 15)
    // New ground begins with obstacles at 0.005 a cell; this stream has none.
    #expect(world.roughGround == bits([1, 18, 29]))
    #expect(world.flies == bits([3]))
  }

  @Test("It moves right over solid ground if the middle is left of 16")
  func scrollsRight() {
    var world = world(frog: 10, toad: 12, rough: [3, 10, 31], flies: [0, 30])
    var stream = testStream()
    world.scroll(&stream)
    #expect(world.frog.cell == 15 && world.toad.cell == 17)
    #expect(world.roughGround == bits([8, 15]))
    #expect(world.flies == bits([5]))
  }

  @Test(
    "One player alone moves the strip half a cell per hop, and odd sums round down", arguments: [(16, 17, 0), (17, 17, 1), (14, 17, -1)])
  func middleRoundsDown(frog: Int, toad: Int, shift: Int) {
    var world = world(frog: frog, toad: toad)
    var stream = testStream()
    world.scroll(&stream)
    #expect(world.frog.cell == frog - shift && world.toad.cell == toad - shift)
  }

  @Test("A player who would leave the strip stays on its last cell")
  func clamps() {
    var world = world(frog: 2, toad: 10)
    var stream = testStream()
    world.toad.cell = 36
    world.scroll(&stream)
    #expect(world.frog.cell == 0)
    world.frog.cell = -10
    world.toad.cell = 30
    world.scroll(&stream)
    #expect(world.toad.cell == 31)
  }

  @Test("Hop, leap and help move the strip, a jump doesn't", arguments: Action.allCases)
  func whatScrolls(action: Action) {
    var world = world(frog: 20, toad: 16)
    var stream = testStream()
    world.step(.frog, action, &stream)
    #expect(world.terrain.checks == (action == .jump ? 0 : 1))
    #expect((world.toad.cell != 16) == (action != .jump))
  }

  @Test("The obstacle probability starts at 0 and grows by 0.005 per scroll check up to 0.075")
  func obstacleProbability() {
    var terrain = Terrain()
    var seen: [Double] = []
    for _ in 0..<20 {
      seen.append(terrain.obstacleProbability)
      terrain.countCheck()
    }
    for (check, probability) in seen.enumerated() {
      #expect(abs(probability - min(Double(check) * 0.005, 0.075)) <= 1e-15)
    }
  }

  @Test("New ground is obstacles of 1 to 4 rough cells, each length equally often, with solid cells between, 0.075 starts per free cell")
  func obstacles() {
    var terrain = Terrain(checks: 15)
    var stream = testStream()
    var lengths: [Int: Int] = [:]
    var run = 0
    var solid = 0
    for _ in 0..<400_000 {
      if terrain.nextCellIsRough(&stream) {
        run += 1
      } else {
        solid += 1
        if run > 0 { lengths[run, default: 0] += 1 }
        run = 0
      }
    }
    let obstacles = lengths.values.reduce(0, +)
    #expect(Set(lengths.keys) == [1, 2, 3, 4])
    for length in 1...4 {
      #expect(abs(Double(lengths[length] ?? 0) / Double(obstacles) - 0.25) <= 0.015)
    }
    // Every solid cell but the one after an obstacle, and every obstacle's first cell, was a chance for an obstacle to begin.
    let chances = Double(solid - obstacles + obstacles)
    #expect(abs(Double(obstacles) / chances - 0.075) <= 0.002)
  }

  @Test("Ground that was dropped on the right is not continued")
  func breakOff() {
    var terrain = Terrain(checks: 15, roughCellsOwed: 3, solidCellOwed: true)
    var stream = testStream()
    terrain.breakOff()
    let isRough = terrain.nextCellIsRough(&stream)
    #expect(!isRough)
    #expect(terrain.roughCellsOwed == 0)
  }

  @Test("Each cell gains a fly with probability 0.01 after an action")
  func newFlies() {
    var stream = testStream()
    let actions = 200_000
    var perCell = [Int](repeating: 0, count: 32)
    var perCount: [Int: Int] = [:]
    for _ in 0..<actions {
      let flies = World.newFlies(&stream)
      perCount[flies.nonzeroBitCount, default: 0] += 1
      for cell in 0..<32 where flies.isSet(cell) { perCell[cell] += 1 }
    }
    let sd = (0.01 * 0.99 / Double(actions)).squareRoot()
    for count in perCell { #expect(abs(Double(count) / Double(actions) - 0.01) <= 5 * sd) }
    // Independent cells: the count is binomial (scipy.stats.binom.pmf([0, 1, 2], 32, 0.01)).
    for (count, probability) in [(0, 0.724980336), (1, 0.234337684), (2, 0.036689663)] {
      #expect(abs(Double(perCount[count] ?? 0) / Double(actions) - probability) <= 5 * (probability / Double(actions)).squareRoot())
    }
  }

  @Test("A fly moves −1, 0 or +1, each equally likely, and stays on the strip", arguments: [0, 12, 31])
  func fliesMove(cell: Int) {
    var stream = testStream(UInt64(cell))
    let moves = 60_000
    var arrivals = [Int](repeating: 0, count: 32)
    var total = 0
    for _ in 0..<moves {
      var world = world(flies: [cell])
      world.moveFlies(&stream)
      // Those actions after which a new fly came too can't tell who is who.
      guard world.flies.nonzeroBitCount == 1 else { continue }
      arrivals[world.flies.trailingZeroBitCount] += 1
      total += 1
    }
    var expected = [Int: Double]()
    for move in -1...1 { expected[min(max(cell + move, 0), 31), default: 0] += 1.0 / 3 }
    for (where_, count) in arrivals.enumerated() {
      #expect(abs(Double(count) / Double(total) - (expected[where_] ?? 0)) <= 0.012)
    }
  }

  @Test("Two flies on one cell are one")
  func fliesMerge() {
    var stream = testStream()
    var merged = 0
    for _ in 0..<20_000 {
      var world = world(flies: [10, 12])
      world.moveFlies(&stream)
      if world.flies == bits([11]) { merged += 1 }
    }
    // Both move to 11 with probability 1/9, and no new fly elsewhere with 0.725; a new one on 9…13 changes this by little.
    #expect(abs(Double(merged) / 20_000 - 0.725 / 9) <= 0.012)
  }
}
