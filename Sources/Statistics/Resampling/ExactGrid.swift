/// Rounds the values of each unit so that every sum of them is exact.
///
/// Each unit's values are rounded to a grid of its own: a power of two so coarse that no sum of weights × values, however ordered,
/// needs more than the 53 bits of a Double (Demmel and Nguyen, 2013, call this pre-rounding). So no sum depends on blocks, threads or the
/// order of rows, and two weightings that pick the same values tie exactly. With weights that sum to W, a value moves by at most
/// 2⁻⁵² W of the unit's largest: 3e-11 of it for 100,000 rows, where a Float itself has steps of 6e-8.
///
/// Of doubles what the grid rounds is the distance from an origin of the unit, such as its smallest value. Values near each other are
/// so far from it as they differ, exactly (Sterbenz, 1974), others to 2⁻⁵³ of their distance: what is lost is 2⁻⁵² W of the range, and
/// nothing of values that differ in their last digits alone.
struct ExactGrid: Sendable {
  /// Per unit 1.5 · 2⁵² · the grid's step: adding and subtracting it rounds to the grid. NaN for a unit whose largest value isn't finite.
  private let rounders: [Double]
  /// What is taken off each unit's scaled values; empty for nothing.
  private let origins: [Double]
  /// Powers of two that bring values that are too large for a grid into the range of a Double; empty where every one is 1.
  private let scales: [Double]

  /// - Parameters:
  ///   - magnitudes: per unit the largest |value − origin| that will be rounded.
  ///   - origins: per unit, or nil for 0.
  ///   - totalWeight: the largest sum of weights that will be asked for.
  init(magnitudes: [Double], origins: [Double]? = nil, totalWeight: Int) {
    var weightBits = 1
    while weightBits < 52 && 1 << weightBits < totalWeight { weightBits += 1 }
    let scales = magnitudes.map { size in size.isFinite && size.exponent > 900 ? 0x1p-200 : 1.0 }
    rounders = zip(magnitudes, scales).map { size, scale in
      guard size.isFinite else { return .nan }
      let scaled = size * scale
      let exponent = scaled == 0 ? 0 : Int(scaled.exponent) + 1
      return 1.5 * Double(sign: .plus, exponent: exponent + weightBits, significand: 1)
    }
    self.origins = origins.map { zip($0, scales).map { $0 * $1 } } ?? []
    self.scales = scales.allSatisfy { $0 == 1 } ? [] : scales
  }

  /// Sums over a unit are to be divided by this.
  func scale(_ unit: Int) -> Double { scales.isEmpty ? 1 : scales[unit] }

  /// The rounded values of some rows, scaled and less their origins: `[rows.count × units]` into `target`.
  ///
  /// - Parameter values: `[any number × units]`.
  @inline(__always)
  func round<Value: BinaryFloatingPoint>(
    _ values: UnsafeBufferPointer<Value>, rows: ArraySlice<Int32>, into target: UnsafeMutableBufferPointer<Double>
  ) {
    let units = rounders.count
    if origins.isEmpty && scales.isEmpty {
      rounders.withUnsafeBufferPointer { rounders in
        for (position, row) in rows.enumerated() {
          for unit in 0..<units {
            target[position * units + unit] = (Double(values[Int(row) * units + unit]) + rounders[unit]) - rounders[unit]
          }
        }
      }
      return
    }
    for (position, row) in rows.enumerated() {
      for unit in 0..<units {
        let distance = Double(values[Int(row) * units + unit]) * scale(unit) - (origins.isEmpty ? 0 : origins[unit])
        target[position * units + unit] = (distance + rounders[unit]) - rounders[unit]
      }
    }
  }
}
