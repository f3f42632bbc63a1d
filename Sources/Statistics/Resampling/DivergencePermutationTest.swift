import Foundation

/// What permutations of the labels of two groups make of D(P‖Q): `klDivergence` of shares, from histograms over the bins that were observed.
public struct DivergenceNull: Sendable, Equatable {
  /// The mean of D over the permutations.
  public let mean: Double
  /// (b + 1) / (N + 1), b of N permutations with D at least as large as observed (within 1e-12 of it).
  public let pValue: Double
}

/// What a share of the permutations makes of D(P‖Q): its value under each of them, and how many are at least as large as observed.
public struct DivergenceNullShare: Sendable, Equatable {
  public var values: [Double]
  public var extreme: Int

  public init(values: [Double], extreme: Int) { (self.values, self.extreme) = (values, extreme) }

  /// Joins the share that follows this one.
  public mutating func merge(_ next: DivergenceNullShare) {
    values += next.values
    extreme += next.extreme
  }

  /// What all permutations together say.
  public var null: DivergenceNull {
    DivergenceNull(
      mean: values.reduce(0, +) / Double(values.count), pValue: permutationPValue(extreme: extreme, of: values.count))
  }
}

/// Deals the labels of two groups of rows anew and takes D(P‖Q) of each unit every time. The null hypothesis is that both groups have the
/// same distribution, so that labels may be exchanged as `Exchangeability` says; one-sided, since D is large where they differ.
///
/// What is dealt is a function of the stream's seed, its purpose and the number of the permutation: it is the same for all units.
public struct DivergencePermutationTest: Sendable {
  /// What is added to each share of rows.
  private static let smoothing = 1e-10

  private let exchange: Exchangeability
  private let permutations: Int
  private let seed: UInt64
  private let purpose: String
  private let bins: Int
  /// Rows of P and of Q, and which of the two is counted: the smaller.
  private let totals: [Int]
  private let counted: UInt8
  /// By number of rows in a bin: its share, smoothed, and the logarithm of it; of P and of Q.
  private let shares: [[Double]]
  private let logarithms: [[Double]]

  /// - Parameter exchange: of the rows of P (group 0) and Q (group 1), in the order in which their bins will come.
  /// - Returns: nil without permutations, where nothing can be dealt, and for an empty group.
  public init?(_ exchange: Exchangeability, bins: Int, permutations: Int, seed: UInt64, purpose: String) {
    let totals = (0..<2).map { group in exchange.labels.count { Int($0) == group } }
    guard permutations > 0, bins > 0, exchange.canPermute, exchange.groupCount == 2, totals.allSatisfy({ $0 > 0 }) else { return nil }
    (self.exchange, self.permutations, self.seed, self.purpose, self.bins, self.totals) = (
      exchange, permutations, seed, purpose, bins, totals
    )
    counted = totals[0] <= totals[1] ? 0 : 1
    shares = totals.map { total in
      (0...total).map { (Double($0) / Double(total) + Self.smoothing) / (1 + Self.smoothing * Double(bins)) }
    }
    logarithms = shares.map { $0.map { log($0) } }
  }

  /// Of each unit its null.
  ///
  /// - Parameter numbers: the bin of each row, `[units × rows]`, rows as those of the exchangeability.
  /// - Throws: `StatisticsError.shape` where there is not a bin per row.
  public func nulls(_ numbers: [UInt16], units: Int) throws(StatisticsError) -> [DivergenceNull] {
    var sums = [Double](repeating: 0, count: units)
    var extremes = [Int](repeating: 0, count: units)
    guard
      try forEachDivergence(
        numbers, units: units, permutations: 1..<permutations + 1,
        take: { unit, value, isExtreme in
          sums[unit] += value
          if isExtreme { extremes[unit] += 1 }
        })
    else { return [] }
    return (0..<units).map { unit in
      DivergenceNull(mean: sums[unit] / Double(permutations), pValue: permutationPValue(extreme: extremes[unit], of: permutations))
    }
  }

  /// Of each unit what a share of the permutations gives.
  ///
  /// - Parameters:
  ///   - numbers: as `nulls(_:units:)` takes them.
  ///   - taken: numbers of permutations, from 1.
  /// - Throws: `StatisticsError.shape` where there is not a bin per row.
  public func share(_ numbers: [UInt16], units: Int, taking taken: Range<Int>) throws(StatisticsError) -> [DivergenceNullShare] {
    var shares = [DivergenceNullShare](repeating: DivergenceNullShare(values: [], extreme: 0), count: units)
    guard
      try forEachDivergence(
        numbers, units: units, permutations: taken,
        take: { unit, value, isExtreme in
          shares[unit].values.append(value)
          if isExtreme { shares[unit].extreme += 1 }
        })
    else { return [] }
    return shares
  }

  /// - Returns: false for rows that lie in no bin.
  private func forEachDivergence(
    _ numbers: [UInt16], units: Int, permutations: Range<Int>, take: (_ unit: Int, _ value: Double, _ isExtreme: Bool) -> Void
  ) throws(StatisticsError) -> Bool {
    let rows = exchange.labels.count
    try require(numbers.count, units * rows, "bins of the rows of all units")
    guard let largest = numbers.max(), Int(largest) < bins else { return false }
    var work = Work(bins: bins, labels: exchange.labels)
    var totals: [[Int32]] = []
    var observed = [Double](repeating: 0, count: units)
    for unit in 0..<units {
      var counts = [Int32](repeating: 0, count: bins)
      for row in 0..<rows { counts[Int(numbers[unit * rows + row])] += 1 }
      totals.append(counts)
    }
    // Permutation 0 is what was observed.
    for permutation in [0] + Array(permutations) {
      if permutation > 0 {
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(permutation))
        work.labels.withUnsafeMutableBufferPointer { exchange.deal(into: $0, stream: &stream) }
      }
      work.chosen.removeAll(keepingCapacity: true)
      for (position, label) in work.labels.enumerated() where label == counted { work.chosen.append(exchange.order[position]) }
      for unit in 0..<units {
        let value = divergence(numbers, from: unit * rows, totals: totals[unit], &work)
        guard permutation > 0 else {
          observed[unit] = value
          continue
        }
        take(unit, value, value >= observed[unit] - 1e-12 * observed[unit])
      }
    }
    return true
  }

  private struct Work {
    var labels: [UInt8]
    var chosen: [Int32] = []
    var counts: [Int32]

    init(bins: Int, labels: [UInt8]) {
      self.labels = labels
      counts = [Int32](repeating: 0, count: bins)
    }
  }

  /// The share of some of the rows of a group, smoothed.
  private func share(_ count: Int, of size: Int) -> Double {
    (Double(count) / Double(size) + Self.smoothing) / (1 + Self.smoothing * Double(bins))
  }

  /// D of the rows that are chosen and of the others.
  private func divergence(_ numbers: [UInt16], from start: Int, totals: [Int32], _ work: inout Work) -> Double {
    // Whole blocks of different sizes make groups of other sizes, of which the tables know nothing.
    let (count, all) = (work.chosen.count, self.totals[0] + self.totals[1])
    let sizes = counted == 0 ? [count, all - count] : [all - count, count]
    let isTabled = sizes == self.totals
    return work.chosen.withUnsafeBufferPointer { chosen in
      numbers.withUnsafeBufferPointer { numbers in
        work.counts.withUnsafeMutableBufferPointer { counts in
          counts.update(repeating: 0)
          for row in chosen { counts[Int(numbers[start + Int(row)])] &+= 1 }
          var sum = 0.0
          for bin in 0..<counts.count where totals[bin] > 0 {
            let here = Int(counts[bin])
            let (p, q) = counted == 0 ? (here, Int(totals[bin]) - here) : (Int(totals[bin]) - here, here)
            if isTabled {
              sum += shares[0][p] * (logarithms[0][p] - logarithms[1][q])
            } else {
              let first = share(p, of: sizes[0])
              sum += first * (log(first) - log(share(q, of: sizes[1])))
            }
          }
          return max(0, sum)
        }
      }
    }
  }
}
