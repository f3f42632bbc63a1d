import Dispatch
import Foundation

/// How many threads this machine runs at once: the default of every `--threads` option.
public var availableThreads: Int { ProcessInfo.processInfo.activeProcessorCount }

/// Runs `body` once for each block number in `0..<count`, on at most `threads` threads, and returns the results in block order.
///
/// The blocks, not the threads, are the unit of work: a caller that cuts its rows into blocks of a fixed size and folds the
/// returned results from first to last gets the same digits for any number of threads.
///
/// - Parameters:
///   - count: number of blocks; 0 gives an empty array.
///   - threads: at least 1; with 1 everything runs on the calling thread.
/// - Throws: the error of the lowest-numbered block that failed. Blocks not yet begun when one fails are left out.
public func mapBlocks<Result: Sendable>(
  count: Int, threads: Int, _ body: @Sendable (Int) throws -> Result
) throws -> [Result] {
  if threads <= 1 || count <= 1 {
    return try (0..<count).map(body)
  }
  let progress = BlockProgress<Result>(count: count)
  DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
    while let block = progress.nextBlock() {
      do {
        progress.finish(block, with: .success(try body(block)))
      } catch {
        progress.finish(block, with: .failure(error))
      }
    }
  }
  return try progress.results()
}

/// Which block comes next and what the finished ones gave, behind one lock.
private final class BlockProgress<Value: Sendable>: @unchecked Sendable {
  // Sendable because everything that changes is touched under the lock only.
  private let lock = NSLock()
  private var next = 0
  private var failed = false
  private var outcomes: [Result<Value, any Error>?]

  init(count: Int) {
    outcomes = Array(repeating: nil, count: count)
  }

  func nextBlock() -> Int? {
    lock.withLock {
      guard !failed, next < outcomes.count else { return nil }
      defer { next += 1 }
      return next
    }
  }

  func finish(_ block: Int, with outcome: Result<Value, any Error>) {
    lock.withLock {
      outcomes[block] = outcome
      if case .failure = outcome { failed = true }
    }
  }

  func results() throws -> [Value] {
    try lock.withLock {
      // Blocks are handed out in order, so every block below the first failure has an outcome.
      try outcomes.compactMap { try $0?.get() }
    }
  }
}
