import HDF5
import Parallelism

extension Dataset {
  /// What `body` gives for each block of rows, in the order of the blocks.
  func mapRowBlocks<T: Element, Value: Sendable>(
    rows: Range<Int>? = nil, blockRows: Int, as type: T.Type = T.self, threads: Int = availableThreads,
    _ body: @Sendable (_ rows: Range<Int>, _ values: UnsafeBufferPointer<T>) throws -> Value
  ) throws -> [Value] {
    let blocks = try RowBlocks<T>(self, rows: rows, blockRows: blockRows)
    return try mapBlocks(count: blocks.count, threads: threads) { try blocks.withBlock($0, body) }
  }
}
