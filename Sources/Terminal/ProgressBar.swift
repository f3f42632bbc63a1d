import ActivationRecording
import Foundation

/// A line on standard error that shows how far a piece of work is, its rate and the time left; silent unless that is a terminal.
///
/// It appears once the work has taken half a second.
public final class ProgressBar: @unchecked Sendable {
  // Sendable because what changes is touched under `lock` only.

  /// What is counted.
  public enum Unit: Sendable, ExpressibleByStringLiteral {
    /// In the plural: "states".
    case things(String)
    case bytes

    public init(stringLiteral name: String) { self = .things(name) }
  }

  private let title: String
  private let unit: Unit
  private let goesOn: Bool
  private let mayEndEarly: Bool
  private let isShown: Bool
  private let clock: @Sendable () -> TimeInterval
  private let start: TimeInterval
  private let draw: @Sendable (String) -> Void
  private let lock = NSLock()
  private var lastDrawn = -TimeInterval.infinity
  private var last: (done: Int, total: Int)?
  private var isOver = false
  /// Redraws the line while nothing is told, so that it shows life.
  private var timer: (any DispatchSourceTimer)?
  /// What was done, and when, from which on the rate counts.
  private var first: (done: Int, seconds: TimeInterval)?

  /// Seconds before the line appears, and between two of its states.
  private static let (delay, interval) = (0.5, 0.1)
  /// Seconds after which the line is drawn anew though nothing was told.
  private static let beat = 1.0

  /// - Parameters:
  ///   - goesOn: whether an earlier run did a part, which the first update names: its rate is not ours.
  ///   - mayEndEarly: whether the total is the most that there may be.
  public convenience init(_ title: String, unit: Unit, quiet: Bool, goesOn: Bool = false, mayEndEarly: Bool = false) {
    self.init(
      title, unit: unit, goesOn: goesOn, mayEndEarly: mayEndEarly, isShown: !quiet && isatty(STDERR_FILENO) == 1,
      clock: { ProcessInfo.processInfo.systemUptime }, draw: { StatusLine.shared.draw($0) })
    guard isShown else { return }
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    timer.schedule(deadline: .now() + Self.delay, repeating: Self.beat)
    timer.setEventHandler { [weak self] in self?.redraw() }
    timer.resume()
    self.timer = timer
  }

  deinit { timer?.cancel() }

  /// - Parameters:
  ///   - clock: seconds since whenever.
  ///   - draw: gets the line.
  init(
    _ title: String, unit: Unit, goesOn: Bool = false, mayEndEarly: Bool = false, isShown: Bool = true,
    clock: @escaping @Sendable () -> TimeInterval, draw: @escaping @Sendable (String) -> Void
  ) {
    (self.title, self.unit, self.goesOn, self.mayEndEarly, self.isShown) = (title, unit, goesOn, mayEndEarly, isShown)
    (self.clock, self.draw, start) = (clock, draw, clock())
    first = goesOn ? nil : (0, 0)
  }

  /// Whether anybody sees it: what is only counted for it need not be counted otherwise.
  public var isVisible: Bool { isShown }

  /// Shows that `done` of `total` are finished. May be called from any thread, as often as one likes.
  public func update(done: Int, total: Int) {
    guard isShown else { return }
    lock.withLock {
      guard !isOver else { return }
      let seconds = clock() - start
      last = (done, total)
      if first == nil { first = (done, seconds) }
      guard seconds >= Self.delay, seconds - lastDrawn >= Self.interval || done >= total else { return }
      lastDrawn = seconds
      draw(line(done: done, total: total, seconds: seconds))
    }
  }

  /// Shows again what was told last, as long ago as that is by now.
  func redraw() {
    lock.withLock {
      guard let last else { return }
      let seconds = clock() - start
      guard seconds >= Self.delay, seconds - lastDrawn >= Self.beat / 2 else { return }
      lastDrawn = seconds
      draw(line(done: last.done, total: last.total, seconds: seconds))
    }
  }

  /// Removes the line; it does not come back.
  public func finish() {
    guard isShown else { return }
    lock.withLock {
      last = nil
      isOver = true
      timer?.cancel()
      timer = nil
    }
    StatusLine.shared.remove()
  }

  private func line(done: Int, total: Int, seconds: TimeInterval) -> String {
    let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    let filled = Int(share * 24)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    let line = "\(title) [\(bar)] \(Int(share * 100)) %"
    let pace = Pace(done: done - (first?.done ?? 0), seconds: seconds - (first?.seconds ?? 0))
    guard let left = pace.secondsLeft(of: total - done) else { return line + "  \(durationText(seconds)) so far" }
    return line + "  \(pace.text(unit))  \(mayEndEarly ? "at most " : "")\(durationText(left)) left"
  }
}

/// How fast a piece of work goes.
struct Pace {
  let done: Int
  let seconds: TimeInterval

  /// Nothing a second where nothing is done yet.
  var perSecond: Double { done > 0 && seconds > 0 ? Double(done) / seconds : 0 }

  /// Seconds that the rest takes at this pace; nil where nothing says how long.
  func secondsLeft(of rest: Int) -> TimeInterval? { perSecond > 0 ? Double(max(0, rest)) / perSecond : nil }

  /// A number of two digits at least.
  func text(_ unit: ProgressBar.Unit) -> String {
    switch unit {
    case .bytes: "\(byteText(Int(perSecond.rounded())))/s"
    case .things(let name):
      if perSecond >= 10 {
        "\(grouped(Int(perSecond.rounded()))) \(name)/s"
      } else if perSecond >= 0.1 {
        "\((perSecond * 10).rounded() / 10) \(name)/s"
      } else {
        "\((perSecond * 600).rounded() / 10) \(name)/min"
      }
    }
  }
}

/// Seconds as people say them: 12 s, 3 min, 1.5 h; rounded up.
func durationText(_ seconds: TimeInterval) -> String {
  switch seconds {
  case ...100: "\(Int(seconds.rounded(.up))) s"
  case ...6000: "\(Int((seconds / 60).rounded(.up))) min"
  default: "\((seconds / 360).rounded(.up) / 10) h"
  }
}
