internal import CBLAS
import Parallelism

/// XXᵀ of a set of units, `[rows × rows]`, over all rows and over each of some groups of them, columns of X less their means over those rows:
/// what CKA takes of a set with fewer rows than units, from one product.
///
/// What is multiplied is X less the means of each group, so that within a group nothing is left to subtract; over all rows the products
/// with the group means less the overall mean are added, `rows × groups` numbers. A constant unit adds nothing. In memory are about 4 bytes for
/// every pair of rows (2 where products are floats), whatever the number of units. Within 1e-12 of exact products, or 1e-6 in floats. Values that are
/// not finite make it so.
public struct CentredGram: Sendable {
  /// Number of rows of X.
  public let rowCount: Int
  /// Panels of rows from the first column to the last of their own: the lower triangle, and the squares on the diagonal whole.
  private let values: Products
  /// The number of each row's group.
  private let groupOfRow: [Int]
  private let groupCount: Int
  /// X less group means times group means less the overall mean, `[rows × groups]`.
  private let shifts: [Double]
  /// Products of group means less the overall mean, `[groups × groups]`.
  private let offsets: [Double]

  private enum Products: Sendable {
    case floats([Float])
    case doubles([Double])
  }

  private static let panelRows = 256
  private static let blockUnits = 512

  /// - Parameters:
  ///   - values: `[rows × units]`, row-major.
  ///   - groups: of each row; nil takes all rows as one group.
  ///   - precision: of the products; sums of them are doubles either way.
  /// - Throws: `StatisticsError.shape` where rows are not whole or there is not a group per row.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public init<Value: BinaryFloatingPoint & Sendable>(
    _ values: UnsafeBufferPointer<Value>, units: Int, groups: [UInt8]?, precision: ProductPrecision, threads: Int
  ) throws {
    let rows = units > 0 ? values.count / units : 0
    try require(values.count, rows * units, "values of whole rows")
    if let groups { try require(groups.count, rows, "groups of the rows") }
    rowCount = rows
    let present = Set(groups ?? []).sorted()
    groupOfRow = groups.map { $0.map { present.firstIndex(of: $0) ?? 0 } } ?? [Int](repeating: 0, count: rows)
    groupCount = max(1, present.count)
    var (shifts, offsets) = ([Double](repeating: 0, count: rows * groupCount), [Double](repeating: 0, count: groupCount * groupCount))
    let size = Self.panels(rows).last.map { $0.offset + $0.rows.count * $0.rows.upperBound } ?? 0
    var doubles = [Double](repeating: 0, count: precision == .double ? size : 0)
    var floats = [Float](repeating: 0, count: precision == .double ? 0 : size)
    let blocks = (units + Self.blockUnits - 1) / Self.blockUnits
    let groupOfRow = groupOfRow
    let groupCount = groupCount
    // Only read, and all reading is done when `mapBlocks` returns.
    nonisolated(unsafe) let source = values
    for first in stride(from: 0, to: blocks, by: max(1, threads)) {
      let centred = try mapBlocks(count: min(blocks - first, max(1, threads)), threads: threads) { number in
        let start = (first + number) * Self.blockUnits
        return CentredBlockOfUnits(
          source, units: units, block: start..<min(units, start + Self.blockUnits), groupOfRow: groupOfRow, groupCount: groupCount)
      }
      for block in centred {
        block.add(to: &shifts, &offsets)
        if precision == .double {
          try Self.add(block.values, rows: rows, to: &doubles, threads: threads)
        } else {
          try Self.add(block.values.map { Float($0) }, rows: rows, to: &floats, threads: threads)
        }
      }
    }
    self.values = precision == .double ? .doubles(doubles) : .floats(floats)
    self.shifts = shifts
    self.offsets = offsets
  }

  /// Bytes that the products of so many rows take, beside those of the rows themselves.
  public static func byteCount(rows: Int, precision: ProductPrecision) -> Double {
    (precision == .double ? 4 : 2) * Double(rows) * Double(rows + panelRows)
  }

  /// Bytes under way while products are formed.
  public static func workingBytes(rows: Int, units: Int, threads: Int) -> Double {
    Double(max(1, threads) + 1) * 8 * Double(rows) * Double(min(units, blockUnits) + 4)
  }

  /// Σ over the units of products of a row with some rows that do not come after it, columns less their means over `Selection`.
  ///
  /// - Parameters:
  ///   - columns: each at most `row`.
  ///   - isWithin: all rows are of one group, over which columns are centred; otherwise over all rows.
  func write(_ row: Int, with columns: ArraySlice<Int>, isWithin: Bool, to target: UnsafeMutablePointer<Double>) {
    let start = row / Self.panelRows * Self.panelRows
    let upper = min(rowCount, start + Self.panelRows)
    let offset = Self.offset(ofPanelFrom: start) + (row - start) * upper
    switch values {
    case .floats(let values): for (place, column) in columns.enumerated() { target[place] = Double(values[offset + column]) }
    case .doubles(let values): for (place, column) in columns.enumerated() { target[place] = values[offset + column] }
    }
    guard !isWithin, groupCount > 1 else { return }
    let own = groupOfRow[row]
    for (place, column) in columns.enumerated() {
      let other = groupOfRow[column]
      target[place] += shifts[row * groupCount + other] + shifts[column * groupCount + own] + offsets[own * groupCount + other]
    }
  }

  /// Every panel before one is full: panel p has 256 rows of 256 (p + 1) columns.
  private static func offset(ofPanelFrom row: Int) -> Int { row * (row + panelRows) / 2 }

  private static func panels(_ rows: Int) -> [(rows: Range<Int>, offset: Int)] {
    stride(from: 0, to: rows, by: panelRows).map { ($0..<min(rows, $0 + panelRows), offset(ofPanelFrom: $0)) }
  }

  /// Adds the products of some columns, `[rows × columns]`.
  private static func add(_ block: [Double], rows: Int, to grams: inout [Double], threads: Int) throws {
    try forEachPanel(block, rows: rows, of: &grams, threads: threads) { block, width, panel, upper, target in
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(panel.count), Int32(upper), Int32(width), 1, block + panel.lowerBound * width,
        Int32(width), block, Int32(width), 1, target, Int32(upper))
    }
  }

  private static func add(_ block: [Float], rows: Int, to grams: inout [Float], threads: Int) throws {
    try forEachPanel(block, rows: rows, of: &grams, threads: threads) { block, width, panel, upper, target in
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(panel.count), Int32(upper), Int32(width), 1, block + panel.lowerBound * width,
        Int32(width), block, Int32(width), 1, target, Int32(upper))
    }
  }

  private static func forEachPanel<Value: Sendable>(
    _ block: [Value], rows: Int, of grams: inout [Value], threads: Int,
    _ multiply: @Sendable (UnsafePointer<Value>, _ width: Int, _ rows: Range<Int>, _ upper: Int, UnsafeMutablePointer<Value>) -> Void
  ) throws {
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
          multiply(block, width, panel.rows, panel.rows.upperBound, target + panel.offset)
        }
      }
    }
  }
}

/// Some columns of rows, each less its mean over the row's group, taken from the group's first value on: a constant one is 0.
private struct CentredBlockOfUnits: Sendable {
  /// `[rows × columns]`
  let values: [Double]
  private let groupOfRow: [Int]
  /// Of each group less the overall mean, `[groups × columns]`.
  private let means: [Double]

  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  init<Value: BinaryFloatingPoint>(
    _ values: UnsafeBufferPointer<Value>, units: Int, block: Range<Int>, groupOfRow: [Int], groupCount: Int
  ) {
    let width = block.count
    let rows = groupOfRow.count
    var origins = [Double](repeating: 0, count: groupCount * width)
    var sums = origins
    var counts = [Int](repeating: 0, count: groupCount)
    self.values = [Double](unsafeUninitializedCapacity: rows * width) { result, initialized in
      for row in 0..<rows {
        let group = groupOfRow[row] * width
        let start = row * units + block.lowerBound
        if counts[groupOfRow[row]] == 0 {
          for column in 0..<width { origins[group + column] = Double(values[start + column]) }
        }
        counts[groupOfRow[row]] += 1
        for column in 0..<width {
          let distance = Double(values[start + column]) - origins[group + column]
          result[row * width + column] = distance
          sums[group + column] += distance
        }
      }
      for group in 0..<groupCount where counts[group] > 0 {
        for column in 0..<width { sums[group * width + column] /= Double(counts[group]) }
      }
      for row in 0..<rows {
        let group = groupOfRow[row] * width
        for column in 0..<width { result[row * width + column] -= sums[group + column] }
      }
      initialized = rows * width
    }
    var means = [Double](repeating: 0, count: groupCount * width)
    if groupCount > 1 {
      for column in 0..<width {
        // Relative to the first group's, so that a large mean costs no digits.
        var overall = 0.0
        for group in 0..<groupCount {
          let place = group * width + column
          means[place] = (origins[place] - origins[column]) + (sums[place] - sums[column])
          overall += means[place] * (Double(counts[group]) / Double(max(1, rows)))
        }
        for group in 0..<groupCount { means[group * width + column] -= overall }
      }
    }
    self.means = means
    self.groupOfRow = groupOfRow
  }

  func add(to shifts: inout [Double], _ offsets: inout [Double]) {
    let rows = groupOfRow.count
    let groups = rows > 0 ? shifts.count / rows : 0
    guard groups > 1, rows > 0 else { return }
    mirrorscope_blas_threads(1)
    let width = Int32(values.count / rows)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(groups), width, 1, values, width, means, width, 1, &shifts, Int32(groups))
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(groups), Int32(groups), width, 1, means, width, means, width, 1, &offsets,
      Int32(groups))
  }
}
