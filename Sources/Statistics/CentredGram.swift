internal import CBLAS
import Parallelism

/// XXᵀ of a set of units, `[rows × rows]`, each column of X less its mean: what linear CKA takes of a set with fewer rows than units.
///
/// In memory are about 4 bytes for every pair of rows, whatever the number of units. A constant unit adds nothing. Within 1e-12 of exact products,
/// whatever the mean; values that are not finite make it so.
public struct CentredGram: Sendable {
  /// Number of rows of X.
  public let rowCount: Int
  /// Panels of rows from the first column to the last of their own: the lower triangle, and the squares on the diagonal whole.
  private let values: [Double]

  private static let panelRows = 256
  private static let blockUnits = 512

  /// - Parameters:
  ///   - values: `[rows × units]`, row-major.
  ///   - rows: which of them count, in order.
  /// - Throws: `StatisticsError.noSuchRow`.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public init<Value: BinaryFloatingPoint & Sendable>(
    _ values: UnsafeBufferPointer<Value>, units: Int, rows: [Int], threads: Int
  ) throws {
    let known = 0..<values.count / max(1, units)
    if let row = rows.first(where: { !known.contains($0) }) { throw StatisticsError.noSuchRow(row, rows: known.count) }
    rowCount = rows.count
    var grams = [Double](repeating: 0, count: Self.panels(rows.count).last.map { $0.offset + $0.rows.count * $0.rows.upperBound } ?? 0)
    for first in stride(from: 0, to: units, by: Self.blockUnits) {
      let block = centredColumns(values, units: units, block: first..<min(units, first + Self.blockUnits), rows: rows)
      try Self.add(block, rows: rows.count, to: &grams, threads: threads)
    }
    self.values = grams
  }

  /// Bytes that the products of so many rows take, beside those of the rows themselves.
  public static func byteCount(rows: Int) -> Double { 4 * Double(rows) * Double(rows + panelRows) }

  /// Bytes under way while products are formed.
  public static func workingBytes(rows: Int, units: Int) -> Double { 8 * Double(rows) * Double(min(units, blockUnits) + 2) }

  /// Σ of the products of two matrices, element by element: ‖XᵀY‖² in Frobenius norm.
  ///
  /// - Throws: `StatisticsError.shape` for another number of rows.
  public func product(with other: CentredGram) throws(StatisticsError) -> Double {
    try require(other.rowCount, rowCount, "rows of the second set of units")
    mirrorscope_blas_threads(1)
    var (diagonal, lower) = (0.0, 0.0)
    values.withUnsafeBufferPointer { left in
      other.values.withUnsafeBufferPointer { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return }
        for panel in Self.panels(rowCount) {
          for row in panel.rows.indices {
            let start = panel.offset + (row - panel.rows.lowerBound) * panel.rows.upperBound
            lower += cblas_ddot(Int32(panel.rows.lowerBound), left + start, 1, right + start, 1)
            let own = start + panel.rows.lowerBound
            diagonal += cblas_ddot(Int32(panel.rows.count), left + own, 1, right + own, 1)
          }
        }
      }
    }
    return diagonal + 2 * lower
  }

  private static func panels(_ rows: Int) -> [(rows: Range<Int>, offset: Int)] {
    var offset = 0
    return stride(from: 0, to: rows, by: panelRows).map { first in
      let range = first..<min(rows, first + panelRows)
      defer { offset += range.count * range.upperBound }
      return (range, offset)
    }
  }

  /// Adds the products of some columns, `[rows × columns]`.
  private static func add(_ block: [Double], rows: Int, to grams: inout [Double], threads: Int) throws {
    guard rows > 0, !block.isEmpty else { return }
    mirrorscope_blas_threads(1)
    let width = block.count / rows
    let panels = panels(rows)
    try grams.withUnsafeMutableBufferPointer { grams in
      guard let base = grams.baseAddress else { return }
      // Each panel has memory of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let target = base
      _ = try mapBlocks(count: panels.count, threads: threads) { number in
        // The widest panels first: the narrow ones even out what the threads have to do.
        let panel = panels[panels.count - 1 - number]
        block.withUnsafeBufferPointer { block in
          guard let block = block.baseAddress else { return }
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(panel.rows.count), Int32(panel.rows.upperBound), Int32(width), 1,
            block + panel.rows.lowerBound * width, Int32(width), block, Int32(width), 1, target + panel.offset, Int32(panel.rows.upperBound)
          )
        }
      }
    }
  }
}

/// Linear CKA of two sets of units over the same rows, as `linearCKA(cross:left:right:)` of co-moments, from ‖XᵀY‖², ‖XᵀX‖² and ‖YᵀY‖²
/// as `CentredGram.product(with:)` gives them.
///
/// Nil when a set does not vary at all, there are no rows, or a value isn't finite.
public func linearCKA(cross: Double, left: Double, right: Double) -> Double? {
  guard left > 0, right > 0, left.isFinite, right.isFinite, cross.isFinite else { return nil }
  // Rounding may leave less than nothing of two sets that have nothing in common.
  return min(1, max(0, cross) / left.squareRoot() / right.squareRoot())
}

/// Some columns of some rows, each less its mean, taken from its first value on: a constant one is 0.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
private func centredColumns<Value: BinaryFloatingPoint>(
  _ values: UnsafeBufferPointer<Value>, units: Int, block: Range<Int>, rows: [Int]
) -> [Double] {
  guard let first = rows.first else { return [] }
  let width = block.count
  let origin = first * units + block.lowerBound
  var sums = [Double](repeating: 0, count: width)
  return [Double](unsafeUninitializedCapacity: rows.count * width) { result, initialized in
    for (position, row) in rows.enumerated() {
      let start = row * units + block.lowerBound
      for column in 0..<width {
        let distance = Double(values[start + column]) - Double(values[origin + column])
        result[position * width + column] = distance
        sums[column] += distance
      }
    }
    for column in 0..<width { sums[column] /= Double(rows.count) }
    for position in rows.indices {
      for column in 0..<width { result[position * width + column] -= sums[column] }
    }
    initialized = rows.count * width
  }
}
