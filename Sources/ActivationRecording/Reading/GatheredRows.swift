import Parallelism

/// Which rows are wanted: says so of a row of the view.
public typealias RowTest = @Sendable (_ row: Int) -> Bool

extension RecordingView {
  /// Reads layers in step and hands on, block by block in row order, the rows of each selection with the units of all layers side by side;
  /// blocks without such a row may be left out.
  ///
  /// - Parameters:
  ///   - layers: whose units stand side by side, in this order.
  ///   - selections: a row may be in several.
  ///   - threads: to read and work with; they change no result.
  ///   - transform: gets the numbers of a block's rows in a selection and their activations, `[rows × units]`, all finite; runs on any thread.
  ///   - take: gets what `transform` gave for each selection, on the calling thread.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row of a selection, and what `mapBlocks` throws.
  public func mapRows<Value: ActivationValue, Part: Sendable>(
    of layers: [RecordedLayer], selections: [RowTest], threads: Int,
    _ transform: @escaping @Sendable (_ rows: [Int], _ values: [Value]) throws -> Part, take: ([Part]) throws -> Void
  ) throws {
    let widths = layers.map(\.unitCount)
    let width = widths.reduce(0, +)
    func isWanted(_ rows: Range<Int>) -> Bool { selections.contains { rows.contains(where: $0) } }
    try mapBlocks(of: layers, threads: threads, where: isWanted) { [self] (range, blocks: [UnsafeBufferPointer<Value>]) in
      try selections.map { isWanted in
        let rows = range.filter(isWanted)
        let values = [Value](unsafeUninitializedCapacity: rows.count * width) { values, count in
          gather(rows, from: blocks, firstRow: range.lowerBound, widths: widths, into: values)
          count = rows.count * width
        }
        try values.withUnsafeBufferPointer { try requireFinite($0, of: layers, rows: rows) }
        return try transform(rows, values)
      }
    } take: { parts in
      try take(parts)
    }
  }

  /// The wanted rows in memory, `[rows × units]`, row-major, the layers side by side: for what cannot be done block by block. Memory holds
  /// them and the blocks under way, and no more.
  ///
  /// - Parameters:
  ///   - layers: whose units stand side by side, in this order.
  ///   - isWanted: nil takes every row.
  ///   - type: Float, or Double where a layer stores doubles.
  ///   - threads: to read with.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity among them, and what `mapBlocks` throws.
  public func values<Value: ActivationValue>(
    of layers: [RecordedLayer], where isWanted: RowTest? = nil, as type: Value.Type = Value.self, threads: Int
  ) throws -> [Value] {
    if isWanted == nil, let all: [Value] = try wholeLayer(layers, threads: threads) { return all }
    let widths = layers.map(\.unitCount)
    let width = widths.reduce(0, +)
    let numbering = RowNumbering(of: rowCount, where: isWanted)
    return try [Value](unsafeUninitializedCapacity: numbering.count * width) { values, initialized in
      // Each block of rows has a part of its own, and all are done when `mapBlocks` returns.
      nonisolated(unsafe) let target = values
      func isNeeded(_ rows: Range<Int>) -> Bool { isWanted.map { rows.contains(where: $0) } ?? true }
      try mapBlocks(of: layers, threads: threads, where: isNeeded) { [self] (range, blocks: [UnsafeBufferPointer<Value>]) in
        let rows = isWanted.map { range.filter($0) } ?? Array(range)
        let start = numbering.number(of: range.lowerBound) * width
        let part = UnsafeMutableBufferPointer(rebasing: target[start..<start + rows.count * width])
        gather(rows, from: blocks, firstRow: range.lowerBound, widths: widths, into: part)
        try requireFinite(UnsafeBufferPointer(part), of: layers, rows: rows)
      } take: { _ in
      }
      initialized = numbering.count * width
    }
  }

  /// All rows of a single layer of a single file whose stored numbers are the activations: decoded into their place. Nil for all else.
  ///
  /// Benchmark: read.
  private func wholeLayer<Value: ActivationValue>(_ layers: [RecordedLayer], threads: Int) throws -> [Value]? {
    guard layers.count == 1, parts.count == 1, parts[0].keptRows == nil, let layer = try layers.first.map({ try parts[0].layer(like: $0) }),
      layer.stored.missingValues.isEmpty,
      layer.stored.encoding == (Value.self == Double.self ? .doubles : .floats)
    else { return nil }
    try checkCancellation()
    return try layer.activations.read(as: Value.self, threads: threads) { [self] rows, values in
      try requireFinite(values, of: layers, rows: Array(rows))
      didRead(values.count)
    }
  }

  /// - Parameter values: `[rows × units]`, the layers side by side.
  private func requireFinite<Value: ActivationValue>(
    _ values: UnsafeBufferPointer<Value>, of layers: [RecordedLayer], rows: [Int]
  ) throws {
    guard let position = firstNonFinite(values) else { return }
    let width = values.count / max(1, rows.count)
    guard let (layer, unit) = place(ofUnit: position % width, in: layers) else { return }
    throw notFinite(Double(values[position]), layer: layer, row: rows[position / width], unit: unit)
  }

  /// The layer of a unit among those of layers side by side, and its number there.
  public func place(ofUnit position: Int, in layers: [RecordedLayer]) -> (layer: RecordedLayer, unit: Int)? {
    var unit = position
    for layer in layers {
      if unit < layer.unitCount { return (layer, unit) }
      unit -= layer.unitCount
    }
    return nil
  }
}

/// The numbers of wanted rows among all wanted ones.
private struct RowNumbering: Sendable {
  let count: Int
  private let isWanted: RowTest?
  /// How many are wanted before each stride of rows.
  private let before: [Int]
  private static let stride = 1024

  init(of rowCount: Int, where isWanted: RowTest?) {
    self.isWanted = isWanted
    guard let isWanted else {
      (count, before) = (rowCount, [])
      return
    }
    var count = 0
    var before: [Int] = []
    for start in Swift.stride(from: 0, to: rowCount, by: Self.stride) {
      before.append(count)
      for row in start..<min(start + Self.stride, rowCount) where isWanted(row) { count += 1 }
    }
    (self.count, self.before) = (count, before)
  }

  /// How many wanted rows come before a row.
  func number(of row: Int) -> Int {
    guard let isWanted else { return row }
    let start = row / Self.stride * Self.stride
    return (start..<row).reduce(before[row / Self.stride]) { $0 + (isWanted($1) ? 1 : 0) }
  }
}

/// Copies rows of a block, which ascend, with the units of its layers side by side: `[rows × units of all layers]` into `target`.
///
/// Benchmark: read. Specialised, since callers in other modules are not.
///
/// - Parameters:
///   - blocks: of each layer `[rows of the block × units]`, the first row being `firstRow`.
///   - widths: units of each layer.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
private func gather<Value: ActivationValue>(
  _ rows: [Int], from blocks: [UnsafeBufferPointer<Value>], firstRow: Int, widths: [Int], into target: UnsafeMutableBufferPointer<Value>
) {
  guard let last = rows.last, let first = rows.first, let base = target.baseAddress else { return }
  let width = widths.reduce(0, +)
  // Rows ascend: where they are as many as lie between them, they are one piece.
  let isWhole = blocks.count == 1 && last - first == rows.count - 1
  var column = 0
  for (block, units) in zip(blocks, widths) {
    guard let source = block.baseAddress else { continue }
    if isWhole {
      base.update(from: source + (first - firstRow) * units, count: rows.count * units)
    } else {
      for (position, row) in rows.enumerated() {
        (base + position * width + column).update(from: source + (row - firstRow) * units, count: units)
      }
    }
    column += units
  }
}

/// The position of the first NaN or infinity.
@_specialize(where Value == Float)
@_specialize(where Value == Double)
private func firstNonFinite<Value: ActivationValue>(_ values: UnsafeBufferPointer<Value>) -> Int? {
  // Counted first, without a branch, so that it vectorises.
  let count = values.reduce(into: 0) { $0 &+= $1.isFinite ? 0 : 1 }
  return count == 0 ? nil : values.firstIndex { !$0.isFinite }
}
