internal import CBLAS
import Parallelism

/// Means of many units in each group, over resampled rows.
public struct BootstrapMeans: Sendable {
  public let replicates: Int
  public let groups: Int
  public let units: Int
  /// Of each group how many rows, or clusters with rows in it, it was resampled from.
  public let resampled: [Int]
  /// Per unit what all its means are counted from: 0 of floats, of doubles the smallest value.
  private let origins: [Double]
  /// [replicates × groups × units]
  private let offsets: [Double]

  fileprivate init(replicates: Int, groups: Int, units: Int, resampled: [Int], origins: [Double], offsets: [Double]) {
    self.replicates = replicates
    self.groups = groups
    self.units = units
    self.resampled = resampled
    self.origins = origins
    self.offsets = offsets
  }

  /// [replicates × groups × units]
  public var means: [Double] {
    origins.allSatisfy { $0 == 0 } ? offsets : offsets.indices.map { offsets[$0] + origins[$0 % units] }
  }

  public func mean(replicate: Int, group: Int, unit: Int) -> Double { offset(replicate, group, unit) + origins[unit] }

  /// mean(group) − mean(reference), with the digits that each mean alone has no room for.
  public func difference(replicate: Int, group: Int, from reference: Int, unit: Int) -> Double {
    offset(replicate, group, unit) - offset(replicate, reference, unit)
  }

  private func offset(_ replicate: Int, _ group: Int, _ unit: Int) -> Double {
    offsets[(replicate * groups + group) * units + unit]
  }
}

/// Resamples rows with replacement and returns the mean of every unit in every group for each replicate (Efron, 1979).
///
/// Without clusters each group is resampled on its own: as many rows as it has, drawn from it. With clusters whole clusters are drawn, as
/// many as there are, each bringing all its rows in all groups (the cluster bootstrap, for rows that are not independent); a group's
/// size then varies. A group without a row in a replicate has mean NaN there; so has a unit with a value that isn't finite.
///
/// Replicate number i draws from `RandomStream(seed:purpose:index: i)` alone and sums are exact (`ExactWeightedSums`), so `threads`
/// never changes a digit.
///
/// - Parameters:
///   - values: [rows × units], floats or doubles; doubles are summed as distances from their unit's smallest.
///   - groupOfRow: 0..<`groups` per row; any other number leaves the row out.
///   - clusters: one number per row, or nil.
/// - Throws: `StatisticsError`: `.shape` where there is not a group and a cluster per row, `.tooLarge` for doubles of a unit that differ by
///   more than the largest double.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
public func bootstrapMeans<Value: BinaryFloatingPoint & Sendable>(
  _ values: [Value], units: Int, groupOfRow: [Int], groups: Int, clusters: [Int]? = nil, replicates: Int, seed: UInt64, purpose: String,
  threads: Int
) throws -> BootstrapMeans {
  try require(values.count, groupOfRow.count * units, "values of the rows that have a group")
  if let clusters { try require(clusters.count, groupOfRow.count, "clusters of the rows") }
  guard groupOfRow.count <= Int32.max else { throw StatisticsError.tooManyRows(groupOfRow.count) }
  let layout = BootstrapLayout(groupOfRow: groupOfRow, groups: groups, clusters: clusters)
  let sums = try ExactWeightedSums(values, units: units, rows: layout.rows, totalWeight: layout.largestTotalWeight)
  let total = layout.rows.count
  mirrorscope_blas_threads(1)

  let lanes = 32
  let blocks = try mapBlocks(count: (replicates + lanes - 1) / lanes, threads: threads) { block in
    let first = block * lanes
    let count = min(lanes, replicates - first)
    let weights = layout.weights(first..<first + count, seed: seed, purpose: purpose)
    var means = [Double](repeating: .nan, count: count * groups * units)
    for (group, positions) in layout.groups.enumerated() {
      let groupSums = weights.withUnsafeBufferPointer {
        sums.sums(weights: $0, lanes: count, weightStride: total, positions: positions)
      }
      for lane in 0..<count {
        let drawn = weights[lane * total + positions.lowerBound..<lane * total + positions.upperBound].reduce(0) { $0 + Int($1) }
        for unit in 0..<units where drawn > 0 {
          means[(lane * groups + group) * units + unit] = groupSums[lane * units + unit] / Double(drawn) / sums.scale(unit)
        }
      }
    }
    return means
  }
  return BootstrapMeans(
    replicates: replicates, groups: groups, units: units, resampled: layout.resampled, origins: sums.origins,
    offsets: blocks.flatMap { $0 })
}

/// The rows in use, group by group, and the drawing of weights for them.
private struct BootstrapLayout: Sendable {
  /// Row numbers, those of one group together.
  let rows: [Int32]
  /// The positions of each group in `rows`.
  let groups: [Range<Int>]
  let largestTotalWeight: Int
  private let clusterCount: Int
  /// The cluster of each position, numbered from 0; nil without clusters.
  private let clusterOfPosition: [Int]?

  init(groupOfRow: [Int], groups count: Int, clusters: [Int]?) {
    var members = [[Int32]](repeating: [], count: count)
    for (row, group) in groupOfRow.enumerated() where members.indices.contains(group) {
      members[group].append(Int32(row))
    }
    let rows = members.flatMap { $0 }
    var ranges: [Range<Int>] = []
    for group in members {
      let start = ranges.last?.upperBound ?? 0
      ranges.append(start..<start + group.count)
    }
    self.rows = rows
    groups = ranges
    guard let clusters else {
      (clusterOfPosition, clusterCount, largestTotalWeight) = (nil, 0, rows.count)
      return
    }
    let labels = Set(rows.map { clusters[Int($0)] }).sorted()
    let number = Dictionary(uniqueKeysWithValues: zip(labels, 0...))
    let numbered = rows.map { number[clusters[Int($0)]] ?? 0 }
    var sizes = [Int](repeating: 0, count: labels.count)
    for cluster in numbered { sizes[cluster] += 1 }
    (clusterOfPosition, clusterCount, largestTotalWeight) = (numbered, labels.count, labels.count * (sizes.max() ?? 0))
  }

  /// Of each group its rows, or the clusters that have rows in it.
  var resampled: [Int] {
    groups.map { positions in clusterOfPosition.map { Set($0[positions]).count } ?? positions.count }
  }

  /// How often each row is drawn in each of the replicates: [replicates × rows]. A count above 255 would take a row that is drawn 255 times
  /// more often than on average: its chance is below 1e-500.
  func weights(_ replicates: Range<Int>, seed: UInt64, purpose: String) -> [UInt8] {
    var weights = [UInt8](repeating: 0, count: replicates.count * rows.count)
    weights.withUnsafeMutableBufferPointer { weights in
      for (lane, replicate) in replicates.enumerated() {
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(replicate))
        let start = lane * rows.count
        if let clusterOfPosition {
          var drawn = [UInt8](repeating: 0, count: clusterCount)
          for _ in 0..<clusterCount { drawn[stream.uniform(below: clusterCount)] += 1 }
          for (position, cluster) in clusterOfPosition.enumerated() { weights[start + position] = drawn[cluster] }
        } else {
          for group in groups {
            for _ in 0..<group.count { weights[start + group.lowerBound + stream.uniform(below: group.count)] += 1 }
          }
        }
      }
    }
    return weights
  }
}
