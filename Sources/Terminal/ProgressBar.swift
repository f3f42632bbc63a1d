import ActivationRecording
import Foundation

/// A line on standard error that shows how far a piece of work is, its rate and the time left; silent unless that is a terminal.
public final class ProgressBar: @unchecked Sendable {
  // Sendable because `lastDrawn`, all that changes, is touched under `lock` only.
  private let title: String
  private let unit: String
  private let isShown: Bool
  private let lock = NSLock()
  private let start = Date()
  private var lastDrawn = Date.distantPast

  /// - Parameter unit: what is counted, in the plural: "states".
  public init(_ title: String, unit: String, quiet: Bool) {
    self.title = title
    self.unit = unit
    isShown = !quiet && isatty(STDERR_FILENO) == 1
  }

  /// Shows that `done` of `total` are finished. May be called from any thread, as often as one likes.
  public func update(done: Int, total: Int) {
    guard isShown else { return }
    lock.withLock {
      let now = Date()
      guard now.timeIntervalSince(lastDrawn) >= 0.1 || done >= total else { return }
      lastDrawn = now
      writeToStandardError("\r\u{1B}[K" + progressLine(done: done, total: total, seconds: now.timeIntervalSince(start)))
    }
  }

  /// Removes the line.
  public func finish() {
    if isShown { writeToStandardError("\r\u{1B}[K") }
  }

  func progressLine(done: Int, total: Int, seconds: TimeInterval) -> String {
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
    let filled = Int(share * 24)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    let rate = seconds > 0 ? Double(done) / seconds : 0
    let left = rate > 0 ? Double(max(0, total - done)) / rate : 0
    return "\(title) [\(bar)] \(Int(share * 100)) %  \(grouped(Int(rate))) \(unit)/s  \(Int(left.rounded(.up))) s left"
  }
}
