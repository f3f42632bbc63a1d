internal import CBLAS

/// Exact weighted sums of the columns of rows that are in memory; see `ExactGrid` for how they come to be exact.
struct ExactWeightedSums: Sendable {
  private let values: [Float]
  let units: Int
  /// The rows in use, in the order in which weights are given for them.
  private let rows: [Int32]
  private let grid: ExactGrid

  /// - Parameters:
  ///   - values: [rows × units].
  ///   - rows: the rows that carry weights; only they decide the grid.
  ///   - totalWeight: the largest sum of weights that will be asked for.
  init(_ values: [Float], units: Int, rows: [Int32], totalWeight: Int) {
    self.values = values
    self.units = units
    self.rows = rows
    var largest = [Float](repeating: 0, count: units)
    for row in rows {
      for unit in 0..<units {
        let size = abs(values[Int(row) * units + unit])
        // A NaN fails the comparison and is kept once it is there.
        if !(size <= largest[unit]) && !largest[unit].isNaN { largest[unit] = size }
      }
    }
    grid = ExactGrid(magnitudes: largest, totalWeight: totalWeight)
  }

  /// For each of `lanes` weightings the sum over `positions` of weight × value, per unit: [lanes × units]. A unit with a value that
  /// isn't finite gives NaN.
  ///
  /// - Parameter weights: [lanes × `weightStride`]; the weight of position p in lane l is at l · `weightStride` + p.
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
}
