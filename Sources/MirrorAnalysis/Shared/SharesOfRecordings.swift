import Foundation

/// How much is done of several recordings, each weighed by the size of its files.
final class SharesOfRecordings: @unchecked Sendable {
  // Sendable because `shares` is touched under the lock only.
  private let weights: [Double]
  private let tell: @Sendable (Double) -> Void
  private let lock = NSLock()
  private var shares: [Double]

  /// - Parameter recordings: paths; each inner list is one recording.
  init(_ recordings: [[String]], tell: @escaping @Sendable (Double) -> Void) {
    let sizes = recordings.map { paths in
      paths.reduce(1.0) { sum, path in
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        return sum + (size?.doubleValue ?? 0)
      }
    }
    let sum = sizes.reduce(0, +)
    weights = sizes.map { $0 / sum }
    self.tell = tell
    shares = sizes.map { _ in 0 }
  }

  /// What says how much of a recording is done.
  func telling(_ number: Int) -> @Sendable (Double) -> Void { { self.set(number, $0) } }

  /// Says that a share of a recording is done.
  func set(_ number: Int, _ share: Double) {
    // Told under the lock, so that no smaller sum is told after a larger one.
    lock.withLock {
      shares[number] = share
      tell(zip(shares, weights).reduce(0) { $0 + $1.0 * $1.1 })
    }
  }
}
