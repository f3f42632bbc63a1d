import Foundation
import Parallelism

/// The rows of a data set cut into blocks of a fixed size, for several threads to read at once.
///
/// Blocks are the caller's, whatever the chunks of the file are: each row of chunks (a band) is fetched once, decoded once outside HDF5's
/// lock, and shared by the blocks that it overlaps. Where HDF5 has to decode (another type, an unknown filter, no chunks) the
/// blocks hold the same digits, read by it. Memory: for each thread a block and the bands under it, whatever the size of the file.
///
/// Blocks may be read in any order, several times, by several threads at once, or left out, and hold the same values. Each read once, about
/// in ascending order, is what is fastest: then no band is decoded twice.
public final class RowBlocks<T: Element>: @unchecked Sendable {
  // Sendable because everything that changes is behind a lock: that of `bands` or that of `scratches`.

  /// The number of blocks.
  public let count: Int
  private let dataset: Dataset
  private let rows: Range<Int>
  private let blockRows: Int
  private let elementsPerRow: Int
  let bands: SharedBands<T>?
  private let scratches = ScratchBuffers()

  /// - Parameters:
  ///   - rows: the rows to read; the default is all.
  ///   - blockRows: rows in each block but the last, at least 1.
  /// - Throws: `outOfRange` for rows outside the data set, `typeMismatch` for a type that doesn't convert to `T`, `missingData` for far more
  ///   rows than the file can hold.
  public init(_ dataset: Dataset, rows: Range<Int>? = nil, blockRows: Int, as type: T.Type = T.self) throws {
    let operation = dataset.operation("read")
    let rows = rows ?? 0..<(dataset.shape.first ?? 0)
    try dataset.checkRows(rows, operation)
    try dataset.checkConversion(to: T.self, operation)
    try dataset.checkDeclaration(operation)
    guard blockRows > 0 else { throw operation.error(.outOfRange, "blocks have at least one row, not \(blockRows)") }
    self.dataset = dataset
    self.rows = rows
    self.blockRows = min(blockRows, max(rows.count, 1))
    elementsPerRow = dataset.elementsPerRow
    count = rows.isEmpty ? 0 : (rows.count - 1) / blockRows + 1
    bands = rows.isEmpty ? nil : try SharedBands(dataset, rows: rows, blockRows: self.blockRows)
  }

  /// The rows of a block; none for a number outside 0..<`count`.
  public func rows(ofBlock block: Int) -> Range<Int> {
    guard (0..<count).contains(block) else { return rows.upperBound..<rows.upperBound }
    let start = rows.lowerBound + block * blockRows
    return start..<min(start + blockRows, rows.upperBound)
  }

  /// Reads one block and lends it to `body`: `[rows × elements per row]`, valid until `body` returns.
  ///
  /// - Throws: `outOfRange` for a block that there is not, `corruptData` for a damaged chunk, and what `body` throws.
  public func withBlock<Value>(
    _ block: Int, _ body: (_ rows: Range<Int>, _ values: UnsafeBufferPointer<T>) throws -> Value
  ) throws -> Value {
    guard (0..<count).contains(block) else { throw dataset.operation("read").error(.outOfRange, "block \(block) of \(count)") }
    let wanted = rows(ofBlock: block)
    if let bands, let band = bands.onlyBand(under: wanted) {
      return try bands.withBand(band) { content in
        let start = (wanted.lowerBound - bands.rows(of: band).lowerBound) * elementsPerRow
        return try body(wanted, .init(rebasing: content[start..<(start + wanted.count * elementsPerRow)]))
      }
    }
    return try scratches.withBuffer { buffer in
      let values = buffer.elements(wanted.count * elementsPerRow, as: T.self)
      try read(wanted, into: values)
      return try body(wanted, UnsafeBufferPointer(values))
    }
  }

  /// Reads one block into memory that is there already: exactly `rows × elements per row`.
  func readBlock(_ block: Int, into target: UnsafeMutableBufferPointer<T>) throws {
    try read(rows(ofBlock: block), into: target)
  }

  private func read(_ wanted: Range<Int>, into target: UnsafeMutableBufferPointer<T>) throws {
    guard let bands else { return try dataset.read(rows: wanted, into: target) }
    for band in bands.bands(under: wanted) {
      let bandRows = bands.rows(of: band)
      let overlap = bandRows.clamped(to: wanted)
      let start = (overlap.lowerBound - wanted.lowerBound) * elementsPerRow
      let part = UnsafeMutableBufferPointer(rebasing: target[start..<(start + overlap.count * elementsPerRow)])
      if overlap == bandRows, try bands.decodeWhole(band, into: part) { continue }
      try bands.withBand(band) { content in
        let first = (overlap.lowerBound - bandRows.lowerBound) * elementsPerRow
        _ = part.update(fromContentsOf: content[first..<(first + part.count)])
      }
    }
  }
}

extension Dataset {
  /// Reads rows on several threads: `[rows × elements per row]`, the same digits as `read(rows:as:)`.
  ///
  /// - Parameters:
  ///   - forRandomAccess: whether rows will be visited again and again in random order, which large pages speed up.
  ///   - check: gets some rows and their values right after they were read, while they are in the cache; runs on any thread.
  /// - Throws: what `check` threw for the first rows that it refused.
  public func read<T: Element>(
    rows: Range<Int>? = nil, as type: T.Type = T.self, threads: Int, forRandomAccess: Bool = false,
    check: @Sendable (_ rows: Range<Int>, _ values: UnsafeBufferPointer<T>) throws -> Void = { _, _ in }
  ) throws -> [T] {
    let all = rows ?? 0..<(shape.first ?? 0)
    let rowSize = elementsPerRow
    let blockRows = chunkShape?.first ?? max(1, 262_144 / max(rowSize, 1))
    let blocks = try RowBlocks<T>(self, rows: all, blockRows: blockRows)
    let size = all.count * rowSize
    return try [T](unsafeUninitializedCapacity: size) { buffer, count in
      // Each block writes its own rows and no others.
      nonisolated(unsafe) let target = UnsafeMutableBufferPointer(rebasing: buffer[..<size])
      if forRandomAccess { adviseLargePages(UnsafeMutableRawBufferPointer(target)) }
      _ = try mapBlocks(count: blocks.count, threads: threads) { block in
        let rows = blocks.rows(ofBlock: block)
        let start = (rows.lowerBound - all.lowerBound) * rowSize
        let part = UnsafeMutableBufferPointer(rebasing: target[start..<(start + rows.count * rowSize)])
        try blocks.readBlock(block, into: part)
        try check(rows, UnsafeBufferPointer(part))
      }
      count = size
    }
  }
}

/// Memory of blocks between their uses: as many buffers as there are threads at work at the same time.
final class ScratchBuffers: @unchecked Sendable {
  // Sendable because the list is touched under the lock only, and a buffer is on it or with one thread.
  private let lock = NSLock()
  private var idle: [GrowingBuffer] = []

  func take() -> GrowingBuffer {
    lock.withLock { idle.popLast() } ?? GrowingBuffer()
  }

  func giveBack(_ buffer: GrowingBuffer) {
    lock.withLock { idle.append(buffer) }
  }

  func withBuffer<Value>(_ body: (GrowingBuffer) throws -> Value) rethrows -> Value {
    let buffer = take()
    defer { giveBack(buffer) }
    return try body(buffer)
  }
}
