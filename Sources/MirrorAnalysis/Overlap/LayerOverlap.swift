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
  /// By what a squared distance becomes one of the measure.
  private let factor: Double
  /// Squared distance of each pair's self and other.
  private let distances: [Double]

  /// - Parameters:
  ///   - own: of each pair, `[pairs × units]`.
  ///   - other: likewise.
  init(
    own: [Double], other: [Double], units: Int, measure: OverlapMeasure, strata: [Int32?], choice: ExchangeDesign?, threads: Int
  ) throws {
    var own = try OverlapVectors(own, units: units, measure: measure, threads: threads)
    var other = try OverlapVectors(other, units: units, measure: measure, threads: threads)
    let isUsed = zip(own.isDefined, other.isDefined).map { $0 && $1 }
    let used = isUsed.indices.filter { isUsed[$0] }
    let distances = isUsed.indices.map { isUsed[$0] ? own.squaredDistance($0, other, $0) : .nan }
    let sums = (own.sums(used).vector, other.sums(used).vector)
    let origin = (0..<units).map { (sums.0[$0] + sums.1[$0]) / Double(max(1, 2 * used.count)) }
    own.subtract(origin)
    other.subtract(origin)
    (self.own, self.other, self.used, self.distances) = (own, other, used, distances)
    self.strata = strata
    pairing = OverlapPairing(strata: strata, isUsed: isUsed, choice: choice)
    factor = Self.factor(measure, units: units)
  }

  static func factor(_ measure: OverlapMeasure, units: Int) -> Double { measure == .mse ? 1 / Double(max(1, units)) : 0.5 }

  func fill(_ row: inout OverlapRow, areStrata: Bool, permutations: Int, in context: AnalysisContext) throws {
    row.pairCount = used.count
    guard !used.isEmpty else {
      row.reasons.append("no \(areStrata ? "stratum" : "pair") has a self and an other activation with a direction")
      return
    }
    let observed = used.reduce(0) { $0 + distances[$1] } / Double(used.count)
    guard (observed * factor).isFinite else {
      row.reasons.append("activations differ by more than a double can hold")
      return
    }
    row.selfOther = observed * factor
    row.selfSelf = own.meanSquaredDistance(used).map { $0 * factor }
    row.otherOther = other.meanSquaredDistance(used).map { $0 * factor }
    guard used.count > 1 else {
      row.reasons.append("a single \(areStrata ? "stratum" : "pair")")
      return
    }
    setInterval(of: &row, mean: observed)
    row.exchange = pairing.design
    row.blockCount = pairing.design == nil ? nil : pairing.blockCount
    if let reason = pairing.reason {
      row.reasons.append(reason)
    } else {
      row.nullMean = nullSum / Double(used.count) * factor
      if permutations > 0 { row.pValue = try pValue(permutations: permutations, in: context) }
    }
    if areStrata {
      row.reasons.append("no wording_only: strata stand for pairs")
    } else {
      setWording(of: &row)
    }
  }

  /// Mean over pairs ± t standard errors: the ordinary one, or CR1 by stratum where all pairs lie in two strata or more.
  private func setInterval(of row: inout OverlapRow, mean: Double) {
    let count = Double(used.count)
    let groups = Dictionary(grouping: used) { strata[$0] }.sorted { ($0.key ?? 0) < ($1.key ?? 0) }
    let isClustered = groups.count > 1 && !groups.contains { $0.key == nil }
    var squares = 0.0
    let size = isClustered ? groups.count : used.count
    if isClustered {
      for group in groups {
        let score = group.value.reduce(0) { $0 + (distances[$1] - mean) } / count
        squares += score * score
      }
      squares *= Double(size) / Double(size - 1)
    } else {
      squares = used.reduce(0) { $0 + (distances[$1] - mean) * (distances[$1] - mean) } / (count - 1) / count
    }
    let half = intervalFactor(degreesOfFreedom: size - 1) * squares.squareRoot()
    if half.isFinite, half > 0 {
      row.interval = (mean - half) * factor...(mean + half) * factor
    } else {
      row.reasons.append("no interval: distances do not vary")
    }
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

  /// (b + 1)/(N + 1), b of N pairings with a mean distance at most as large.
  private func pValue(permutations: Int, in context: AnalysisContext) throws -> Double? {
    // Of each group, self by other.
    let tables = try pairing.groups.map { group in
      try squaredDistances(own.values, other.values, chosen: group, units: own.units, threads: context.threads)
    }
    let groups = pairing.groups
    @Sendable func sum(_ orders: [[Int]]) -> Double {
      zip(zip(tables, groups), orders).reduce(0.0) { sum, item in
        let (table, size) = (item.0.0, item.0.1.count)
        var own = 0.0
        for (place, other) in item.1.enumerated() { own += table[place * size + other] }
        return sum + own
      }
    }
    let observed = sum(groups.map { Array($0.indices) })
    let size = 64
    let null = try mapBlocks(count: (permutations + size - 1) / size, threads: context.threads) { block in
      (block * size..<min((block + 1) * size, permutations)).map { number -> Double in
        var stream = RandomStream(seed: context.seed, purpose: "overlap: pairing", index: UInt64(number + 1))
        return sum(groups.map { Array($0.indices).shuffled(using: &stream) })
      }
    }.flatMap { $0 }
    // What rounding of products may leave of a mean pairing's sum.
    var count = ExtremeCount(observed: observed, alternative: .less, tolerance: 1e-11 * max(nullSum, observed))
    count.add(contentsOf: null)
    return count.pValue
  }
}
