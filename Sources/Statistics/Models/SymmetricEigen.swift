/// Eigenvalues of a small symmetric matrix, descending, and their vectors: cyclic Jacobi (Golub and Van Loan, 8.5), until every element off the
/// diagonal is small against the two on it: small values of a matrix whose diagonal spans many decades keep their digits (Demmel and Veselić, 1992).
struct SymmetricEigen {
  let values: [Double]
  /// Row i is the unit vector of value i, `[size × size]`.
  let vectors: [Double]

  /// - Parameter matrix: `[size × size]`; what lies above the diagonal is taken for both sides.
  init(_ matrix: [Double], size: Int) {
    var a = matrix
    for row in 0..<size {
      for column in 0..<row { a[row * size + column] = a[column * size + row] }
    }
    // Rows of v are the vectors.
    var v = [Double](repeating: 0, count: size * size)
    for index in 0..<size { v[index * size + index] = 1 }
    // What lies below it is nothing, however small the diagonal is.
    let least = 1e-30 * a.reduce(0) { max($0, abs($1)) }
    for _ in 0..<Self.mostSweeps where least.isFinite {
      var hasRotated = false
      for p in 0..<size {
        for q in (p + 1)..<max(size, p + 1) {
          let off = abs(a[p * size + q])
          guard off > least, off > 1e-16 * (abs(a[p * size + p]) * abs(a[q * size + q])).squareRoot() else { continue }
          Self.rotate(&a, &v, size, p, q)
          hasRotated = true
        }
      }
      guard hasRotated else { break }
    }
    let order = (0..<size).sorted { (a[$0 * size + $0], $1) > (a[$1 * size + $1], $0) }
    values = order.map { a[$0 * size + $0] }
    vectors = order.flatMap { v[$0 * size..<($0 + 1) * size] }
  }

  private static let mostSweeps = 60

  private static func rotate(_ a: inout [Double], _ v: inout [Double], _ size: Int, _ p: Int, _ q: Int) {
    let off = a[p * size + q]
    let theta = (a[q * size + q] - a[p * size + p]) / (2 * off)
    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    a.withUnsafeMutableBufferPointer { a in
      for k in 0..<size {
        let (x, y) = (a[k * size + p], a[k * size + q])
        a[k * size + p] = c * x - s * y
        a[k * size + q] = s * x + c * y
      }
      for k in 0..<size {
        let (x, y) = (a[p * size + k], a[q * size + k])
        a[p * size + k] = c * x - s * y
        a[q * size + k] = s * x + c * y
      }
    }
    v.withUnsafeMutableBufferPointer { v in
      for k in 0..<size {
        let (x, y) = (v[p * size + k], v[q * size + k])
        v[p * size + k] = c * x - s * y
        v[q * size + k] = s * x + c * y
      }
    }
  }
}
