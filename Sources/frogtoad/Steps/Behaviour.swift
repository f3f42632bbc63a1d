import DenseNetwork
import FrogAndToad
import Games
import MirrorAnalysis
import Terminal

/// What a network does when it plays, intact and without the units that have the highest mirror-neuron scores, in two sentences.
struct Behaviour {
  private static let games = 200
  private static let turns = 500
  private static let ablatedUnits = 4

  let sentences: [String]

  /// - Parameters:
  ///   - moments: of a recording of the network, by which units are chosen: those of the hidden layer whose scores are highest.
  init?(of network: Network, name: String, moments: RecordingMoments, seed: UInt64, common: CommonOptions) throws {
    guard let (layer, units) = Self.topUnits(moments), let target = GamesTarget(layer: layer, units: units, of: network) else { return nil }
    var plan = GamesPlan()
    (plan.games, plan.controls, plan.replicates, plan.targets) = (Self.games, 0, 0, [target])
    plan.options = PlayOptions(turns: Self.turns, showsRedrawn: true, seed: seed)
    let bar = ProgressBar("games", unit: "games", quiet: common.quiet)
    defer { bar.finish() }
    let experiment = GamesExperiment(network, veil: .ofIgnorance, partner: .random, plan: plan, threads: common.threads) {
      bar.update(done: $0, total: $1)
    }
    let rows = try experiment.rows(of: GamesSubject(checkpoint: name, network: name, epoch: nil, partner: "random"))
    func share(_ outcome: PlayOutcome, isIntact: Bool) -> String {
      let row = rows.first { $0.outcome == outcome && $0.units.isEmpty == isIntact }
      return row?.value.map { rounded(100 * $0, 1) + " %" } ?? "no turn"
    }
    sentences = [
      "In \(Self.games) games with a random Toad, energy and flies shown as in training, \(name) chooses help in \(share(.helpsInDistress, isIntact: true)) of the turns in which Toad is "
        + "in distress, and in \(share(.helpsOtherwise, isIntact: true)) of the others.",
      "Without the \(units.count) units of \(network.layers[layer].name) with the highest scores (\(units.map(String.init).joined(separator: ", "))) "
        + "it does in \(share(.helpsInDistress, isIntact: false)) and \(share(.helpsOtherwise, isIntact: false)).",
    ]
  }

  /// The units with the highest scores in the hidden layer in which these sum to most.
  private static func topUnits(_ moments: RecordingMoments) -> (layer: Int, units: [Int])? {
    let hidden = moments.layers.filter { !$0.isOutput }
    let candidates = hidden.enumerated().compactMap { index, layer -> (layer: Int, units: [Int], sum: Double)? in
      guard let contrasts = layer.contrasts, !contrasts.isEmpty else { return nil }
      let top = contrasts.indices.sorted { (contrasts[$0].mirrorNeuronScore, $1) > (contrasts[$1].mirrorNeuronScore, $0) }
        .prefix(ablatedUnits)
      return (index, top.sorted(), top.reduce(0) { $0 + contrasts[$1].mirrorNeuronScore })
    }
    return candidates.max { $0.sum < $1.sum }.map { ($0.layer, $0.units) }
  }
}
