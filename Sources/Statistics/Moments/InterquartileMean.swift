/// The interquartile mean: the mean of what is left when a quarter of the values is cut off at each end, `⌊n/4⌋` values there
/// (`scipy.stats.trim_mean(x, 0.25)`, which is rliable's `aggregate_iqm`). Up to 3 values it is the mean, of 4 the mean of the middle two.
/// Nil without values, and where one is NaN.
public func interquartileMean(_ values: some Collection<Double>) -> Double? {
  values.contains(where: \.isNaN) ? nil : interquartileMean(ofSorted: values.sorted())
}

/// The interquartile mean of values in ascending order; see `interquartileMean(_:)`.
public func interquartileMean(ofSorted values: [Double]) -> Double? {
  mean(ofSorted: Array(values[interquartileRange(count: values.count)]))
}

/// The places of sorted values that the interquartile mean is over.
func interquartileRange(count: Int) -> Range<Int> {
  let cut = count / 4
  return cut..<count - cut
}

/// The mean of values in ascending order: of any order of the same values the same digits. Nil without values. Values near the largest
/// double have a finite mean.
public func mean(ofSorted values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let count = Double(values.count)
  let sum = values.reduce(0, +)
  return sum.isFinite ? sum / count : values.reduce(0) { $0 + $1 / count }
}
