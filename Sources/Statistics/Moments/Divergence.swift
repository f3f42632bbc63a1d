import Foundation

/// Counts in bins of equal width, as `numpy.histogram(values, bins, range)` makes them from float64.
public struct Histogram: Sendable, Equatable {
  /// Bin i holds edges[i] ≤ x < edges[i + 1]; the last bin holds its upper edge too.
  public let edges: [Double]
  public let counts: [Int]

  /// The edges of bins over a range, which is widened by ½ on either side when its ends are equal, as numpy does.
  static func edges(range: ClosedRange<Double>, bins: Int) -> [Double] {
    let widening = range.lowerBound == range.upperBound ? 0.5 : 0
    let (low, high) = (range.lowerBound - widening, range.upperBound + widening)
    let step = (high - low) / Double(bins)
    return (0..<bins).map { Double($0) * step + low } + [high]
  }

  init(edges: [Double], counts: [Int]) {
    self.edges = edges
    self.counts = counts
  }

  /// Whether every bin has a width: a range that spans fewer doubles than there are bins has bins without one, and no densities.
  public var hasWidth: Bool { zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 } }

  /// How many values lie inside the range.
  public var total: Int { counts.reduce(0, +) }

  /// count / total + 1e-10, divided by their sum. Shares have no unit, so neither has what is made of them.
  fileprivate var smoothedShares: [Double] {
    let total = Double(total)
    return normalised(counts.map { Double($0) / total + smoothing })
  }

  /// The probabilities that the author's scripts compare: density (count / (total × width)) + 1e-10, divided by their sum.
  fileprivate var smoothedDensities: [Double] {
    let total = Double(total)
    return normalised(counts.indices.map { Double(counts[$0]) / (edges[$0 + 1] - edges[$0]) / total + smoothing })
  }
}

/// What is added to each bin, so that an empty one has a logarithm.
private let smoothing = 1e-10

private func normalised(_ values: [Double]) -> [Double] {
  let sum = values.reduce(0, +)
  return values.map { $0 / sum }
}

/// What the small number that an empty bin gets is added to.
public enum DivergenceSmoothing: Sendable {
  /// To shares of the rows: the divergence of values does not depend on their scale.
  case shares
  /// To densities, as the author's scripts do: the same values times 1,000 have another divergence.
  case densities
}

/// The Kullback–Leibler divergence D(P‖Q) = Σ p ln(p/q) in nats, from two histograms over the same bins: 1e-10 added to each share or
/// density, renormalised (`scipy.stats.entropy(p, q)`). It depends on range and number of bins, so only values over one range compare.
///
/// Nil when either histogram is empty or has bins without width, or their bins differ; exactly 0 for equal shapes, such as a unit
/// constant at one value in both, whatever their numbers of values.
public func klDivergence(_ p: Histogram, from q: Histogram, smoothing: DivergenceSmoothing = .shares) -> Double? {
  guard p.hasWidth, q.hasWidth, p.edges == q.edges, p.total > 0, q.total > 0 else { return nil }
  // The same shares of unequal totals round differently: a sum of about 1e-26 that stands for no difference.
  let areEqual = zip(p.counts, q.counts).allSatisfy { $0.multipliedFullWidth(by: q.total) == $1.multipliedFullWidth(by: p.total) }
  if areEqual { return 0 }
  let (first, second) = smoothing == .shares ? (p.smoothedShares, q.smoothedShares) : (p.smoothedDensities, q.smoothedDensities)
  return max(0, zip(first, second).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) })
}

/// min(D(none‖self), D(none‖other)) where the mean rises from none to both, and 0 elsewhere. Nil when a divergence does not exist or a
/// difference of means is NaN.
public func commonPositiveDivergence(
  noneFromSelf: Double?, noneFromOther: Double?, deltaSelf: Double, deltaOther: Double
) -> Double? {
  guard let noneFromSelf, let noneFromOther, !deltaSelf.isNaN, !deltaOther.isNaN else { return nil }
  return deltaSelf > 0 && deltaOther > 0 ? min(noneFromSelf, noneFromOther) : 0
}
