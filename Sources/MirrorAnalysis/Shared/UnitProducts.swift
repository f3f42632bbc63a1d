import ActivationRecording
import Statistics

/// Products of deviations of units over the same rows, of all units of some layers or of those of one set of layers with those of another:
/// what Pearson's r and linear CKA are made from.
///
/// Activations stored as doubles are taken relative to a row and split into a Float and the Float that is left of it, which are
/// accumulated as two units and joined in the products: 48 bits count, whatever the mean.
struct UnitProducts: Sendable {
  /// Of the units, or of their leading parts followed by what is left.
  private(set) var moments: CoMoments
  let size: Size
  /// The lowest precision in which products of some of the rows were formed.
  private(set) var precision: ProductPrecision

  /// How many units are on either side; `rightUnits` is nil for one set.
  struct Size: Sendable, Equatable {
    let units: Int
    var rightUnits: Int?
    let isSplit: Bool

    /// Columns that are accumulated.
    var columns: Int { (units + (rightUnits ?? 0)) * (isSplit ? 2 : 1) }
  }

  /// Number of rows.
  var count: Int { moments.count }

  init(moments: CoMoments, size: Size, precision: ProductPrecision) {
    (self.moments, self.size, self.precision) = (moments, size, precision)
  }

  /// Joins the products of other rows of the same units.
  ///
  /// - Throws: `StatisticsError.shape` for other units.
  mutating func merge(_ other: UnitProducts) throws {
    try moments.merge(other.moments)
    if other.precision == .single { precision = .single }
  }

  /// - Parameter values: `[rows × units]`, in memory.
  init(of values: [Double], units: Int, threads: Int) throws {
    var sums = ProductSums(Size(units: units, isSplit: true), precision: .double)
    try sums.addSplit(values, threads: threads)
    self = try sums.finish(threads: threads)
  }

  /// Σ(x − x̄)(y − ȳ) of every unit with every unit, `[units × units]`, or of every left with every right unit.
  private var products: [Double] {
    guard size.isSplit else { return moments.products }
    let (left, right) = (size.units, size.rightUnits ?? size.units)
    let width = 2 * right
    let parts = moments.products
    var joined = [Double](repeating: 0, count: left * right)
    for a in 0..<left {
      for b in 0..<right {
        let mixed = parts[a * width + right + b] + parts[(left + a) * width + b]
        joined[a * right + b] = parts[a * width + b] + (mixed + parts[(left + a) * width + right + b])
      }
    }
    return joined
  }

  /// Pearson's r of every unit with every unit of one set, `[units × units]`: NaN for a constant unit, the diagonal exactly 1.
  consuming func correlations() -> [Double] {
    guard size.isSplit else { return moments.correlations() }
    var matrix = products
    let units = size.units
    let norms = (0..<units).map { matrix[$0 * units + $0].squareRoot() }
    for a in 0..<units {
      for b in 0..<units {
        let norm = norms[a] * norms[b]
        matrix[a * units + b] = !(norm > 0) ? .nan : a == b ? 1 : max(-1, min(1, matrix[a * units + b] / norm))
      }
    }
    return matrix
  }

  /// ‖XᵀY‖ in Frobenius norm, of pairs of sets of units, left and right ones.
  func norms(_ pairs: [(Range<Int>, Range<Int>)]) -> [Double] {
    let products = products
    let width = size.rightUnits ?? size.units
    return pairs.map { left, right in
      var squares = 0.0
      for a in left { for b in right { squares += products[a * width + b] * products[a * width + b] } }
      return squares.squareRoot()
    }
  }

  /// Bytes at the peak while products over several selections of rows are summed, beside the blocks that are read.
  ///
  /// - Parameters:
  ///   - rows: of each selection.
  static func bytes(_ size: Size, rows: [Int], fileCount: Int = 1) -> Double {
    let columns = Double(size.columns)
    let factor = size.isSplit ? 2 : 1
    let (left, right) = (Double(factor * size.units), Double(factor * (size.rightUnits ?? size.units)))
    // Half a square in tiles of 256 columns, or eight lanes of narrow ones.
    let tiles = left <= 256 && right <= 256 ? 64 * left * right : size.rightUnits == nil ? 4 * left * (left + 256) : 8 * left * right
    let batch = Double(size.columns <= 256 ? 16 << 10 : 4 << 10)
    let waiting = rows.reduce(0) { $0 + 4 * min(Double($1), batch) * columns }
    let block = min(Double(rows.max() ?? 0), batch) * columns
    let joined = size.isSplit ? 8 * left * right / 4 : 0
    // Of several files, what those before have given.
    let before = fileCount > 1 ? 8 * Double(rows.count) * left * right : 0
    return before + Double(rows.count) * tiles + 2 * waiting + max(tiles + 16 * block, 8 * left * right + joined)
  }
}

/// Rows as they are accumulated: `[rows × units]`, or `[rows × 2 units]` as `splitRows` makes them.
private struct ProductRows: Sendable {
  var left: [Float]
  var right: [Float] = []
}

/// Takes rows block by block until their `UnitProducts` are wanted.
private struct ProductSums {
  private var accumulator: CorrelationAccumulator
  private let size: UnitProducts.Size
  private let precision: ProductPrecision
  /// What rows of doubles are taken less of: any number near a unit's values will do, so it is the first.
  private var origins: [Double] = []

  init(_ size: UnitProducts.Size, precision: ProductPrecision) {
    let (factor, precision) = size.isSplit ? (2, ProductPrecision.double) : (1, precision)
    accumulator =
      size.rightUnits.map { CorrelationAccumulator(leftUnits: factor * size.units, rightUnits: factor * $0, precision: precision) }
      ?? CorrelationAccumulator(units: factor * size.units, precision: precision)
    (self.size, self.precision) = (size, precision)
  }

  /// Adds rows of doubles, left and right units side by side.
  mutating func addSplit(_ rows: [Double], threads: Int) throws {
    guard !rows.isEmpty else { return }
    let width = size.units + (size.rightUnits ?? 0)
    if origins.isEmpty { origins = Array(rows.prefix(width)) }
    guard size.rightUnits != nil else { return try add(ProductRows(left: splitRows(rows, from: origins)), threads: threads) }
    let sides = taken(apart: rows, width: width, left: size.units)
    try add(
      ProductRows(
        left: splitRows(sides.left, from: Array(origins.prefix(size.units))),
        right: splitRows(sides.right, from: Array(origins.dropFirst(size.units)))), threads: threads)
  }

  mutating func add(_ rows: ProductRows, threads: Int) throws {
    if size.rightUnits == nil {
      try accumulator.add(rows.left, threads: threads)
    } else {
      try accumulator.add(left: rows.left, right: rows.right, threads: threads)
    }
  }

  consuming func finish(threads: Int) throws -> UnitProducts {
    let (size, origins, precision) = (size, origins, precision)
    let moments = try accumulator.finish(threads: threads)
    guard !origins.isEmpty else { return UnitProducts(moments: moments, size: size, precision: precision) }
    // What is left of values has no origin.
    let left = origins.prefix(size.units) + [Double](repeating: 0, count: size.units)
    let right = size.rightUnits.map { origins.suffix($0) + [Double](repeating: 0, count: $0) } ?? left
    return UnitProducts(
      moments: try moments.counted(fromLeft: Array(left), right: Array(right)), size: size, precision: precision)
  }
}

/// Each row, less the origin, as the Floats nearest to its values, followed by what is left of them.
private func splitRows(_ values: [Double], from origin: [Double]) -> [Float] {
  guard !origin.isEmpty else { return [] }
  var rows: [Float] = []
  rows.reserveCapacity(2 * values.count)
  for start in stride(from: 0, to: values.count, by: origin.count) {
    for unit in origin.indices { rows.append(Float(values[start + unit] - origin[unit])) }
    for unit in origin.indices {
      let value = values[start + unit] - origin[unit]
      rows.append(Float(value - Double(Float(value))))
    }
  }
  return rows
}

extension RecordingView {
  /// The products of all units of some layers over each selection of rows, in one pass that reads the layers in step.
  ///
  /// In memory are `UnitProducts.bytes`. Neither the number of threads nor the file's chunks change a digit. Those of several files are taken
  /// file by file and then merged in order, as `mirrorscope merge` does with files on several machines.
  ///
  /// - Parameters:
  ///   - others: layers on the other side; nil takes every unit with every unit of the same layers.
  ///   - pairs: of units that are multiplied in all, which decides the precision of products of floats; nil where these are all.
  ///   - take: gets the products of each selection, one after the other, each to be let go before the next.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row of a selection, `.invalid` for a double that no Float can hold.
  func forEachUnitProducts(
    of layers: [RecordedLayer], with others: [RecordedLayer]? = nil, over selections: [RowSelection], rows: PhaseRows,
    pairs: Int? = nil, threads: Int, take: (_ selection: Int, _ products: UnitProducts) throws -> Void
  ) throws {
    let isSplit = (layers + (others ?? [])).contains(where: \.storesDoubles)
    let units = layers.reduce(0) { $0 + $1.unitCount }
    let size = UnitProducts.Size(units: units, rightUnits: others?.reduce(0) { $0 + $1.unitCount }, isSplit: isSplit)
    var totals = [UnitProducts?](repeating: nil, count: selections.count)
    let files = files
    for (position, file) in files.enumerated() {
      var sums = try productSums(
        of: layers + (others ?? []), size, over: selections, rows: rows, in: file, pairs: pairs, threads: threads)
      for number in selections.indices {
        // Each sum goes as its products are handed on.
        let sum = sums.removeFirst()
        var products = try sum.finish(threads: threads)
        if var total = totals[number] {
          totals[number] = nil
          try total.merge(products)
          products = total
        }
        if position < files.count - 1 { totals[number] = products } else { try take(number, products) }
      }
    }
  }

  /// Sums over the rows of one file.
  private func productSums(
    of layers: [RecordedLayer], _ size: UnitProducts.Size, over selections: [RowSelection], rows: PhaseRows,
    in file: (view: RecordingView, rows: Range<Int>), pairs: Int?, threads: Int
  ) throws -> [ProductSums] {
    let (codes, first) = (rows.codes, file.rows.lowerBound)
    var sums = selections.map { selection in
      let count = file.rows.count { selection.contains(codes[$0]) }
      return ProductSums(size, precision: pairs.map { .suited(rows: count, pairs: $0) } ?? .suited(rows: count, units: size.units))
    }
    let tests: [RowTest] = selections.map { selection in { selection.contains(codes[first + $0]) } }
    let width = size.units + (size.rightUnits ?? 0)
    if size.isSplit {
      try file.view.mapRows(of: layers, selections: tests, threads: threads) { (numbers, values: [Double]) in
        try file.view.requireFloatRange(values, of: layers, width: width, rows: numbers)
        return values
      } take: { parts in
        for (number, part) in parts.enumerated() { try sums[number].addSplit(part, threads: threads) }
      }
    } else {
      try file.view.mapRows(of: layers, selections: tests, threads: threads) { (_, values: [Float]) in
        size.rightUnits == nil ? (left: values, right: []) : taken(apart: values, width: width, left: size.units)
      } take: { parts in
        for (number, part) in parts.enumerated() where !part.left.isEmpty {
          try sums[number].add(ProductRows(left: part.left, right: part.right), threads: threads)
        }
      }
    }
    return sums
  }

  /// - Throws: `RecordingError.invalid` for the first value that no Float can hold.
  private func requireFloatRange(_ values: [Double], of layers: [RecordedLayer], width: Int, rows: [Int]) throws {
    guard let position = values.firstIndex(where: { !Float($0).isFinite }) else { return }
    guard let (layer, unit) = place(ofUnit: position % width, in: layers) else { return }
    let (file, row) = origin(of: rows[position / width])
    throw RecordingError.invalid(
      file: file,
      fault: "/layers/\(layer.name)/activations holds \(values[position]) at row \(row), unit \(unit). Associations take values up to "
        + "3.4e38: scale the layer,", remedy: .leaveLayerOut)
  }
}

/// Rows of two sets of units side by side, taken apart.
private func taken<Value>(apart values: [Value], width: Int, left: Int) -> (left: [Value], right: [Value]) {
  var (first, second): ([Value], [Value]) = ([], [])
  let rows = values.count / max(1, width)
  first.reserveCapacity(rows * left)
  second.reserveCapacity(rows * (width - left))
  for start in stride(from: 0, to: rows * width, by: max(1, width)) {
    first += values[start..<start + left]
    second += values[start + left..<start + width]
  }
  return (first, second)
}
