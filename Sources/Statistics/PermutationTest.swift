internal import CBLAS
import Parallelism

/// Where a row stands in a contrast of two groups.
public enum ContrastSide: UInt8, Sendable {
  case neither, reference, treated
}

/// Which deviations from the null count as extreme.
public enum Alternative: Sendable {
  case greater, less, twoSided
}

/// The difference of means of many units, as observed and under permutations of the group labels.
///
/// Every permutation deals the labels anew for whole rows, so the units of one permutation belong together: a statistic over several
/// units, such as CMNI, has its null from the same permutations.
public struct PermutationNull: Sendable {
  public let units: Int
  public let permutations: Int
  /// mean(treated) − mean(reference) per unit; NaN for an empty group and for a unit with a value that isn't finite.
  public let observed: [Double]
  /// The mean of the difference over all permutations there are, in closed form. 0, unless strata hold the groups in unequal shares.
  public let expected: [Double]
  /// [permutations × units]
  public let differences: [Double]

  /// p = (b + 1) / (permutations + 1) per unit, b being the number of permutations at least as extreme as observed (Phipson and Smyth,
  /// 2010). For `.greater` that is a difference ≥ the observed one, for `.less` ≤, and for `.twoSided` one at least as far from
  /// `expected`. A permuted difference that equals the observed one counts: sums are exact (`ExactWeightedSums`), and what
  /// division leaves is covered by a tolerance of 1e-12 of the observed deviation.
  ///
  /// Nil for a unit whose difference is NaN. A constant unit has p = 1.
  public func pValues(_ alternative: Alternative) -> [Double?] {
    (0..<units).map { unit in
      let deviation = observed[unit] - expected[unit]
      guard !deviation.isNaN else { return nil }
      let tolerance = 1e-12 * abs(deviation)
      var extreme = 0
      for permutation in 0..<permutations {
        let permuted = differences[permutation * units + unit] - expected[unit]
        switch alternative {
        case .greater: if permuted >= deviation - tolerance { extreme += 1 }
        case .less: if permuted <= deviation + tolerance { extreme += 1 }
        case .twoSided: if abs(permuted) >= abs(deviation) - tolerance { extreme += 1 }
        }
      }
      return Double(extreme + 1) / Double(permutations + 1)
    }
  }
}

/// Permutes the labels of two groups, inside strata where there are any, and returns the difference of means per unit for each permutation.
///
/// Permutation number i draws from `RandomStream(seed:purpose:index: i)` alone and all sums are exact: neither `threads` nor the number
/// of permutations asked for changes a digit of it. Two contrasts permuted independently need two purposes.
///
/// - Parameters:
///   - values: [rows × units]; a row that is `.neither` is not looked at.
///   - sides: one per row.
///   - strata: one number per row; labels move only between rows of one stratum, so that each keeps its counts. Nil: all rows are one.
public func permutedMeanDifferences(
  _ values: [Float], units: Int, sides: [ContrastSide], strata: [Int]? = nil, permutations: Int, seed: UInt64, purpose: String,
  threads: Int
) throws -> PermutationNull {
  precondition(values.count == sides.count * units && strata.map { $0.count == sides.count } ?? true, "one side and stratum per row")
  let layout = PermutationLayout(sides: sides, strata: strata)
  let total = layout.rows.count
  let sums = ExactWeightedSums(values, units: units, rows: layout.rows, totalWeight: total)
  let treatedCount = layout.strata.reduce(0) { $0 + $1.treated }
  mirrorscope_blas_threads(1)

  // Two weightings that need no chance: every row, and the treated ones as observed.
  let fixed = layout.observedWeights.withUnsafeBufferPointer {
    sums.sums(weights: $0, lanes: 2, weightStride: total, positions: 0..<total)
  }
  let (all, treated) = (fixed[..<units], fixed[units...])
  func difference(_ treatedSum: Double, _ sum: Double) -> Double {
    treatedSum / Double(treatedCount) - (sum - treatedSum) / Double(total - treatedCount)
  }
  let observed = zip(treated, all).map { difference($0, $1) }
  var expected = [Double](repeating: 0, count: units)
  if layout.strata.count > 1 {
    var expectedSums = expected
    let ones = [UInt8](repeating: 1, count: total)
    for stratum in layout.strata where stratum.treated > 0 {
      let sum = ones.withUnsafeBufferPointer { sums.sums(weights: $0, lanes: 1, weightStride: total, positions: stratum.positions) }
      let share = Double(stratum.treated) / Double(stratum.positions.count)
      for unit in 0..<units { expectedSums[unit] += share * sum[unit] }
    }
    expected = zip(expectedSums, all).map { difference($0, $1) }
  }

  let lanes = 32
  let blocks = try mapBlocks(count: (permutations + lanes - 1) / lanes, threads: threads) { block in
    let first = block * lanes
    let count = min(lanes, permutations - first)
    let weights = layout.permutedWeights(first..<first + count, seed: seed, purpose: purpose)
    return weights.withUnsafeBufferPointer { sums.sums(weights: $0, lanes: count, weightStride: total, positions: 0..<total) }
  }
  var differences: [Double] = []
  differences.reserveCapacity(permutations * units)
  for block in blocks {
    for (index, sum) in block.enumerated() {
      differences.append(difference(sum, all[index % units]))
    }
  }
  return PermutationNull(units: units, permutations: permutations, observed: observed, expected: expected, differences: differences)
}

/// The rows of a contrast, stratum by stratum, and the drawing of permuted labels for them.
private struct PermutationLayout: Sendable {
  struct Stratum {
    let positions: Range<Int>
    let treated: Int
  }

  /// Row numbers, those of one stratum together, in ascending order within it.
  let rows: [Int32]
  let strata: [Stratum]
  /// [2 × rows]: 1 for every row; then 1 for the treated.
  let observedWeights: [UInt8]

  init(sides: [ContrastSide], strata labels: [Int]?) {
    var used = sides.indices.filter { sides[$0] != .neither }
    if let labels { used.sort { (labels[$0], $0) < (labels[$1], $1) } }
    var strata: [Stratum] = []
    var start = 0
    while start < used.count {
      var end = start + 1
      while end < used.count, labels.map({ $0[used[end]] == $0[used[start]] }) ?? true { end += 1 }
      strata.append(Stratum(positions: start..<end, treated: used[start..<end].count { sides[$0] == .treated }))
      start = end
    }
    rows = used.map { Int32($0) }
    self.strata = strata
    observedWeights = [UInt8](repeating: 1, count: used.count) + used.map { sides[$0] == .treated ? 1 : 0 }
  }

  /// Weights 1 for the rows that are treated in each of the permutations: [permutations × rows].
  ///
  /// In each stratum the members of its smaller side are drawn without replacement, by the first steps of a Fisher–Yates shuffle.
  func permutedWeights(_ permutations: Range<Int>, seed: UInt64, purpose: String) -> [UInt8] {
    let largest = strata.map(\.positions.count).max() ?? 0
    let ascending = (0..<Int32(largest)).map { $0 }
    return [UInt8](unsafeUninitializedCapacity: permutations.count * rows.count) { weights, initialized in
      var order = ascending
      order.withUnsafeMutableBufferPointer { order in
        for (lane, permutation) in permutations.enumerated() {
          var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(permutation))
          for stratum in strata {
            let size = stratum.positions.count
            let smaller = min(stratum.treated, size - stratum.treated)
            let drawn: UInt8 = smaller == stratum.treated ? 1 : 0
            let offset = lane * rows.count + stratum.positions.lowerBound
            for index in 0..<size {
              weights[offset + index] = 1 - drawn
              order[index] = ascending[index]
            }
            for index in 0..<smaller {
              let other = index + stream.uniform(below: size - index)
              weights[offset + Int(order[other])] = drawn
              order[other] = order[index]
            }
          }
        }
      }
      initialized = permutations.count * rows.count
    }
  }
}
