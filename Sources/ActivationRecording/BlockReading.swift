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

  /// All activations of a layer, `[rows × units]`, row-major, in memory at once: for what cannot be done block by block.
  ///
  /// - Throws: `RecordingError.notFinite` for the first NaN or infinity.
  public func activations(of layer: RecordedLayer, threads: Int) throws -> [Float] {
    let values = try layer.activations.read(as: Float.self, threads: threads)
    let blockSize = 1 << 18
    let positions = try Parallelism.mapBlocks(count: (values.count + blockSize - 1) / blockSize, threads: threads) { block in
      firstNonFinite(values[block * blockSize..<min((block + 1) * blockSize, values.count)])
    }
    if let position = positions.lazy.compactMap({ $0 }).first {
      throw RecordingError.notFinite(
        file: path, layer: layer.name, unit: position % layer.unitCount, row: position / layer.unitCount, value: Double(values[position]))
    }
    return values
  }
}

/// The position of the first NaN or infinity.
private func firstNonFinite(_ values: ArraySlice<Float>) -> Int? {
  // The exponent of such a number is all ones: adding 1 to it carries into the sign's place. Without a branch, so that it vectorises.
  let carries = values.withUnsafeBufferPointer { values in
    values.reduce(into: UInt32(0)) { $0 |= ($1.bitPattern & 0x7fff_ffff) &+ 0x0080_0000 }
  }
  return carries >> 31 == 0 ? nil : values.firstIndex { !$0.isFinite }
}
