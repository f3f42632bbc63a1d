internal import CBLAS
import Parallelism

/// What centred kernel alignment takes of several sets of units over the same rows, columns centred: with K = XXᵀ and L = YYᵀ of two sets,
/// ‖XᵀY‖² = Σ KᵢⱼLᵢⱼ, Σ KᵢᵢLᵢᵢ and Σ Kᵢᵢ.
public struct AlignmentSums: Sendable {
  public let rowCount: Int
  public let setCount: Int
  /// ‖XᵀY‖² in Frobenius norm, of every two sets, `[sets × sets]`; what is below the diagonal is not read.
  var squares: [Double]
  /// Σ over rows of ‖x‖²‖y‖², of every two sets, `[sets × sets]`.
  var norms: [Double]
  /// Σ over rows of ‖x‖², of every set.
  let traces: [Double]

  /// - Parameters:
  ///   - squares: `[sets × sets]`, of each set with those after it.
  ///   - rowNorms: ‖x‖² of each row, of every set.
  /// - Throws: `StatisticsError.shape`.
  public init(squares: [Double], rowNorms: [[Double]]) throws(StatisticsError) {
    let sets = rowNorms.count
    try require(squares.count, sets * sets, "products of every two sets of units")
    let rows = rowNorms.first?.count ?? 0
    for norms in rowNorms { try require(norms.count, rows, "norms of the rows") }
    (rowCount, setCount, self.squares) = (rows, sets, squares)
    norms = (0..<sets * sets).map { pair in
      let (first, second) = (rowNorms[pair / sets], rowNorms[pair % sets])
      return zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
    }
    traces = rowNorms.map { $0.reduce(0, +) }
  }

  /// Linear CKA with the unbiased estimate of HSIC (Song et al., 2012, HSIC₁): HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)), where
  ///
  ///     n(n − 3) HSIC(K, L) = tr(K̃L̃) + (1ᵀK̃1)(1ᵀL̃1) / ((n − 1)(n − 2)) − 2/(n − 2) · 1ᵀK̃L̃1,
  ///
  /// K̃ and L̃ being K and L with zeros on the diagonal. About 0 for unrelated sets, however many units they have; may be below 0.
  ///
  /// Nil for fewer than four rows, where HSIC(K, K) or HSIC(L, L) is not above 0 (to rounding), or a value isn't finite.
  public func cka(_ first: Int, _ second: Int) -> Double? {
    guard rowCount >= 4, hasUnbiasedNorm(first), hasUnbiasedNorm(second) else { return nil }
    return ratio(unbiased(first, second), unbiased(first, first), unbiased(second, second), least: -1)
  }

  /// Linear CKA with the plain estimate of HSIC: ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖) (Kornblith et al., 2019, eq. 5). Biased upwards where rows are not
  /// many more than units.
  ///
  /// Nil where a set does not vary, and where a value isn't finite.
  public func biasedCKA(_ first: Int, _ second: Int) -> Double? {
    ratio(
      squares[min(first, second) * setCount + max(first, second)], squares[first * (setCount + 1)], squares[second * (setCount + 1)],
      least: 0)
  }

  /// Whether HSIC(K, K) is above 0 by more than rounding leaves.
  private func hasUnbiasedNorm(_ set: Int) -> Bool {
    let square = squares[set * (setCount + 1)]
    return square > 0 && unbiased(set, set) > 1e-10 * square
  }

  /// n(n − 3) HSIC₁. Since columns are centred, K̃1 is −diag K.
  func unbiased(_ first: Int, _ second: Int) -> Double {
    let n = Double(rowCount)
    let pair = min(first, second) * setCount + max(first, second)
    return squares[pair] - norms[pair] * (n / (n - 2)) + traces[first] / (n - 1) * (traces[second] / (n - 2))
  }

  private func ratio(_ cross: Double, _ left: Double, _ right: Double, least: Double) -> Double? {
    guard left > 0, right > 0, left.isFinite, right.isFinite, cross.isFinite else { return nil }
    return max(least, min(1, cross / left.squareRoot() / right.squareRoot()))
  }
}

extension AlignmentSums {
  /// Rows that a block of work takes.
  private static let blockRows = 16

  /// From the products of rows of several sets.
  ///
  /// - Parameters:
  ///   - rows: ascending; all of one group where `isWithin`, otherwise all rows.
  ///   - isWithin: columns are centred over the group, which is complete.
  /// - Throws: `StatisticsError` for sets of other rows and for rows that there are not.
  public init(_ grams: [CentredGram], rows: [Int], isWithin: Bool, threads: Int) throws {
    for gram in grams {
      try require(gram.rowCount, grams[0].rowCount, "rows of the sets of units")
      if let row = rows.first(where: { $0 < 0 || $0 >= gram.rowCount }) { throw StatisticsError.noSuchRow(row, rows: gram.rowCount) }
    }
    mirrorscope_blas_threads(1)
    let sets = grams.count
    let blocks = (rows.count + Self.blockRows - 1) / Self.blockRows
    let parts = try mapBlocks(count: blocks, threads: threads) { block -> (squares: [Double], diagonals: [Double]) in
      let own = block * Self.blockRows..<min(rows.count, (block + 1) * Self.blockRows)
      let width = own.reduce(0) { $0 + $1 }
      // Everything left of the diagonal, and the diagonal.
      var entries = [Double](repeating: 0, count: sets * width)
      var diagonals = [Double](repeating: 0, count: sets * own.count)
      var line = [Double](repeating: 0, count: own.upperBound)
      for (set, gram) in grams.enumerated() {
        var start = set * width
        for place in own {
          line.withUnsafeMutableBufferPointer { line in
            guard let line = line.baseAddress else { return }
            gram.write(rows[place], with: rows[...place], isWithin: isWithin, to: line)
            entries.withUnsafeMutableBufferPointer { entries in
              guard let target = entries.baseAddress else { return }
              (target + start).update(from: line, count: place)
            }
            diagonals[set * own.count + place - own.lowerBound] = line[place]
          }
          start += place
        }
      }
      var squares = [Double](repeating: 0, count: sets * sets)
      if width > 0 {
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasNoTrans, Int32(sets), Int32(width), 2, entries, Int32(width), 0, &squares, Int32(sets))
      }
      return (squares, diagonals)
    }
    var squares = [Double](repeating: 0, count: sets * sets)
    var norms = [[Double]](repeating: [], count: sets)
    for part in parts {
      for index in squares.indices { squares[index] += part.squares[index] }
      let count = part.diagonals.count / max(1, sets)
      for set in 0..<sets { norms[set] += part.diagonals[set * count..<(set + 1) * count] }
    }
    try self.init(squares: squares, rowNorms: norms)
    for index in squares.indices { self.squares[index] += self.norms[index] }
  }

  /// Bytes under way of so many sets.
  public static func workingBytes(sets: Int, rows: Int, threads: Int) -> Double {
    8 * Double(max(1, threads)) * Double(blockRows) * Double(rows) * Double(sets)
  }
}
