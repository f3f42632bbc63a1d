import Parallelism

/// Which rows are wanted: says so of a row of the view.
public typealias RowTest = @Sendable (_ row: Int) -> Bool

extension RecordingView {
  /// Reads layers in step and hands on, block by block in row order, the rows of each selection with the units of all layers side by side.
  ///
  /// - Parameters:
  ///   - selections: a row may be in several.
  ///   - transform: gets the numbers of a block's rows in a selection and their activations, `[rows × units]`, all finite; runs on any thread.
  ///   - take: gets what `transform` gave for each selection, on the calling thread.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity in a row of a selection, and what `mapBlocks` throws.
  public func mapRows<Value: ActivationValue, Part: Sendable>(
    of layers: [RecordedLayer], selections: [RowTest], threads: Int,
    _ transform: @escaping @Sendable (_ rows: [Int], _ values: [Value]) throws -> Part, take: ([Part]) throws -> Void
  ) throws {
    let width = layers.reduce(0) { $0 + $1.unitCount }
    try mapBlocks(of: layers, threads: threads) { [self] (range, blocks: [UnsafeBufferPointer<Value>]) in
      try selections.map { isWanted in
        let rows = range.filter(isWanted)
        var values: [Value] = []
        values.reserveCapacity(rows.count * width)
        for row in rows {
          for (layer, block) in zip(layers, blocks) {
            let start = (row - range.lowerBound) * layer.unitCount
            values.append(contentsOf: block[start..<start + layer.unitCount])
          }
        }
        if let position = firstNonFinite(values), let (layer, unit) = place(ofUnit: position % max(1, width), in: layers) {
          throw notFinite(Double(values[position]), layer: layer, row: rows[position / max(1, width)], unit: unit)
        }
        return try transform(rows, values)
      }
    } take: { parts in
      try take(parts)
    }
  }

  /// The wanted rows in memory, `[rows × units]`, row-major, the layers side by side: for what cannot be done block by block.
  ///
  /// - Parameters:
  ///   - isWanted: takes every row unless said.
  ///   - count: how many rows are wanted, where that is known: then no more memory is taken than they need.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity among them, and what `mapBlocks` throws.
  public func values<Value: ActivationValue>(
    of layers: [RecordedLayer], where isWanted: @escaping RowTest = { _ in true }, count: Int? = nil, as type: Value.Type = Value.self,
    threads: Int
  ) throws -> [Value] {
    var result: [Value] = []
    if let count { result.reserveCapacity(count * layers.reduce(0) { $0 + $1.unitCount }) }
    try mapRows(of: layers, selections: [isWanted], threads: threads) { (_, values: [Value]) in
      values
    } take: { parts in
      result.append(contentsOf: parts[0])
    }
    return result
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

/// The position of the first NaN or infinity.
func firstNonFinite<Value: BinaryFloatingPoint>(_ values: [Value]) -> Int? {
  if let floats = values as? [Float] { return position(floats) }
  if let doubles = values as? [Double] { return position(doubles) }
  return values.firstIndex { !$0.isFinite }
}

private func position<Value: BinaryFloatingPoint>(_ values: [Value]) -> Int? {
  // Counted first, without a branch, so that it vectorises.
  let count = values.reduce(into: 0) { $0 &+= $1.isFinite ? 0 : 1 }
  return count == 0 ? nil : values.firstIndex { !$0.isFinite }
}
