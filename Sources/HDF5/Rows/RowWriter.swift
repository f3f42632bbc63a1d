internal import ChunkCodec
import Foundation
import Parallelism

/// Appends rows to a chunked data set that can grow; full chunks are encoded on worker threads and written in order.
///
/// The calling thread does the writing, at points that depend on its own calls and not on the workers' speed, so that the same calls make a
/// file of the same bytes for any number of threads, with several writers too. A bounded number of chunks is under way: `append` waits for the
/// oldest when there are more, which is the back-pressure. Belongs to one thread.
///
/// `storedRowCount` rows are in the data set already, whole chunks of them until `finish()` adds the rest. A writer that is released
/// without it leaves out the rows not yet written.
public final class RowWriter<T: Element> {
  /// Rows in the data set and under way, those there before included.
  public private(set) var rowCount: Int
  /// Rows in the data set. They survive a kill once the file has been flushed.
  public var storedRowCount: Int { dataset.shape[0] }

  /// The data set's path in the file.
  public var path: String { dataset.path }

  private let dataset: Dataset
  private let encoding: Encoding
  private let chunkRows: Int
  private let elementsPerRow: Int
  private let workers: ChunkWorkers
  private let inFlightLimit: Int
  /// Being filled; the rows from `currentStart`.
  private var current: ChunkJob<T>
  private var currentStart: Int
  private var inFlight: [ChunkJob<T>] = []
  private var idle: [ChunkJob<T>] = []
  private var failure: (any Error)?
  /// The chunks' own sums, in order; nil where they are not all to be had without reading.
  private var chunkSums: [UInt32]?
  private var isEnding = false
  private var isFinished = false

  private enum Encoding {
    case ours(ChunkCodec)
    /// HDF5 converts and filters, on the calling thread.
    case library
  }

  /// - Parameters:
  ///   - dataset: chunked, with a first dimension that can grow. Rows are added after those that it has, which are whole chunks.
  ///   - workers: the threads that encode; several writers may share them. The default has a thread for each core.
  ///   - chunksInFlight: how many chunks may wait for encoding and writing: each takes twice its bytes.
  /// - Throws: `shapeMismatch` for a data set without chunks or with a part of one, `typeMismatch` for a stored type that `T` doesn't convert to.
  public init(_ dataset: Dataset, as type: T.Type = T.self, workers: ChunkWorkers = ChunkWorkers(), chunksInFlight: Int = 8) throws {
    let operation = dataset.operation("append to")
    guard let chunk = dataset.chunkShape, let chunkRows = chunk.first else {
      throw operation.error(.shapeMismatch, "it is not stored in chunks")
    }
    try dataset.checkConversion(from: T.self, operation)
    guard chunkRows > 0, dataset.shape[0] % chunkRows == 0 else {
      throw operation.error(.shapeMismatch, "its \(dataset.shape[0]) rows end within a chunk of \(chunkRows)")
    }
    self.dataset = dataset
    self.chunkRows = chunkRows
    self.workers = workers
    inFlightLimit = max(1, chunksInFlight)
    elementsPerRow = dataset.elementsPerRow
    let rowsThere = dataset.shape[0]
    rowCount = rowsThere
    if chunk.dropFirst().elementsEqual(dataset.shape.dropFirst()), let codec = try dataset.chunkCodec(for: T.self) {
      encoding = .ours(workers.shared(codec))
    } else {
      encoding = .library
    }
    if case .ours = encoding, rowsThere == 0, dataset.hasChunkSums { chunkSums = [] }
    currentStart = rowsThere
    current = ChunkJob(elementCount: chunkRows * elementsPerRow)
  }

  /// Appends whole rows: `[any number × elements per row]`.
  ///
  /// - Throws: `shapeMismatch` for a part of a row. An error of an earlier chunk, from a worker or from writing, comes here too; after an
  ///   error every call throws it again.
  public func append(_ values: UnsafeBufferPointer<T>) throws {
    try start()
    guard !isEnding else { throw dataset.operation("append to").error(.closed, "its writer was told to finish") }
    guard elementsPerRow > 0, values.count % elementsPerRow == 0 else {
      throw dataset.operation("append to").error(
        .shapeMismatch, "\(values.count) values are no whole number of rows of \(elementsPerRow)")
    }
    var taken = 0
    while taken < values.count {
      let part = current.fill(values[taken...])
      taken += part
      rowCount += part / elementsPerRow
      if current.isFull {
        submitCurrent()
        if inFlight.count > inFlightLimit { try remembering { try writeOldest() } }
      }
    }
  }

  /// Appends whole rows. See `append(_:)`.
  public func append(_ values: [T]) throws {
    try values.withUnsafeBufferPointer { try append($0) }
  }

  /// Waits for the full chunks under way and writes them. Without it they stay under way until later ones push them out.
  public func writeFullChunks() throws {
    try start()
    try remembering { try writeInFlight() }
  }

  /// Hands the last rows to the workers, if they do not fill a chunk; only `finish()` may follow. Before several writers finish in turn, it
  /// lets their last chunks be encoded side by side.
  public func prepareToFinish() throws {
    try start()
    isEnding = true
    guard current.filled > 0 else { return }
    // What is left of an earlier chunk in this memory must not reach the file.
    current.clearRest()
    submitCurrent(isLast: true)
  }

  /// Writes what is left, padding the last chunk, and sets the number of rows. A second call does nothing.
  public func finish() throws {
    if isFinished { return }
    try prepareToFinish()
    try remembering { try writeInFlight() }
    isFinished = true
    // One of many writers that wait for the others to finish holds no chunk meanwhile.
    idle = []
    current = ChunkJob(elementCount: 0)
  }

  /// Stores `content_sha256` after `finish()` and after the data set's attributes: from the chunks as they were written, without reading
  /// them again where that can be.
  public func seal() throws {
    guard isFinished else { throw dataset.operation("seal").error(.shapeMismatch, "its writer has not finished") }
    if let chunkSums { try dataset.seal(chunkSums: chunkSums) } else { try dataset.seal() }
  }

  private func start() throws {
    if let failure { throw failure }
    guard !isFinished else { throw dataset.operation("append to").error(.closed, "its writer has finished") }
  }

  private func remembering(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      failure = error
      throw error
    }
  }

  // MARK: Chunks on their way

  /// Hands the chunk to the workers and begins the next, unless it is the last.
  private func submitCurrent(isLast: Bool = false) {
    current.startRow = currentStart
    if case .ours(let codec) = encoding { workers.encode(current, with: codec) }
    inFlight.append(current)
    currentStart += chunkRows
    current = isLast ? ChunkJob(elementCount: 0) : idle.popLast() ?? ChunkJob(elementCount: chunkRows * elementsPerRow)
  }

  private func writeOldest() throws {
    let job = inFlight.removeFirst()
    try write(job, rows: job.filled / elementsPerRow)
    job.filled = 0
    idle.append(job)
  }

  private func writeInFlight() throws {
    while !inFlight.isEmpty { try writeOldest() }
  }

  /// Writes a chunk and makes the data set reach over its rows; leaves the rows before as they were when that fails.
  private func write(_ job: ChunkJob<T>, rows: Int) throws {
    if case .ours = encoding { try job.waitUntilEncoded(dataset.operation("encode a chunk of")) }
    let rowsBefore = dataset.shape[0]
    try dataset.extend(rows: job.startRow + rows)
    do {
      try writeContent(of: job, rows: rows)
    } catch {
      try? dataset.extend(rows: rowsBefore)
      throw error
    }
  }

  /// Where the job's chunk begins.
  private func offset(of job: ChunkJob<T>) -> [Int] {
    [job.startRow] + dataset.shape.dropFirst().map { _ in 0 }
  }

  private func writeContent(of job: ChunkJob<T>, rows: Int) throws {
    switch encoding {
    case .ours:
      try dataset.writeRawChunk(job.encodedBytes, filterMask: job.filterMask, at: offset(of: job))
      if let sum = ChunkCodec.storedSum(of: job.encodedBytes) { chunkSums?.append(sum) }
    case .library:
      let values = UnsafeBufferPointer(rebasing: job.elements[..<(rows * elementsPerRow)])
      try dataset.write(values, rows: job.startRow..<(job.startRow + rows))
    }
  }
}
