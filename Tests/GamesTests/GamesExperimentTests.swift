import DenseNetwork
import FrogAndToad
import Games
import MirrorAnalysis
import Statistics
import Testing

/// A network that chooses one action whatever it sees: a constant hidden unit, and a bias.
func stubborn(_ action: Action) throws -> Network {
  let hidden = try DenseLayer(
    name: "dense_1", inputCount: 100, unitCount: 2, kernel: Array(repeating: 0, count: 200), bias: [0.5, 0], activation: .relu)
  var bias: [Float] = [0, 0, 0, 0]
  bias[Int(action.rawValue)] = 1
  let outputs = try DenseLayer(
    name: "dense_2", inputCount: 2, unitCount: 4, kernel: Array(repeating: 0, count: 8), bias: bias, activation: .linear)
  return try Network(layers: [hidden, outputs])
}

/// An untrained network, of which each unit may matter.
func untrained(_ hidden: [Int], seed: UInt64) throws -> Network {
  try Network(inputCount: 100, hidden: hidden, outputCount: 4, seed: seed)
}

private let subject = GamesSubject(checkpoint: "c.h5", network: "net", epoch: 3, partner: "random")

private func rows(
  _ network: Network, _ plan: GamesPlan, partner: Partner = .random, veil: Veil = .ofIgnorance, threads: Int = 2
) throws -> [GamesRow] {
  try GamesExperiment(network, veil: veil, partner: partner, plan: plan, threads: threads).rows(of: subject)
}

private func plan(games: Int = 150, turns: Int = 60, seed: UInt64 = 1) -> GamesPlan {
  var plan = GamesPlan()
  (plan.games, plan.replicates, plan.controls) = (games, 100, 0)
  plan.options = PlayOptions(turns: turns, seed: seed)
  return plan
}

private func target(_ network: Network, _ layer: Int, _ units: [Int]) throws -> GamesTarget {
  try #require(GamesTarget(layer: layer, units: units, of: network))
}

extension [GamesRow] {
  fileprivate func value(_ outcome: PlayOutcome, _ ablation: String = "intact") -> Double? {
    first { $0.outcome == outcome && $0.ablation == ablation }?.value
  }
}

@Suite("Games")
struct GamesExperimentTests {
  @Test("A network that always hops, on solid ground, with itself: each turn a cell, by hand")
  func hops() throws {
    var plan = plan(games: 70, turns: 30)
    plan.options.couplings.obstacleRate = 0
    let network = try stubborn(.hop)
    let rows = try rows(network, plan, partner: .network(network, .ofIgnorance))
    let expected: [(PlayOutcome, Double)] = [
      (.frogScore, 30), (.toadScore, 30), (.scoreTogether, 60), (.frogEnergy, 20), (.toadEnergy, 20), (.frogDistress, 0), (.helps, 0),
      (.toadHelps, 0), (.helpsOtherwise, 0), (.stalls, 0), (.labelAgreement, 1),
    ]
    for (outcome, value) in expected {
      let row = try #require(rows.first { $0.outcome == outcome })
      #expect(row.value == value && row.interval?.lower == value && row.interval?.upper == value, "\(outcome)")
      #expect(row.reason == nil && row.references == nil && row.pValue == nil)
    }
    #expect(rows.first { $0.outcome == .leaps }?.reason == "no turn in which Frog is in distress")
    #expect(rows.count == PlayOutcome.allCases.count && rows.map(\.games) == rows.map { _ in 70 })
    #expect(rows.first { $0.outcome == .frogScore }?.count == 70 && rows.first { $0.outcome == .stalls }?.count == 2100)
  }

  @Test("A network that always helps: help is no matter of distress")
  func helps() throws {
    let rows = try rows(stubborn(.help), plan(turns: 200))
    #expect(rows.value(.helpsInDistress) == 1 && rows.value(.helpsOtherwise) == 1 && rows.value(.helpSelectivity) == 0)
    let given = try #require(rows.value(.helps))
    let stalls = try #require(rows.value(.stalls))
    #expect(abs(given - 1000 * (1 - stalls)) <= 1e-9 && given > 0)
    #expect(!rows.contains { $0.outcome == .toadHelps })
  }

  @Test("Neither threads nor how games are put together change a digit; the seed does")
  func threads() throws {
    let network = try untrained([9, 7], seed: 5)
    var plan = plan()
    plan.options.showsRedrawn = true
    plan.controls = 25
    plan.targets = [try target(network, 0, [1, 4, 6]), try target(network, 1, [2, 3])]
    plan.heldAt = .mean
    let partner = Partner.network(try untrained([5], seed: 8), .hidingIdentity(share: 0.5))
    func cells(_ plan: GamesPlan, _ threads: Int) throws -> [[String]] {
      try rows(network, plan, partner: partner, threads: threads).map { $0.cells.map { "\($0)" } }
    }
    let one = try cells(plan, 1)
    #expect(try cells(plan, 3) == one)
    plan.options.seed = 2
    #expect(try cells(plan, 1) != one)
  }

  @Test("Units held at 0 play as a network whose weights out of them are 0, in the same games")
  func zero() throws {
    let network = try untrained([9, 7], seed: 6)
    let units = [0, 5, 8]
    var kernel = network.layers[1].kernel
    for unit in units { for above in 0..<7 { kernel[unit * 7 + above] = 0 } }
    let cut = try Network(
      layers: [
        network.layers[0],
        DenseLayer(name: "dense_2", inputCount: 9, unitCount: 7, kernel: kernel, bias: network.layers[1].bias, activation: .relu),
        network.layers[2],
      ])
    var ablating = plan()
    ablating.targets = [try target(network, 0, units)]
    let ablated = try rows(network, ablating).filter { $0.ablation == "zero" }
    let intact = try rows(cut, plan())
    #expect(ablated.map(\.value) == intact.map(\.value) && ablated.map(\.interval) == intact.map(\.interval))
    #expect(try rows(network, plan()).map(\.value) != intact.map(\.value))
  }

  @Test("A unit that is always the same, held at its mean, changes nothing, and at 0 everything; a Toad of the same network stays intact")
  func mean() throws {
    // Its constant unit says jump, and without it the bias says hop.
    let hidden = try stubborn(.jump).layers[0]
    let outputs = try DenseLayer(
      name: "dense_2", inputCount: 2, unitCount: 4, kernel: [0, 1, 0, 0, 0, 0, 0, 0], bias: [0.25, 0, 0, 0], activation: .linear)
    let network = try Network(layers: [hidden, outputs])
    var plan = plan(games: 40)
    plan.targets = [try target(network, 0, [0])]
    for heldAt in HeldAt.allCases {
      plan.heldAt = heldAt
      let rows = try rows(network, plan, partner: .network(network, .ofIgnorance))
      let (intact, ablated) = (rows.filter { $0.ablation == "intact" }, rows.filter { $0.ablation == heldAt.rawValue })
      #expect((ablated.map(\.value) == intact.map(\.value)) == (heldAt == .mean))
      #expect(rows.value(.frogScore) == 0 && rows.value(.toadScore, heldAt.rawValue) == 0)
      #expect(heldAt == .mean || rows.value(.frogScore, "zero") ?? 0 > 0)
      #expect(rows.allSatisfy { $0.value != nil || $0.reason != nil })
    }
  }

  @Test("A target that no other can stand for has no p, and says so; few games have no interval")
  func reasons() throws {
    let network = try untrained([6], seed: 1)
    var plan = plan(games: 4, turns: 20)
    plan.controls = 50
    plan.targets = [try target(network, 0, [2])]
    let row = try #require(try rows(network, plan).last)
    #expect(row.pValue == nil && row.interval == nil && row.references?.count ?? 0 < 19)
    #expect(row.reason?.hasPrefix("no interval of fewer than 5 games; one unit of a layer of 6 has ") == true, "\(row.reason ?? "")")
    #expect(row.reason?.hasSuffix("; a p needs 19") == true)
  }

  @Test("Randomly chosen units are found special no more often than the level says")
  func level() throws {
    let network = try untrained([17], seed: 11)
    var stream = RandomStream(seed: 3, purpose: "targets")
    var plan = plan(games: 12, turns: 30)
    (plan.controls, plan.replicates) = (24, 0)
    plan.targets = try (0..<50).map { _ in try target(network, 0, Array((0..<17).shuffled(using: &stream).prefix(4))) }
    let rows = try rows(network, plan).filter { $0.ablation == "zero" && $0.outcome == .labelAgreement }
    let ps = rows.compactMap(\.pValue)
    #expect(ps.count >= 20)
    // Targets share a network: three standard errors of as many independent ones.
    for level in [0.05, 0.2] {
      let share = Double(ps.count { $0 <= level }) / Double(ps.count)
      #expect(share <= level + 3 * (level * (1 - level) / Double(ps.count)).squareRoot(), "\(share) at \(level)")
    }
    #expect(ps.contains { $0 > 0.5 })
  }

  @Test("Units that the network does not have are no target")
  func targets() throws {
    let network = try untrained([6, 5], seed: 1)
    #expect(GamesTarget(layer: 2, units: [0], of: network) == nil && GamesTarget(layer: 0, units: [], of: network) == nil)
    #expect(GamesTarget(layer: 1, units: [5], of: network) == nil && GamesTarget(layer: -1, units: [0], of: network) == nil)
    #expect(GamesTarget(layer: 0, units: [5, 1, 5], of: network)?.units == [1, 5])
  }
}
