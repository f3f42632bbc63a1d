import HDF5
import Parallelism

extension Recording {
  /// Reads several layers in step: as `mapBlocks(of:threads:_:take:)`, but `body` gets the same rows of every layer.
  ///
  /// Blocks have as many rows as those of one layer with the units of all of them, so memory stays that of a few blocks per thread.
  ///
  /// - Parameters:
  ///   - body: gets the rows of a block and, in the order of `layers`, their activations, `[rows × units]`, row-major; runs on any thread.
  ///   - take: gets each result, on the calling thread, in row order.
  public func mapBlocks<Value: ActivationValue, Result: Sendable>(
    inStep layers: [RecordedLayer], threads: Int,
    _ body: @escaping @Sendable (Range<Int>, [UnsafeBufferPointer<Value>]) throws -> Result, take: (Result) throws -> Void
  ) throws {
    let blockRows = RecordingSchema.rowsPerBlock(unitCount: layers.reduce(0) { $0 + $1.unitCount })
    let readers = try layers.map { try RowBlocks<Value>($0.activations, blockRows: blockRows) }
    guard let count = readers.first?.count else { return }
    let window = max(1, threads) * 8
    for first in stride(from: 0, to: count, by: window) {
      let results = try Parallelism.mapBlocks(count: min(window, count - first), threads: threads) { number in
        try withBlocks(readers[...], number: first + number, [], body)
      }
      for result in results { try take(result) }
    }
  }
}

/// Lends one block of each reader to `body`, all at once.
private func withBlocks<Value: ActivationValue, Result>(
  _ readers: ArraySlice<RowBlocks<Value>>, number: Int, _ blocks: [UnsafeBufferPointer<Value>],
  _ body: (Range<Int>, [UnsafeBufferPointer<Value>]) throws -> Result
) throws -> Result {
  guard let reader = readers.first else { return try body(0..<0, blocks) }
  return try reader.withBlock(number) { rows, block in
    readers.count == 1
      ? try body(rows, blocks + [block]) : try withBlocks(readers.dropFirst(), number: number, blocks + [block], body)
  }
}
