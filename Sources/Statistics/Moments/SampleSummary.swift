/// What a two-sample test needs to know of one sample: how many, their mean and their spread. It can come from a stream.
public struct SampleSummary: Sendable, Equatable {
  public let count: Int
  public let mean: Double
  /// What `mean` lacks of the mean, less than a unit in its last place, where it is known; otherwise 0.
  private let meanRest: Double
  /// Population variance: the mean squared deviation (ddof 0).
  public let variance: Double

  /// - Parameters:
  ///   - meanRest: what `mean` lacks of the mean, where it is known.
  ///   - variance: population variance (ddof 0).
  public init(count: Int, mean: Double, meanRest: Double = 0, variance: Double) {
    self.count = count
    self.mean = mean
    self.meanRest = meanRest
    self.variance = variance
  }

  /// The summary of `values` by two passes. Without values mean and variance are NaN; a NaN among them makes both NaN.
  public init(_ values: some Collection<Double>) {
    count = values.count
    let size = Double(values.count)
    let mean = values.reduce(0, +) / size
    self.mean = mean
    meanRest = 0
    variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / size
  }

  /// Sample variance (ddof 1): n/(n−1) × `variance`; NaN for fewer than two values.
  public var sampleVariance: Double {
    count > 1 ? variance * (Double(count) / Double(count - 1)) : .nan
  }

  /// mean − mean(reference), with the digits that each mean alone has no room for.
  public func meanDifference(from reference: SampleSummary) -> Double {
    (mean - reference.mean) + (meanRest - reference.meanRest)
  }
}
