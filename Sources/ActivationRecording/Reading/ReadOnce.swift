import Foundation

/// A value that is made when it is first asked for and kept. Whoever asks while it is being made waits for it; where making it fails, the
/// next one tries again.
final class ReadOnce<Value: Sendable>: @unchecked Sendable {
  // Sendable because `value` is touched under the lock only.
  private let lock = NSLock()
  private var value: Value?

  func value(_ make: () throws -> Value) rethrows -> Value {
    try lock.withLock {
      if let value { return value }
      let made = try make()
      value = made
      return made
    }
  }
}
