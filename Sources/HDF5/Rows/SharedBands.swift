internal import ChunkCodec
import Foundation

/// The rows of chunks (bands) of one data set, each decoded once and kept until the last block over it has been read.
final class SharedBands<T: Element>: @unchecked Sendable {
  // Sendable because `open` and `highestOpened` are touched under `condition` only, and a band's content is written before it is announced as ready.

  private enum Content {
    /// A thread is decoding it; others wait.
    case underWay
    case ready(GrowingBuffer)
    case failed(any Error)
  }

  private struct OpenBand {
    var content: Content
    /// Blocks that have yet to finish with this band.
    var blocksLeft: Int
  }

  private let dataset: Dataset
  private let wanted: Range<Int>
  private let blockRows: Int
  private let bandRows: Int
  private let rowCount: Int
  private let elementsPerRow: Int
  /// Nil where HDF5 does the decoding.
  private let codec: ChunkCodec?
  private let chunkColumns: Int
  /// How far a thread that would have to wait may decode ahead: 64 MB, and at least one band.
  private let bandsAhead: Int
  private let scratches = ScratchBuffers()
  private let contents = ScratchBuffers()
  private let condition = NSCondition()
  private var open: [Int: OpenBand] = [:]
  private var highestOpened = -1

  /// Bands decoded and not given back yet: none once every block has been read.
  var openBandCount: Int {
    condition.lock()
    defer { condition.unlock() }
    return open.count
  }

  /// Gives nil for data without chunks.
  init?(_ dataset: Dataset, rows: Range<Int>, blockRows: Int) throws {
    guard let chunk = dataset.chunkShape, let bandRows = chunk.first else { return nil }
    self.dataset = dataset
    wanted = rows
    self.blockRows = blockRows
    self.bandRows = bandRows
    let shape = dataset.shape
    rowCount = shape[0]
    elementsPerRow = dataset.elementsPerRow
    // A chunk's elements are contiguous parts of rows only in one or two dimensions, or when it spans the others.
    let isSimple = shape.count <= 2 || chunk.dropFirst() == shape.dropFirst()
    codec = isSimple ? try dataset.chunkCodec(for: T.self) : nil
    chunkColumns = max(1, chunk.dropFirst().reduce(1, *))
    let bandSize = max(1, bandRows * elementsPerRow * MemoryLayout<T>.stride)
    bandsAhead = min(max(1, (64 << 20) / bandSize), 8)
  }

  func rows(of band: Int) -> Range<Int> {
    band * bandRows..<min((band + 1) * bandRows, rowCount)
  }

  func bands(under rows: Range<Int>) -> ClosedRange<Int> {
    rows.lowerBound / bandRows...max(rows.lowerBound, rows.upperBound - 1) / bandRows
  }

  func onlyBand(under rows: Range<Int>) -> Int? {
    let bands = bands(under: rows)
    return bands.count == 1 ? bands.lowerBound : nil
  }

  /// Decodes a band straight into memory of exactly its rows, when no other block will ask for it and it is one whole chunk. Says whether.
  func decodeWhole(_ band: Int, into target: UnsafeMutableBufferPointer<T>) throws -> Bool {
    guard let codec, chunkColumns == elementsPerRow, target.count == bandRows * elementsPerRow, blockCount(over: band) == 1 else {
      return false
    }
    return try scratches.withBuffer { stored in
      try decodeChunk(band, column: 0, codec, stored: stored, into: UnsafeMutableRawBufferPointer(target))
    }
  }

  /// Lends the rows of a band `[rows × elements per row]`, decoding it if no other block has. To be called once for each block over it.
  func withBand<Value>(_ band: Int, _ body: (UnsafeBufferPointer<T>) throws -> Value) throws -> Value {
    let buffer = try acquire(band)
    defer { release(band) }
    let size = rows(of: band).count * elementsPerRow
    return try body(UnsafeBufferPointer(buffer.elements(size, as: T.self)))
  }

  private func acquire(_ band: Int) throws -> GrowingBuffer {
    condition.lock()
    while let known = open[band] {
      switch known.content {
      case .underWay:
        // Rather than wait for the other thread, decode what the next blocks will ask for.
        if let next = nextUnopened(after: band) {
          _ = decodeLocked(next)
        } else {
          condition.wait()
        }
      case .ready(let buffer):
        condition.unlock()
        return buffer
      case .failed(let error):
        condition.unlock()
        throw error
      }
    }
    defer { condition.unlock() }
    return try decodeLocked(band).get()
  }

  /// Opens a band and decodes it. `condition` is locked before and after, and free in between.
  private func decodeLocked(_ band: Int) -> Result<GrowingBuffer, any Error> {
    open[band] = OpenBand(content: .underWay, blocksLeft: blockCount(over: band))
    highestOpened = max(highestOpened, band)
    condition.unlock()
    let buffer = contents.take()
    let result = Result {
      try fill(band, buffer)
      return buffer
    }
    condition.lock()
    switch result {
    case .success: open[band]?.content = .ready(buffer)
    case .failure(let error): open[band]?.content = .failed(error)
    }
    condition.broadcast()
    return result
  }

  /// The first band that no thread has opened yet and that several blocks will ask for, within the bounds of memory.
  private func nextUnopened(after band: Int) -> Int? {
    let first = max(band, highestOpened) + 1
    let last = min(band + bandsAhead, bands(under: wanted).upperBound)
    return first <= last ? (first...last).first { blockCount(over: $0) > 1 } : nil
  }

  private func release(_ band: Int) {
    condition.lock()
    defer { condition.unlock() }
    guard var known = open[band] else { return }
    known.blocksLeft -= 1
    open[band] = known.blocksLeft > 0 ? known : nil
    if known.blocksLeft == 0, case .ready(let buffer) = known.content { contents.giveBack(buffer) }
  }

  private func blockCount(over band: Int) -> Int {
    let part = rows(of: band).clamped(to: wanted)
    let first = (part.lowerBound - wanted.lowerBound) / blockRows
    let last = (part.upperBound - 1 - wanted.lowerBound) / blockRows
    return last - first + 1
  }

  // MARK: Decoding

  private func fill(_ band: Int, _ buffer: GrowingBuffer) throws {
    let rows = rows(of: band)
    let content = buffer.elements(bandRows * elementsPerRow, as: T.self)
    let used = UnsafeMutableBufferPointer(rebasing: content[..<(rows.count * elementsPerRow)])
    guard let codec else { return try dataset.read(rows: rows, into: used) }
    let stored = scratches.take()
    defer { scratches.giveBack(stored) }
    if chunkColumns == elementsPerRow {
      if try decodeChunk(band, column: 0, codec, stored: stored, into: UnsafeMutableRawBufferPointer(content)) { return }
      return try dataset.read(rows: rows, into: used)
    }
    let chunkBuffer = scratches.take()
    defer { scratches.giveBack(chunkBuffer) }
    let chunk = chunkBuffer.elements(bandRows * chunkColumns, as: T.self)
    for column in stride(from: 0, to: elementsPerRow, by: chunkColumns) {
      guard try decodeChunk(band, column: column, codec, stored: stored, into: UnsafeMutableRawBufferPointer(chunk)) else {
        // Never written: HDF5 knows what such a chunk is filled with, and reads the others along with it.
        return try dataset.read(rows: rows, into: used)
      }
      let width = min(chunkColumns, elementsPerRow - column)
      for row in 0..<rows.count {
        let line = chunk[row * chunkColumns..<row * chunkColumns + width]
        let start = row * elementsPerRow + column
        _ = UnsafeMutableBufferPointer(rebasing: used[start..<start + width]).update(fromContentsOf: line)
      }
    }
  }

  /// Says whether the chunk exists.
  private func decodeChunk(
    _ band: Int, column: Int, _ codec: ChunkCodec, stored: GrowingBuffer, into target: UnsafeMutableRawBufferPointer
  ) throws -> Bool {
    var offset = [Int](repeating: 0, count: dataset.shape.count)
    offset[0] = band * bandRows
    if offset.count > 1 { offset[1] = column }
    guard let (byteCount, mask) = try dataset.readRawChunk(at: offset, into: stored) else { return false }
    do {
      let bytes = UnsafeRawBufferPointer(rebasing: stored.bytes(atLeast: byteCount)[..<byteCount])
      try codec.decode(bytes, filterMask: mask, into: target)
    } catch let damage as ChunkCodec.Damage {
      let rows = rows(of: band)
      let columns = chunkColumns < elementsPerRow ? ", columns from \(column)" : ""
      throw dataset.operation("read").error(
        .corruptData, "chunk \(band) (rows \(rows.lowerBound) to \(rows.upperBound - 1)\(columns)) is damaged: \(damage)")
    }
    return true
  }
}
