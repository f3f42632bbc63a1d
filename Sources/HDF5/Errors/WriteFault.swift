import Foundation

/// Makes writing fail on purpose, so that tests see what a full disk does. Nothing in the products calls `inject`.
package enum WriteFault {
  private static let state = FaultState()

  /// Lets `count` more writes of data into the file at `path` succeed; every one after them fails with `noSpace`.
  package static func inject(afterWrites count: Int, file path: String) {
    state.set(count, for: path)
  }

  package static func clear(file path: String) {
    state.set(nil, for: path)
  }

  /// Counts one write, and throws when its turn to fail has come.
  static func check(_ operation: Operation) throws {
    if state.spend(operation.file) {
      throw operation.error(.noSpace, "no space left on the device")
    }
  }
}

private final class FaultState: @unchecked Sendable {
  // Sendable because the dictionary is touched under the lock only.
  private let lock = NSLock()
  private var remaining: [String: Int] = [:]

  func set(_ count: Int?, for path: String) {
    lock.withLock { remaining[path] = count }
  }

  func spend(_ path: String) -> Bool {
    lock.withLock {
      guard let left = remaining[path] else { return false }
      remaining[path] = max(left - 1, 0)
      return left <= 0
    }
  }
}
