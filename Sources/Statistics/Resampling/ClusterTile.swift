internal import CKernels

/// Units of a tile.
let clusterTileWidth = MIRRORSCOPE_CLUSTER_TILE

/// Blocks of rows whose labels move inside them, in calls of the kernel that take a limited number of rows.
struct Clusters: Sendable {
  /// Shares of each block in the treated and in the other rows.
  let alpha, beta: [Double]
  let alphaAlpha, alphaBeta, betaBeta: Double
  let n0, n1: Double
  let starts: [Int]
  /// Treated rows up to the end of each block.
  let ends: [UInt32]
  /// Blocks that are summed in one precision.
  let groups: [Range<Int>]

  private static let rowsPerGroup = 512

  init(_ exchange: Exchangeability, n0: Double, n1: Double) {
    (self.n0, self.n1, starts) = (n0, n1, exchange.blockStarts)
    var (alpha, beta, ends, groups): ([Double], [Double], [UInt32], [Range<Int>]) = ([], [], [], [])
    var (treated, first) = (0, 0)
    for block in 0..<exchange.blockCount {
      let rows = exchange.blockStarts[block]..<exchange.blockStarts[block + 1]
      let own = exchange.labels[rows].count { $0 == 1 }
      treated += own
      alpha.append(Double(own) / n1)
      beta.append(Double(rows.count - own) / n0)
      ends.append(UInt32(truncatingIfNeeded: treated))
      if rows.upperBound - exchange.blockStarts[first] >= Self.rowsPerGroup || block == exchange.blockCount - 1 {
        groups.append(first..<block + 1)
        first = block + 1
      }
    }
    (self.alpha, self.beta, self.ends, self.groups) = (alpha, beta, ends, groups)
    alphaAlpha = alpha.reduce(0) { $0 + $1 * $1 }
    betaBeta = beta.reduce(0) { $0 + $1 * $1 }
    alphaBeta = zip(alpha, beta).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// A few units of all rows, packed for the kernel.
struct ClusterTile<Value: MatrixScalar> {
  private let clusters: Clusters
  /// `[rows × width]`
  private let values: [Value]
  /// T_b/n₀ of each block, `[blocks × width]`.
  private let shifts: [Value]
  private let alpha, beta: [Value]

  init(_ rows: ScaledRows<Value>, units: Range<Int>, clusters: Clusters) {
    self.clusters = clusters
    values = rows.packed(units, width: clusterTileWidth)
    var shifts = [Value](repeating: 0, count: clusters.ends.count * clusterTileWidth)
    for (index, sum) in rows.blockSums(starts: clusters.starts, units: units).enumerated() {
      shifts[index / units.count * clusterTileWidth + index % units.count] = Value(sum / clusters.n0)
    }
    self.shifts = shifts
    (alpha, beta) = (clusters.alpha.map { Value($0) }, clusters.beta.map { Value($0) })
  }

  /// `[lanes × 4 × width]`; see `mirrorscope_cluster_sums_float`.
  ///
  /// - Parameter treated: rows of each labelling, `[lanes × perLane]`.
  func sums(treated: [UInt32], perLane: Int, lanes: Int) -> [Double] {
    let width = clusterTileWidth
    let scale = Value(1 / clusters.n1 + 1 / clusters.n0)
    var sums = [Double](repeating: 0, count: lanes * 4 * width)
    for group in clusters.groups {
      let begin = group.lowerBound > 0 ? clusters.ends[group.lowerBound - 1] : 0
      let shifts = Array(self.shifts[group.lowerBound * width..<group.upperBound * width])
      let (ends, alpha, beta) = (Array(clusters.ends[group]), Array(self.alpha[group]), Array(self.beta[group]))
      treated.withUnsafeBufferPointer { treated in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let rows = treated.baseAddress, let target = sums.baseAddress else { return }
          for lane in 0..<lanes {
            Value.addClusterSums(
              values, treated: rows + lane * perLane, ends: ends, begin: begin, count: group.count, shifts: shifts, alpha: alpha,
              beta: beta,
              scale: scale, to: target + lane * 4 * width)
          }
        }
      }
    }
    return sums
  }
}
