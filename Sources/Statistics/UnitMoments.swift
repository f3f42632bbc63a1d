import CKernels

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
public struct UnitMoments: Sendable, Equatable {
  public let unitCount: Int
  /// Number of rows added.
  public private(set) var count = 0
  /// `[units]`; 0 while `count` is 0.
  public private(set) var mean: [Double]
  private var m2: [Double]
  private var m3: [Double]
  private var m4: [Double]
  private var low: [Double]
  private var high: [Double]

  public init(unitCount: Int) {
    self.unitCount = unitCount
    mean = Array(repeating: 0, count: unitCount)
    m2 = mean
    m3 = mean
    m4 = mean
    low = Array(repeating: .infinity, count: unitCount)
    high = Array(repeating: -.infinity, count: unitCount)
  }

  /// Adds the rows of one block whose numbers are listed.
  ///
  /// - Parameters:
  ///   - block: `[rows × units]`, row-major.
  ///   - indices: rows to take, each within the block; none changes nothing.
  /// - Throws: `NonFiniteValue` for the first NaN or infinity among them; the accumulator is then as it was.
  public mutating func add(_ block: UnsafeBufferPointer<Float>, indices: [Int32]) throws(NonFiniteValue) {
    try add(block, indices: indices, kernel: mirrorscope_block_moments_float)
  }

  /// The same for values in double precision.
  public mutating func add(_ block: UnsafeBufferPointer<Double>, indices: [Int32]) throws(NonFiniteValue) {
    try add(block, indices: indices, kernel: mirrorscope_block_moments_double)
  }

  private typealias Sums = UnsafeMutablePointer<Double>
  private typealias Kernel<Value> = (
    UnsafePointer<Value>, Int, UnsafePointer<Int32>, Int, Sums, Sums, Sums, Sums, Sums, Sums
  ) -> Void

  private mutating func add<Value: BinaryFloatingPoint>(
    _ block: UnsafeBufferPointer<Value>, indices: [Int32], kernel: Kernel<Value>
  ) throws(NonFiniteValue) {
    guard !indices.isEmpty else { return }
    var part = UnitMoments(unitCount: unitCount)
    part.count = indices.count
    if unitCount > 0, let rows = block.baseAddress {
      kernel(rows, unitCount, indices, indices.count, &part.mean, &part.m2, &part.m3, &part.m4, &part.low, &part.high)
    }
    // A value that is not finite leaves no finite sum; the sum of finite doubles may overflow, and then nothing is found here.
    if part.mean.contains(where: { !$0.isFinite }) {
      for row in indices {
        for unit in 0..<unitCount where !block[Int(row) * unitCount + unit].isFinite {
          throw NonFiniteValue(row: Int(row), unit: unit, value: Double(block[Int(row) * unitCount + unit]))
        }
      }
    }
    merge(part)
  }

  /// Joins the rows of another accumulator to this one: the result is that of all rows together.
  public mutating func merge(_ other: UnitMoments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let na = Double(count)
    let nb = Double(other.count)
    let n = na + nb
    for unit in 0..<unitCount {
      let delta = other.mean[unit] - mean[unit]
      let scaled = delta / n
      let cross = delta * scaled * na * nb
      let (a2, b2) = (m2[unit], other.m2[unit])
      let (a3, b3) = (m3[unit], other.m3[unit])
      m4[unit] +=
        other.m4[unit] + cross * scaled * scaled * (na * na - na * nb + nb * nb)
        + 6 * scaled * scaled * (na * na * b2 + nb * nb * a2) + 4 * scaled * (na * b3 - nb * a3)
      m3[unit] = a3 + b3 + cross * scaled * (na - nb) + 3 * scaled * (na * b2 - nb * a2)
      m2[unit] = a2 + b2 + cross
      mean[unit] += scaled * nb
      low[unit] = min(low[unit], other.low[unit])
      high[unit] = max(high[unit], other.high[unit])
    }
    count += other.count
  }

  /// Smallest value of a unit; nil without rows.
  public func minimum(_ unit: Int) -> Double? { count > 0 ? low[unit] : nil }

  /// Largest value of a unit; nil without rows.
  public func maximum(_ unit: Int) -> Double? { count > 0 ? high[unit] : nil }

  /// Whether every row has the same value; false without rows.
  public func isConstant(_ unit: Int) -> Bool { count > 0 && low[unit] == high[unit] }

  /// Population variance, Σ(x − mean)² / n (ddof 0, as `numpy.var`); 0 for a constant unit, nil without rows.
  public func variance(_ unit: Int) -> Double? {
    guard count > 0 else { return nil }
    return isConstant(unit) ? 0 : m2[unit] / Double(count)
  }

  /// Sample variance, Σ(x − mean)² / (n − 1) (ddof 1); nil with fewer than two rows.
  public func sampleVariance(_ unit: Int) -> Double? {
    guard count > 1 else { return nil }
    return isConstant(unit) ? 0 : m2[unit] / Double(count - 1)
  }

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
