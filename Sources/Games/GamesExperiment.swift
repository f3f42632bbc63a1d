import ActivationRecording
import DenseNetwork
import FrogAndToad
import MirrorAnalysis
import Parallelism
import Statistics

/// Lets a network play Frog, intact and with units ablated, and measures how the games go.
///
/// Under every ablation the same games are played (`playInLockstep`: common random numbers). Ablated is Frog's network alone: a Toad that is
/// played by the same network stays intact, so that what changes is Frog's doing.
public struct GamesExperiment: Sendable {
  private let network: Network
  private let veil: Veil
  private let partner: Partner
  private let plan: GamesPlan
  private let threads: Int
  private let progress: @Sendable (_ played: Int, _ total: Int) -> Void

  /// Games that are played side by side, so that one pass of the network serves them all.
  public static let blockGames = 64

  /// - Parameters:
  ///   - network: plays Frog; takes states and gives a number for each action.
  ///   - veil: under which it sees the game.
  ///   - progress: gets games played, and those to play at most, counted for every ablation.
  public init(
    _ network: Network, veil: Veil, partner: Partner, plan: GamesPlan, threads: Int,
    progress: @escaping @Sendable (_ played: Int, _ total: Int) -> Void = { _, _ in }
  ) {
    (self.network, self.veil, self.partner, self.plan, self.progress) = (network, veil, partner, plan, progress)
    self.threads = max(1, threads)
  }

  /// The rows of the intact network, then those of each target.
  ///
  /// - Parameter recording: gets Frog's turns in the intact games, and is finished, or dropped where something fails but the recording.
  /// - Throws: what recording throws.
  public func rows(of subject: GamesSubject, recording: GamesRecording? = nil) throws -> [GamesRow] {
    let intact = try playIntact(recording)
    let baseline = sum(intact.tallies)
    var rows = try self.rows(of: intact.tallies) { outcome, row in
      row.reason = reason(baseline, outcome, row)
    } as: {
      GamesRow(subject: subject, ablation: "intact", layer: nil, units: [], outcome: $0, games: plan.games, options: plan.options)
    }
    for (number, target) in plan.targets.enumerated() {
      let means = intact.meanActivations(ofLayer: target.layer)
      let references = ReferenceSets(
        for: target.units, in: bins(of: target, means: means), count: plan.controls, seed: plan.options.seed, index: UInt64(number))
      let before = number * (1 + plan.controls) + 1
      let tallies = try play(ablated(target.layer, target.units, means), after: before)
      let ablatedSum = sum(tallies)
      let sums = try playSums(references.sets.count, after: before + 1) { ablated(target.layer, references.sets[$0], means) }
      rows += try self.rows(of: tallies) { outcome, row in
        row.baseline = outcome.value(of: baseline)
        let values = sums.compactMap { outcome.value(of: $0) }
        row.references = values
        row.isTestable = references.obstacle == nil
        let shortage =
          references.obstacle == nil && plan.controls > 0 && values.count < ReferenceSets.fewest
          ? "only \(values.count) reference sets have such turns; a p needs \(ReferenceSets.fewest)" : references.obstacle
        row.reason = reason(ablatedSum, outcome, row, shortage, intact: baseline)
      } as: {
        GamesRow(
          subject: subject, ablation: plan.heldAt.rawValue, layer: network.layers[target.layer].name, units: target.units, outcome: $0,
          games: plan.games, options: plan.options)
      }
    }
    return rows
  }

  private func reason(
    _ tally: GameTally, _ outcome: PlayOutcome, _ row: GamesRow, _ shortage: String? = nil, intact: GameTally? = nil
  ) -> String? {
    guard row.value != nil else { return outcome.absence(in: tally) }
    let noBaseline = row.references != nil && row.baseline == nil ? "the intact network has \(outcome.absence(in: intact ?? tally))" : nil
    let noInterval =
      plan.replicates > 0 && row.interval == nil ? "no interval of fewer than \(PercentileInterval.fewestResampled) games" : nil
    let parts = [noInterval, noBaseline ?? shortage].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// - Parameters:
  ///   - complete: fills in what only an ablation has, and the reason.
  ///   - row: an empty row of an outcome.
  private func rows(
    of tallies: [GameTally], complete: (PlayOutcome, inout GamesRow) -> Void, as row: (PlayOutcome) -> GamesRow
  ) throws -> [GamesRow] {
    let total = sum(tallies)
    let intervals = try intervals(of: tallies)
    return PlayOutcome.allCases.filter { $0 != .toadHelps || partner.decides }.map { outcome in
      var row = row(outcome)
      row.count = outcome.count(in: total)
      row.value = outcome.value(of: total)
      row.interval = row.value == nil ? nil : intervals(outcome)
      complete(outcome, &row)
      return row
    }
  }

  /// Percentile intervals over resampled games; the same games are drawn whatever is ablated.
  private func intervals(of tallies: [GameTally]) throws -> (PlayOutcome) -> PercentileInterval? {
    guard plan.replicates > 0, tallies.count >= PercentileInterval.fewestResampled else { return { _ in nil } }
    let columns = GameTally.Count.allCases
    var values: [Double] = []
    values.reserveCapacity(tallies.count * columns.count)
    for tally in tallies {
      for column in columns { values.append(Double(tally[column])) }
    }
    let means = try bootstrapMeans(
      values, units: columns.count, groupOfRow: tallies.map { _ in 0 }, groups: 1, replicates: plan.replicates, seed: plan.options.seed,
      purpose: "games bootstrap", threads: threads)
    return { outcome in
      PercentileInterval(
        (0..<plan.replicates).map { replicate in
          outcome.value { means.mean(replicate: replicate, group: 0, unit: $0.rawValue) } ?? .nan
        }, resampled: tallies.count)
    }
  }

  // MARK: - Ablation

  private func ablated(_ layer: Int, _ units: [Int], _ means: [Double]) -> Network {
    network.holding(units, ofLayer: layer, at: units.map { plan.heldAt == .mean ? Float(means[$0]) : 0 })
  }

  /// The bins of a layer's units by mean activation in the intact games and by the weights into the layer above.
  private func bins(of target: GamesTarget, means: [Double]) -> UnitBins {
    let above = network.layers[target.layer + 1]
    let norms = means.indices.map { unit in
      above.kernel[unit * above.unitCount..<(unit + 1) * above.unitCount].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    return UnitBins(activations: means, norms: norms, size: target.units.count)
  }

  // MARK: - Play

  private struct IntactGames {
    var tallies: [GameTally] = []
    var activationSums: [[Double]] = []

    func meanActivations(ofLayer layer: Int) -> [Double] {
      let turns = Double(max(1, tallies.reduce(0) { $0 + $1.turns }))
      return activationSums[layer].map { $0 / turns }
    }
  }

  private func playIntact(_ recording: GamesRecording?) throws -> IntactGames {
    guard let recording else { return try playIntact(threads: threads) { _, _ in nil } }
    do {
      let games = try playIntact(threads: 1) { batch, _ in { try recording.add($0, batch) } }
      try recording.finish()
      return games
    } catch let error as RecordingError {
      // What was flushed is worth keeping, and the sentence says where it is.
      throw error
    } catch {
      recording.cancel()
      throw error
    }
  }

  private func playIntact(
    threads: Int, visit: @escaping (BatchForward, Range<Int>) -> ((ChosenTurn) throws -> Void)?
  ) throws -> IntactGames {
    var games = IntactGames(activationSums: network.layers.map { Array(repeating: 0, count: $0.unitCount) })
    func take(_ played: (tallies: [GameTally], sums: [[Double]])) {
      games.tallies += played.tallies
      // In the order of blocks, so that threads change no digit.
      for (layer, sums) in played.sums.enumerated() {
        for (unit, sum) in sums.enumerated() { games.activationSums[layer][unit] += sum }
      }
    }
    let sumsActivations = !plan.targets.isEmpty
    for window in windows(of: blocks.count) {
      if threads == 1 {
        for block in window {
          let player = NetworkPlayer(network, veil: veil, games: Self.blockGames, sumsActivations: sumsActivations)
          let tallies = try play(blocks[block], player, visit: visit(player.batch, blocks[block]))
          take((tallies, player.sums))
        }
      } else {
        let played = try mapBlocks(count: window.count, threads: threads) { index in
          let player = NetworkPlayer(network, veil: veil, games: Self.blockGames, sumsActivations: sumsActivations)
          let tallies = try play(blocks[window.lowerBound + index], player)
          return (tallies, player.sums)
        }
        for played in played { take(played) }
      }
      report(games.tallies.count, after: 0)
    }
    return games
  }

  private func play(
    _ games: Range<Int>, _ player: NetworkPlayer, visit: ((ChosenTurn) throws -> Void)? = nil
  ) throws -> [GameTally] {
    let toad: LookingPlayer? =
      switch partner {
      case .random: nil
      case .network(let network, let veil): NetworkPlayer(network, veil: veil, games: Self.blockGames).player
      }
    return try playInLockstep(games, plan.options, frog: player.player, toad: toad, visit: visit)
  }

  /// - Parameter conditions: how many have played before, for `progress`.
  private func play(_ network: Network, after conditions: Int) throws -> [GameTally] {
    var tallies: [GameTally] = []
    try forEachBlock(of: 1, { _ in network }, after: conditions, body: { $0 }, take: { tallies += $1 })
    return tallies
  }

  /// The sum over the games of each of several networks: as many tallies as networks, however many games. A network is made when it plays.
  private func playSums(
    _ count: Int, after conditions: Int, network: @Sendable (Int) -> Network
  ) throws -> [GameTally] {
    var sums = (0..<count).map { _ in GameTally() }
    try forEachBlock(of: count, network, after: conditions, body: { sum($0) }, take: { sums[$0] += $1 })
    return sums
  }

  private func forEachBlock<Value: Sendable>(
    of networks: Int, _ network: @Sendable (Int) -> Network, after conditions: Int, body: @Sendable ([GameTally]) -> Value,
    take: (_ network: Int, Value) -> Void
  ) throws {
    let blocks = blocks
    for window in windows(of: networks * blocks.count) {
      let values = try mapBlocks(count: window.count, threads: threads) { index in
        let (number, block) = (window.lowerBound + index).quotientAndRemainder(dividingBy: blocks.count)
        return body(try play(blocks[block], NetworkPlayer(network(number), veil: veil, games: Self.blockGames)))
      }
      for (index, value) in values.enumerated() { take((window.lowerBound + index) / blocks.count, value) }
      report(window.upperBound * plan.games / blocks.count, after: conditions)
    }
  }

  /// Runs of blocks after which progress is told.
  private func windows(of count: Int) -> [Range<Int>] {
    let length = 4 * threads
    return stride(from: 0, to: count, by: length).map { $0..<min($0 + length, count) }
  }

  private func report(_ games: Int, after conditions: Int) {
    progress(conditions * plan.games + games, (1 + plan.targets.count * (1 + plan.controls)) * plan.games)
  }

  private var blocks: [Range<Int>] {
    stride(from: 0, to: plan.games, by: Self.blockGames).map { $0..<min($0 + Self.blockGames, plan.games) }
  }
}

private func sum(_ tallies: [GameTally]) -> GameTally {
  tallies.reduce(into: GameTally()) { $0 += $1 }
}
