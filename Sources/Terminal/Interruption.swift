import Files
import Foundation

/// What ends a program from outside: Control-C (SIGINT), SIGTERM, SIGHUP, and a reader of its standard output that goes away.
///
/// A signal ends the program at once: partial files are removed, or kept and named where they are of use, and the exit code is 128 and the
/// signal's number. Work that has something to save runs in `gracefully(_:)`, asks `isRequested` every few milliseconds and ends by itself;
/// a second signal, or `grace`, ends it as well.
public final class Interruption: @unchecked Sendable {
  // Sendable because everything that changes is touched under `lock` only.

  public static let shared = Interruption()

  /// Seconds that work has to end by itself.
  private static let grace: TimeInterval = 2

  private let lock = NSLock()
  private var requested: Int32?
  private var gracefulWork = 0
  private var advice: String?
  private var watchesOutput = false

  /// Starts to watch for signals; without it nothing is ever interrupted. Call it before the program has a second thread: it blocks the
  /// signals in the calling thread and all threads to come, so that one thread waits for them.
  public func watch() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    // nohup and its like have programs ignore that their terminal goes away.
    if !isIgnored(SIGHUP) { sigaddset(&signals, SIGHUP) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let waitedFor = signals
    Thread.detachNewThread { [self] in
      var signals = waitedFor
      while true {
        var number: Int32 = 0
        if sigwait(&signals, &number) == 0 { received(number) }
      }
    }
  }

  /// Ends the program without a word once nobody reads its standard output any more, as `head` after the first lines, even where nothing is
  /// written for a while. For commands whose whole result goes there.
  public func watchOutput() {
    let isFirst = lock.withLock {
      defer { watchesOutput = true }
      return !watchesOutput
    }
    var status = stat()
    guard isFirst, fstat(STDOUT_FILENO, &status) == 0, [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT) else { return }
    Thread.detachNewThread {
      var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
      while poll(&output, 1, -1) < 0 && errno == EINTR {}
      guard output.revents & Int16(POLLERR) != 0 else { return }
      _ = FileUnderWay.endAll()
      _exit(ExitStatus.failed.rawValue)
    }
  }

  /// Says what the user can do after an interruption, as a sentence.
  public func advise(_ sentence: String?) { lock.withLock { advice = sentence } }

  /// Whether a signal came while work runs that ends by itself.
  public var isRequested: Bool { lock.withLock { requested != nil } }

  /// Runs work that asks `isRequested` and saves what is of use.
  public func gracefully<Value>(_ work: () throws -> Value) rethrows -> Value {
    lock.withLock { gracefulWork += 1 }
    defer { lock.withLock { gracefulWork -= 1 } }
    return try work()
  }

  /// The failure that ends an interrupted program.
  ///
  /// - Parameter kept: what is said after "Interrupted".
  public func failure(_ kept: String) -> Failure {
    let (number, advice) = lock.withLock { (self.requested, self.advice) }
    return Failure(.ended(by: number ?? SIGINT), (["Interrupted\(kept)"] + [advice].compactMap { $0 }).joined(separator: " "))
  }

  private func received(_ number: Int32) {
    let mayEndItself = lock.withLock { () -> Bool in
      let isFirst = requested == nil
      if isFirst { requested = number }
      return isFirst && gracefulWork > 0
    }
    guard mayEndItself else { end(number) }
    Thread.detachNewThread { [self] in
      Thread.sleep(forTimeInterval: Self.grace)
      end(number)
    }
  }

  /// Ends the process while its threads are at work: nothing of theirs is waited for.
  private func end(_ number: Int32) -> Never {
    let sentences = ["Interrupted."] + [lock.withLock { advice }].compactMap { $0 } + FileUnderWay.endAll()
    writeToStandardError("error: \(sentences.joined(separator: " "))\n")
    _exit(ExitStatus.ended(by: number).rawValue)
  }
}

private func isIgnored(_ number: Int32) -> Bool {
  var action = sigaction()
  guard sigaction(number, nil, &action) == 0 else { return false }
  #if canImport(Darwin)
    return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == 1
  #else
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  #endif
}
