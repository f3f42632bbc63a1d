import Foundation
import Parallelism
import Statistics

/// One layer by one measure, from its pairs block by block.
struct LayerOverlap: Sendable {
  let measure: OverlapMeasure
  let pairing: OverlapPairing
  private let scale: OverlapScale
  private let strata: [Int32?]
  /// Pairs that are compared, by position.
  private let used: [Int]
  private let isTabulated: Bool
  /// Which of them proved to have no direction.
  private(set) var isDefined: [Bool]
  /// Squared distance of each pair's self and other.
  private var distances: [Double]
  /// What is taken off all vectors: distances stay the same, and sums of products keep their digits.
  private var origin: [Double]?
  private var whole: OverlapVectorSums
  private var ofPairing, ofStrata: OverlapGroupSums
  /// Σ over pairs of the mean squared distance of a pair's self and the other of every pair that it may be paired with.
  private var nullSum = 0.0
  private var wording: WordingSums
  /// Of each group of the pairing, self by other.
  private var tables: [CentredProducts] = []

  /// - Parameters:
  ///   - isUsed: whether a pair is compared: it has a direction, as far as is known.
  ///   - isTabulated: whether products of the pairs of a group are kept, for a p-value. The pairs of a group then come in one block.
  init(
    _ measure: OverlapMeasure, pairs: OverlapPairs, isUsed: [Bool], choice: ExchangeDesign?, units: Int, scale: OverlapScale,
    isTabulated: Bool
  ) {
    (self.measure, self.scale, strata) = (measure, scale, pairs.strata)
    pairing = OverlapPairing(pairs, isUsed: isUsed, choice: choice)
    self.isTabulated = isTabulated && pairing.reason == nil
    used = isUsed.indices.filter { isUsed[$0] }
    isDefined = isUsed
    distances = [Double](repeating: .nan, count: isUsed.count)
    whole = OverlapVectorSums(units: units)
    ofPairing = OverlapGroupSums(pairing.groups, pairCount: isUsed.count, units: units)
    ofStrata = OverlapGroupSums(pairing.strata, pairCount: isUsed.count, units: units)
    wording = WordingSums(units: units, pairCount: used.count { pairs.strata[$0] != nil })
  }

  /// Whether a pair that was to be compared has no direction, so that all has to be done again without it.
  var isMistaken: Bool { used.contains { !isDefined[$0] } }

  /// Pairs in the order in which they are worked on, group by group, in pieces of about so many.
  func blocks(of size: Int) -> [[Int]] {
    let grouped = Set(pairing.groups.joined())
    let pieces =
      pairing.groups.flatMap { group in
        // Sums of strata inside a group that comes in pieces are closed one after the other.
        isTabulated || group.count <= size
          ? [group] : group.sorted { (strata[$0] ?? .min, $0) < (strata[$1] ?? .min, $1) }.map { [$0] }
      } + used.filter { !grouped.contains($0) }.map { [$0] }
    var blocks: [[Int]] = []
    for piece in pieces {
      if let last = blocks.last, last.count + piece.count <= size {
        blocks[blocks.count - 1] += piece
      } else {
        blocks.append(piece)
      }
    }
    return blocks.map { $0.sorted() }
  }

  /// As the measure compares them.
  func vectors(_ means: StratumMeans, threads: Int) throws -> NumberedVectors {
    try NumberedVectors(means, measure: measure, scale: scale, threads: threads)
  }

  /// - Parameters:
  ///   - block: positions of pairs, ascending.
  ///   - own: of each.
  ///   - other: likewise.
  mutating func add(_ block: [Int], own: OverlapVectors, other: OverlapVectors, threads: Int) throws {
    var (vectors, others) = (own, other)
    for (place, pair) in block.enumerated() {
      isDefined[pair] = vectors.isDefined[place] && others.isDefined[place]
      distances[pair] = vectors.squaredDistance(place, others, place)
    }
    let origin = self.origin ?? OverlapVectors.mean(of: [vectors, others])
    self.origin = origin
    vectors.subtract(origin)
    others.subtract(origin)
    for (place, pair) in block.enumerated() {
      whole.add(place, vectors, others)
      if let (_, sums) = ofPairing.add(pair, place: place, vectors, others) { nullSum += sums.allDistances / Double(sums.count) }
      if !ofPairing.holds(pair) { nullSum += distances[pair] }
      guard strata[pair] != nil else { continue }
      wording.add(place, others)
      if let (number, sums) = ofStrata.add(pair, place: place, vectors, others) {
        wording.add(stratum: sums, diagonal: pairing.strata[number].reduce(0) { $0 + distances[$1] })
      }
    }
    guard isTabulated else { return }
    let places = Dictionary(uniqueKeysWithValues: block.enumerated().map { ($1, $0) })
    for group in pairing.groups {
      let chosen = group.compactMap { places[$0] }
      guard chosen.count == group.count else { continue }
      tables.append(try CentredProducts(vectors.values, others.values, chosen: chosen, units: vectors.units, threads: threads))
    }
  }

  func fill(_ row: inout OverlapRow, areStrata: Bool, permutations: Int, in context: AnalysisContext) throws {
    row.pairCount = used.count
    guard !used.isEmpty else {
      row.reasons.append("no \(areStrata ? "stratum" : "pair") has a self and an other activation with a direction")
      return
    }
    let observed = used.reduce(0) { $0 + distances[$1] } / Double(used.count)
    guard let selfOther = scale.distance(observed) else {
      row.reasons.append("squares of activations are beyond what a double can hold")
      return
    }
    row.selfOther = selfOther
    let means = whole.meanDistances
    row.selfSelf = means.flatMap { scale.distance($0.own) }
    row.otherOther = means.flatMap { scale.distance($0.other) }
    guard used.count > 1 else {
      row.reasons.append("a single \(areStrata ? "stratum" : "pair")")
      return
    }
    if row.selfSelf == nil || row.otherOther == nil { row.reasons.append("squares of activations are beyond what a double can hold") }
    setInterval(of: &row, mean: observed)
    row.exchange = pairing.design
    row.blockCount = pairing.design == nil ? nil : pairing.blockCount
    if let reason = pairing.reason {
      row.reasons.append(reason)
    } else {
      row.nullMean = scale.distance(nullSum / Double(used.count))
      if permutations > 0 { row.pValue = try pValue(permutations: permutations, in: context) }
    }
    if areStrata {
      row.reasons.append("no wording_only: strata stand for pairs")
    } else {
      setWording(of: &row)
    }
  }

  /// The interval of a mean over pairs, or over strata where pairs lie in strata; a pair that lies in none, or in several, is a cluster of its own.
  private func setInterval(of row: inout OverlapRow, mean: Double) {
    let groups = Dictionary(grouping: used.filter { strata[$0] != nil }) { strata[$0] ?? 0 }.sorted { $0.key < $1.key }.map(\.value)
    let clusters = groups + used.filter { strata[$0] == nil }.map { [$0] }
    // A single stratum is the whole of what was sampled.
    let scores = (clusters.count > 1 ? clusters : used.map { [$0] }).map { cluster in
      cluster.reduce(0) { $0 + (distances[$1] - mean) } / Double(used.count)
    }
    guard let interval = skewedMeanInterval(mean, scores: scores) else {
      row.reasons.append("no interval: distances do not vary")
      return
    }
    guard let below = scale.distance(mean - interval.lowerBound), let above = scale.distance(interval.upperBound - mean),
      let middle = row.selfOther
    else {
      row.reasons.append("no interval: squares of activations are beyond what a double can hold")
      return
    }
    row.interval = middle - below...middle + above
  }

  /// Which share of the overlap pairs of one stratum have though they are not the same pair.
  private func setWording(of row: inout OverlapRow) {
    do {
      row.wordingOnly = try wording.share()
    } catch {
      row.reasons.append("no wording_only: \(error.reason)")
    }
  }

  /// (b + 1)/(N + 1), b of N pairings whose statistic is at least as large.
  ///
  /// The statistic is studentised (DiCiccio and Romano, 2017): with c the product of a self and an other version about the means of their
  /// group, Σ c / √(Σ c²) over the pairs of a pairing. Σ c alone is what the mean distance depends on, but it varies more as pairs are than as
  /// they are dealt where both versions of some pairs vary more than those of others.
  private func pValue(permutations: Int, in context: AnalysisContext) throws -> Double? {
    let tables = tables
    let rounding = 1e-12 * tables.reduce(0) { $0 + $1.size }
    @Sendable func statistic(_ orders: [[Int]]) -> (t: Double, error: Double) {
      var (sum, squares) = (0.0, 0.0)
      for (table, order) in zip(tables, orders) {
        for (place, other) in order.enumerated() {
          let product = table.values[place * table.count + other]
          sum += product
          squares += product * product
        }
      }
      let error = squares.squareRoot()
      return abs(sum) > rounding && error > rounding ? (sum / error, error) : (0, 0)
    }
    let observed = statistic(tables.map { Array(0..<$0.count) })
    let size = 64
    let steps = context.progress.steps((permutations + size - 1) / size)
    let null = try mapBlocks(count: (permutations + size - 1) / size, threads: context.threads) { block in
      try context.checkCancellation()
      defer { steps.done() }
      return (block * size..<min((block + 1) * size, permutations)).map { number -> Double in
        var stream = RandomStream(seed: context.seed, purpose: "overlap: pairing", index: UInt64(number + 1))
        return statistic(tables.map { Array(0..<$0.count).shuffled(using: &stream) }).t
      }
    }.flatMap { $0 }
    let tolerance = (observed.error > 0 ? rounding / observed.error : 0) + 1e-12 * abs(observed.t)
    var count = ExtremeCount(observed: observed.t, tolerance: tolerance)
    count.add(contentsOf: null)
    return count.pValue
  }
}
