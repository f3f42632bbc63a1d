import ActivationRecording
import Foundation
import Parallelism
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
  public var note: @Sendable (String) -> Void = { _ in }
  public var checkCancellation: @Sendable () throws -> Void = {}

  public init() {}

  /// - Parameters:
  ///   - recordings: paths; each inner list is taken as one recording, its rows in that order.
  ///   - take: gets rows, on the calling thread, by recording in the order given.
  /// - Throws: the error of the first recording that failed, after the rows of those before it; `RecordingError.tooLarge` before a
  ///   recording is read that would take more than `maxMemory`.
  public func run<A: Analysis>(
    _ analysis: A, on recordings: [[String]], take: ([RecordingRow<A.Row>]) throws -> Void
  ) throws {
    guard recordings.count > 1, !analysis.needs.handsOnPieces else {
      for paths in recordings { try runAlone(analysis, paths, take: take) }
      return
    }
    let queue = RecordingQueue<RecordingRow<A.Row>>(count: recordings.count, ahead: 4 * max(1, threads), budget: maxMemory)
    let workers = min(max(1, threads), recordings.count)
    let inner = max(1, threads / workers)
    for _ in 0..<workers {
      DispatchQueue.global().async {
        queue.work { number in
          let view = try open(recordings[number], for: analysis)
          let fitting = try fittingThreads(analysis, view, most: inner)
          let needed = maxMemory == nil ? 0 : try bytes(analysis, view, threads: fitting)
          let own = context(threads: fitting)
          return (needed, { try named(view) { try analysis.rows(of: view, in: own) }.map { RecordingRow(RecordingIdentity(view), $0) } })
        }
      }
    }
    defer { queue.stop() }
    for number in recordings.indices { try take(queue.result(number)) }
  }

  /// One recording has all threads, and its rows go on as they come.
  private func runAlone<A: Analysis>(
    _ analysis: A, _ paths: [String], take: ([RecordingRow<A.Row>]) throws -> Void
  ) throws {
    try lend(paths, to: analysis) { view, context in
      let identity = RecordingIdentity(view)
      try analysis.forEachRows(of: view, in: context) { rows in try take(rows.map { RecordingRow(identity, $0) }) }
    }
  }

  /// Opens recordings that are taken as one, and lends what an analysis gets, for what is more than its rows.
  ///
  /// - Throws: what `body` throws; `RecordingError.tooLarge` before anything is read of a recording that would take more than `maxMemory`.
  public func lend<A: Analysis>(
    _ paths: [String], to analysis: A, body: (RecordingView, AnalysisContext) throws -> Void
  ) throws {
    let view = try open(paths, for: analysis)
    let context = context(threads: try fittingThreads(analysis, view, most: max(1, threads)))
    try named(view) { try body(view, context) }
  }

  /// Says which recording holds what a statistic cannot take.
  private func named<Value>(_ view: RecordingView, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as StatisticsError {
      throw RecordingError.invalid(file: view.path, fault: error.description)
    }
  }

  /// As many threads as fit into the memory.
  ///
  /// - Throws: `RecordingError.tooLarge` where not even one does.
  private func fittingThreads<A: Analysis>(_ analysis: A, _ view: RecordingView, most: Int) throws -> Int {
    guard let maxMemory else { return most }
    var threads = most
    while threads > 1, try bytes(analysis, view, threads: threads) > maxMemory { threads /= 2 }
    let needed = try bytes(analysis, view, threads: threads)
    guard needed <= maxMemory else {
      throw RecordingError.tooLarge(
        file: view.path, what: "the table \(A.Row.schema.name)", bytes: needed, allowed: maxMemory, alternative: analysis.smallerAlternative
      )
    }
    return threads
  }

  private func bytes<A: Analysis>(_ analysis: A, _ view: RecordingView, threads: Int) throws -> Int {
    let shape = try view.shape(counting: analysis.needs.counted)
    let reading = view.readingBytes(of: analysis.layersReadAtOnce(shape).map { $0.map { view.layers[$0] } }, threads: threads)
    let (sum, overflows) = analysis.memory(shape, threads: threads).addingReportingOverflow(reading)
    return overflows ? .max : sum
  }

  private func context(threads: Int) -> AnalysisContext {
    AnalysisContext(
      threads: threads, seed: seed, maxMemory: maxMemory, isChosen: isChosen, note: note, checkCancellation: checkCancellation)
  }

  private func open<A: Analysis>(_ paths: [String], for analysis: A) throws -> RecordingView {
    let needsPhase = analysis.needs.phase && selection.phases == .recorded
    let recordings = try paths.map { path in
      let opened = try layers(of: path, opens: analysis.needs.opens)
      let recording = try Recording(
        path: path, layers: { opened?.contains($0) ?? isChosen($0) }, needsPhase: needsPhase)
      guard recording.layers.contains(where: { isChosen($0.name) }) else {
        let names = try Recording(path: path, needsPhase: false).layers.map(\.name).joined(separator: ", ")
        throw RecordingError.badInput(file: path, fault: "no layer has a name that was asked for; it has \(names).")
      }
      return recording
    }
    return try RecordingView(of: recordings, selection: selection, checkCancellation: checkCancellation)
  }
}

extension AnalysisRunner {
  /// Names of the layers to open; nil for those that are chosen.
  private func layers(of path: String, opens: RecordingNeeds.Opening) throws -> Set<String>? {
    guard case .upwardFrom(let isLookedAt) = opens else { return nil }
    let names = try Recording.layerNames(path: path)
    // Where the analysis looks at none that is chosen it has to say so, and needs the others' names to.
    guard let lowest = names.firstIndex(where: { isChosen($0) && isLookedAt($0) }) ?? names.firstIndex(where: isChosen) else { return nil }
    return Set(names[lowest...])
  }
}

/// Recordings that wait for a thread and memory, and rows that wait for those of the recordings before them.
private final class RecordingQueue<Row: Sendable>: @unchecked Sendable {
  // Sendable because everything that changes is touched under `condition` only.

  /// Bytes that a recording takes, and what makes its rows.
  typealias Job = (bytes: Int, rows: () throws -> [Row])

  private let condition = NSCondition()
  private let count: Int
  /// How many recordings may be done that nobody has taken the rows of.
  private let ahead: Int
  private let budget: Int?
  private var next = 0
  private var taken = 0
  private var isStopped = false
  private var bytesInUse = 0
  private var jobsInUse = 0
  private var isOpening = false
  /// What is done, with the bytes that stay in use until it is taken.
  private var results: [Int: (rows: Result<[Row], any Error>, bytes: Int)] = [:]

  init(count: Int, ahead: Int, budget: Int?) {
    self.count = count
    self.ahead = ahead
    self.budget = budget
  }

  /// Takes recordings in order until none is left.
  func work(_ open: (Int) throws -> Job) {
    while let number = nextNumber() {
      let job = Result { try open(number) }
      guard admit((try? job.get())?.bytes ?? 0) else { return }
      let rows = job.flatMap { job in Result { try job.rows() } }
      finish(number, rows, bytes: (try? job.get())?.bytes ?? 0)
    }
  }

  /// Waits for the rows of a recording. To be asked for in order.
  func result(_ number: Int) throws -> [Row] {
    condition.lock()
    while results[number] == nil { condition.wait() }
    let result = results.removeValue(forKey: number)
    taken = number + 1
    bytesInUse -= result?.bytes ?? 0
    jobsInUse -= 1
    condition.broadcast()
    condition.unlock()
    return try result?.rows.get() ?? []
  }

  func stop() {
    condition.lock()
    isStopped = true
    condition.broadcast()
    condition.unlock()
  }

  /// One thread opens at a time, so that memory is given out in order.
  private func nextNumber() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while !isStopped, next < count, isOpening || next >= taken + ahead { condition.wait() }
    guard !isStopped, next < count else { return nil }
    isOpening = true
    next += 1
    return next - 1
  }

  private func admit(_ bytes: Int) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while !isStopped, let budget, jobsInUse > 0, bytes > budget - min(budget, bytesInUse) { condition.wait() }
    isOpening = false
    bytesInUse += bytes
    jobsInUse += 1
    condition.broadcast()
    return !isStopped
  }

  private func finish(_ number: Int, _ rows: Result<[Row], any Error>, bytes: Int) {
    condition.lock()
    results[number] = (rows, bytes)
    condition.broadcast()
    condition.unlock()
  }
}
