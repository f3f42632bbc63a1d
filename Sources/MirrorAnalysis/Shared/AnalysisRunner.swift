import ActivationRecording
import Foundation
import Statistics

/// Runs an analysis over recordings: several at once, as far as threads and memory go, and their rows in the order of the recordings.
public struct AnalysisRunner: Sendable {
  /// What is seen of each recording.
  public var selection = RecordingSelection()
  public var threads = 1
  public var seed: UInt64 = 1
  /// Bytes that all recordings together may take; nil sets no limit.
  public var maxMemory: Int?
  /// Says by name which layers are wanted.
  public var isChosen: @Sendable (String) -> Bool = { _ in true }
  /// Tells the user something that is no error; called from any thread.
  public var note: @Sendable (String) -> Void = { _ in }
  /// Throws where the work is to end; called from any thread, between blocks of rows.
  public var checkCancellation: @Sendable () throws -> Void = {}
  /// Gets the share of all the work that is done, from any thread; nil where nobody asks.
  public var progress: (@Sendable (Double) -> Void)?

  /// Rows that are given the name of their recording at a time.
  private static let namedRows = 1 << 16

  public init() {}

  /// Runs the analysis over each recording.
  ///
  /// - Parameters:
  ///   - analysis: what is run.
  ///   - recordings: paths; each inner list is taken as one recording, its rows in that order.
  ///   - take: gets rows, on the calling thread, by recording in the order given.
  /// - Throws: the error of the first recording that failed, after the rows of those before it, and what `take` throws: other recordings
  ///   that are under way then end between two blocks of rows. `RecordingError.tooLarge` before a recording is read that would take more
  ///   than `maxMemory`.
  public func run<A: Analysis>(
    _ analysis: A, on recordings: [[String]], take: ([RecordingRow<A.Row>]) throws -> Void
  ) throws {
    let shares = progress.map { SharesOfRecordings(recordings, tell: $0) }
    guard recordings.count > 1, !analysis.needs.handsOnPieces else {
      for (number, paths) in recordings.enumerated() {
        var alone = self
        alone.progress = shares?.telling(number)
        try alone.runAlone(analysis, paths, take: take)
        shares?.set(number, 1)
      }
      return
    }
    let queue = RecordingQueue<RecordingRow<A.Row>>(count: recordings.count, ahead: 4 * max(1, threads), budget: maxMemory)
    defer { queue.stop() }
    let workers = min(max(1, threads), recordings.count)
    var worker = self
    worker.threads = max(1, threads / workers)
    worker.checkCancellation = { [checkCancellation] in
      try checkCancellation()
      try queue.checkStopped()
    }
    for _ in 0..<workers {
      DispatchQueue.global().async { [worker] in
        queue.work { number in
          var worker = worker
          worker.progress = shares?.telling(number)
          let share = worker.wholeWork
          let view = try worker.open(recordings[number], for: analysis, share)
          let (context, bytes) = try worker.fittingContext(analysis, view, share)
          return (
            bytes,
            { [worker] in
              let rows = try worker.named(view) { try analysis.rows(of: view, in: context) }
              shares?.set(number, 1)
              return rows.map { RecordingRow(RecordingIdentity(view), $0) }
            }
          )
        }
      }
    }
    for number in recordings.indices { try take(queue.result(number)) }
  }

  /// One recording has all threads, and its rows go on as they come.
  private func runAlone<A: Analysis>(
    _ analysis: A, _ paths: [String], take: ([RecordingRow<A.Row>]) throws -> Void
  ) throws {
    try lend(paths, to: analysis) { view, context in
      let identity = RecordingIdentity(view)
      try analysis.forEachRows(of: view, in: context) { rows in
        // Named a piece at a time: all of them a second time might not fit into the memory.
        for start in stride(from: 0, to: rows.count, by: Self.namedRows) {
          try take(rows[start..<min(start + Self.namedRows, rows.count)].map { RecordingRow(identity, $0) })
        }
      }
    }
  }

  /// Opens recordings that are taken as one, and lends what an analysis gets, for what is more than its rows.
  ///
  /// - Parameters:
  ///   - paths: one recording, or several that are taken as one.
  ///   - analysis: whose needs and memory count.
  ///   - keptBytes: what `body` keeps of such a recording beside the analysis's own memory.
  ///   - body: gets the recording, and what an analysis gets.
  /// - Throws: what `body` throws; `RecordingError.tooLarge` before anything is read of a recording that would take more than `maxMemory`.
  public func lend<A: Analysis>(
    _ paths: [String], to analysis: A, keptBytes: (RecordingShape) -> Double = { _ in 0 },
    body: (RecordingView, AnalysisContext) throws -> Void
  ) throws {
    let share = wholeWork
    let view = try open(paths, for: analysis, share)
    let context = try fittingContext(analysis, view, share, keptBytes: keptBytes).context
    try named(view) { try body(view, context) }
  }

  private var wholeWork: WorkShare { progress.map { WorkShare(tell: $0) } ?? .unheard }

  /// Says which recording holds what a statistic cannot take.
  private func named<Value>(_ view: RecordingView, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as StatisticsError {
      throw RecordingError.invalid(file: view.path, fault: error.description)
    }
  }

  /// What an analysis gets, with as many threads as fit into the memory, and the bytes that it then takes; 0 where memory is not limited.
  ///
  /// - Throws: `RecordingError.tooLarge` where not even one thread fits.
  private func fittingContext<A: Analysis>(
    _ analysis: A, _ view: RecordingView, _ progress: WorkShare, keptBytes: (RecordingShape) -> Double = { _ in 0 }
  ) throws -> (context: AnalysisContext, bytes: Int) {
    var context = AnalysisContext(
      threads: max(1, threads), seed: seed, isChosen: isChosen, note: note, checkCancellation: checkCancellation, progress: progress)
    guard let maxMemory else { return (context, 0) }
    let shape = try view.shape(counting: analysis.needs.counted)
    let groups = analysis.layersReadAtOnce(shape).map { $0.map { view.layers[$0] } }
    let kept = keptBytes(shape)
    func bytes(_ threads: Int) -> Int {
      byteCount(Double(analysis.memory(shape, threads: threads)) + Double(view.readingBytes(of: groups, threads: threads)) + kept)
    }
    context.threads = try fittingThreads(
      most: context.threads, maxMemory: maxMemory, file: view.path, what: "the table \(A.Row.schema.name)",
      alternative: analysis.smallerAlternative, bytes: bytes)
    return (context, bytes(context.threads))
  }

  private func open<A: Analysis>(_ paths: [String], for analysis: A, _ progress: WorkShare) throws -> RecordingView {
    let needsPhase = analysis.needs.phase && selection.phases == .recorded
    let recordings = try paths.map { path in
      let opened = try layers(of: path, opens: analysis.needs.opens)
      let recording = try Recording(
        path: path, layers: { opened?.contains($0) ?? isChosen($0) }, needsPhase: needsPhase)
      guard recording.layers.contains(where: { isChosen($0.name) }) else {
        let names = try Recording.layerNames(path: path).joined(separator: ", ")
        throw RecordingError.badInput(file: path, fault: "no layer has a name that was asked for; it has \(names).")
      }
      return recording
    }
    return try RecordingView(of: recordings, selection: selection, checkCancellation: checkCancellation) { progress.didRead(cells: $0) }
  }

  /// Names of the layers to open; nil for those that are chosen.
  private func layers(of path: String, opens: RecordingNeeds.Opening) throws -> Set<String>? {
    guard case .upwardFrom(let isLookedAt) = opens else { return nil }
    let names = try Recording.layerNames(path: path)
    // Where the analysis looks at none that is chosen it has to say so, and needs the others' names to.
    guard let lowest = names.firstIndex(where: { isChosen($0) && isLookedAt($0) }) ?? names.firstIndex(where: isChosen) else { return nil }
    return Set(names[lowest...])
  }
}

/// As many threads as fit into the memory.
///
/// - Parameter bytes: what so many threads take.
/// - Throws: `RecordingError.tooLarge` where not even one fits.
func fittingThreads(
  most: Int, maxMemory: Int?, file: String, what: String, alternative: String, bytes: (_ threads: Int) throws -> Int
) throws -> Int {
  guard let maxMemory else { return most }
  var threads = most
  while threads > 1, try bytes(threads) > maxMemory { threads /= 2 }
  let needed = try bytes(threads)
  guard needed <= maxMemory else {
    throw RecordingError.tooLarge(file: file, what: what, bytes: needed, allowed: maxMemory, alternative: alternative)
  }
  return threads
}
