internal import CBLAS
import Parallelism

/// Σ (x − y)² of every chosen vector of one set with every chosen one of another, `[chosen × chosen]`, from products of matrices in double
/// precision: what is chosen should lie about the origin. No number of threads changes a digit.
///
/// - Parameters:
///   - first: `[vectors × units]`
///   - second: likewise.
///   - chosen: numbers of vectors.
/// - Throws: `StatisticsError.shape` where a chosen vector is not there.
public func squaredDistances(_ first: [Double], _ second: [Double], chosen: [Int], units: Int, threads: Int) throws -> [Double] {
  let count = units > 0 ? min(first.count, second.count) / units : 0
  guard chosen.allSatisfy({ $0 >= 0 && $0 < count }) else {
    throw StatisticsError.shape(what: "vectors", expected: (chosen.max() ?? 0) + 1, found: count)
  }
  mirrorscope_blas_threads(1)
  let (size, panel) = (chosen.count, 128)
  func gathered(_ vectors: [Double]) -> (values: [Double], squares: [Double]) {
    if size == count, chosen.elementsEqual(0..<count) { return (vectors, squares(vectors)) }
    let values = chosen.flatMap { vectors[$0 * units..<($0 + 1) * units] }
    return (values, squares(values))
  }
  func squares(_ vectors: [Double]) -> [Double] {
    (0..<size).map { row in vectors[row * units..<(row + 1) * units].reduce(0) { $0 + $1 * $1 } }
  }
  let (left, right) = (gathered(first), gathered(second))
  var result = [Double](repeating: 0, count: size * size)
  try result.withUnsafeMutableBufferPointer { result in
    guard let base = result.baseAddress else { return }
    // Each block of rows has a part of its own, and all are done when `mapBlocks` returns.
    nonisolated(unsafe) let target = base
    _ = try mapBlocks(count: (size + panel - 1) / panel, threads: threads) { number in
      let rows = number * panel..<min((number + 1) * panel, size)
      let own = target + rows.lowerBound * size
      left.values.withUnsafeBufferPointer { values in
        guard let source = values.baseAddress else { return }
        cblas_dgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows.count), Int32(size), Int32(units), -2, source + rows.lowerBound * units,
          Int32(units), right.values, Int32(units), 0, own, Int32(size))
      }
      for row in rows {
        for column in 0..<size {
          let at = (row - rows.lowerBound) * size + column
          own[at] = max(0, own[at] + left.squares[row] + right.squares[column])
        }
      }
    }
  }
  return result
}
