internal import CBLAS
import Parallelism

/// How often permuted labels give a studentised difference as extreme as the observed one, unit by unit, and the largest of each
/// permutation.
public struct StudentisedCounts: Sendable, Equatable {
  public let permutations: Int
  /// t of the labels as they are; NaN for a unit that does not vary.
  public let observed: [Double]
  /// Permutations with t at least as large.
  public fileprivate(set) var greater: [Int]
  /// Permutations with t at most as large.
  public fileprivate(set) var less: [Int]
  /// Permutations with |t| at least as large.
  public fileprivate(set) var twoSided: [Int]
  /// The largest t over all units of each permutation (Westfall and Young, 1993); −∞ without units.
  public fileprivate(set) var largest: [Double]
  /// By how much of max(1, |t|) a tie may be missed.
  public let tolerance: Double

  /// (b + 1) / (N + 1) of each unit; nil where there is no t.
  public func pValues(_ alternative: Alternative) -> [Double?] {
    observed.indices.map { unit in
      guard !observed[unit].isNaN else { return nil }
      return switch alternative {
      case .greater: permutationPValue(extreme: greater[unit], of: permutations)
      case .less: permutationPValue(extreme: less[unit], of: permutations)
      case .twoSided: permutationPValue(extreme: twoSided[unit], of: permutations)
      }
    }
  }

  /// Units of another layer, under the same permutations, behind these.
  public mutating func append(_ other: StudentisedCounts) {
    self = StudentisedCounts(
      permutations: permutations, observed: observed + other.observed, greater: greater + other.greater,
      less: less + other.less, twoSided: twoSided + other.twoSided, largest: zip(largest, other.largest).map { max($0, $1) },
      tolerance: max(tolerance, other.tolerance))
  }

  /// The p of each unit that bounds the chance of even one false rejection among all of them: the share of permutations whose largest t is at
  /// least the unit's (max-T; Westfall and Young, 1993).
  public var maximumPValues: [Double?] {
    let sorted = largest.sorted()
    return observed.map { t in
      guard !t.isNaN else { return nil }
      let bound = t - tolerance * max(1, t.isFinite ? abs(t) : 1)
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[middle] < bound { low = middle + 1 } else { high = middle }
      }
      return permutationPValue(extreme: sorted.count - low, of: permutations)
    }
  }
}

/// Permutes the labels of two groups and studentises the difference of means of every unit anew each time (Chung and Romano, 2013), so that
/// unequal variances do not make the test reject.
///
/// t = (m₁ − m₀) / √V. Where rows move freely, V = s₁²/n₁ + s₀²/n₀ with sample variances (ddof 1), Welch's. Where there are blocks, V is
/// cluster-robust (CR1): G/(G − 1) Σ u_b² over the G blocks, u_b = Σ (x − m₁)/n₁ over the treated rows of the block − Σ (x − m₀)/n₀
/// over its others. Sums under permuted labels are products of matrices, labels [permutations × rows] times values [rows × units], of floats in
/// float32 and of doubles in float64, in blocks whose order no number of threads changes.
///
/// - Parameters:
///   - values: [rows × units]; a row of `exchange` is row `rows[r]` of them.
///   - origins: per unit what its values are counted from: 0, or a value near them where they lie far from 0 for their spread.
///   - exchange: of two groups, 0 the reference and 1 the treated.
///   - purpose: what the random streams are for; permutation i is that of every call with the same seed, purpose and labels.
/// - Throws: `StatisticsError.shape`.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
public func studentisedPermutations<Value: BinaryFloatingPoint & Sendable>(
  _ values: [Value], units: Int, origins: [Value], rows: [Int32], of exchange: Exchangeability, permutations: Int, seed: UInt64,
  purpose: String, threads: Int
) throws -> StudentisedCounts {
  try require(rows.count, exchange.labels.count, "rows that have labels")
  try require(origins.count, units, "origins of the units")
  guard rows.allSatisfy({ $0 >= 0 && (Int($0) + 1) * units <= values.count }) else {
    throw StatisticsError.shape(what: "values of the rows", expected: (Int(rows.max() ?? 0) + 1) * units, found: values.count)
  }
  if let values = values as? [Float], let origins = origins as? [Float] {
    return try LabelPermutation(exchange, rows: rows, values: values, units: units, origins: origins, seed: seed, purpose: purpose)
      .counts(permutations, threads: threads)
  }
  return try LabelPermutation(
    exchange, rows: rows, values: values.map { Double($0) }, units: units, origins: origins.map { Double($0) }, seed: seed, purpose: purpose
  ).counts(permutations, threads: threads)
}

/// Bytes that `studentisedPermutations` takes beside the values.
public func studentisedPermutationBytes(rows: Double, units: Double, permutations: Int, threads: Int) -> Double {
  let lanes = Double(min(permutations, permutationLanes(rows: rows)))
  let perThread = lanes * (rows + 8 * Double(LabelBlocks.unitsPerBlock) * 10 + 8 * Double(LabelBlocks.rowsPerBlock)) + 16 * units
  return Double(max(1, threads)) * perThread + 100 * units + 16 * rows
}

/// Permutations at a time: as many as keep their labels within 32 MiB.
private func permutationLanes(rows: Double) -> Int { max(8, min(256, Int(Double(32 << 20) / max(1, rows)))) }

/// Values with labels that are permuted.
private struct LabelPermutation<Value: LabelProductScalar>: Sendable {
  private let exchange: Exchangeability
  /// Of each position of `exchange.order`, the row of `values`.
  private let source: [Int]
  private let values: [Value]
  private let units: Int
  private let origins: [Value]
  private let seed: UInt64
  private let purpose: String
  /// Ranges of positions that are summed as one: blocks, where standard errors are theirs, and parts of the rows otherwise.
  private let pieces: [Range<Int>]
  /// Per unit, over all rows.
  private let totals: [Double]
  private let totalSquares: [Double]

  init(
    _ exchange: Exchangeability, rows: [Int32], values: [Value], units: Int, origins: [Value], seed: UInt64, purpose: String
  ) {
    self.exchange = exchange
    (self.values, self.units, self.origins, self.seed, self.purpose) = (values, units, origins, seed, purpose)
    source = exchange.order.map { Int(rows[Int($0)]) }
    pieces =
      exchange.clusters
      ? zip(exchange.blockStarts, exchange.blockStarts.dropFirst()).map { $0..<$1 }
      : stride(from: 0, to: source.count, by: LabelBlocks.rowsPerBlock).map {
        $0..<min($0 + LabelBlocks.rowsPerBlock, exchange.labels.count)
      }
    var (totals, squares) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
    for row in source {
      for unit in 0..<units {
        let value = Double(values[row * units + unit] - origins[unit])
        totals[unit] += value
        squares[unit] += value * value
      }
    }
    (self.totals, totalSquares) = (totals, squares)
  }

  func counts(_ permutations: Int, threads: Int) throws -> StudentisedCounts {
    mirrorscope_blas_threads(1)
    let tolerance = 16 * Value.rounding
    var observed = [Double](repeating: .nan, count: units)
    for block in unitBlocks {
      let statistics = statistics(exchange.labels, lanes: 1, block)
      for unit in block { observed[unit] = statistics[unit - block.lowerBound] }
    }
    let bounds = observed.map { tolerance * max(1, $0.isFinite ? abs($0) : 1) }
    let lanes = permutationLanes(rows: Double(source.count))
    let known = observed
    let parts = try mapBlocks(count: (permutations + lanes - 1) / lanes, threads: threads) { chunk in
      let first = chunk * lanes
      let count = min(lanes, permutations - first)
      let labels = dealt(first..<first + count)
      var greater = [Int32](repeating: 0, count: units)
      var (less, twoSided) = (greater, greater)
      var largest = [Double](repeating: -.infinity, count: count)
      for block in unitBlocks {
        let statistics = statistics(labels, lanes: count, block)
        for lane in 0..<count {
          for unit in block where !known[unit].isNaN {
            let t = statistics[lane * block.count + unit - block.lowerBound]
            if t > largest[lane] { largest[lane] = t }
            if t >= known[unit] - bounds[unit] { greater[unit] += 1 }
            if t <= known[unit] + bounds[unit] { less[unit] += 1 }
            if abs(t) >= abs(known[unit]) - bounds[unit] { twoSided[unit] += 1 }
          }
        }
      }
      return (greater, less, twoSided, largest)
    }
    var result = StudentisedCounts(
      permutations: permutations, observed: observed, greater: [Int](repeating: 0, count: units),
      less: [Int](repeating: 0, count: units), twoSided: [Int](repeating: 0, count: units), largest: [], tolerance: tolerance)
    for (greater, less, twoSided, largest) in parts {
      for unit in 0..<units {
        result.greater[unit] += Int(greater[unit])
        result.less[unit] += Int(less[unit])
        result.twoSided[unit] += Int(twoSided[unit])
      }
      result.largest += largest
    }
    return result
  }

  private var unitBlocks: [Range<Int>] {
    stride(from: 0, to: units, by: LabelBlocks.unitsPerBlock).map { $0..<min($0 + LabelBlocks.unitsPerBlock, units) }
  }

  /// [permutations × rows], in the order of positions.
  private func dealt(_ permutations: Range<Int>) -> [UInt8] {
    let count = source.count
    var labels = [UInt8](repeating: 0, count: permutations.count * count)
    labels.withUnsafeMutableBufferPointer { labels in
      for (lane, permutation) in permutations.enumerated() {
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(permutation))
        exchange.deal(into: UnsafeMutableBufferPointer(rebasing: labels[lane * count..<(lane + 1) * count]), stream: &stream)
      }
    }
    return labels
  }

  /// t of each labeling and unit of a block, [lanes × units].
  private func statistics(_ labels: [UInt8], lanes: Int, _ block: Range<Int>) -> [Double] {
    switch exchange.design {
    case .within: clustered(labels, lanes: lanes, block)
    case .whole: wholeBlocks(labels, lanes: lanes, block)
    case .free, nil: independent(labels, lanes: lanes, block)
    }
  }

  /// Welch's.
  private func independent(_ labels: [UInt8], lanes: Int, _ block: Range<Int>) -> [Double] {
    let width = block.count
    var (sums, squares) = ([Double](repeating: 0, count: lanes * width), [Double](repeating: 0, count: lanes * width))
    var work = LabelWorkspace<Value>(lanes: lanes, width: width)
    for piece in pieces {
      load(piece, block, labels, lanes: lanes, into: &work)
      work.multiply(lanes: lanes, depth: piece.count, width: width, adding: false, squared: false)
      work.add(to: &sums)
      work.multiply(lanes: lanes, depth: piece.count, width: width, adding: false, squared: true)
      work.add(to: &squares)
    }
    let n1 = Double(exchange.labels.count { $0 == 1 })
    let n0 = Double(exchange.labels.count) - n1
    var result = [Double](repeating: .nan, count: lanes * width)
    guard n1 > 1, n0 > 1 else { return result }
    for lane in 0..<lanes {
      for unit in 0..<width {
        let (total, totalSquare) = (totals[block.lowerBound + unit], totalSquares[block.lowerBound + unit])
        let (s1, q1) = (sums[lane * width + unit], squares[lane * width + unit])
        let (s0, q0) = (total - s1, max(0, totalSquare - q1))
        let (m1, m0) = (s1 / n1, s0 / n0)
        let v = max(0, q1 - s1 * m1) / (n1 - 1) / n1 + max(0, q0 - s0 * m0) / (n0 - 1) / n0
        result[lane * width + unit] = studentised(m1 - m0, v, magnitude: q1 / n1 / n1 + q0 / n0 / n0)
      }
    }
    return result
  }

  /// Cluster-robust, with labels that move inside blocks: each block keeps its number of treated rows.
  private func clustered(_ labels: [UInt8], lanes: Int, _ block: Range<Int>) -> [Double] {
    let width = block.count
    let zeros = [Double](repeating: 0, count: lanes * width)
    // Of the treated rows' sums Σ s_b; and of a_b = s_b (1/n₁ + 1/n₀) − T_b/n₀: Σ a², Σ α a, Σ β a.
    var (sums, squares, alphas, betas) = (zeros, zeros, zeros, zeros)
    let n1 = Double(exchange.labels.count { $0 == 1 })
    let n0 = Double(exchange.labels.count) - n1
    guard n1 > 0, n0 > 0, pieces.count > 1 else { return zeros.map { _ in .nan } }
    var (alphaAlpha, alphaBeta, betaBeta) = (0.0, 0.0, 0.0)
    var work = LabelWorkspace<Value>(lanes: lanes, width: width)
    let scale = 1 / n1 + 1 / n0
    for piece in pieces {
      var treated = 0
      for position in piece where exchange.labels[position] == 1 { treated += 1 }
      let (alpha, beta) = (Double(treated) / n1, Double(piece.count - treated) / n0)
      alphaAlpha += alpha * alpha
      alphaBeta += alpha * beta
      betaBeta += beta * beta
      var blockTotals = [Double](repeating: 0, count: width)
      for first in stride(from: piece.lowerBound, to: piece.upperBound, by: LabelBlocks.rowsPerBlock) {
        let part = first..<min(first + LabelBlocks.rowsPerBlock, piece.upperBound)
        load(part, block, labels, lanes: lanes, into: &work)
        work.multiply(lanes: lanes, depth: part.count, width: width, adding: first > piece.lowerBound, squared: false)
        work.addColumns(depth: part.count, width: width, to: &blockTotals)
      }
      for unit in 0..<width { blockTotals[unit] /= n0 }
      work.products.withUnsafeBufferPointer { products in
        sums.withUnsafeMutableBufferPointer { sums in
          squares.withUnsafeMutableBufferPointer { squares in
            alphas.withUnsafeMutableBufferPointer { alphas in
              betas.withUnsafeMutableBufferPointer { betas in
                blockTotals.withUnsafeBufferPointer { totals in
                  for lane in 0..<lanes {
                    let start = lane * width
                    for unit in 0..<width {
                      let sum = Double(products[start + unit])
                      let a = sum * scale - totals[unit]
                      sums[start + unit] += sum
                      squares[start + unit] += a * a
                      alphas[start + unit] += alpha * a
                      betas[start + unit] += beta * a
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    let correction = Double(pieces.count) / Double(pieces.count - 1)
    var result = zeros
    for lane in 0..<lanes {
      for unit in 0..<width {
        let index = lane * width + unit
        let (m1, m0) = (sums[index] / n1, (totals[block.lowerBound + unit] - sums[index]) / n0)
        let magnitude = squares[index] + m1 * m1 * alphaAlpha + m0 * m0 * betaBeta
        let u =
          squares[index] - 2 * m1 * alphas[index] + 2 * m0 * betas[index] + m1 * m1 * alphaAlpha - 2 * m1 * m0 * alphaBeta
          + m0 * m0 * betaBeta
        result[index] = studentised(m1 - m0, correction * max(0, u), magnitude: correction * magnitude)
      }
    }
    return result
  }

  /// Cluster-robust, with labels of whole blocks: sums of blocks take the place of rows.
  private func wholeBlocks(_ labels: [UInt8], lanes: Int, _ block: Range<Int>) -> [Double] {
    let (width, blocks) = (block.count, pieces.count)
    var result = [Double](repeating: .nan, count: lanes * width)
    guard blocks > 1 else { return result }
    var sums = [Double](repeating: 0, count: blocks * width)
    for (number, piece) in pieces.enumerated() {
      for position in piece {
        let start = source[position] * units
        for unit in block { sums[number * width + unit - block.lowerBound] += Double(values[start + unit] - origins[unit]) }
      }
    }
    let sizes = pieces.map { Double($0.count) }
    let squares = sums.map { $0 * $0 }
    let weighted = sums.indices.map { sums[$0] * sizes[$0 / width] }
    var treated = [Double](repeating: 0, count: lanes * blocks)
    for lane in 0..<lanes {
      for number in 0..<blocks where labels[lane * source.count + pieces[number].lowerBound] == 1 { treated[lane * blocks + number] = 1 }
    }
    func product(_ values: [Double]) -> [Double] {
      var product = [Double](repeating: 0, count: lanes * width)
      Double.multiply(treated, values, lanes: lanes, depth: blocks, columns: width, adding: false, into: &product)
      return product
    }
    func column(_ values: [Double], _ unit: Int) -> Double {
      stride(from: unit, to: values.count, by: width).reduce(0) { $0 + values[$1] }
    }
    let (s, q, w) = (product(sums), product(squares), product(weighted))
    let (allQ, allW) = ((0..<width).map { column(squares, $0) }, (0..<width).map { column(weighted, $0) })
    let (rows, sizeSquares) = (sizes.reduce(0, +), sizes.reduce(0) { $0 + $1 * $1 })
    let correction = Double(blocks) / Double(blocks - 1)
    for lane in 0..<lanes {
      var (n1, k1) = (0.0, 0.0)
      for number in 0..<blocks where treated[lane * blocks + number] == 1 {
        n1 += sizes[number]
        k1 += sizes[number] * sizes[number]
      }
      let n0 = rows - n1
      guard n1 > 0, n0 > 0 else { continue }
      for unit in 0..<width {
        let index = lane * width + unit
        let (m1, m0) = (s[index] / n1, (totals[block.lowerBound + unit] - s[index]) / n0)
        let u1 = (q[index] - 2 * m1 * w[index] + m1 * m1 * k1) / n1 / n1
        let u0 = (allQ[unit] - q[index] - 2 * m0 * (allW[unit] - w[index]) + m0 * m0 * (sizeSquares - k1)) / n0 / n0
        let magnitude = (q[index] + m1 * m1 * k1) / n1 / n1 + (allQ[unit] - q[index] + m0 * m0 * (sizeSquares - k1)) / n0 / n0
        result[index] = studentised(m1 - m0, correction * (max(0, u1) + max(0, u0)), magnitude: correction * magnitude)
      }
    }
    return result
  }

  /// d / √v; what rounding leaves of nothing is nothing.
  private func studentised(_ difference: Double, _ variance: Double, magnitude: Double) -> Double {
    guard magnitude > 0, magnitude.isFinite, difference.isFinite else { return .nan }
    if variance > Value.rounding * magnitude { return difference / variance.squareRoot() }
    return abs(difference) <= (Value.rounding * magnitude).squareRoot() * 1e-3 ? 0 : difference > 0 ? .infinity : -.infinity
  }

  private func load(_ piece: Range<Int>, _ block: Range<Int>, _ labels: [UInt8], lanes: Int, into work: inout LabelWorkspace<Value>) {
    let (width, count, depth) = (block.count, source.count, piece.count)
    values.withUnsafeBufferPointer { values in
      origins.withUnsafeBufferPointer { origins in
        work.values.withUnsafeMutableBufferPointer { target in
          for (offset, position) in piece.enumerated() {
            let start = source[position] * units + block.lowerBound
            for unit in 0..<width { target[offset * width + unit] = values[start + unit] - origins[block.lowerBound + unit] }
          }
        }
      }
    }
    labels.withUnsafeBufferPointer { labels in
      work.labels.withUnsafeMutableBufferPointer { target in
        for lane in 0..<lanes {
          let start = lane * count + piece.lowerBound
          for offset in 0..<depth { target[lane * depth + offset] = Value(labels[start + offset]) }
        }
      }
    }
  }
}
