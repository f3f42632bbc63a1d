import HDF5
import Parallelism

/// A number that activations can be read as: Float, or Double where they are stored so.
public typealias ActivationValue = Element

extension Recording {
  /// Reads the activations of a layer in fixed blocks of rows, works on several at once, and hands the results on in row order.
  ///
  /// Blocks have `RecordingSchema.rowsPerBlock` rows whatever the file's chunks are, so results that are folded in the order of `take`
  /// are the same for any number of threads and any layout of the file. A few blocks per thread are in memory at a time.
  ///
  /// - Parameters:
  ///   - body: gets the rows of a block and their activations, `[rows × units]`, row-major; runs on any thread.
  ///   - take: gets each result, on the calling thread.
  public func mapBlocks<Value: ActivationValue, Result: Sendable>(
    of layer: RecordedLayer, threads: Int, _ body: @escaping @Sendable (Range<Int>, UnsafeBufferPointer<Value>) throws -> Result,
    take: (Result) throws -> Void
  ) throws {
    let blocks = try RowBlocks<Value>(layer.activations, blockRows: RecordingSchema.rowsPerBlock(unitCount: layer.unitCount))
    let window = max(1, threads) * 8
    for first in stride(from: 0, to: blocks.count, by: window) {
      let results = try Parallelism.mapBlocks(count: min(window, blocks.count - first), threads: threads) { number in
        try blocks.withBlock(first + number, body)
      }
      for result in results { try take(result) }
    }
  }

  /// All activations of a layer, `[rows × units]`, row-major, in memory at once: for what cannot be done block by block. Stored doubles are
  /// rounded.
  ///
  /// - Throws: `RecordingError.notFinite` for the first NaN or infinity.
  public func activations(of layer: RecordedLayer, threads: Int) throws -> [Float] { try finiteActivations(of: layer, threads: threads) }

  /// The same as doubles, none of them rounded.
  public func preciseActivations(of layer: RecordedLayer, threads: Int) throws -> [Double] {
    // Widening here takes a fraction of the time that it takes HDF5.
    layer.storesDoubles
      ? try finiteActivations(of: layer, threads: threads) : try activations(of: layer, threads: threads).map { Double($0) }
  }

  private func finiteActivations<Value: ActivationValue & BinaryFloatingPoint>(of layer: RecordedLayer, threads: Int) throws -> [Value] {
    let (path, name, unitCount) = (path, layer.name, layer.unitCount)
    return try layer.activations.read(as: Value.self, threads: threads) { rows, values in
      guard let position = firstNonFinite(values) else { return }
      throw RecordingError.notFinite(
        file: path, layer: name, unit: position % unitCount, row: rows.lowerBound + position / unitCount, value: Double(values[position]))
    }
  }
}

/// The position of the first NaN or infinity.
private func firstNonFinite<Value: BinaryFloatingPoint>(_ values: UnsafeBufferPointer<Value>) -> Int? {
  // Counted first, without a branch, so that it vectorises.
  let count = values.reduce(into: 0) { $0 &+= $1.isFinite ? 0 : 1 }
  return count == 0 ? nil : values.firstIndex { !$0.isFinite }
}
