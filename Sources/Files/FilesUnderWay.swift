import Foundation

/// The partial files of this program that are being written, for the case that a signal ends it.
final class FilesUnderWay: @unchecked Sendable {
  // Sendable because everything that changes is touched under `lock` only.

  static let shared = FilesUnderWay()

  typealias Token = Int

  private struct Partial {
    let path: String
    let identity: FileIdentity?
    /// What to say of it where it is kept; nil removes it.
    var worth: String?
  }

  private let lock = NSLock()
  private var partials: [Token: Partial] = [:]
  private var kept: [Token: String] = [:]
  private var next = 0

  /// Makes a partial file, or returns nil where that fails; `errno` says why.
  func make(_ path: String, by open: () -> Int32) -> (descriptor: Int32, token: Token)? {
    lock.withLock {
      let descriptor = open()
      guard descriptor >= 0 else { return nil }
      next += 1
      partials[next] = Partial(path: path, identity: FileIdentity(descriptor: descriptor), worth: nil)
      return (descriptor, next)
    }
  }

  func setWorth(_ worth: String?, of token: Token) {
    lock.withLock { partials[token]?.worth = worth }
  }

  /// Gives up a partial file, which the body may rename or remove: never while `endAll` does.
  func release<Value>(_ token: Token?, _ body: () throws -> Value) rethrows -> Value {
    try lock.withLock {
      let value = try body()
      if let token { partials[token] = nil }
      return value
    }
  }

  /// Gives up a partial file that stays.
  func keep(_ token: Token?) {
    guard let token else { return }
    lock.withLock { kept[token] = partials.removeValue(forKey: token)?.worth }
  }

  /// What is said of the files that were kept so far.
  var sentences: [String] {
    lock.withLock { kept.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// Removes what is of no use and says what is kept. The lock stays closed: nothing is begun or finished after this.
  func endAll() -> [String] {
    lock.lock()
    for (token, partial) in partials.sorted(by: { $0.key < $1.key }) {
      if let worth = partial.worth {
        kept[token] = worth
      } else if FileIdentity(nameAt: partial.path) == partial.identity {
        unlink(partial.path)
      }
    }
    return kept.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension FileUnderWay {
  /// Ends every file under way of a program that a signal ends now: partial files that are of use stay, the others are removed.
  ///
  /// No file can be begun or finished after this call: a thread that tries waits for ever. To be called once, before the process exits.
  ///
  /// - Returns: what `keepIfEnded(_:)` said of those that stay, and of those that were kept before.
  public static func endAll() -> [String] { FilesUnderWay.shared.endAll() }

  /// What was said of the partial files that were kept, in the order in which they were begun.
  public static var keptSentences: [String] { FilesUnderWay.shared.sentences }
}
