import Foundation

/// A part of an analysis, from one share of all its work to another, that says how much of it is done.
///
/// Parts are taken one after the other; inside a part anything may run side by side. Where nobody listens it costs nothing.
public struct WorkShare: Sendable {
  private let meter: WorkMeter?
  private let start, length: Double

  private init(meter: WorkMeter?, start: Double, length: Double) {
    (self.meter, self.start, self.length) = (meter, start, length)
  }

  /// Work that nobody asks about.
  public static let unheard = WorkShare(meter: nil, start: 0, length: 1)

  /// All of some work.
  ///
  /// - Parameter tell: gets the share that is done, which never falls, from any thread.
  public init(tell: @escaping @Sendable (Double) -> Void) { self.init(meter: WorkMeter(tell), start: 0, length: 1) }

  fileprivate var isHeard: Bool { meter != nil }

  /// The part between two shares of this one.
  public func part(_ from: Double, _ to: Double) -> WorkShare {
    WorkShare(meter: meter, start: start + from * length, length: max(0, to - from) * length)
  }

  /// Parts that follow on one another.
  ///
  /// - Parameter weights: how much work each is; equal parts where all are 0.
  public func parts(_ weights: [Int]) -> [WorkShare] {
    let sum = weights.reduce(0.0) { $0 + Double($1) }
    var before = 0.0
    return weights.map { weight in
      let own = sum > 0 ? Double(weight) / sum : 1 / Double(weights.count)
      defer { before += own }
      return part(before, before + own)
    }
  }

  /// Says that a share of this part is done.
  public func tell(_ share: Double) { meter?.reached(start + min(1, max(0, share)) * length) }

  /// Counts steps of equal work, which may be finished in any order and from any thread.
  public func steps(_ total: Int) -> WorkSteps { WorkSteps(of: self, total: total) }

  /// Takes what is read meanwhile for steps of this part.
  ///
  /// - Parameters:
  ///   - cells: activations that will be read, rows times units.
  ///   - body: reads them.
  public func reading<Value>(cells: Int, _ body: () throws -> Value) rethrows -> Value {
    guard let meter else { return try body() }
    meter.read = steps(cells)
    defer {
      meter.read = nil
      tell(1)
    }
    return try body()
  }

  /// Says that so many activations were read.
  public func didRead(cells: Int) { meter?.read?.done(cells) }
}

/// Steps of a part of some work.
public struct WorkSteps: Sendable {
  private let share: WorkShare
  private let total: Int
  private let counter = Counter()

  fileprivate init(of share: WorkShare, total: Int) { (self.share, self.total) = (share, total) }

  /// Says that so many more are done; from any thread.
  public func done(_ steps: Int = 1) {
    guard share.isHeard else { return }
    share.tell(Double(counter.add(steps)) / Double(max(1, total)))
  }

  private final class Counter: @unchecked Sendable {
    // Sendable because `count` is touched under the lock only.
    private let lock = NSLock()
    private var count = 0

    func add(_ steps: Int) -> Int {
      lock.withLock {
        count += steps
        return count
      }
    }
  }
}

/// How far all of some work is.
private final class WorkMeter: @unchecked Sendable {
  // Sendable because what changes is touched under the lock only.
  private let tell: @Sendable (Double) -> Void
  private let lock = NSLock()
  private var furthest = 0.0
  private var steps: WorkSteps?

  init(_ tell: @escaping @Sendable (Double) -> Void) { self.tell = tell }

  /// What reading counts for; nil where it does not.
  var read: WorkSteps? {
    get { lock.withLock { steps } }
    set { lock.withLock { steps = newValue } }
  }

  func reached(_ share: Double) {
    // Told under the lock, so that no smaller share is told after a larger one.
    lock.withLock {
      guard share > furthest else { return }
      furthest = share
      tell(share)
    }
  }
}
