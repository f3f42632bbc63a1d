import Foundation

/// The line of the terminal that a progress bar stands in: what is printed for people or as data takes its place first.
///
/// Where standard error is no terminal nobody draws, and what is written goes through as it is.
final class StatusLine: @unchecked Sendable {
  // Sendable because what changes is touched under `lock` only.

  static let shared = StatusLine()

  private static let clear = "\r\u{1B}[K"

  private let lock = NSLock()
  private let outputIsTerminal = isatty(STDOUT_FILENO) == 1
  private var isDrawn = false
  /// Whether what went to a terminal as data has not ended its line yet: a bar would write over it.
  private var isInsideOutput = false

  /// Puts text in the line, in place of what stands there.
  func draw(_ text: String) {
    lock.withLock {
      guard !isInsideOutput else { return }
      isDrawn = true
      writeBytes(Self.clear + text)
    }
  }

  /// Empties the line.
  func remove() { write("") }

  /// Writes text for people, where the line stood.
  func write(_ text: String) {
    // A program that is ended says so, even if the terminal keeps another thread waiting.
    let isLocked = lock.lock(before: Date(timeIntervalSinceNow: 0.5))
    defer { if isLocked { lock.unlock() } }
    writeBytes((isDrawn ? Self.clear : "") + text)
    isDrawn = false
  }

  /// Makes room for data on standard output.
  func beginOutput() {
    if outputIsTerminal { remove() }
  }

  /// - Parameter endsLine: whether the data ended with a line break.
  func endOutput(endsLine: Bool) {
    guard outputIsTerminal else { return }
    lock.withLock { isInsideOutput = !endsLine }
  }

  /// Unbuffered; a closed standard error is no reason to fail.
  private func writeBytes(_ text: String) {
    guard !text.isEmpty else { return }
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }
}
