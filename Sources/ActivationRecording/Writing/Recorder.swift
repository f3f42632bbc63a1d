import Files
import Foundation
import HDF5

/// Writes a recording: declare layers, append batches of rows, finish.
///
/// The file grows under `NAME.partial` and takes its name in `finish()`. What has been flushed survives a kill and can be recovered.
/// Chunks are compressed on `threads` threads while the caller computes the next batch. Not for use from several threads at once.
public final class Recorder {
  public let path: String
  public private(set) var rowCount = 0
  /// Whether the partial file stays where a signal ends the program and `FileUnderWay.endAll()` is called: true unless set.
  public var isKeptIfEnded = true
  private let underWay: FileUnderWay
  private var partialPath: String { underWay.writingPath }
  private let layers: [LayerDescription]
  private let columns: Columns
  private let file: File
  private let writers: RecorderWriters
  private var rowsSinceFlush = 0
  private var flushedRows = 0
  /// Set when writing has failed: the rows that the partial file gives back.
  private var recoverableRows: Int?
  private var lastFlush = ContinuousClock.now

  /// Rows between two flushes of the file. A kill can cost these, the chunks that are under way and the one being filled.
  private static let flushInterval = 65_536
  /// Or this time, for who records slowly. Where chunks lie in the file then depends on the time; what they hold does not.
  private let flushPeriod: Duration

  /// Creates `path.partial` with the description and every data set in it, without rows.
  ///
  /// - Parameters:
  ///   - path: of the recording, once it is finished.
  ///   - layers: input side first; the last ones may be outputs. Names must differ.
  ///   - columns: what rows hold beside phases and activations.
  ///   - description: where it comes from.
  ///   - overwrite: whether a recording of that name may be replaced when this one is finished.
  ///   - threads: that compress.
  ///   - compressionLevel: deflate level, 0 (none) to 9.
  ///   - flushPeriod: after this time the next `append` waits for the full chunks under way and flushes them. A kill then costs the chunk
  ///     being filled (`RecordingSchema.rowsPerBlock` rows at most) and what came after the last flush.
  /// - Throws: `RecordingError.exists`, `.badInput` for layers that do not fit, `.cannotBegin` when the file cannot be created;
  ///   `FileError` when its partial file is being written, or holds rows of an interrupted recorder, or something else, and `overwrite` is false.
  public convenience init(
    path: String, layers: [LayerDescription], columns: Columns, description: RecordingDescription, overwrite: Bool = false,
    threads: Int = 1, compressionLevel: Int = 1, flushPeriod: Duration = .seconds(5)
  ) throws {
    try self.init(
      path: path, layers: layers, columns: columns, description: description, overwrite: overwrite, threads: threads,
      compressionLevel: compressionLevel, flushPeriod: flushPeriod, suffix: ".partial"
    ) { _ in
    }
  }

  /// - Parameters:
  ///   - suffix: of the file's name until it is complete; under another than `.partial` nothing in an older one is of use.
  ///   - body: puts into the file what else is to be in it.
  init(
    path: String, layers: [LayerDescription], columns: Columns, description: RecordingDescription, overwrite: Bool, threads: Int,
    compressionLevel: Int = 1, flushPeriod: Duration = .seconds(5), suffix: String, _ body: (Group) throws -> Void
  ) throws {
    self.flushPeriod = flushPeriod
    try columns.check(layers: layers, path: path)
    self.path = path
    self.layers = layers
    self.columns = columns
    do {
      underWay = try FileUnderWay(path, overwrite: overwrite, suffix: suffix, beginning: FileSignature.hdf5Beginning, ordinary: true) {
        overwrite || suffix != ".partial" || !Self.holdsRows($0)
      }
      file = try File.create(underWay)
    } catch let error as HDF5Error {
      throw RecordingError.cannotBegin(file: path, cause: error.reason)
    } catch let error as FileError {
      switch error.fault {
      case .exists: throw RecordingError.exists(file: path)
      case .system: throw RecordingError.cannotBegin(file: path, cause: error.reason)
      default: throw error
      }
    }
    do {
      let root = try file.root
      try description.write(to: root)
      writers = try RecorderWriters(
        in: root, layers: layers, columns: columns, workers: ChunkWorkers(threads: threads), compressionLevel: compressionLevel)
      try body(root)
      try file.flush()
    } catch {
      try? file.close()
      underWay.abandon()
      guard let error = error as? HDF5Error else { throw error }
      throw RecordingError.cannotBegin(file: path, cause: error.reason)
    }
  }

  /// Appends rows.
  ///
  /// - Throws: `RecordingError.badInput` when the batch does not fit the declaration (nothing is appended then), `.writeFailed` when
  ///   the file cannot be written.
  public func append(_ batch: RowBatch) throws {
    let rows = batch.phases.count
    try batch.check(layers: layers, columns: columns, path: path)
    guard rows > 0 else { return }
    do {
      try writers.append(batch, firstRow: rowCount)
      rowCount += rows
      rowsSinceFlush += rows
      if lastFlush.duration(to: .now) >= flushPeriod {
        for writer in writers.all { try writer.writeFullChunks() }
        try flush()
        try underWay.synchronise()
      } else if rowsSinceFlush >= Self.flushInterval {
        try flush()
      }
    } catch {
      throw failure(error)
    }
  }

  /// Writes what is left, marks the recording complete and gives it its name.
  public func finish() throws {
    do {
      try writers.finish()
      for writer in writers.all { try writer.seal() }
      // All of it has found room on the disk before the file says that it is complete.
      try file.flush()
      try file.root.attributes.set("complete", 1)
      try file.close()
    } catch {
      throw failure(error)
    }
    do {
      try underWay.finish()
    } catch let error as FileError {
      throw RecordingError.writeFailed(file: path, partial: partialPath, rows: rowCount, cause: error.reason)
    }
  }

  /// Ends before the recording is complete: the rows appended so far are written into the partial file, from which they can be recovered. It
  /// is removed where there are none.
  ///
  /// - Returns: the rows that are kept.
  /// - Throws: `RecordingError.writeFailed` when they cannot be written.
  public func interrupt() throws -> Int {
    guard rowCount > 0 else {
      cancel()
      return 0
    }
    do {
      try writers.finish()
      try file.close()
    } catch {
      throw RecordingError.writeFailed(file: path, partial: partialPath, rows: flushedRows, cause: reason(error))
    }
    underWay.keepIfEnded(keptSentence(rows: rowCount))
    underWay.keepPartial()
    return rowCount
  }

  private func keptSentence(rows: Int) -> String {
    "\(partialPath) holds \(rows) \(rows == 1 ? "row" : "rows"); 'mirrorscope recover \(partialPath)' makes a recording of them."
  }

  /// Drops the recording: nothing is left of it.
  public func cancel() {
    try? file.close()
    underWay.abandon()
  }

  /// Rows that a recorder flushed before it was stopped can be recovered.
  private static func holdsRows(_ partial: String) -> Bool {
    guard let phase = try? File.openPartial(partial).root.dataset("phase"), let rows = phase.shape.first else { return false }
    return rows > 0
  }

  deinit { underWay.keepPartial() }

  /// Flushes what the writers have handed over; chunks under way stay so, and encoding goes on.
  private func flush() throws {
    try file.flush()
    var stored = rowCount
    for writer in writers.all { stored = min(stored, writer.storedRowCount) }
    flushedRows = stored
    if isKeptIfEnded, stored > 0 { underWay.keepIfEnded(keptSentence(rows: stored)) }
    rowsSinceFlush = 0
    lastFlush = .now
  }
}

extension Recorder {
  /// Leaves the partial file as it is, and counts what can be had from it: what HDF5 still holds cannot be written any more.
  private func failure(_ error: any Error) -> RecordingError {
    file.abandon()
    let rows = recoverableRows ?? countRecoverableRows()
    recoverableRows = rows
    return .writeFailed(file: path, partial: partialPath, rows: rows, cause: reason(error))
  }

  /// Counts as recovering does, in the file as another program finds it.
  private func countRecoverableRows() -> Int {
    guard let root = try? File.openPartial(partialPath, asOthersSeeIt: true).root else { return 0 }
    // Chunks before the last two flushes were found to be whole by those: it is enough that the file still leads to them.
    let firstRowRead = max(0, flushedRows - 2 * Self.flushInterval)
    var rows = Int.max
    for writer in writers.all {
      guard let dataset = try? root.dataset(String(writer.path.dropFirst())) else { return 0 }
      rows = min(rows, dataset.intactRows(from: firstRowRead).count)
    }
    return rows
  }
}

/// The cause in HDF5's words, without the partial file's name.
private func reason(_ error: any Error) -> String {
  switch error {
  case let error as HDF5Error: error.reason
  case let error as FileError: error.reason
  default: "\(error)"
  }
}
