internal import CBLAS
import Parallelism

/// The range of a unit, its mean and its spread: what `ScaledRows` takes its origin and scale from.
public struct UnitSpread: Sendable {
  public let mean, deviation, low, high: Double

  public init(mean: Double, deviation: Double, low: Double, high: Double) {
    (self.mean, self.deviation, self.low, self.high) = (mean, deviation, low, high)
  }
}

/// Rows of a layer in memory, ready for products with labels or weights.
///
/// Each unit is taken from an origin where its mean is more than four standard deviations from 0, so that a product keeps the digits that
/// rows differ by, and divided by a power of two that brings its values into −1…1, so that no square leaves the range of floats. Neither
/// changes a difference of means but for the factor `scales`.
///
/// Floats are multiplied and summed as floats, over 1,024 rows at a time whose products are added in double precision; doubles as doubles.
public struct ScaledRows<Value: MatrixScalar>: Sendable {
  public let rowCount: Int
  public let unitCount: Int
  /// By what a difference of scaled values is multiplied to be one of values.
  public let scales: [Double]
  /// Whether a unit has the same value in all rows.
  public let isConstant: [Bool]
  let values: [Value]

  /// Rows, sets of weights and units of one product.
  private static var rowsPerStep: Int { 1024 }
  private static var setsPerBlock: Int { 64 }
  private static var unitsPerBlock: Int { 256 }
  /// Rows that are summed before their sums are added to others'.
  private static var rowsPerSum: Int { 2048 }

  /// - Parameters:
  ///   - values: `[rows × units]`, all finite; they are changed in place where nobody else holds them.
  ///   - spreads: one per unit, of just these rows.
  /// - Throws: `StatisticsError.shape` where values are not rows of as many units.
  public init(_ values: consuming [Value], spreads: [UnitSpread], threads: Int) throws {
    let units = spreads.count
    rowCount = units > 0 ? values.count / units : 0
    unitCount = units
    try require(values.count, rowCount * units, "values of the rows")
    var (halfOrigins, factors, scales) = ([Double](), [Double](), [Double]())
    for spread in spreads {
      let isFar = abs(spread.mean) > 4 * spread.deviation
      // The value itself where there is but one: a mean may miss it by rounding.
      let origin = spread.low == spread.high ? spread.low : isFar ? Double(Value(spread.mean)) : 0
      // Halved, since a range may be wider than the largest double.
      let half = origin / 2
      let size = max(abs(spread.low / 2 - half), abs(spread.high / 2 - half))
      let exponent = size > 0 && size.isFinite ? max(-1000, min(1000, Int(size.exponent) + 1)) : 0
      halfOrigins.append(half)
      factors.append(Double(sign: .plus, exponent: -exponent, significand: 1))
      scales.append(2 * Double(sign: .plus, exponent: exponent, significand: 1))
    }
    self.scales = scales
    isConstant = spreads.map { $0.low == $0.high }
    let rowCount = rowCount
    var own = values
    try own.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      // Each block of rows is changed by one thread, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let target = base
      _ = try mapBlocks(count: Self.blocks(rowCount), threads: threads) { [halfOrigins, factors] block in
        let rows = Self.block(block, of: rowCount)
        Value.shift(
          target + rows.lowerBound * units, rows: rows.count, units: units, halfOrigins: halfOrigins, factors: factors)
      }
    }
    self.values = own
  }

  private init(rowCount: Int, scales: [Double], isConstant: [Bool], values: [Value]) {
    (self.rowCount, unitCount, self.scales, self.isConstant, self.values) = (rowCount, scales.count, scales, isConstant, values)
  }

  /// The same rows of some of the units.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  func choosing(_ units: [Int]) -> ScaledRows {
    let chosen = [Value](unsafeUninitializedCapacity: rowCount * units.count) { target, initialized in
      values.withUnsafeBufferPointer { values in
        for row in 0..<rowCount {
          for (place, unit) in units.enumerated() {
            target.initializeElement(at: row * units.count + place, to: values[row * unitCount + unit])
          }
        }
      }
      initialized = rowCount * units.count
    }
    return ScaledRows(rowCount: rowCount, scales: units.map { scales[$0] }, isConstant: units.map { isConstant[$0] }, values: chosen)
  }

  private static func blocks(_ rows: Int) -> Int { (rows + rowsPerSum - 1) / rowsPerSum }
  private static func block(_ number: Int, of rows: Int) -> Range<Int> { number * rowsPerSum..<min((number + 1) * rowsPerSum, rows) }

  /// Σ x and Σ x² of every unit over the rows of each group, `[groups × units]`, in double precision.
  ///
  /// - Parameter group: of each row, below `groups`.
  public func sums(by group: [UInt8], groups: Int, threads: Int) throws -> (sums: [Double], squares: [Double]) {
    try require(group.count, rowCount, "groups of the rows")
    let (units, size) = (unitCount, unitCount * groups)
    let parts = try mapBlocks(count: Self.blocks(rowCount), threads: threads) { block in
      var (sums, squares) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
      values.withUnsafeBufferPointer { values in
        sums.withUnsafeMutableBufferPointer { sums in
          squares.withUnsafeMutableBufferPointer { squares in
            guard let base = values.baseAddress, let sum = sums.baseAddress, let square = squares.baseAddress else { return }
            for row in Self.block(block, of: rowCount) where Int(group[row]) < groups {
              let start = Int(group[row]) * units
              Value.addRow(base + row * units, units: units, to: sum + start, squares: square + start)
            }
          }
        }
      }
      return (sums, squares)
    }
    var (sums, squares) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    for part in parts {
      for index in 0..<size {
        sums[index] += part.0[index]
        squares[index] += part.1[index]
      }
    }
    return (sums, squares)
  }

  /// Σ x·w of every row, for four sets of weights; which ones depends on the row's group.
  ///
  /// - Parameter weights: of each group, one per unit.
  public func weighted(by weights: [[SIMD4<Double>]], group: [UInt8], threads: Int) throws -> [SIMD4<Double>] {
    try require(group.count, rowCount, "groups of the rows")
    for set in weights { try require(set.count, unitCount, "weights of the units") }
    return try mapBlocks(count: Self.blocks(rowCount), threads: threads) { block in
      values.withUnsafeBufferPointer { values in
        Self.block(block, of: rowCount).map { row in
          guard let base = values.baseAddress, Int(group[row]) < weights.count else { return SIMD4<Double>.zero }
          return Value.weigh(base + row * unitCount, units: unitCount, by: weights[Int(group[row])])
        }
      }
    }.flatMap { $0 }
  }

  /// Forms products of sets of weights, one per row, with the rows, and hands them on in blocks of sets and units.
  ///
  /// Blocks are of fixed sizes, so `threads` changes no digit.
  ///
  /// - Parameters:
  ///   - sets: how many there are.
  ///   - rows: how many of the rows are taken, from the first.
  ///   - weights: writes the weights of a set for some rows; runs on any thread.
  ///   - body: gets the products; runs on any thread.
  /// - Returns: what `body` gave, blocks of units of one block of sets together.
  public func mapProducts<Result: Sendable>(
    sets: Int, rows: Int, threads: Int,
    weights: @Sendable (_ set: Int, _ rows: Range<Int>, _ target: UnsafeMutablePointer<Value>) -> Void,
    _ body: @Sendable (RowProducts) throws -> Result
  ) throws -> [Result] {
    mirrorscope_blas_threads(1)
    let units = unitCount
    let unitBlocks = (units + Self.unitsPerBlock - 1) / Self.unitsPerBlock
    let setBlocks = (sets + Self.setsPerBlock - 1) / Self.setsPerBlock
    return try mapBlocks(count: setBlocks * unitBlocks, threads: threads) { number in
      let firstSet = number / unitBlocks * Self.setsPerBlock
      let firstUnit = number % unitBlocks * Self.unitsPerBlock
      let ownSets = firstSet..<min(firstSet + Self.setsPerBlock, sets)
      let ownUnits = firstUnit..<min(firstUnit + Self.unitsPerBlock, units)
      let (m, n) = (ownSets.count, ownUnits.count)
      var sums = [Double](repeating: 0, count: m * n)
      let left = UnsafeMutablePointer<Value>.allocate(capacity: m * Self.rowsPerStep)
      let scratch = UnsafeMutablePointer<Value>.allocate(capacity: m * n)
      defer {
        left.deallocate()
        scratch.deallocate()
      }
      values.withUnsafeBufferPointer { values in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let base = values.baseAddress, let sum = sums.baseAddress else { return }
          for start in stride(from: 0, to: min(rows, rowCount), by: Self.rowsPerStep) {
            let step = start..<min(start + Self.rowsPerStep, min(rows, rowCount))
            for set in ownSets { weights(set, step, left + (set - firstSet) * step.count) }
            Value.addProduct(
              left, base + start * units + firstUnit, stride: units, m: m, n: n, k: step.count, scratch: scratch, to: sum)
          }
        }
      }
      return try body(RowProducts(sets: ownSets, units: ownUnits, perSet: 1, sums: sums, squares: []))
    }
  }

  /// Some units of the rows side by side, `[rows × width]`, 0 behind the last unit and the last row.
  ///
  /// - Parameter rows: how many; all by default.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  func packed(_ units: Range<Int>, width: Int, rows: Int? = nil) -> [Value] {
    let rows = rows ?? rowCount
    var result = [Value](repeating: 0, count: rows * width)
    result.withUnsafeMutableBufferPointer { result in
      values.withUnsafeBufferPointer { values in
        guard let target = result.baseAddress, let source = values.baseAddress else { return }
        for row in 0..<min(rows, rowCount) {
          (target + row * width).update(from: source + row * unitCount + units.lowerBound, count: units.count)
        }
      }
    }
    return result
  }

  /// Σ x of some units over rows that lie together, in double precision: `[blocks × units]`.
  ///
  /// - Parameter starts: the first row of each block, and the end of the last.
  func blockSums(starts: [Int], units: Range<Int>) -> [Double] {
    let (blocks, width) = (starts.count - 1, units.count)
    var sums = [Double](repeating: 0, count: blocks * width)
    sums.withUnsafeMutableBufferPointer { sums in
      values.withUnsafeBufferPointer { values in
        for block in 0..<blocks {
          for row in starts[block]..<starts[block + 1] {
            let start = row * unitCount + units.lowerBound
            for place in 0..<width { sums[block * width + place] += Double(values[start + place]) }
          }
        }
      }
    }
    return sums
  }

  /// Bytes of the products that a thread forms at a time.
  public static var productBytes: Double {
    let (sets, units, rows) = (Double(setsPerBlock), Double(unitsPerBlock), Double(rowsPerStep))
    return 16 * sets * units + 8 * rows * sets
  }
}

/// Products of some sets of weights or labels with some units of rows.
public struct RowProducts: Sendable {
  public let sets: Range<Int>
  public let units: Range<Int>
  public let perSet: Int
  /// `[sets × perSet × units]`
  public let sums: [Double]
  /// Those with squared values; empty where there are none.
  public let squares: [Double]

  /// Where the products of a set's row of weights begin.
  public func start(set: Int, row: Int) -> Int { ((set - sets.lowerBound) * perSet + row) * units.count }
}
