import ActivationRecording
import Statistics

/// Products of deviations of all units of some layers over the same rows: what Pearson's r and linear CKA are made from.
///
/// Activations stored as doubles are taken relative to a row and split into a Float and the Float that is left of it, which are
/// accumulated as two units and joined in the products: 48 bits count, whatever the mean.
struct UnitProducts: Sendable {
  /// Of the units, or of their leading parts followed by what is left.
  private let moments: CoMoments
  private let isSplit: Bool

  /// Number of rows.
  var count: Int { moments.count }

  fileprivate init(moments: CoMoments, isSplit: Bool) {
    self.moments = moments
    self.isSplit = isSplit
  }

  /// - Parameter values: `[rows × units]`, in memory.
  init(of values: [Double], units: Int, threads: Int) throws {
    var sums = ProductSums(units: units, rows: units > 0 ? values.count / units : 0, isSplit: true)
    try sums.add(splitRows(values, from: Array(values.prefix(units))), threads: threads)
    self = try sums.finish(threads: threads)
  }

  /// Σ(x − x̄)(y − ȳ) of every unit with every unit, `[units × units]`.
  private var products: [Double] {
    guard isSplit else { return moments.products }
    let (width, units) = (moments.leftMeans.count, moments.leftMeans.count / 2)
    let parts = moments.products
    var joined = [Double](repeating: 0, count: units * units)
    for a in 0..<units {
      for b in 0..<units {
        let mixed = parts[a * width + units + b] + parts[(units + a) * width + b]
        joined[a * units + b] = parts[a * width + b] + (mixed + parts[(units + a) * width + units + b])
      }
    }
    return joined
  }

  /// Pearson's r of every unit with every unit, `[units × units]`: NaN for a constant unit, the diagonal exactly 1.
  consuming func correlations() -> [Double] {
    guard isSplit else { return moments.correlations() }
    var matrix = products
    let units = moments.leftMeans.count / 2
    let norms = (0..<units).map { matrix[$0 * units + $0].squareRoot() }
    for a in 0..<units {
      for b in 0..<units {
        let norm = norms[a] * norms[b]
        matrix[a * units + b] = !(norm > 0) ? .nan : a == b ? 1 : max(-1, min(1, matrix[a * units + b] / norm))
      }
    }
    return matrix
  }

  /// Linear CKA of pairs of sets of units, by the formula of `Statistics.linearCKA`. Nil where a set does not vary.
  func linearCKA(_ pairs: [(Range<Int>, Range<Int>)]) -> [Double?] {
    let products = products
    let units = isSplit ? moments.leftMeans.count / 2 : moments.leftMeans.count
    func norm(_ left: Range<Int>, _ right: Range<Int>) -> Double {
      var squares = 0.0
      for a in left { for b in right { squares += products[a * units + b] * products[a * units + b] } }
      return squares.squareRoot()
    }
    return pairs.map { left, right in
      let (leftNorm, rightNorm, crossNorm) = (norm(left, left), norm(right, right), norm(left, right))
      guard leftNorm > 0, rightNorm > 0, crossNorm.isFinite else { return nil }
      return min(1, (crossNorm / leftNorm) * (crossNorm / rightNorm))
    }
  }
}

/// Takes rows block by block until their `UnitProducts` are wanted.
private struct ProductSums {
  private var accumulator: CorrelationAccumulator
  private let isSplit: Bool

  init(units: Int, rows: Int, isSplit: Bool) {
    let precision = ProductPrecision.suited(rows: rows, pairs: units * (units + 1) / 2)
    accumulator = CorrelationAccumulator(units: isSplit ? 2 * units : units, precision: isSplit ? .double : precision)
    self.isSplit = isSplit
  }

  /// - Parameter rows: `[rows × units]`, or `[rows × 2 units]` as `splitRows` makes them.
  mutating func add(_ rows: [Float], threads: Int) throws { try accumulator.add(rows, threads: threads) }

  consuming func finish(threads: Int) throws -> UnitProducts {
    UnitProducts(moments: try accumulator.finish(threads: threads), isSplit: isSplit)
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

extension Recording {
  /// The products of all units of some layers over each selection of rows, in one pass that reads the layers in step.
  ///
  /// In memory are a matrix per selection and a few blocks. Neither the number of threads nor the file's chunks change a digit.
  ///
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row of a selection.
  func unitProducts(of layers: [RecordedLayer], over selections: [RowSelection], rows: PhaseRows, threads: Int) throws -> [UnitProducts] {
    let isSplit = layers.contains(where: \.storesDoubles)
    let units = layers.reduce(0) { $0 + $1.unitCount }
    var sums = selections.map { ProductSums(units: units, rows: $0.count(in: rows), isSplit: isSplit) }
    func take(_ parts: [[Float]]) throws {
      for (number, part) in parts.enumerated() where !part.isEmpty { try sums[number].add(part, threads: threads) }
    }
    if isSplit {
      // Any number near a unit's values will do.
      let firstRow = try layers.flatMap { try activations(of: $0, rows: 0..<min(1, rowCount)) }
      let origin = (0..<units).map { $0 < firstRow.count && firstRow[$0].isFinite ? Double(firstRow[$0]) : 0 }
      try mapSelected(of: layers, selections, rows: rows, threads: threads) { (values: [Double]) in
        splitRows(values, from: origin)
      } take: { parts in
        try take(parts)
      }
    } else {
      try mapSelected(of: layers, selections, rows: rows, threads: threads) { (values: [Float]) in
        values
      } take: { parts in
        try take(parts)
      }
    }
    return try sums.map { try $0.finish(threads: threads) }
  }

  /// Reads layers in step and hands on, block by block, the rows of each selection with the units of all layers side by side.
  func mapSelected<Value: ActivationValue & BinaryFloatingPoint, Part: Sendable>(
    of layers: [RecordedLayer], _ selections: [RowSelection], rows: PhaseRows, threads: Int,
    _ transform: @escaping @Sendable ([Value]) -> Part, take: ([Part]) throws -> Void
  ) throws {
    let (path, codes) = (path, rows.codes)
    try mapBlocks(inStep: layers, threads: threads) { (range, blocks: [UnsafeBufferPointer<Value>]) in
      try selections.map { selection in
        let kept = range.filter { selection.contains(codes[$0]) }
        var values: [Value] = []
        values.reserveCapacity(kept.count * layers.reduce(0) { $0 + $1.unitCount })
        for row in kept {
          for (layer, block) in zip(layers, blocks) {
            let start = (row - range.lowerBound) * layer.unitCount
            let activations = block[start..<start + layer.unitCount]
            if let unit = activations.firstIndex(where: { !Float($0).isFinite }) {
              throw badActivation(Double(block[unit]), file: path, layer: layer, unit: unit - start, row: row)
            }
            values.append(contentsOf: activations)
          }
        }
        return transform(values)
      }
    } take: { parts in
      try take(parts)
    }
  }
}

/// What is wrong with a value that is not finite, or that no Float can hold.
private func badActivation(_ value: Double, file: String, layer: RecordedLayer, unit: Int, row: Int) -> RecordingError {
  value.isFinite
    ? .invalid(
      file: file,
      fault: "/layers/\(layer.name)/activations holds \(value) at row \(row), unit \(unit). Associations take values up to 3.4e38: "
        + "scale the layer, or drop it with --layers.")
    : .notFinite(file: file, layer: layer.name, unit: unit, row: row, value: value)
}
