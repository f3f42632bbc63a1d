internal import CBLAS

/// Products of chosen rows with weights of the units.
extension ScaledRows {
  /// Rows that are packed at a time.
  private static var rowsPerPanel: Int { 256 }

  /// Σ x·w of some rows for several sets of weights, `[rows × columns]`: floats multiplied and summed as floats, doubles as doubles.
  ///
  /// On the calling thread alone, BLAS on one thread.
  ///
  /// - Parameters:
  ///   - rows: their numbers.
  ///   - weights: `[units × columns]`.
  /// - Throws: `StatisticsError.shape` where there is not a weight for every unit.
  public func products(of rows: [Int32], weights: [Value], columns: Int) throws -> [Double] {
    try require(weights.count, unitCount * columns, "weights of the units")
    var result = [Double](repeating: 0, count: rows.count * columns)
    guard columns > 0, unitCount > 0 else { return result }
    mirrorscope_blas_threads(1)
    let size = min(Self.rowsPerPanel, rows.count)
    let panel = UnsafeMutablePointer<Value>.allocate(capacity: size * unitCount)
    let scratch = UnsafeMutablePointer<Value>.allocate(capacity: size * columns)
    defer {
      panel.deallocate()
      scratch.deallocate()
    }
    for start in stride(from: 0, to: rows.count, by: max(1, size)) {
      let own = rows[start..<min(start + size, rows.count)]
      values.withUnsafeBufferPointer { values in
        weights.withUnsafeBufferPointer { weights in
          result.withUnsafeMutableBufferPointer { result in
            guard let source = values.baseAddress, let weights = weights.baseAddress, let target = result.baseAddress else { return }
            for (place, row) in own.enumerated() {
              (panel + place * unitCount).update(from: source + Int(row) * unitCount, count: unitCount)
            }
            Value.addProduct(
              panel, weights, stride: columns, m: own.count, n: columns, k: unitCount, scratch: scratch, to: target + start * columns)
          }
        }
      }
    }
    return result
  }

  /// Bytes that `products` takes beside rows and weights, its result included.
  public static func panelBytes(rows: Double, units: Double, columns: Double, valueBytes: Double) -> Double {
    valueBytes * min(rows, Double(rowsPerPanel)) * (units + columns) + 8 * rows * columns
  }

  /// Writes some rows less means, each unit times a factor: `[rows × units]`.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  func centre(_ rows: ArraySlice<Int32>, means: [Double], factors: [Double], into target: UnsafeMutableBufferPointer<Double>) {
    guard let target = target.baseAddress else { return }
    values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress else { return }
      for (place, row) in rows.enumerated() {
        let (own, to) = (source + Int(row) * unitCount, target + place * unitCount)
        for unit in 0..<unitCount { (to + unit).initialize(to: (Double(own[unit]) - means[unit]) * factors[unit]) }
      }
    }
  }
}
