import Foundation

/// Counts what several threads have finished.
final class SharedCounter: @unchecked Sendable {
  // Sendable because `count` is touched under the lock only.
  private let lock = NSLock()
  private var count = 0

  /// - Returns: all that was counted so far.
  func add(_ more: Int = 1) -> Int {
    lock.withLock {
      count += more
      return count
    }
  }
}
