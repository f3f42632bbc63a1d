import Dispatch
import Foundation

/// Whether the user has pressed Control-C (or sent SIGTERM). Long work asks between its steps, keeps what is finished and ends with
/// exit code 130; a second Control-C ends at once.
public final class Interruption: @unchecked Sendable {
  // Sendable because everything that changes is touched under `lock` only.
  private let lock = NSLock()
  private var requested = false
  private var sources: [any DispatchSourceSignal] = []

  public static let shared = Interruption()

  /// Starts to watch for signals; without it nothing is ever interrupted.
  public func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        if isRequested { exit(ExitStatus.interrupted.rawValue) }
        lock.withLock { requested = true }
      }
      source.resume()
      lock.withLock { sources.append(source) }
    }
  }

  public var isRequested: Bool { lock.withLock { requested } }

  /// - Throws: the failure that ends an interrupted program.
  public func check(kept: String) throws {
    if isRequested { throw Failure(.interrupted, "Interrupted. \(kept)") }
  }
}
