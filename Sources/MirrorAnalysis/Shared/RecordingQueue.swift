import Foundation

/// Recordings that wait for a thread and memory, and rows that wait for those of the recordings before them.
///
/// One recording is opened at a time and in order, and is let in once it fits beside those before it; so the memory goes to the recordings
/// whose rows are taken first, and however little there is, the next one to be taken always gets in.
final class RecordingQueue<Row: Sendable>: @unchecked Sendable {
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

  /// Lets no further recording in, and ends those under way at their next `checkStopped`.
  func stop() {
    condition.lock()
    isStopped = true
    condition.broadcast()
    condition.unlock()
  }

  /// - Throws: `CancellationError` once nobody waits for rows any more.
  func checkStopped() throws {
    condition.lock()
    defer { condition.unlock() }
    if isStopped { throw CancellationError() }
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

  /// Waits until so many bytes are free, or all are; false once stopped.
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
