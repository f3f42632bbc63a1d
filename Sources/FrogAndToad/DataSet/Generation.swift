import Parallelism
import Statistics

/// A data set: different labelled states in a training, a test and a validation set that share none.
public struct GeneratedStates: Sendable {
  public let train: PackedRows
  public let test: PackedRows
  /// From games of its own.
  public let validation: PackedRows
  public let seed: UInt64
  public let options: GenerationOptions
  /// How many games the training and test states come from.
  public let episodes: Int
  /// How many turns were played for them, each of which gave a state; those seen before dropped out.
  public let turns: Int
  /// Labels that the test set has less of than a stratified one should.
  public let shortLabels: [Action]
}

/// Plays at random until there are `count` different states, then draws the test set. The validation set comes from the games after those:
/// what a network looks at to decide when to stop is no part of what it is judged by, and no training or test state depends on it. It takes
/// one turn in twenty, since turns of a game are alike: 10,000 states of whole games would come from eleven. Its labels are those of play, as
/// far as no state of it, veiled or not, is in the other sets.
///
/// Two states are the same if all their 100 bytes are (`PackedState`). Of equal states the first one in the order of episodes and turns
/// is kept. Each episode has its own random stream, so the number of threads never changes a result. With the default options,
/// of six million states 45.3 % are labelled jump, 44.4 % hop, 9.0 % leap and 1.3 % help; 64.2 % show no distress, 15.2 % Frog's, 15.2 %
/// Toad's and 5.1 % both.
///
/// - Parameters:
///   - count: different states, training and test set together.
///   - testCount: size of the test set; without one, `defaultTestCount`. Stratified 40/40/10/10 (hop, jump, leap, help).
///   - seed: decides everything.
///   - threads: at least 1.
///   - progress: called on the calling thread with the states found so far and the states asked for.
/// - Throws: `GenerationError`.
public func generateStates(
  count: Int, testCount: Int? = nil, validationCount: Int? = nil, seed: UInt64, options: GenerationOptions = GenerationOptions(),
  threads: Int = availableThreads, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
) throws -> GeneratedStates {
  let testCount = testCount ?? defaultTestCount(states: count)
  let validationCount = validationCount ?? defaultTestCount(states: count)
  try check(count: count, testCount: testCount, validationCount: validationCount, options: options)
  var (all, drawn, validation, episodes, turns) = try playAndDraw()
  let train = try shuffled(false, "training order")
  let test = try shuffled(true, "test order")
  try validation.shuffle(seed: seed, purpose: "validation order", threads: threads)
  return GeneratedStates(
    train: train, test: test, validation: validation, seed: seed, options: options, episodes: episodes, turns: turns,
    shortLabels: drawn.shortLabels)

  /// What play needs is given back before the sets are taken apart.
  func playAndDraw() throws -> (rows: PackedRows, drawn: DrawnTestSet, validation: PackedRows, episodes: Int, turns: Int) {
    var play = DeduplicatedPlay(count: count, seed: seed, options: options, threads: threads)
    while play.rows.count < count {
      try play.continuePlaying()
      progress(min(play.rows.count, count), count + validationCount)
    }
    let validation = try validationSet(after: play)
    let drawn = try drawTestSet(
      of: testCount, from: play.rows.states, isPresent: play.contains, seed: seed, draw: options.testDraw,
      helpFrom: options.couplings.helpFrom)
    return (play.rows, drawn, validation, play.usedEpisodes, play.turns)
  }

  func validationSet(after play: DeduplicatedPlay) throws -> PackedRows {
    var own = DeduplicatedPlay(
      count: validationCount, seed: seed, options: options, threads: threads, firstEpisode: play.nextEpisode, oneTurnIn: validationTurns)
    while own.rows.count < validationCount {
      try own.continuePlaying { play.contains($0) || $0.veiledTwins.contains(where: play.contains) }
      progress(count + min(own.rows.count, validationCount), count + validationCount)
    }
    return own.rows
  }

  func shuffled(_ ofTest: Bool, _ purpose: String) throws -> PackedRows {
    var rows = all.filtered(count: ofTest ? testCount : count - testCount) { drawn.isTest[$0] == ofTest }
    try rows.shuffle(seed: seed, purpose: purpose, threads: threads)
    return rows
  }
}

/// Bytes that `generateStates` takes at its peak, at most: the table of states seen, 12 bytes for each state in play order and again in
/// file order, and what drawing the test set needs.
public func generationMemory(
  states count: Int, validation: Int? = nil, options: GenerationOptions = GenerationOptions(), threads: Int
) -> Int {
  // More than that many are refused.
  let count = min(max(count, 0), Int(UInt32.max))
  let validation = min(max(validation ?? defaultTestCount(states: count), 0), Int(UInt32.max))
  let perBatch = 32 * (DeduplicatedPlay.batchTurns(missing: max(count, validation), options) + DeduplicatedPlay.largestBatch)
  let tables = [count, validation].map { DeduplicatedPlay.tableBytes(states: $0, threads: threads) }
  return tables[0] + (validation > 0 ? tables[1] : 0) + 29 * count + 12 * validation + perBatch
}

/// Turns of a game of which the validation set takes one.
private let validationTurns = 20

private func check(count: Int, testCount: Int, validationCount: Int, options: GenerationOptions) throws {
  // Row numbers are kept in 32 bits.
  guard (1...Int(UInt32.max)).contains(count) else {
    throw GenerationError.unusableCount("\(count) states can't be generated. Ask for a number from 1 to \(UInt32.max).")
  }
  guard (0...count).contains(testCount) else {
    throw GenerationError.unusableCount("A test set of \(testCount) can't be drawn from \(count) states. Ask for a smaller one.")
  }
  guard (0...Int(UInt32.max)).contains(validationCount) else {
    throw GenerationError.unusableCount("A validation set of \(validationCount) can't be made. Ask for a number from 0 to \(UInt32.max).")
  }
  guard (1...1_000_000).contains(options.turnsPerEpisode) else {
    throw GenerationError.unusableCount("A game of \(options.turnsPerEpisode) turns can't be played. Ask for 1 to 1,000,000.")
  }
  if let fault = options.couplings.fault { throw GenerationError.unusableCount("The game can't be played: \(fault).") }
}

extension PackedRows {
  /// The `count` rows that are kept.
  fileprivate func filtered(count: Int, _ isKept: (Int) -> Bool) -> PackedRows {
    var rows = PackedRows(states: [], episodes: [], helpFrom: helpFrom)
    rows.states.reserveCapacity(count)
    rows.episodes.reserveCapacity(count)
    for row in states.indices where isKept(row) {
      rows.states.append(states[row])
      rows.episodes.append(episodes[row])
    }
    return rows
  }
}

/// Play that goes on, batch of episodes by batch of episodes, and keeps the states not seen before.
///
/// A batch has two parallel parts. First the episodes are played. Then each thread looks after its own share of all possible states: it
/// goes through the whole batch in order and notes which of its states are new. What is new doesn't depend on how states are shared out.
private struct DeduplicatedPlay {
  private(set) var rows = PackedRows(states: [], episodes: [])
  private(set) var turns = 0
  /// Episodes up to the one that gave the last state needed.
  private(set) var usedEpisodes = 0

  private let count: Int
  private let seed: UInt64
  private let options: GenerationOptions
  private let turnsApart: Int
  private let threads: Int
  private let shards: [PackedStateSet]
  private(set) var nextEpisode: Int
  private var turnsAtCheck = 0
  private var rowsAtCheck = 0

  /// Turns.
  static let largestBatch = 1 << 17
  /// Episodes beyond those that the missing states ask for.
  private static let smallestBatch = 8
  private static let checkInterval = 250_000

  /// - Parameter turnsApart: of so many turns one is taken, at random.
  init(count: Int, seed: UInt64, options: GenerationOptions, threads: Int, firstEpisode: Int = 0, oneTurnIn turnsApart: Int = 1) {
    self.count = count
    self.turnsApart = turnsApart
    nextEpisode = firstEpisode
    self.seed = seed
    self.options = options
    self.threads = max(threads, 1)
    let shardCount = Self.shardCount(threads: threads)
    rows.helpFrom = options.couplings.helpFrom
    shards = (0..<shardCount).map { _ in PackedStateSet(expected: (count + Self.largestBatch) / shardCount) }
    rows.states.reserveCapacity(count)
    rows.episodes.reserveCapacity(count)
  }

  private static func shardCount(threads: Int) -> Int { min(max(threads, 1), 16) }

  static func tableBytes(states count: Int, threads: Int) -> Int {
    let shardCount = shardCount(threads: threads)
    return shardCount * PackedStateSet.byteCount(expected: (count + largestBatch) / shardCount)
  }

  /// Turns of the first batch, which is the greatest.
  static func batchTurns(missing count: Int, _ options: GenerationOptions) -> Int {
    let episodes = min(count, largestBatch) / max(options.turnsPerEpisode, 1) + smallestBatch
    return episodes * min(max(options.turnsPerEpisode, 1), 1_000_000)
  }

  func contains(_ state: PackedState) -> Bool {
    shards[shard(of: state)].contains(state)
  }

  @inline(__always)
  private func shard(of state: PackedState) -> Int {
    Int(truncatingIfNeeded: ((PackedStateSet.spread(state) &>> 48) &* UInt64(truncatingIfNeeded: shards.count)) &>> 16)
  }

  /// - Parameter isTaken: whether a state that is new here is one that must not be kept.
  mutating func continuePlaying(isTaken: (PackedState) -> Bool = { _ in false }) throws {
    let firstEpisode = nextEpisode
    let batchTurns = min(count - rows.count, Self.largestBatch)
    let episodes = turnsApart * batchTurns / options.turnsPerEpisode + Self.smallestBatch
    nextEpisode += episodes
    let (seed, options, turnsApart) = (seed, options, turnsApart)
    let played = try mapBlocks(count: episodes, threads: threads) { number in
      let states = playEpisode(firstEpisode + number, seed: seed, options: options)
      guard turnsApart > 1 else { return states }
      var stream = RandomStream(seed: seed, purpose: "turns taken", index: UInt64(firstEpisode + number))
      return states.filter { _ in stream.uniform(below: turnsApart) == 0 }
    }
    keepNewStates(played, firstEpisode: firstEpisode, isNew: try findNewStates(played), isTaken)
    try checkYield()
  }

  /// A flag per state of the batch.
  private func findNewStates(_ played: [[PackedState]]) throws -> [Bool] {
    let found = try mapBlocks(count: shards.count, threads: threads) { number in
      let set = shards[number]
      var positions: [Int32] = []
      var position: Int32 = 0
      var window: [(state: PackedState, position: Int32)] = []
      window.reserveCapacity(PackedStateSet.window)
      func insertWindow() {
        set.fetchSlots(of: window.lazy.map(\.state))
        for entry in window where set.insert(entry.state) { positions.append(entry.position) }
        window.removeAll(keepingCapacity: true)
      }
      for states in played {
        for state in states {
          if shard(of: state) == number {
            window.append((state, position))
            if window.count == PackedStateSet.window { insertWindow() }
          }
          position &+= 1
        }
      }
      insertWindow()
      return positions
    }
    var isNew = [Bool](repeating: false, count: played.count * options.turnsPerEpisode)
    for positions in found {
      for position in positions { isNew[Int(position)] = true }
    }
    return isNew
  }

  private mutating func keepNewStates(
    _ played: [[PackedState]], firstEpisode: Int, isNew: [Bool], _ isTaken: (PackedState) -> Bool
  ) {
    var position = 0
    for (offset, states) in played.enumerated() {
      usedEpisodes = firstEpisode + offset + 1
      let episode = Int32(truncatingIfNeeded: firstEpisode + offset)
      for state in states {
        if isNew[position], !isTaken(state) {
          rows.states.append(state)
          rows.episodes.append(episode)
          if rows.count == count {
            turns += position + 1
            return
          }
        }
        position += 1
      }
    }
    turns += position
  }

  /// Gives up once fewer than one turn in a thousand gives a new state.
  private mutating func checkYield() throws {
    guard turns - turnsAtCheck >= Self.checkInterval, rows.count < count else { return }
    if (rows.count - rowsAtCheck) * 1000 < turns - turnsAtCheck {
      throw GenerationError.exhausted(found: rows.count, wanted: count, turnsPerEpisode: options.turnsPerEpisode)
    }
    (turnsAtCheck, rowsAtCheck) = (turns, rows.count)
  }
}
