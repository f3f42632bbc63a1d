import ActivationRecording
import Foundation
import Parallelism
import Statistics

/// One layer by one measure.
struct LayerOverlap: Sendable {
  private let own, other: OverlapVectors
  private let pairing: OverlapPairing
  private let strata: [Int32?]
  private let used: [Int]
  private let scale: OverlapScale
  /// Squared distance of each pair's self and other.
  private let distances: [Double]

  /// - Parameters:
  ///   - own: of each pair, `[pairs × units]`.
  ///   - other: likewise.
  init(
    own: [Double], other: [Double], units: Int, measure: OverlapMeasure, pairs: OverlapPairs, choice: ExchangeDesign?, threads: Int
  ) throws {
    scale = OverlapScale(of: [own, other], units: units, measure: measure)
    var own = try OverlapVectors(own, units: units, measure: measure, scale: scale, threads: threads)
    var other = try OverlapVectors(other, units: units, measure: measure, scale: scale, threads: threads)
    let isUsed = zip(own.isDefined, other.isDefined).map { $0 && $1 }
    let used = isUsed.indices.filter { isUsed[$0] }
    let distances = isUsed.indices.map { isUsed[$0] ? own.squaredDistance($0, other, $0) : .nan }
    let sums = (own.sums(used).vector, other.sums(used).vector)
    let origin = (0..<units).map { (sums.0[$0] + sums.1[$0]) / Double(max(1, 2 * used.count)) }
    own.subtract(origin)
    other.subtract(origin)
    (self.own, self.other, self.used, self.distances) = (own, other, used, distances)
    strata = pairs.strata
    pairing = OverlapPairing(pairs, isUsed: isUsed, choice: choice)
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
    row.selfSelf = own.meanSquaredDistance(used).flatMap(scale.distance)
    row.otherOther = other.meanSquaredDistance(used).flatMap(scale.distance)
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

  /// Σ over pairs of the mean squared distance of a pair's self and the other of every pair that it may be paired with; of a pair that
  /// stays, its own.
  private var nullSum: Double {
    var sum = 0.0
    var isMoving = [Bool](repeating: false, count: distances.count)
    for group in pairing.groups {
      for pair in group { isMoving[pair] = true }
      sum += allDistances(group) / Double(group.count)
    }
    return used.reduce(sum) { $0 + (isMoving[$1] ? 0 : distances[$1]) }
  }

  /// Σ of squared distances of the self of every pair of a group and the other of every pair of it.
  private func allDistances(_ group: [Int]) -> Double {
    let (first, second) = (own.sums(group), other.sums(group))
    return max(0, Double(group.count) * (first.squares + second.squares) - 2 * dot(first.vector, second.vector))
  }

  /// Which share of the overlap pairs of one stratum have though they are not the same pair: (across − within) / (across − own), of
  /// the self of
  /// pairs in strata of several pairs, the mean distances to the other of pairs of other strata, of other pairs of its own stratum, and
  /// of its own.
  private func setWording(of row: inout OverlapRow) {
    let several = pairing.strata
    guard !several.isEmpty else {
      row.reasons.append("no wording_only: no stratum holds several pairs")
      return
    }
    let inStrata = used.filter { strata[$0] != nil }
    let whole = other.sums(inStrata)
    var (across, within, alone, count) = (0.0, 0.0, 0.0, 0.0)
    for group in several {
      let (size, rest) = (Double(group.count), Double(inStrata.count - group.count))
      guard rest > 0 else { continue }
      let (first, second) = (own.sums(group), other.sums(group))
      let diagonal = group.reduce(0) { $0 + distances[$1] }
      let inside = size * (first.squares + second.squares) - 2 * dot(first.vector, second.vector)
      let outsideVector = zip(whole.vector, second.vector).map { $0 - $1 }
      let outside = rest * first.squares + size * (whole.squares - second.squares) - 2 * dot(first.vector, outsideVector)
      across += outside / rest
      within += (inside - diagonal) / (size - 1)
      alone += diagonal
      count += size
    }
    guard count > 0 else {
      row.reasons.append("no wording_only: all pairs lie in one stratum")
      return
    }
    guard across - alone > 1e-9 * across else {
      row.reasons.append("no wording_only: a pair's own versions are no closer than those of pairs of other strata")
      return
    }
    row.wordingOnly = (across - within) / (across - alone)
  }

  /// (b + 1)/(N + 1), b of N pairings whose statistic is at least as large.
  ///
  /// The statistic is studentised (DiCiccio and Romano, 2017): with c the product of a self and an other version about the means of their
  /// group, Σ c / √(Σ c²) over the pairs of a pairing. Σ c alone is what the mean distance depends on, but it varies more as pairs are than as
  /// they are dealt where both versions of some pairs vary more than those of others.
  private func pValue(permutations: Int, in context: AnalysisContext) throws -> Double? {
    // Of each group, self by other.
    let tables = try pairing.groups.map { group in
      try CentredProducts(own.values, other.values, chosen: group, units: own.units, threads: context.threads)
    }
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
