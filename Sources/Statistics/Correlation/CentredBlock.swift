/// What a column is shifted and scaled by before products are formed.
///
/// - Parameter Work: the type in which deviations are formed. Deviations of doubles are formed as doubles, whatever their products are.
struct ColumnShifts<Work: ProductScalar>: Sendable {
  /// A number near the mean; exactly the value of a constant column.
  var shifts: [Work]
  /// A power of two that brings deviations near 1; without it squares of very small or large values would leave the range.
  var scales: [Work]
}

/// A block of rows with each column's mean taken off, ready for products.
///
/// - Parameters:
///   - Work: the type in which deviations are formed.
///   - Scalar: the type in which products will be.
struct CentredBlock<Work: ProductScalar, Scalar: ProductScalar>: Sendable {
  let rows: Int
  /// (x − shift) × scale: [rows × columns].
  let values: [Scalar]
  /// 1 / scale.
  let unscale: [Double]
  /// Σ(x − shift): what the shift left of the mean.
  let residuals: [Double]
  let means: [Double]
  /// Σ(x − mean)².
  let squares: [Double]

  /// Centres a block at means expected from earlier ones, in one pass over memory, or at its own means, in two, if those don't fit.
  ///
  /// They fit when the block's mean is within two standard deviations of the shift, by the variance of the block or of the rows before it,
  /// and deviations are of the scale's order: then products lose no more than a few units in the last place of what is summed.
  ///
  /// - Parameter variances: of the rows before, per column.
  init<Value: ProductScalar>(
    _ block: UnsafeBufferPointer<Value>, columns: Int, expected: ColumnShifts<Work>?, variances: [Double]
  ) {
    let rows = columns > 0 ? block.count / columns : 0
    if let expected {
      self.init(block, rows: rows, columns: columns, expected)
      let size = Double(rows)
      let fits = (0..<columns).allSatisfy { column in
        let offset = residuals[column] / size
        let square = squares[column] / size
        let scale = Double(expected.scales[column])
        return offset * offset <= 4 * max(square, variances[column]) && square * scale * scale < 0x1p80
      }
      if fits { return }
    }
    self.init(block, rows: rows, columns: columns, Self.ownShifts(block, rows: rows, columns: columns))
  }

  /// Benchmark: correlate. Columns go through eight at a time, their sums in registers over eight rows and in Scalar over 32.
  private init<Value: ProductScalar>(_ block: UnsafeBufferPointer<Value>, rows: Int, columns: Int, _ given: ColumnShifts<Work>) {
    var residuals = [Double](repeating: 0, count: columns)
    var squares = residuals
    var sums = [Scalar](repeating: 0, count: columns)
    var sumsOfSquares = sums
    values = [Scalar](unsafeUninitializedCapacity: rows * columns) { centred, initialized in
      sums.withUnsafeMutableBufferPointer { sums in
        sumsOfSquares.withUnsafeMutableBufferPointer { sumsOfSquares in
          for start in stride(from: 0, to: rows, by: 32) {
            sums.update(repeating: 0)
            sumsOfSquares.update(repeating: 0)
            let end = min(rows, start + 32)
            for first in stride(from: start, to: end, by: 8) {
              Self.centre(
                block, rows: first..<min(end, first + 8), columns: columns, given, into: centred, sums: sums, sumsOfSquares: sumsOfSquares)
            }
            for column in 0..<columns {
              residuals[column] += Double(sums[column])
              squares[column] += Double(sumsOfSquares[column])
            }
          }
        }
      }
      initialized = rows * columns
    }
    self.rows = rows
    let size = Double(rows)
    let unscale = given.scales.map { 1 / Double($0) }
    for column in 0..<columns {
      let residual = residuals[column] * unscale[column]
      residuals[column] = residual
      squares[column] = squares[column] * unscale[column] * unscale[column] - residual * residual / size
      if squares[column] < 0 { squares[column] = 0 }
    }
    means = (0..<columns).map { Double(given.shifts[$0]) + residuals[$0] / size }
    self.unscale = unscale
    self.residuals = residuals
    self.squares = squares
  }

  /// Writes (x − shift) × scale for some rows and adds it, and its square, to each column's sums.
  @inline(__always)
  private static func centre<Value: ProductScalar>(
    _ block: UnsafeBufferPointer<Value>, rows: Range<Int>, columns: Int, _ given: ColumnShifts<Work>,
    into centred: UnsafeMutableBufferPointer<Scalar>, sums: UnsafeMutableBufferPointer<Scalar>,
    sumsOfSquares: UnsafeMutableBufferPointer<Scalar>
  ) {
    let (source, target) = (UnsafeRawPointer(block.baseAddress), UnsafeMutableRawPointer(centred.baseAddress))
    let (total, totalOfSquares) = (UnsafeMutableRawPointer(sums.baseAddress), UnsafeMutableRawPointer(sumsOfSquares.baseAddress))
    guard let source, let target, let total, let totalOfSquares else { return }
    let width = MemoryLayout<Scalar>.stride
    let wide = columns & ~7
    given.shifts.withUnsafeBytes { shifts in
      given.scales.withUnsafeBytes { scales in
        for column in stride(from: 0, to: wide, by: 8) {
          let shift = shifts.loadUnaligned(fromByteOffset: column * MemoryLayout<Work>.stride, as: SIMD8<Work>.self)
          let scale = scales.loadUnaligned(fromByteOffset: column * MemoryLayout<Work>.stride, as: SIMD8<Work>.self)
          var sum = total.loadUnaligned(fromByteOffset: column * width, as: SIMD8<Scalar>.self)
          var squares = totalOfSquares.loadUnaligned(fromByteOffset: column * width, as: SIMD8<Scalar>.self)
          for row in rows {
            let index = row * columns + column
            let raw = source.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.stride, as: SIMD8<Value>.self)
            let value: SIMD8<Scalar> = Work.convert((Value.convert(raw) - shift) * scale)
            target.storeBytes(of: value, toByteOffset: index * width, as: SIMD8<Scalar>.self)
            sum += value
            squares += value * value
          }
          total.storeBytes(of: sum, toByteOffset: column * width, as: SIMD8<Scalar>.self)
          totalOfSquares.storeBytes(of: squares, toByteOffset: column * width, as: SIMD8<Scalar>.self)
        }
      }
    }
    for column in wide..<columns {
      for row in rows {
        let index = row * columns + column
        let value = Scalar((Work(block[index]) - given.shifts[column]) * given.scales[column])
        centred[index] = value
        sums[column] += value
        sumsOfSquares[column] += value * value
      }
    }
  }

  /// Shifts and scales from the block itself.
  private static func ownShifts<Value: ProductScalar>(
    _ block: UnsafeBufferPointer<Value>, rows: Int, columns: Int
  ) -> ColumnShifts<Work> {
    var sums = [Double](repeating: 0, count: columns)
    var low = [Value](repeating: .infinity, count: columns)
    var high = [Value](repeating: -.infinity, count: columns)
    for row in 0..<rows {
      let offset = row * columns
      for column in 0..<columns {
        let value = block[offset + column]
        sums[column] += Double(value)
        low[column] = value < low[column] ? value : low[column]
        high[column] = value > high[column] ? value : high[column]
      }
    }
    var own = ColumnShifts(shifts: [Work](repeating: 0, count: columns), scales: [Work](repeating: 1, count: columns))
    for column in 0..<columns {
      let range = high[column] - low[column]
      own.shifts[column] = range == 0 ? Work(low[column]) : Work(sums[column] / Double(rows))
      // 2⁻⁴⁰…2⁴⁰ can be squared and summed in a Float as they are. The limits keep the scale itself a normal number.
      if range > 0 && range.isFinite && abs(range.exponent) > 40 {
        let limit = Work.self == Float.self ? 120 : 1000
        own.scales[column] = Work(sign: .plus, exponent: Work.Exponent(max(-limit, min(limit, -Int(range.exponent)))), significand: 1)
      }
    }
    return own
  }
}
