import Foundation

/// Notes of analyses, which may come from any thread, each kept once.
final class NoteCollector: @unchecked Sendable {
  // Sendable because `notes` is touched under `lock` only.
  private let lock = NSLock()
  private var notes: [String] = []

  func add(_ note: String) {
    lock.withLock { if !notes.contains(note) { notes.append(note) } }
  }

  var all: [String] { lock.withLock { notes } }
}
