/// What a two-sample test needs to know of one sample: how many, their mean and their spread. It can come from a stream.
public struct SampleSummary: Sendable, Equatable {
  public let count: Int
  public let mean: Double
  /// Population variance: the mean squared deviation (ddof 0).
  public let variance: Double

  /// - Parameter variance: population variance (ddof 0).
  public init(count: Int, mean: Double, variance: Double) {
    self.count = count
    self.mean = mean
    self.variance = variance
  }

  /// The summary of `values` by two passes. Without values mean and variance are NaN; a NaN among them makes both NaN.
  public init(_ values: some Collection<Double>) {
    count = values.count
    let size = Double(values.count)
    let mean = values.reduce(0, +) / size
    self.mean = mean
    variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / size
  }

  /// Sample variance (ddof 1): n/(n−1) × `variance`; NaN for fewer than two values.
  public var sampleVariance: Double {
    count > 1 ? variance * (Double(count) / Double(count - 1)) : .nan
  }
}
