internal import CKernels

/// A value that is not finite, found where moments were to be taken.
public struct NonFiniteValue: Error, Equatable, Sendable {
  /// 0-based row within the block that was added.
  public let row: Int
  /// 0-based unit.
  public let unit: Int
  public let value: Double
}

/// Count, mean, central power sums, minimum and maximum of each unit: a mergeable accumulator.
///
/// Rows are added block by block. Within a block the sums are taken about the block's own mean, in Double; blocks are joined by the
/// update formulas of Chan et al. (1979) and Pébay (SAND2008-6212). Adding the same blocks in the same order gives the same digits;
/// another order changes them by rounding alone (about 1e-15 relative for mean and variance).
///
/// Of doubles the mean is kept in two parts, so that variance, skewness and kurtosis of values that differ in their last digits alone are
/// right too, and sums are scaled where values are too large or too small for their fourth powers.
public struct UnitMoments: Sendable, Equatable {
  public let unitCount: Int
  /// Number of rows added.
  public private(set) var count = 0
  /// `[units]`; 0 while `count` is 0.
  public private(set) var mean: [Double]
  /// What `mean` lacks of the mean: less than a unit in its last place. 0 of floats.
  private var rest: [Double]
  // Σ(x − mean − rest)ᵏ, in units of 2^(k scale) with `scale(low:high:)` of the unit.
  private var m2: [Double]
  private var m3: [Double]
  private var m4: [Double]
  private var low: [Double]
  private var high: [Double]
  /// Whether rows of doubles were added, of which `rest` is kept.
  public private(set) var holdsDoubles = false

  public init(unitCount: Int) {
    self.unitCount = unitCount
    mean = Array(repeating: 0, count: unitCount)
    rest = mean
    m2 = mean
    m3 = mean
    m4 = mean
    low = Array(repeating: .infinity, count: unitCount)
    high = Array(repeating: -.infinity, count: unitCount)
  }

  /// Adds the rows of one block whose numbers are listed.
  ///
  /// - Parameters:
  ///   - block: `[rows × units]`, row-major, floats or doubles.
  ///   - indices: rows to take; none changes nothing. As of an array, an index outside the block is a programming error and ends the process.
  /// - Throws: `NonFiniteValue` for the first NaN or infinity among them; the accumulator is then as it was.
  public mutating func add<Value: BinaryFloatingPoint>(_ block: UnsafeBufferPointer<Value>, indices: [Int32]) throws(NonFiniteValue) {
    if Value.self == Float.self {
      try block.withMemoryRebound(to: Float.self) { block throws(NonFiniteValue) in
        try add(block, indices: indices, kernel: mirrorscope_block_moments_float)
      }
    } else if Value.self == Double.self {
      try block.withMemoryRebound(to: Double.self) { block throws(NonFiniteValue) in
        try add(block, indices: indices, kernel: mirrorscope_block_moments_double)
      }
    } else {
      try block.map { Double($0) }.withUnsafeBufferPointer { block throws(NonFiniteValue) in try add(block, indices: indices) }
    }
  }

  private typealias Output = UnsafeMutablePointer<Double>
  private typealias Kernel<Value> = (
    UnsafePointer<Value>, Int, UnsafePointer<Int32>, Int, Output, Output, Output, Output, Output, Output, Output
  ) -> Void

  private mutating func add<Value: BinaryFloatingPoint>(
    _ block: UnsafeBufferPointer<Value>, indices: [Int32], kernel: Kernel<Value>
  ) throws(NonFiniteValue) {
    guard let least = indices.min(), let greatest = indices.max() else { return }
    var part = UnitMoments(unitCount: unitCount)
    part.count = indices.count
    part.holdsDoubles = Value.self == Double.self
    if unitCount > 0 {
      // The kernel does not look.
      precondition(least >= 0 && Int(greatest) < block.count / unitCount, "row \(least < 0 ? least : greatest) is not in the block")
      if let rows = block.baseAddress {
        kernel(rows, unitCount, indices, indices.count, &part.mean, &part.rest, &part.m2, &part.m3, &part.m4, &part.low, &part.high)
      }
    }
    // A value that is not finite leaves no finite sum; the sum of finite doubles may overflow, and then nothing is found here.
    if part.mean.contains(where: { !$0.isFinite }) {
      for row in indices {
        for unit in 0..<unitCount where !block[Int(row) * unitCount + unit].isFinite {
          throw NonFiniteValue(row: Int(row), unit: unit, value: Double(block[Int(row) * unitCount + unit]))
        }
      }
    }
    if part.holdsDoubles {
      for unit in 0..<unitCount {
        let scale = part.scale(unit)
        if scale != 0 { part.takeScaled(indices.map { Double(block[Int($0) * unitCount + unit]) }, unit: unit, scale: scale) }
      }
    }
    join(part)
  }

  /// Takes the sums of one unit anew from its values brought near 1.
  private mutating func takeScaled(_ values: [Double], unit: Int, scale: Int) {
    let scaled = values.map { $0.times(powerOfTwo: -scale) }
    var (mean, rest, m2, m3, m4, low, high) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    mirrorscope_block_moments_double(
      scaled, 1, (0..<scaled.count).map { Int32($0) }, scaled.count, &mean, &rest, &m2, &m3, &m4, &low, &high)
    self.mean[unit] = mean.times(powerOfTwo: scale)
    self.rest[unit] = rest.times(powerOfTwo: scale)
    (self.m2[unit], self.m3[unit], self.m4[unit]) = (m2, m3, m4)
  }

  /// The power of two by which a unit's sums are scaled: 0 where fourth powers of its range are in the range of a Double, as they are of
  /// every Float.
  private static func scale(low: Double, high: Double) -> Int {
    let range = high - low
    guard range > 0 else { return 0 }
    let exponent = range.isInfinite ? 1024 : Int(range.exponent)
    return abs(exponent) > 200 ? exponent : 0
  }

  private func scale(_ unit: Int) -> Int { Self.scale(low: low[unit], high: high[unit]) }

  /// Joins the rows of another accumulator to this one: the result is that of all rows together.
  ///
  /// - Throws: `StatisticsError.shape` for an accumulator of another number of units; this one is then as it was.
  public mutating func merge(_ other: UnitMoments) throws(StatisticsError) {
    try require(other.unitCount, unitCount, "units of the moments to be merged")
    join(other)
  }

  /// - Parameter other: of the same units.
  private mutating func join(_ other: UnitMoments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let na = Double(count)
    let nb = Double(other.count)
    let n = na + nb
    holdsDoubles = holdsDoubles || other.holdsDoubles
    for unit in 0..<unitCount {
      let own = UnitSums(of: self, unit)
      let added = UnitSums(of: other, unit)
      low[unit] = min(low[unit], other.low[unit])
      high[unit] = max(high[unit], other.high[unit])
      let scale = scale(unit)
      let (a, b) = (own.scaled(to: scale), added.scaled(to: scale))
      let delta = holdsDoubles ? (b.mean - a.mean) + (b.rest - a.rest) : b.mean - a.mean
      let scaled = delta / n
      let cross = delta * scaled * na * nb
      m4[unit] =
        a.m4
        + (b.m4 + cross * scaled * scaled * (na * na - na * nb + nb * nb)
          + 6 * scaled * scaled * (na * na * b.m2 + nb * nb * a.m2) + 4 * scaled * (na * b.m3 - nb * a.m3))
      m3[unit] = a.m3 + b.m3 + cross * scaled * (na - nb) + 3 * scaled * (na * b.m2 - nb * a.m2)
      m2[unit] = a.m2 + b.m2 + cross
      if holdsDoubles {
        let step = twoSum(a.mean, scaled * nb)
        let mean = twoSum(step.sum, step.rest + a.rest)
        (self.mean[unit], rest[unit]) = (mean.sum.times(powerOfTwo: scale), mean.rest.times(powerOfTwo: scale))
      } else {
        mean[unit] = a.mean + scaled * nb
      }
    }
    count += other.count
  }

  /// Mean and sums of one unit, in units of 2^scale.
  private struct UnitSums {
    var mean, rest, m2, m3, m4: Double
    var scale: Int

    /// The means unscaled yet, as they are kept.
    init(of moments: UnitMoments, _ unit: Int) {
      (mean, rest) = (moments.mean[unit], moments.rest[unit])
      (m2, m3, m4) = (moments.m2[unit], moments.m3[unit], moments.m4[unit])
      scale = moments.scale(unit)
    }

    func scaled(to target: Int) -> UnitSums {
      if scale == 0, target == 0 { return self }
      var result = self
      result.mean = mean.times(powerOfTwo: -target)
      result.rest = rest.times(powerOfTwo: -target)
      result.m2 = m2.times(powerOfTwo: 2 * (scale - target))
      result.m3 = m3.times(powerOfTwo: 3 * (scale - target))
      result.m4 = m4.times(powerOfTwo: 4 * (scale - target))
      result.scale = target
      return result
    }
  }

  /// All that is held of each unit, `[7 × units]`: mean, what it lacks of the mean, sums of second, third and fourth powers, minimum, maximum.
  public var unitSums: [Double] { mean + rest + m2 + m3 + m4 + low + high }

  /// What was held of other rows, on another machine.
  ///
  /// - Parameter unitSums: as `unitSums` has them.
  /// - Throws: `StatisticsError.shape` for sums that are not those of so many units.
  public init(count: Int, unitSums: [Double], unitCount: Int, holdsDoubles: Bool) throws(StatisticsError) {
    try require(unitSums.count, 7 * unitCount, "sums of the units")
    self.init(unitCount: unitCount)
    guard count > 0 else { return }
    func sums(_ number: Int) -> [Double] { Array(unitSums[number * unitCount..<(number + 1) * unitCount]) }
    (self.count, self.holdsDoubles) = (count, holdsDoubles)
    (mean, rest, m2, m3, m4, low, high) = (sums(0), sums(1), sums(2), sums(3), sums(4), sums(5), sums(6))
  }

  /// mean − mean(reference) of a unit, with the digits that each mean alone has no room for; NaN without rows in either.
  public func meanDifference(from reference: UnitMoments, unit: Int) -> Double {
    guard count > 0, reference.count > 0 else { return .nan }
    let difference = mean[unit] - reference.mean[unit]
    return holdsDoubles || reference.holdsDoubles ? difference + (rest[unit] - reference.rest[unit]) : difference
  }

  /// Count, mean and variance of a unit. The variance is infinite where it is too large for a Double; both are NaN without rows.
  public func summary(_ unit: Int) -> SampleSummary {
    guard count > 0 else { return SampleSummary(count: 0, mean: .nan, variance: .nan) }
    return SampleSummary(count: count, mean: mean[unit], meanRest: rest[unit], variance: scaledBack(m2[unit], unit) / Double(count))
  }

  /// Smallest value of a unit; nil without rows.
  public func minimum(_ unit: Int) -> Double? { count > 0 ? low[unit] : nil }

  /// Largest value of a unit; nil without rows.
  public func maximum(_ unit: Int) -> Double? { count > 0 ? high[unit] : nil }

  /// Whether every row has the same value; false without rows.
  public func isConstant(_ unit: Int) -> Bool { count > 0 && low[unit] == high[unit] }

  /// Population variance, Σ(x − mean)² / n (ddof 0, as `numpy.var`); 0 for a constant unit, nil without rows and where it is too large for
  /// a Double.
  public func variance(_ unit: Int) -> Double? {
    guard count > 0 else { return nil }
    return isConstant(unit) ? 0 : finite(scaledBack(m2[unit], unit) / Double(count))
  }

  /// Sample variance, Σ(x − mean)² / (n − 1) (ddof 1); nil with fewer than two rows and where it is too large for a Double.
  public func sampleVariance(_ unit: Int) -> Double? {
    guard count > 1 else { return nil }
    return isConstant(unit) ? 0 : finite(scaledBack(m2[unit], unit) / Double(count - 1))
  }

  private func scaledBack(_ squares: Double, _ unit: Int) -> Double {
    isConstant(unit) ? 0 : squares.times(powerOfTwo: 2 * scale(unit))
  }

  private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

  /// Fisher–Pearson skewness g1 = m₃ / m₂^{3/2} with mₖ = Σ(x − mean)ᵏ / n (biased, as `scipy.stats.skew`).
  /// Nil without rows and for a constant unit, where it does not exist.
  public func skewness(_ unit: Int) -> Double? {
    guard count > 0, !isConstant(unit) else { return nil }
    let n = Double(count)
    let variance = m2[unit] / n
    return (m3[unit] / n) / (variance * variance.squareRoot())
  }

  /// Excess kurtosis m₄ / m₂² − 3 with mₖ = Σ(x − mean)ᵏ / n (Fisher, biased, as `scipy.stats.kurtosis`).
  /// Nil without rows and for a constant unit, where it does not exist.
  public func kurtosis(_ unit: Int) -> Double? {
    guard count > 0, !isConstant(unit) else { return nil }
    let n = Double(count)
    let variance = m2[unit] / n
    return (m4[unit] / n) / (variance * variance) - 3
  }
}
