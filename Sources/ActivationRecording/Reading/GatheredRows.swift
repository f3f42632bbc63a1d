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
        if let position = firstNonFinite(values) {
          var unit = position % max(1, width)
          for layer in layers {
            if unit < layer.unitCount {
              throw notFinite(Double(values[position]), layer: layer, row: rows[position / max(1, width)], unit: unit)
            }
            unit -= layer.unitCount
          }
        }
        return try transform(rows, values)
      }
    } take: { parts in
      try take(parts)
    }
  }

  /// The wanted rows in memory, `[rows × units]`, row-major, the layers side by side: for what cannot be done block by block.
  ///
  /// - Parameter isWanted: nil takes every row.
  /// - Throws: `RecordingError.notFinite` for a NaN or an infinity among them, and what `mapBlocks` throws.
  public func values<Value: ActivationValue>(
    of layers: [RecordedLayer], where isWanted: RowTest? = nil, as type: Value.Type = Value.self, threads: Int
  ) throws -> [Value] {
    var result: [Value] = []
    try mapRows(of: layers, selections: [isWanted ?? { _ in true }], threads: threads) { (_, values: [Value]) in
      values
    } take: { parts in
      result.append(contentsOf: parts[0])
    }
    return result
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
