internal import CBLAS

/// A B or Aᵀ B, [rows × columns], with A [rows × depth] or, transposed, [depth × rows].
func matrixProduct(
  _ left: [Double], transposed: Bool = false, rows: Int, depth: Int, _ right: [Double], columns: Int
) -> [Double] {
  var result: [Double] = []
  matrixProduct(left, transposed: transposed, rows: rows, depth: depth, right, columns: columns, into: &result)
  return result
}

/// In memory that is used again.
func matrixProduct(
  _ left: [Double], transposed: Bool = false, rows: Int, depth: Int, _ right: [Double], columns: Int, into result: inout [Double]
) {
  resize(&result, to: rows * columns)
  guard rows > 0, columns > 0 else { return }
  guard depth > 0 else {
    for index in result.indices { result[index] = 0 }
    return
  }
  cblas_dgemm(
    CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(depth), 1, left,
    Int32(transposed ? rows : depth), right, Int32(columns), 0, &result, Int32(columns))
}

/// Makes room for so many values, whatever they hold, without memory of its own where there is enough.
func resize(_ values: inout [Double], to count: Int) {
  if values.count > count {
    values.removeLast(values.count - count)
  } else if values.count < count {
    values = [Double](repeating: 0, count: count)
  }
}

/// Adds A B, A [rows × depth] and B [depth × columns], to [rows × columns]; on the calling thread alone.
public func addProduct(_ left: [Double], rows: Int, depth: Int, _ right: [Double], columns: Int, to result: inout [Double]) {
  guard rows > 0, depth > 0, columns > 0, left.count >= rows * depth, right.count >= depth * columns, result.count >= rows * columns else {
    return
  }
  mirrorscope_blas_threads(1)
  cblas_dgemm(
    CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(depth), 1, left, Int32(depth), right, Int32(columns), 1,
    &result, Int32(columns))
}

/// Adds A Bᵀ, A [rows × depth] and B [columns × depth], to [rows × columns].
func addProduct(_ left: [Double], rows: Int, depth: Int, transposed right: [Double], columns: Int, to result: inout [Double]) {
  guard rows > 0, depth > 0, columns > 0 else { return }
  cblas_dgemm(
    CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(depth), 1, left, Int32(depth), right, Int32(depth), 1,
    &result, Int32(columns))
}

/// Adds A Aᵀ, A [rows × columns], to the lower triangle of [rows × rows].
func addGram(of values: [Double], rows: Int, columns: Int, to gram: inout [Double]) {
  guard rows > 0, columns > 0 else { return }
  cblas_dsyrk(
    CblasRowMajor, CblasLower, CblasNoTrans, Int32(rows), Int32(columns), 1, values, Int32(columns), 1, &gram, Int32(rows))
}

/// Copies what is below the diagonal above it.
func mirrorLowerTriangle(_ matrix: inout [Double], size: Int) {
  // In tiles, so that neither side misses the cache at each number.
  let tile = 32
  matrix.withUnsafeMutableBufferPointer { matrix in
    for top in stride(from: 0, to: size, by: tile) {
      for left in stride(from: 0, through: top, by: tile) {
        for row in top..<min(top + tile, size) {
          for column in left..<min(left + tile, row) { matrix[column * size + row] = matrix[row * size + column] }
        }
      }
    }
  }
}

/// The transpose of [rows × columns].
func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
  [Double](unsafeUninitializedCapacity: rows * columns) { result, initialized in
    initialized = rows * columns
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
  }
}
