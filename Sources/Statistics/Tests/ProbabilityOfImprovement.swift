/// P(X > Y) + ½ P(X = Y) over all pairs of a value of X and one of Y: the Mann–Whitney U over n·m, rliable's `probability_of_improvement` of one
/// task. ½ where neither tends to be larger; nil where either has no values or holds a NaN.
public func probabilityOfImprovement(_ x: [Double], over y: [Double]) -> Double? {
  guard !x.isEmpty, !y.isEmpty, !x.contains(where: \.isNaN), !y.contains(where: \.isNaN) else { return nil }
  let ranks = averageRanks(x + y)
  // Ranks are multiples of ½: sums are exact.
  let (n, m) = (Double(x.count), Double(y.count))
  let u = ranks[..<x.count].reduce(0, +) - n * (n + 1) / 2
  return u / n / m
}
