internal import CBLAS

/// Columns of a block of rows, rounded so that every weighted sum of them is exact.
///
/// Each unit's values are rounded to a grid of its own: a power of two so coarse that no sum of weights × values, however ordered,
/// needs more than the 53 bits of a Double (Demmel and Nguyen, 2013, call this pre-rounding). So no sum depends on blocks, threads or the
/// order of rows, and two weightings that pick the same values tie exactly. With weights that sum to W, a value moves by at most
/// 2⁻⁵² W of the unit's largest: 3e-11 of it for 100,000 rows, where a Float itself has steps of 6e-8.
struct ExactWeightedSums: Sendable {
  private let values: [Float]
  let units: Int
  /// The rows in use, in the order in which weights are given for them.
  private let rows: [Int32]
  /// Per unit 1.5 · 2⁵² · the grid's step: adding and subtracting it rounds to the grid. NaN for a unit with a value that isn't finite.
  private let rounders: [Double]

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
    var weightBits = 1
    while weightBits < 52 && 1 << weightBits < totalWeight { weightBits += 1 }
    rounders = largest.map { size in
      guard size.isFinite else { return .nan }
      let exponent = size == 0 ? 0 : Int(size.exponent) + 1
      return 1.5 * Double(sign: .plus, exponent: exponent + weightBits, significand: 1)
    }
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
      guard let columns = scratch.baseAddress else { return }
      let tile = columns + chunk * units
      for start in stride(from: positions.lowerBound, to: positions.upperBound, by: chunk) {
        let count = min(chunk, positions.upperBound - start)
        fill(columns, from: start, count: count)
        for lane in 0..<lanes {
          let from = lane * weightStride + start
          let to = lane * count
          for index in 0..<count { tile[to + index] = Double(weights[from + index]) }
        }
        result.withUnsafeMutableBufferPointer { sums in
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(lanes), Int32(units), Int32(count), 1, tile, Int32(count), columns,
            Int32(units), 1, sums.baseAddress, Int32(units))
        }
      }
    }
    return result
  }

  /// The rounded values of `count` positions from `start` on: [count × units].
  private func fill(_ columns: UnsafeMutablePointer<Double>, from start: Int, count: Int) {
    values.withUnsafeBufferPointer { values in
      rounders.withUnsafeBufferPointer { rounders in
        for index in 0..<count {
          let source = Int(rows[start + index]) * units
          let target = index * units
          for unit in 0..<units {
            columns[target + unit] = (Double(values[source + unit]) + rounders[unit]) - rounders[unit]
          }
        }
      }
    }
  }
}
