internal import CBLAS
import Parallelism

/// Several sets of units over the same rows, columns centred, in memory: what permutations of rows take CKA from.
public struct AlignedSets: Sendable {
  private enum Form: Sendable {
    /// XXᵀ of each set, `[rows × rows]`.
    case grams([[Float]])
    /// X of each set, `[rows × units]`.
    case units([[Double]])
  }

  private let form: Form
  public let rowCount: Int
  let setCount: Int
  /// ‖x‖² of each row, of every set.
  let rowNorms: [[Double]]

  /// From products of rows, where rows are fewer than units: rows² steps an order, however many the units.
  ///
  /// - Parameters: as those of `AlignmentSums.init(_:rows:isWithin:threads:)`.
  public init(_ grams: [CentredGram], rows: [Int], isWithin: Bool, threads: Int) throws {
    for gram in grams {
      if let row = rows.first(where: { $0 < 0 || $0 >= gram.rowCount }) { throw StatisticsError.noSuchRow(row, rows: gram.rowCount) }
    }
    let count = rows.count
    let full = try mapBlocks(count: grams.count, threads: threads) { set -> (gram: [Float], norms: [Double]) in
      var gram = [Float](repeating: 0, count: count * count)
      var norms = [Double](repeating: 0, count: count)
      var line = [Double](repeating: 0, count: count)
      for place in 0..<count {
        line.withUnsafeMutableBufferPointer { line in
          guard let line = line.baseAddress else { return }
          grams[set].write(rows[place], with: rows[...place], isWithin: isWithin, to: line)
        }
        for other in 0..<place {
          let value = Float(line[other])
          (gram[place * count + other], gram[other * count + place]) = (value, value)
        }
        norms[place] = line[place]
      }
      return (gram, norms)
    }
    rowCount = count
    setCount = grams.count
    form = .grams(full.map(\.gram))
    rowNorms = full.map(\.norms)
  }

  /// From the rows themselves: rows × units × units steps an order.
  ///
  /// - Parameter sets: `[rows × units]` of each set, row-major; they are centred here.
  /// - Throws: `StatisticsError.shape` for sets of other rows.
  public init(_ sets: [[Double]], rows: Int) throws(StatisticsError) {
    rowCount = rows
    setCount = sets.count
    for set in sets { try require(set.count, rows > 0 ? set.count / rows * rows : 0, "values of whole rows") }
    let centred = sets.map { centredColumns($0, units: $0.count / max(1, rows)) }
    form = .units(centred)
    rowNorms = centred.map { set in
      let units = set.count / max(1, rows)
      return (0..<rows).map { row in (row * units..<(row + 1) * units).reduce(0) { $0 + set[$1] * set[$1] } }
    }
  }

  /// Bytes in memory of products of rows.
  public static func byteCount(sets: Int, rows: Int, threads: Int) -> Double {
    4 * Double(sets) * Double(rows) * (Double(rows) + 2 * Double(max(1, threads) * blockRows))
  }

  /// What CKA is made from: of sets that are given as rows.
  public func sums() throws(StatisticsError) -> AlignmentSums {
    try AlignmentSums(squares: squares(Array(0..<rowCount), withSelf: true), rowNorms: rowNorms)
  }

  private static let blockRows = 16

  /// ‖XᵀPY‖² of each set with those after it, P an order of the rows of the second.
  func squares(_ order: [Int], withSelf: Bool = false) -> [Double] {
    mirrorscope_blas_threads(1)
    switch form {
    case .grams(let grams): return squares(grams, order)
    case .units(let sets): return squares(sets, order, withSelf: withSelf)
    }
  }

  /// Σ over rows of ‖x‖²‖y‖² of each set with those after it.
  func norms(_ order: [Int]) -> [Double] {
    var result = [Double](repeating: 0, count: setCount * setCount)
    for first in 0..<setCount {
      for second in first + 1..<max(setCount, first + 1) {
        var sum = 0.0
        for row in 0..<rowCount { sum += rowNorms[first][row] * rowNorms[second][order[row]] }
        result[first * setCount + second] = sum
      }
    }
    return result
  }

  private func squares(_ grams: [[Float]], _ order: [Int]) -> [Double] {
    var result = norms(order)
    var products = [Float](repeating: 0, count: setCount * setCount)
    for first in stride(from: 0, to: rowCount, by: Self.blockRows) {
      let own = first..<min(rowCount, first + Self.blockRows)
      let width = own.reduce(0) { $0 + $1 }
      guard width > 0 else { continue }
      var (fixed, moved) = ([Float](repeating: 0, count: setCount * width), [Float](repeating: 0, count: setCount * width))
      for (set, gram) in grams.enumerated() {
        gram.withUnsafeBufferPointer { gram in
          order.withUnsafeBufferPointer { order in
            var place = set * width
            for row in own {
              let (start, movedStart) = (row * rowCount, order[row] * rowCount)
              for column in 0..<row {
                fixed[place + column] = gram[start + column]
                moved[place + column] = gram[movedStart + order[column]]
              }
              place += row
            }
          }
        }
      }
      let (count, columns) = (Int32(setCount), Int32(width))
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, count, count, columns, 2, fixed, columns, moved, columns, 0, &products, count)
      for index in result.indices { result[index] += Double(products[index]) }
    }
    return result
  }

  private func squares(_ sets: [[Double]], _ order: [Int], withSelf: Bool) -> [Double] {
    let widths = sets.map { $0.count / max(1, rowCount) }
    var result = [Double](repeating: 0, count: setCount * setCount)
    guard rowCount > 0 else { return result }
    for second in 0..<setCount where widths[second] > 0 {
      let width = widths[second]
      let moved = order.flatMap { sets[second][$0 * width..<($0 + 1) * width] }
      for first in 0..<(withSelf ? second + 1 : second) where widths[first] > 0 {
        var cross = [Double](repeating: 0, count: widths[first] * width)
        cblas_dgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, Int32(widths[first]), Int32(width), Int32(rowCount), 1, sets[first],
          Int32(widths[first]), moved, Int32(width), 0, &cross, Int32(width))
        result[first * setCount + second] = cross.reduce(0) { $0 + $1 * $1 }
      }
    }
    return result
  }

  /// By how much a statistic of two sets may miss a tie: what rounding leaves.
  fileprivate func tolerance(_ squares: [Double], _ pair: Int) -> Double {
    switch form {
    case .grams: 1e-6 * abs(squares[pair])
    case .units: 1e-12 * abs(squares[pair])
    }
  }
}

/// p of CKA of two sets, plain and unbiased: (b + 1) / (N + 1), b of N orders of the rows of the second with a CKA at least as large. One-sided.
public struct AlignmentPValues: Sendable, Equatable {
  public let unbiased: Double
  public let biased: Double
}

/// The p of CKA of each set with those after it: rows of the second are permuted as `RowOrders` says. What CKA is divided by stays as it is.
///
/// An order is a function of the seed, the purpose and the permutation's number: it is the same for all sets, whatever else is compared.
///
/// - Parameter finished: gets the number of permutations done since it was last called, from any thread.
/// - Returns: `[sets × sets]`, nil but for a set and one after it; all nil without permutations, for fewer than three rows, and where rows
///   cannot be permuted.
public func alignmentPValues(
  _ sets: AlignedSets, orders: RowOrders, permutations: Int, seed: UInt64, purpose: String, threads: Int,
  finished: @escaping @Sendable (_ permutations: Int) -> Void = { _ in }
) throws -> [AlignmentPValues?] {
  let pairs = sets.setCount * sets.setCount
  let n = Double(sets.rowCount)
  guard permutations > 0, n >= 3, orders.reason == nil else { return [AlignmentPValues?](repeating: nil, count: pairs) }
  let identity = Array(0..<sets.rowCount)
  let observed = (squares: sets.squares(identity), norms: sets.norms(identity))
  @Sendable func unbiased(_ squares: Double, _ norms: Double) -> Double { squares - norms * (n / max(1, n - 2)) }
  let batch = 64
  let parts = try mapBlocks(count: (permutations + batch - 1) / batch, threads: threads) { block -> [Int] in
    var extremes = [Int](repeating: 0, count: 2 * pairs)
    for permutation in block * batch..<min(permutations, (block + 1) * batch) {
      var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(permutation))
      let order = orders.order(stream: &stream)
      let (squares, norms) = (sets.squares(order), sets.norms(order))
      for pair in 0..<pairs {
        let tolerance = sets.tolerance(observed.squares, pair)
        let least = unbiased(observed.squares[pair], observed.norms[pair]) - tolerance
        if unbiased(squares[pair], norms[pair]) >= least { extremes[2 * pair] += 1 }
        if squares[pair] >= observed.squares[pair] - tolerance { extremes[2 * pair + 1] += 1 }
      }
    }
    finished(min(permutations, (block + 1) * batch) - block * batch)
    return extremes
  }
  return (0..<pairs).map { pair in
    guard pair / sets.setCount < pair % sets.setCount else { return nil }
    let counts = (0..<2).map { kind in parts.reduce(0) { $0 + $1[2 * pair + kind] } }
    return AlignmentPValues(
      unbiased: permutationPValue(extreme: counts[0], of: permutations), biased: permutationPValue(extreme: counts[1], of: permutations))
  }
}

/// Each column less its mean, taken from its first value on: a constant one is 0.
private func centredColumns(_ values: [Double], units: Int) -> [Double] {
  guard units > 0 else { return [] }
  let rows = values.count / units
  var result = values
  for unit in 0..<units {
    var sum = 0.0
    for row in 0..<rows { sum += values[row * units + unit] - values[unit] }
    for row in 0..<rows { result[row * units + unit] = values[row * units + unit] - values[unit] - sum / Double(rows) }
  }
  return result
}
