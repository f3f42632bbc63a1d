/// Resamples a few values with replacement, such as one number a network: as many as there are, and what is taken of them each time.
///
/// Replicate i draws from `RandomStream(seed:purpose:index: i)`, and draws places of the values in ascending order: the order in which they are
/// given changes nothing, and values times a positive number plus another give replicates that are so too.
public struct SampleBootstrap: Sendable {
  /// What is taken of a resample.
  public enum Statistic: Sendable {
    case mean
    /// See `interquartileMean(_:)`.
    case interquartileMean
  }

  public var replicates: Int
  public var seed: UInt64

  public init(replicates: Int, seed: UInt64) {
    self.replicates = replicates
    self.seed = seed
  }

  /// The statistic of each replicate; NaN where a double cannot hold the values' range or one is not finite.
  public func replicates(of values: [Double], _ statistic: Statistic, purpose: String) -> [Double] {
    let sample = Resampled(values)
    return (0..<max(0, replicates)).map { replicate in
      var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(replicate))
      return sample.draw(statistic, from: &stream)
    }
  }

  /// mean(x) − mean(y) of each replicate, either sample resampled by itself.
  public func differences(of x: [Double], from y: [Double], purpose: String) -> [Double] {
    let (first, second) = (Resampled(x), Resampled(y))
    return (0..<max(0, replicates)).map { replicate in
      var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(replicate))
      let mean = first.draw(.mean, from: &stream)
      return mean - second.draw(.mean, from: &stream)
    }
  }
}

/// Values in ascending order, as distances from the smallest.
private struct Resampled {
  let origin: Double
  let distances: [Double]

  init(_ values: [Double]) {
    let sorted = values.sorted()
    let origin = sorted.first ?? .nan
    self.origin = origin
    let isUsable = values.allSatisfy(\.isFinite) && ((sorted.last ?? .nan) - origin) * Double(max(1, values.count)) < .infinity
    distances = sorted.map { isUsable ? $0 - origin : .nan }
  }

  func draw(_ statistic: SampleBootstrap.Statistic, from stream: inout RandomStream) -> Double {
    let count = distances.count
    guard count > 0 else { return .nan }
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { counts in
      counts.initialize(repeating: 0)
      for _ in 0..<count { counts[stream.uniform(below: count)] += 1 }
      let kept = statistic == .mean ? 0..<count : interquartileRange(count: count)
      var (place, sum) = (0, 0.0)
      for index in 0..<count where counts[index] > 0 {
        // How many of the places that it takes in the resample are kept.
        let taken = min(place + counts[index], kept.upperBound) - max(place, kept.lowerBound)
        if taken > 0 { sum += Double(taken) * distances[index] }
        place += counts[index]
      }
      return origin + sum / Double(kept.count)
    }
  }
}
