internal import ChunkCodec
import Foundation
import Parallelism

/// The rows of chunks (bands) of one data set, each decoded once and kept until every block over it has been read.
///
/// That is where each block is read once, in about ascending order, as streams do. Blocks may be read again, in any order or not at all: a
/// band that was given back is decoded again, and of those kept for blocks that do not come the one longest unused gives way.
final class SharedBands<T: Element>: @unchecked Sendable {
  // Sendable because `open`, `highestOpened` and `uses` are touched under `condition` only, and a buffer is written by the one thread that
  // opened its band before others can have it.

  private struct OpenBand {
    /// Nil while a thread decodes it; others wait.
    var content: GrowingBuffer?
    /// Threads that have been lent it and have not given it back.
    var readers = 0
    /// Blocks that have yet to finish with this band, if each is read once.
    var blocksLeft: Int
    /// Number of its last use among all.
    var lastUse = 0
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
  /// How many bands that no thread has may be kept: more than a stream leaves between its threads and ahead of them.
  private let mostIdle: Int
  private let scratches = ScratchBuffers()
  private let contents = ScratchBuffers()
  private let condition = NSCondition()
  private var open: [Int: OpenBand] = [:]
  private var highestOpened = -1
  private var uses = 0

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
    // Where there is a codec, a chunk has no more bytes than 32 bits count.
    chunkColumns = codec == nil ? 1 : max(1, chunk.dropFirst().reduce(1, *))
    let bandSize = Double(min(bandRows, max(rowCount, 1))) * Double(max(elementsPerRow, 1)) * Double(MemoryLayout<T>.stride)
    bandsAhead = Int(min(max(1, 0x1p26 / bandSize), 8))
    mostIdle = bandsAhead + 2 * availableThreads
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

  /// Lends the rows of a band `[rows × elements per row]`, decoding it if it is not there.
  func withBand<Value>(_ band: Int, _ body: (UnsafeBufferPointer<T>) throws -> Value) throws -> Value {
    let buffer = try acquire(band)
    defer { release(band) }
    let size = rows(of: band).count * elementsPerRow
    return try body(UnsafeBufferPointer(buffer.elements(size, as: T.self)))
  }

  /// The content of a band, which stays until `release`.
  private func acquire(_ band: Int) throws -> GrowingBuffer {
    condition.lock()
    defer { condition.unlock() }
    while let known = open[band] {
      if let buffer = known.content {
        open[band]?.readers += 1
        return buffer
      }
      // Rather than wait for the other thread, decode what the next blocks will ask for. Should that fail, they will hear of it.
      if let next = nextUnopened(after: band) {
        _ = decodeLocked(next)
      } else {
        condition.wait()
      }
    }
    let buffer = try decodeLocked(band).get()
    open[band]?.readers += 1
    return buffer
  }

  /// Opens a band and decodes it; one that fails is closed again. `condition` is locked before and after, and free in between.
  private func decodeLocked(_ band: Int) -> Result<GrowingBuffer, any Error> {
    open[band] = OpenBand(blocksLeft: blockCount(over: band))
    highestOpened = max(highestOpened, band)
    condition.unlock()
    let buffer = contents.take()
    let result = Result {
      try fill(band, buffer)
      return buffer
    }
    condition.lock()
    switch result {
    case .success:
      open[band]?.content = buffer
      touch(band)
    case .failure:
      open[band] = nil
      contents.giveBack(buffer)
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
    open[band]?.readers -= 1
    open[band]?.blocksLeft -= 1
    touch(band)
    if let known = open[band], known.readers == 0, known.blocksLeft <= 0 { close(band) }
    guard open.count > mostIdle else { return }
    let idle = open.filter { $0.value.readers == 0 && $0.value.content != nil }
    guard idle.count > mostIdle, let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
    close(oldest.key)
  }

  private func touch(_ band: Int) {
    uses += 1
    open[band]?.lastUse = uses
  }

  /// Gives back the memory of a band that no thread has.
  private func close(_ band: Int) {
    guard let buffer = open.removeValue(forKey: band)?.content else { return }
    contents.giveBack(buffer)
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
    let size = rows.count * elementsPerRow
    guard let codec else { return try dataset.read(rows: rows, into: buffer.elements(size, as: T.self)) }
    let stored = scratches.take()
    defer { scratches.giveBack(stored) }
    let isWhole = chunkColumns == elementsPerRow
    // A chunk that is decoded in place has all of its rows, the last one's padding too.
    let content = buffer.elements(isWhole ? bandRows * elementsPerRow : size, as: T.self)
    let used = UnsafeMutableBufferPointer(rebasing: content[..<size])
    if isWhole {
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
