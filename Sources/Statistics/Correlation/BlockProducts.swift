internal import CBLAS

/// The number types in which products of a block of rows are formed.
protocol ProductScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
  static func converted(_ values: SIMD8<Float>) -> SIMD8<Self>
  static func converted(_ values: SIMD8<Double>) -> SIMD8<Self>
  /// The values as another of these types has them.
  static func convert<Target: ProductScalar>(_ values: SIMD8<Self>) -> SIMD8<Target>

  /// Writes the products of the columns `left` with the columns `right` of `rows` × `columns` values to `result`, [left × right].
  /// With `left` equal to `right` only the lower triangle is written.
  static func products(
    _ values: [Self], rows: Int, columns: Int, left: Range<Int>, right: Range<Int>, into result: UnsafeMutablePointer<Self>)
}

extension Float: ProductScalar {
  @inline(__always) static func converted(_ values: SIMD8<Float>) -> SIMD8<Float> { values }
  @inline(__always) static func converted(_ values: SIMD8<Double>) -> SIMD8<Float> { SIMD8<Float>(values) }
  @inline(__always) static func convert<Target: ProductScalar>(_ values: SIMD8<Float>) -> SIMD8<Target> { Target.converted(values) }

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
  @inline(__always) static func converted(_ values: SIMD8<Float>) -> SIMD8<Double> { SIMD8<Double>(values) }
  @inline(__always) static func converted(_ values: SIMD8<Double>) -> SIMD8<Double> { values }
  @inline(__always) static func convert<Target: ProductScalar>(_ values: SIMD8<Double>) -> SIMD8<Target> { Target.converted(values) }

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
