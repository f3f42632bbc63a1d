internal import CBLAS

/// Exact weighted sums of the columns of rows that are in memory; see `ExactGrid` for how they come to be exact.
struct ExactWeightedSums<Value: BinaryFloatingPoint & Sendable>: Sendable {
  private let values: [Value]
  let units: Int
  /// What every value is taken less of, per unit: 0 of floats, of doubles the smallest value.
  let origins: [Double]
  /// The rows in use, in the order in which weights are given for them.
  private let rows: [Int32]
  private let grid: ExactGrid

  /// - Parameters:
  ///   - values: [rows × units].
  ///   - rows: the rows that carry weights; only they decide the grid.
  ///   - totalWeight: the largest sum of weights that will be asked for.
  /// - Throws: `StatisticsError.tooLarge` for doubles that differ by more than a Double holds.
  @inline(__always)
  init(_ values: [Value], units: Int, rows: [Int32], totalWeight: Int) throws(StatisticsError) {
    self.values = values
    self.units = units
    self.rows = rows
    guard Value.self != Float.self else {
      var largest = [Value](repeating: 0, count: units)
      for row in rows {
        for unit in 0..<units {
          let size = abs(values[Int(row) * units + unit])
          // A NaN fails the comparison and is kept once it is there.
          if !(size <= largest[unit]) && !largest[unit].isNaN { largest[unit] = size }
        }
      }
      origins = [Double](repeating: 0, count: units)
      grid = ExactGrid(magnitudes: largest.map { Double($0) }, totalWeight: totalWeight)
      return
    }
    var low = [Double](repeating: .infinity, count: units)
    var high = [Double](repeating: -.infinity, count: units)
    var isFinite = [Bool](repeating: true, count: units)
    for row in rows {
      for unit in 0..<units {
        let value = Double(values[Int(row) * units + unit])
        if value < low[unit] { low[unit] = value }
        if value > high[unit] { high[unit] = value }
        if !value.isFinite { isFinite[unit] = false }
      }
    }
    var magnitudes = [Double](repeating: .nan, count: units)
    var origins = [Double](repeating: 0, count: units)
    for unit in 0..<units where isFinite[unit] && !rows.isEmpty {
      magnitudes[unit] = high[unit] - low[unit]
      origins[unit] = low[unit]
      guard magnitudes[unit].isFinite else {
        throw .tooLarge(unit: unit, value: max(-low[unit], high[unit]), limit: .greatestFiniteMagnitude)
      }
    }
    self.origins = origins
    grid = ExactGrid(magnitudes: magnitudes, origins: origins, totalWeight: totalWeight)
  }

  /// For each of `lanes` weightings the sum over `positions` of weight × (value − origin), per unit: [lanes × units]. A unit with a value
  /// that isn't finite gives NaN. Divide by `scale` what has become of a unit's sum.
  ///
  /// - Parameter weights: [lanes × `weightStride`]; the weight of position p in lane l is at l · `weightStride` + p.
  @inline(__always)
  func sums(weights: UnsafeBufferPointer<UInt8>, lanes: Int, weightStride: Int, positions: Range<Int>) -> [Double] {
    var result = [Double](repeating: 0, count: lanes * units)
    guard units > 0, lanes > 0 else { return result }
    let chunk = max(64, min(2048, 65_536 / units))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: chunk * (units + lanes)) { scratch in
      let columns = UnsafeMutableBufferPointer(rebasing: scratch[..<(chunk * units)])
      let tile = UnsafeMutableBufferPointer(rebasing: scratch[(chunk * units)...])
      for start in stride(from: positions.lowerBound, to: positions.upperBound, by: chunk) {
        let count = min(chunk, positions.upperBound - start)
        values.withUnsafeBufferPointer { grid.round($0, rows: rows[start..<start + count], into: columns) }
        for lane in 0..<lanes {
          let from = lane * weightStride + start
          let to = lane * count
          for index in 0..<count { tile[to + index] = Double(weights[from + index]) }
        }
        result.withUnsafeMutableBufferPointer { sums in
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(lanes), Int32(units), Int32(count), 1, tile.baseAddress, Int32(count),
            columns.baseAddress, Int32(units), 1, sums.baseAddress, Int32(units))
        }
      }
    }
    return result
  }

  /// What the sums of a unit are scaled by: 1 but for values near the largest double.
  func scale(_ unit: Int) -> Double { grid.scale(unit) }
}
