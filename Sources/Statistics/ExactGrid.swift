/// Rounds the values of each unit so that every sum of them is exact.
///
/// Each unit's values are rounded to a grid of its own: a power of two so coarse that no sum of weights × values, however ordered,
/// needs more than the 53 bits of a Double (Demmel and Nguyen, 2013, call this pre-rounding). So no sum depends on blocks, threads or the
/// order of rows, and two weightings that pick the same values tie exactly. With weights that sum to W, a value moves by at most
/// 2⁻⁵² W of the unit's largest: 3e-11 of it for 100,000 rows, where a Float itself has steps of 6e-8.
struct ExactGrid: Sendable {
  /// Per unit 1.5 · 2⁵² · the grid's step: adding and subtracting it rounds to the grid. NaN for a unit whose largest value isn't finite.
  private let rounders: [Double]

  /// - Parameters:
  ///   - magnitudes: per unit the largest |value| that will be rounded.
  ///   - totalWeight: the largest sum of weights that will be asked for.
  init(magnitudes: [Float], totalWeight: Int) {
    var weightBits = 1
    while weightBits < 52 && 1 << weightBits < totalWeight { weightBits += 1 }
    rounders = magnitudes.map { size in
      guard size.isFinite else { return .nan }
      let exponent = size == 0 ? 0 : Int(size.exponent) + 1
      return 1.5 * Double(sign: .plus, exponent: exponent + weightBits, significand: 1)
    }
  }

  /// The rounded values of some rows: `[rows.count × units]` into `target`.
  ///
  /// - Parameter values: `[any number × units]`.
  func round(_ values: UnsafeBufferPointer<Float>, rows: ArraySlice<Int32>, into target: UnsafeMutableBufferPointer<Double>) {
    let units = rounders.count
    rounders.withUnsafeBufferPointer { rounders in
      for (position, row) in rows.enumerated() {
        for unit in 0..<units {
          target[position * units + unit] = (Double(values[Int(row) * units + unit]) + rounders[unit]) - rounders[unit]
        }
      }
    }
  }
}
