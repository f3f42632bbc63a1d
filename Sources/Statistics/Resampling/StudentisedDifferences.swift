internal import CBLAS
import Parallelism

/// Studentised differences of two groups under labels that are dealt; see `studentisedPermutations`.
struct StudentisedDifferences<Value: MatrixScalar>: Sendable {
  private let rows: ScaledRows<Value>
  private let exchange: Exchangeability
  private let threads: Int
  /// Rows of the reference and of the treated.
  private let n0, n1: Double
  /// Σ x and Σ x² of each unit over all rows.
  private let totals, totalSquares: [Double]

  /// - Parameter rows: in the order of `exchange.order`.
  init(_ rows: ScaledRows<Value>, exchange: Exchangeability, threads: Int) throws {
    (self.rows, self.exchange, self.threads) = (rows, exchange, threads)
    n1 = Double(exchange.labels.count { $0 == 1 })
    n0 = Double(exchange.labels.count) - n1
    (totals, totalSquares) = try rows.sums(by: [UInt8](repeating: 0, count: rows.rowCount), groups: 1, threads: threads)
  }

  /// Hands on t of some permutations and units, `[permutations × units]`, from any thread; all together it is all of both.
  func map<Result: Sendable>(
    _ dealt: DealtLabels, _ body: @Sendable (_ permutations: Range<Int>, _ units: Range<Int>, _ t: [Double]) -> Result
  ) throws -> [Result] {
    switch exchange.design {
    case .within: try mapClusters(dealt, body)
    case .whole: try mapWholeBlocks(dealt, body)
    case .free, nil: try mapRows(dealt, body)
    }
  }

  /// Welch's.
  private func mapRows<Result: Sendable>(
    _ dealt: DealtLabels, _ body: @Sendable (Range<Int>, Range<Int>, [Double]) -> Result
  ) throws -> [Result] {
    let (rowCount, n0, n1) = (rows.rowCount, n0, n1)
    let labels = try PackedLabels(sets: dealt.permutations.count, perSet: 1, rows: rowCount, threads: threads) { set, marks in
      _ = marks.update(fromContentsOf: dealt.labels[set * rowCount..<(set + 1) * rowCount])
    }
    return try rows.mapSums(of: labels, threads: threads) { products in
      let width = products.units.count
      var t = [Double](repeating: .nan, count: products.sets.count * width)
      if n0 > 1, n1 > 1 {
        for (unit, place) in zip(products.units, 0..<width) {
          let (total, totalSquare) = (totals[unit], totalSquares[unit])
          for set in 0..<products.sets.count {
            let (s1, q1) = (products.sums[set * width + place], products.squares[set * width + place])
            let (s0, q0) = (total - s1, max(0, totalSquare - q1))
            let (m1, m0) = (s1 / n1, s0 / n0)
            let v = max(0, q1 - s1 * m1) / (n1 - 1) / n1 + max(0, q0 - s0 * m0) / (n0 - 1) / n0
            t[set * width + place] = Self.studentised(m1 - m0, v, magnitude: q1 / n1 / n1 + q0 / n0 / n0)
          }
        }
      }
      return body(permutations(products.sets, of: dealt), products.units, t)
    }
  }

  /// By how much the pooled variance s² of each unit may be off, Var(s²)/s⁴, with rows of a block dependent: with the residual e of a row about
  /// the mean of its group, Q = Σ e² and v the mean of e² in the row's group, G/(G − 1) Σ_b (Σ (e² − v))² / Q² over G blocks and the rows of
  /// each. 0 for a unit that does not vary, and where a group has no rows.
  func pooledVarianceErrors() throws -> [Double] {
    let correction = Double(exchange.blockCount) / Double(max(1, exchange.blockCount - 1))
    let (units, width, sizes) = (rows.unitCount, clusterTileWidth, [n0, n1])
    guard n0 > 0, n1 > 0 else { return [Double](repeating: 0, count: units) }
    return try mapBlocks(count: (units + width - 1) / width, threads: threads) { number in
      let own = number * width..<min((number + 1) * width, units)
      let values = rows.packed(own, width: width)
      var means = [Double](repeating: 0, count: 2 * width)
      for (row, label) in exchange.labels.enumerated() {
        let group = Int(label) * width
        for place in 0..<width { means[group + place] += Double(values[row * width + place]) }
      }
      for index in means.indices { means[index] /= sizes[index / width] }
      /// Adds e² of a row.
      func addSquares(of row: Int, to sums: inout [Double], at start: Int) {
        let group = Int(exchange.labels[row]) * width
        for place in 0..<width {
          let rest = Double(values[row * width + place]) - means[group + place]
          sums[start + place] += rest * rest
        }
      }
      var squares = [Double](repeating: 0, count: 2 * width)
      for (row, label) in exchange.labels.enumerated() { addSquares(of: row, to: &squares, at: Int(label) * width) }
      var errors = [Double](repeating: 0, count: width)
      for block in 0..<exchange.blockCount {
        let members = exchange.blockStarts[block]..<exchange.blockStarts[block + 1]
        let treated = Double(exchange.labels[members].count { $0 == 1 })
        var sums = [Double](repeating: 0, count: width)
        for row in members { addSquares(of: row, to: &sums, at: 0) }
        for place in 0..<width {
          let expected =
            (Double(members.count) - treated) / n0 * squares[place] + treated / n1 * squares[width + place]
          errors[place] += (sums[place] - expected) * (sums[place] - expected)
        }
      }
      return (0..<own.count).map { place in
        let total = squares[place] + squares[width + place]
        return total > 0 ? correction * errors[place] / total / total : 0
      }
    }.flatMap { $0 }
  }

  private func permutations(_ places: Range<Int>, of dealt: DealtLabels) -> Range<Int> {
    dealt.permutations.lowerBound + places.lowerBound..<dealt.permutations.lowerBound + places.upperBound
  }

  /// Cluster-robust, with labels that move inside blocks: each block keeps its number of treated rows.
  private func mapClusters<Result: Sendable>(
    _ dealt: DealtLabels, _ body: @Sendable (Range<Int>, Range<Int>, [Double]) -> Result
  ) throws -> [Result] {
    let clusters = Clusters(exchange, n0: n0, n1: n1)
    let treated = dealt.treatedRows(count: Int(n1))
    let (lanes, treatedCount) = (dealt.permutations.count, Int(n1))
    let isTestable = n0 > 0 && n1 > 0 && exchange.blockCount > 1
    let correction = Double(exchange.blockCount) / Double(max(1, exchange.blockCount - 1))
    return try mapBlocks(count: (rows.unitCount + clusterTileWidth - 1) / clusterTileWidth, threads: threads) { number in
      let units = number * clusterTileWidth..<min((number + 1) * clusterTileWidth, rows.unitCount)
      let width = units.count
      var t = [Double](repeating: .nan, count: lanes * width)
      guard isTestable else { return body(dealt.permutations, units, t) }
      let tile = ClusterTile(rows, units: units, clusters: clusters)
      let sums = tile.sums(treated: treated, perLane: treatedCount, lanes: lanes)
      for lane in 0..<lanes {
        for place in 0..<width {
          func sum(_ kind: Int) -> Double { sums[(lane * 4 + kind) * clusterTileWidth + place] }
          // Of the treated rows' sums s_b, and of a_b = s_b (1/n₁ + 1/n₀) − T_b/n₀.
          let (s, a2, alphaA, betaA) = (sum(0), sum(1), sum(2), sum(3))
          let (m1, m0) = (s / n1, (totals[units.lowerBound + place] - s) / n0)
          let sizes = m1 * m1 * clusters.alphaAlpha + m0 * m0 * clusters.betaBeta
          let u = a2 - 2 * m1 * alphaA + 2 * m0 * betaA + sizes - 2 * m1 * m0 * clusters.alphaBeta
          t[lane * width + place] = Self.studentised(m1 - m0, correction * max(0, u), magnitude: correction * (a2 + sizes))
        }
      }
      return body(dealt.permutations, units, t)
    }
  }

  /// Cluster-robust, with labels of whole blocks: sums of blocks take the place of rows.
  private func mapWholeBlocks<Result: Sendable>(
    _ dealt: DealtLabels, _ body: @Sendable (Range<Int>, Range<Int>, [Double]) -> Result
  ) throws -> [Result] {
    mirrorscope_blas_threads(1)
    let (lanes, blocks) = (dealt.permutations.count, exchange.blockCount)
    let starts = exchange.blockStarts
    let sizes = (0..<blocks).map { Double(starts[$0 + 1] - starts[$0]) }
    var treated = [Double](repeating: 0, count: lanes * blocks)
    for lane in 0..<lanes {
      for block in 0..<blocks where dealt.labels[lane * rows.rowCount + starts[block]] == 1 { treated[lane * blocks + block] = 1 }
    }
    // Rows, and squared sizes, of the treated blocks.
    let counts = (0..<lanes).map { lane in
      (0..<blocks).reduce(into: (n1: 0.0, k1: 0.0)) { sum, block in
        sum.n1 += treated[lane * blocks + block] * sizes[block]
        sum.k1 += treated[lane * blocks + block] * sizes[block] * sizes[block]
      }
    }
    let (rowTotal, sizeSquares) = (sizes.reduce(0, +), sizes.reduce(0) { $0 + $1 * $1 })
    let correction = Double(blocks) / Double(max(1, blocks - 1))
    let unitsPerBlock = 256
    return try mapBlocks(count: (rows.unitCount + unitsPerBlock - 1) / unitsPerBlock, threads: threads) { [treated] number in
      let units = number * unitsPerBlock..<min((number + 1) * unitsPerBlock, rows.unitCount)
      let width = units.count
      var t = [Double](repeating: .nan, count: lanes * width)
      guard blocks > 1 else { return body(dealt.permutations, units, t) }
      let sums = rows.blockSums(starts: starts, units: units)
      let squares = sums.map { $0 * $0 }
      let weighted = sums.indices.map { sums[$0] * sizes[$0 / width] }
      func product(_ values: [Double]) -> [Double] {
        var product = [Double](repeating: 0, count: lanes * width)
        var nothing = 0.0
        treated.withUnsafeBufferPointer { treated in
          product.withUnsafeMutableBufferPointer { product in
            guard let left = treated.baseAddress, let target = product.baseAddress else { return }
            // In the blocks that a share of the permutations is made of.
            for lane in stride(from: 0, to: lanes, by: PermutationShare.blockSize) {
              Double.addProduct(
                left + lane * blocks, values, stride: width, m: min(PermutationShare.blockSize, lanes - lane), n: width, k: blocks,
                scratch: &nothing, to: target + lane * width)
            }
          }
        }
        return product
      }
      func column(_ values: [Double], _ unit: Int) -> Double {
        stride(from: unit, to: values.count, by: width).reduce(0) { $0 + values[$1] }
      }
      let (s, q, w) = (product(sums), product(squares), product(weighted))
      for place in 0..<width {
        let (allQ, allW, total) = (column(squares, place), column(weighted, place), totals[units.lowerBound + place])
        for lane in 0..<lanes {
          let index = lane * width + place
          let (n1, k1) = counts[lane]
          let n0 = rowTotal - n1
          guard n1 > 0, n0 > 0 else { continue }
          let (m1, m0) = (s[index] / n1, (total - s[index]) / n0)
          let u1 = (q[index] - 2 * m1 * w[index] + m1 * m1 * k1) / n1 / n1
          let u0 = (allQ - q[index] - 2 * m0 * (allW - w[index]) + m0 * m0 * (sizeSquares - k1)) / n0 / n0
          let magnitude = (q[index] + m1 * m1 * k1) / n1 / n1 + (allQ - q[index] + m0 * m0 * (sizeSquares - k1)) / n0 / n0
          t[index] = Self.studentised(m1 - m0, correction * (max(0, u1) + max(0, u0)), magnitude: correction * magnitude)
        }
      }
      return body(dealt.permutations, units, t)
    }
  }

  /// d / √v; what rounding leaves of nothing is nothing.
  private static func studentised(_ difference: Double, _ variance: Double, magnitude: Double) -> Double {
    guard magnitude > 0, magnitude.isFinite, difference.isFinite else { return .nan }
    if variance > Value.rounding * magnitude { return difference / variance.squareRoot() }
    return abs(difference) <= (Value.rounding * magnitude).squareRoot() * 1e-3 ? 0 : difference > 0 ? .infinity : -.infinity
  }
}
