import Foundation

/// Makes a step on the way to a file fail on purpose, so that tests see what a full or broken disk does. Nothing in the products calls `inject`.
package enum WriteFault {
  /// What can fail.
  package enum Step: Hashable, CaseIterable, Sendable {
    /// Handing data over.
    case write
    /// Making room for more rows.
    case allocation
    /// Flushing and closing.
    case sync
    /// Fetching a stored chunk or reading data.
    case read
  }

  private static let state = FaultState()

  /// Lets `count` more writes of data into the file at `path` succeed; every one after them fails with `noSpace`.
  package static func inject(afterWrites count: Int, file path: String) {
    inject(.write, after: count, file: path)
  }

  /// Lets `count` more steps of that kind on the file at `path` succeed; every one after them fails.
  package static func inject(_ step: Step, after count: Int, file path: String) {
    state.set(count, for: FaultState.Place(step: step, path: path))
  }

  package static func clear(file path: String) {
    for step in Step.allCases { state.set(nil, for: FaultState.Place(step: step, path: path)) }
  }

  /// Counts one step, and throws when its turn to fail has come.
  static func check(_ step: Step, _ operation: Operation) throws {
    guard state.spend(FaultState.Place(step: step, path: operation.file)) else { return }
    switch step {
    case .write, .allocation: throw operation.error(.noSpace, "no space left on the device")
    case .sync: throw operation.error(.writeFailed, "input/output error")
    case .read: throw operation.error(.other, "input/output error")
    }
  }
}

private final class FaultState: @unchecked Sendable {
  struct Place: Hashable {
    let step: WriteFault.Step
    let path: String
  }

  // Sendable because the dictionary is touched under the lock only.
  private let lock = NSLock()
  private var remaining: [Place: Int] = [:]

  func set(_ count: Int?, for place: Place) {
    lock.withLock { remaining[place] = count }
  }

  func spend(_ place: Place) -> Bool {
    lock.withLock {
      guard let left = remaining[place] else { return false }
      remaining[place] = max(left - 1, 0)
      return left <= 0
    }
  }
}
