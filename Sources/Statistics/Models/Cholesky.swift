internal import CBLAS

/// The lower triangular L with A = L Lᵀ of a symmetric positive definite A.
struct CholeskyFactor {
  private static let block = 64

  let size: Int
  /// [size × size], row-major; above the diagonal is what A held there.
  private let factor: [Double]

  /// Blocked right-looking factorisation (Golub and Van Loan, 4.2.9): squares of the diagonal by hand, the rest by BLAS.
  ///
  /// - Parameter matrix: [size × size], of which the lower triangle is read.
  /// - Returns: nil where it is not positive definite, or holds a value that isn't finite.
  init?(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "a square matrix")
    mirrorscope_blas_threads(1)
    var factor = matrix
    let isDefinite = factor.withUnsafeMutableBufferPointer { factor -> Bool in
      guard let base = factor.baseAddress else { return true }
      for start in stride(from: 0, to: size, by: Self.block) {
        let end = min(start + Self.block, size)
        for row in start..<end {
          for column in start...row {
            var sum = factor[row * size + column]
            for index in start..<column { sum -= factor[row * size + index] * factor[column * size + index] }
            if column < row {
              factor[row * size + column] = sum / factor[column * size + column]
            } else {
              guard sum > 0, sum.isFinite else { return false }
              factor[row * size + row] = sum.squareRoot()
            }
          }
        }
        guard end < size else { continue }
        let (rest, width) = (Int32(size - end), Int32(end - start))
        let (panel, stride) = (base + end * size + start, Int32(size))
        cblas_dtrsm(
          CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, rest, width, 1, base + start * size + start, stride, panel,
          stride)
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, rest, width, -1, panel, stride, 1, base + end * size + end, stride)
      }
      return true
    }
    guard isDefinite else { return nil }
    self.size = size
    self.factor = factor
  }

  /// X with A X = B.
  ///
  /// - Parameter right: B, [size × columns].
  func solve(_ right: [Double], columns: Int = 1) -> [Double] {
    var solution = right
    solve(&solution, columns: columns)
    return solution
  }

  /// In the place of B.
  func solve(_ solution: inout [Double], columns: Int) {
    precondition(solution.count == size * columns, "one row per row of the matrix")
    guard size > 0, columns > 0 else { return }
    for transpose in [CblasNoTrans, CblasTrans] {
      cblas_dtrsm(
        CblasRowMajor, CblasLeft, CblasLower, transpose, CblasNonUnit, Int32(size), Int32(columns), 1, factor, Int32(size), &solution,
        Int32(columns))
    }
  }
}
