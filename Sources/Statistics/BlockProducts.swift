internal import CBLAS

/// The number types in which products of a block of rows are formed.
protocol ProductScalar: BinaryFloatingPoint, Sendable {
  /// Writes the products of the columns `left` with the columns `right` of `rows` × `columns` values to `result`, [left × right].
  /// With `left` equal to `right` only the lower triangle is written.
  static func products(
    _ values: [Self], rows: Int, columns: Int, left: Range<Int>, right: Range<Int>, into result: UnsafeMutablePointer<Self>)
}

extension Float: ProductScalar {
  static func products(
    _ values: [Float], rows: Int, columns: Int, left: Range<Int>, right: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let (depth, stride, width) = (Int32(rows), Int32(columns), Int32(right.count))
      if left == right {
        cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, width, depth, 1, base + left.lowerBound, stride, 0, result, width)
      } else {
        cblas_sgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, Int32(left.count), width, depth, 1, base + left.lowerBound, stride,
          base + right.lowerBound, stride, 0, result, width)
      }
    }
  }
}

extension Double: ProductScalar {
  static func products(
    _ values: [Double], rows: Int, columns: Int, left: Range<Int>, right: Range<Int>, into result: UnsafeMutablePointer<Double>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let (depth, stride, width) = (Int32(rows), Int32(columns), Int32(right.count))
      if left == right {
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, width, depth, 1, base + left.lowerBound, stride, 0, result, width)
      } else {
        cblas_dgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, Int32(left.count), width, depth, 1, base + left.lowerBound, stride,
          base + right.lowerBound, stride, 0, result, width)
      }
    }
  }
}

/// A block of rows with each column's mean taken off, ready for products.
struct CentredBlock<Scalar: ProductScalar>: Sendable {
  let rows: Int
  /// (x − shift) × scale: [rows × columns].
  let values: [Scalar]
  /// The power of two that brings the column near 1, inverted; without it squares of very small values would vanish in a Float.
  let unscale: [Double]
  /// Σ(x − shift): what rounding left of the mean.
  let residuals: [Double]
  let means: [Double]
  /// Σ(x − mean)².
  let squares: [Double]

  /// Benchmark: correlate. Two passes over a block that fits the cache.
  init(_ block: UnsafeBufferPointer<Float>, columns: Int) {
    let rows = columns > 0 ? block.count / columns : 0
    let (shifts, scales) = Self.shiftsAndScales(block, rows: rows, columns: columns)
    var residuals = [Double](repeating: 0, count: columns)
    var squares = residuals
    values = [Scalar](unsafeUninitializedCapacity: rows * columns) { centred, initialized in
      // Sums of 32 rows in Scalar, then into Double.
      let partial = UnsafeMutablePointer<Scalar>.allocate(capacity: 2 * columns)
      defer { partial.deallocate() }
      let partialSquares = partial + columns
      for start in stride(from: 0, to: rows, by: 32) {
        partial.initialize(repeating: 0, count: 2 * columns)
        for row in start..<min(rows, start + 32) {
          let offset = row * columns
          for column in 0..<columns {
            let value = (Scalar(block[offset + column]) - shifts[column]) * scales[column]
            centred[offset + column] = value
            partial[column] += value
            partialSquares[column] += value * value
          }
        }
        for column in 0..<columns {
          residuals[column] += Double(partial[column])
          squares[column] += Double(partialSquares[column])
        }
      }
      initialized = rows * columns
    }
    self.rows = rows
    let size = Double(rows)
    let unscale = scales.map { 1 / Double($0) }
    for column in 0..<columns {
      let residual = residuals[column] * unscale[column]
      residuals[column] = residual
      squares[column] = max(0, squares[column] * unscale[column] * unscale[column] - residual * residual / size)
    }
    means = (0..<columns).map { Double(shifts[$0]) + residuals[$0] / size }
    self.unscale = unscale
    self.residuals = residuals
    self.squares = squares
  }

  /// Per column a number near its mean, and exactly its value if it is constant; and the scale for what deviates from it.
  private static func shiftsAndScales(_ block: UnsafeBufferPointer<Float>, rows: Int, columns: Int) -> ([Scalar], [Scalar]) {
    var sums = [Scalar](repeating: 0, count: columns)
    var low = [Float](repeating: .infinity, count: columns)
    var high = [Float](repeating: -.infinity, count: columns)
    sums.withUnsafeMutableBufferPointer { sums in
      low.withUnsafeMutableBufferPointer { low in
        high.withUnsafeMutableBufferPointer { high in
          for row in 0..<rows {
            let offset = row * columns
            for column in 0..<columns {
              let value = block[offset + column]
              sums[column] += Scalar(value)
              low[column] = value < low[column] ? value : low[column]
              high[column] = value > high[column] ? value : high[column]
            }
          }
        }
      }
    }
    var scales = [Scalar](repeating: 1, count: columns)
    for column in 0..<columns {
      let range = high[column] - low[column]
      sums[column] = range == 0 ? Scalar(low[column]) : sums[column] / Scalar(rows)
      // 2⁻⁴⁰…2⁴⁰ can be squared and summed in a Float as they are. The limits keep the scale itself a normal Float.
      if range > 0 && range.isFinite && abs(range.exponent) > 40 {
        scales[column] = Scalar(sign: .plus, exponent: Scalar.Exponent(max(-120, min(120, -Int(range.exponent)))), significand: 1)
      }
    }
    return (sums, scales)
  }
}
