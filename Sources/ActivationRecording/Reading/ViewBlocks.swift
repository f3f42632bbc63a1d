import HDF5
import Parallelism

extension RecordingView {
  /// Reads the activations of layers in step, in fixed blocks of rows, works on several blocks at once, and hands the results on in row
  /// order.
  ///
  /// A block has `RecordingSchema.rowsPerBlock` rows for the units of all the layers together, whatever the file's chunks are, so results that
  /// are folded in the order of `take` are the same for any number of threads and any layout. In memory are some blocks per thread
  /// (`readingBytes`).
  ///
  /// - Parameters:
  ///   - layers: what is read, in this order.
  ///   - threads: to read and work with; they change no result.
  ///   - isWanted: whether a block of rows is needed. Those that are not may be left out, and then are not read.
  ///   - body: gets the rows of a block and, in the order of `layers`, their activations, `[rows × units]`, row-major, which may hold NaN and
  ///     infinities; runs on any thread.
  ///   - take: gets each result, on the calling thread.
  /// - Throws: what `body` and `take` throw, `HDF5Error` for what cannot be read, `RecordingError.invalid` for a missing activation and for
  ///   doubles asked for as Float.
  public func mapBlocks<Value: ActivationValue, Result: Sendable>(
    of layers: [RecordedLayer], threads: Int, where isWanted: (Range<Int>) -> Bool = { _ in true },
    _ body: @escaping @Sendable (Range<Int>, [UnsafeBufferPointer<Value>]) throws -> Result, take: (Result) throws -> Void
  ) throws {
    guard !layers.isEmpty, rowCount > 0 else { return }
    let shape = BlockShape(layers, threads: threads)
    guard isRegrouped else {
      let readers = try layers.map { try ActivationBlocks<Value>(parts[0].layer(like: $0), of: path, blockRows: shape.blockRows) }
      let wanted = (0..<readers[0].count).filter { number in
        isWanted(number * shape.blockRows..<min((number + 1) * shape.blockRows, rowCount))
      }
      didRead((readers[0].count - wanted.count) * shape.blockCells)
      return try forEachWindow(of: wanted, shape, threads: threads) { number in
        try withBlocks(readers[...], number: number, [], body)
      } take: { results in
        for result in results { try take(result) }
      }
    }
    var regrouping = RegroupedRows<Value>(widths: layers.map(\.unitCount), blockRows: shape.blockRows)
    func work(on blocks: [RegroupedRows<Value>.Block]) throws {
      for result in try Parallelism.mapBlocks(count: blocks.count, threads: threads, { try blocks[$0].lend(to: body) }) { try take(result) }
    }
    for part in parts {
      let own = try layers.map { try part.layer(like: $0) }
      let readers = try own.map { try ActivationBlocks<Value>($0, of: part.recording.path, blockRows: shape.blockRows) }
      let widths = own.map(\.unitCount)
      try forEachWindow(of: Array(0..<readers[0].count), shape, threads: threads) { number in
        try withBlocks(readers[...], number: number, []) { (rows, blocks: [UnsafeBufferPointer<Value>]) in
          part.keptValues(of: blocks, rows: rows, widths: widths)
        }
      } take: { gathered in
        for values in gathered { regrouping.append(values) }
        try work(on: regrouping.takeFullBlocks())
      }
    }
    try work(on: regrouping.takeRest())
  }

  /// Whether blocks of rows are not those of one file.
  var isRegrouped: Bool { parts.count > 1 || parts[0].keptRows != nil }

  /// The same for one layer.
  public func mapBlocks<Value: ActivationValue, Result: Sendable>(
    of layer: RecordedLayer, threads: Int, _ body: @escaping @Sendable (Range<Int>, UnsafeBufferPointer<Value>) throws -> Result,
    take: (Result) throws -> Void
  ) throws {
    try mapBlocks(of: [layer], threads: threads) { (rows, blocks: [UnsafeBufferPointer<Value>]) in
      try body(rows, blocks[0])
    } take: {
      try take($0)
    }
  }

  private func forEachWindow<Result: Sendable>(
    of numbers: [Int], _ shape: BlockShape, threads: Int, _ body: @Sendable (Int) throws -> Result, take: ([Result]) throws -> Void
  ) throws {
    for first in stride(from: 0, to: numbers.count, by: shape.blocksInFlight) {
      try checkCancellation()
      let blocks = min(shape.blocksInFlight, numbers.count - first)
      try take(Parallelism.mapBlocks(count: blocks, threads: threads) { try body(numbers[first + $0]) })
      didRead(blocks * shape.blockCells)
    }
  }
}

/// How many rows the blocks of some layers have, and how many of them are worked on between two calls of `take`.
struct BlockShape: Sendable {
  let blockRows: Int
  let blocksInFlight: Int
  /// Activations of a block.
  let blockCells: Int

  /// Bytes of blocks that are under way at a time, if more than a block per thread.
  private static let windowBytes = 64 << 20

  init(_ layers: [RecordedLayer], threads: Int) {
    let units = layers.reduce(0) { $0 + $1.unitCount }
    blockRows = RecordingSchema.rowsPerBlock(unitCount: units)
    blockCells = blockRows * units
    let bytes = blockRows * max(1, units) * (layers.contains(where: \.storesDoubles) ? 8 : 4)
    blocksInFlight = max(threads, min(8 * threads, Self.windowBytes / bytes), 1)
  }
}

/// Lends one block of each reader to `body`, all at once.
private func withBlocks<Value: ActivationValue, Result>(
  _ readers: ArraySlice<ActivationBlocks<Value>>, number: Int, _ blocks: [UnsafeBufferPointer<Value>],
  _ body: (Range<Int>, [UnsafeBufferPointer<Value>]) throws -> Result
) throws -> Result {
  guard let reader = readers.first else { return try body(0..<0, blocks) }
  return try reader.withBlock(number) { rows, block in
    readers.count == 1
      ? try body(rows, blocks + [block]) : try withBlocks(readers.dropFirst(), number: number, blocks + [block], body)
  }
}

/// Rows that come in pieces of any size, cut into blocks of a fixed one.
private struct RegroupedRows<Value: ActivationValue> {
  /// A block of its own memory.
  struct Block: Sendable {
    let rows: Range<Int>
    /// `[layers][rows × units]`
    let values: [[Value]]

    func lend<Result>(to body: (Range<Int>, [UnsafeBufferPointer<Value>]) throws -> Result) throws -> Result {
      func lend(_ left: ArraySlice<[Value]>, _ buffers: [UnsafeBufferPointer<Value>]) throws -> Result {
        guard let next = left.first else { return try body(rows, buffers) }
        return try next.withUnsafeBufferPointer { try lend(left.dropFirst(), buffers + [$0]) }
      }
      return try lend(values[...], [])
    }
  }

  private let widths: [Int]
  private let blockRows: Int
  private var pending: [[Value]]
  private var firstRow = 0

  init(widths: [Int], blockRows: Int) {
    self.widths = widths
    self.blockRows = blockRows
    pending = widths.map { _ in [] }
  }

  mutating func append(_ values: [[Value]]) {
    for layer in pending.indices { pending[layer] += values[layer] }
  }

  mutating func takeFullBlocks() -> [Block] { take(pendingRows / blockRows * blockRows) }

  mutating func takeRest() -> [Block] { take(pendingRows) }

  private var pendingRows: Int {
    zip(pending, widths).first { $0.1 > 0 }.map { $0.0.count / $0.1 } ?? 0
  }

  private mutating func take(_ count: Int) -> [Block] {
    guard count > 0 else { return [] }
    let blocks = stride(from: 0, to: count, by: blockRows).map { start in
      let rows = start..<min(start + blockRows, count)
      return Block(
        rows: firstRow + rows.lowerBound..<firstRow + rows.upperBound,
        values: zip(pending, widths).map { Array($0[rows.lowerBound * $1..<rows.upperBound * $1]) })
    }
    for layer in pending.indices { pending[layer].removeFirst(count * widths[layer]) }
    firstRow += count
    return blocks
  }
}
