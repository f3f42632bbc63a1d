import Foundation

/// Counts in bins of equal width, as `numpy.histogram(values, bins, range)` makes them from float64.
public struct Histogram: Sendable, Equatable {
  /// Bin i holds edges[i] ≤ x < edges[i + 1]; the last bin holds its upper edge too.
  public let edges: [Double]
  public private(set) var counts: [Int]

  /// - Parameters:
  ///   - range: the outer edges. When they are equal the range is widened by ½ on either side, as numpy does.
  ///   - bins: at least 1.
  public init(range: ClosedRange<Double>, bins: Int = 50) {
    precondition(bins >= 1, "at least one bin")
    let widening = range.lowerBound == range.upperBound ? 0.5 : 0
    let (low, high) = (range.lowerBound - widening, range.upperBound + widening)
    let step = (high - low) / Double(bins)
    edges = (0..<bins).map { Double($0) * step + low } + [high]
    counts = [Int](repeating: 0, count: bins)
  }

  init(edges: [Double], counts: [Int]) {
    self.edges = edges
    self.counts = counts
  }

  /// How many values lie inside the range.
  public var total: Int { counts.reduce(0, +) }

  /// Counts one value; one outside the range, or NaN, is left out.
  public mutating func add(_ value: Double) {
    let (low, high) = (edges[0], edges[counts.count])
    guard value >= low, value <= high else { return }
    let bins = counts.count
    var bin = min(bins - 1, Int((value - low) / (high - low) * Double(bins)))
    // The division may have rounded across an edge.
    if value < edges[bin] {
      bin -= 1
    } else if bin < bins - 1, value >= edges[bin + 1] {
      bin += 1
    }
    counts[bin] += 1
  }

  /// Adds the counts of other values over the same range and bins.
  public mutating func merge(_ other: Histogram) {
    precondition(other.edges == edges, "the same bins")
    for bin in counts.indices { counts[bin] += other.counts[bin] }
  }

  /// The probabilities that the author's scripts compare: density (count / (total × width)) + 1e-10, divided by their sum.
  fileprivate var smoothedProbabilities: [Double] {
    let total = Double(total)
    let densities = counts.indices.map { Double(counts[$0]) / (edges[$0 + 1] - edges[$0]) / total + 1e-10 }
    let sum = densities.reduce(0, +)
    return densities.map { $0 / sum }
  }
}

/// The Kullback–Leibler divergence D(P‖Q) = Σ p ln(p/q) in nats, from two histograms over the same bins: densities, 1e-10 added to each,
/// renormalised (the author's arithmetic; `scipy.stats.entropy(p, q)`). It depends on range and number of bins, so only values
/// over one range compare. Nil when either histogram is empty; exactly 0 for equal shapes, such as a unit constant at one value in both,
/// whatever their numbers of values.
public func klDivergence(_ p: Histogram, from q: Histogram) -> Double? {
  precondition(p.edges == q.edges, "the same bins")
  guard p.total > 0, q.total > 0 else { return nil }
  // The same shares of unequal totals round differently: a sum of about 1e-26 that stands for no difference.
  let areEqual = zip(p.counts, q.counts).allSatisfy { $0.multipliedFullWidth(by: q.total) == $1.multipliedFullWidth(by: p.total) }
  if areEqual { return 0 }
  let sum = zip(p.smoothedProbabilities, q.smoothedProbabilities).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
  return max(0, sum)
}

/// min(D(none‖self), D(none‖other)) where the mean rises from none to both, and 0 elsewhere. Nil when a divergence does not exist or a
/// difference of means is NaN.
public func commonPositiveDivergence(
  noneFromSelf: Double?, noneFromOther: Double?, deltaSelf: Double, deltaOther: Double
) -> Double? {
  guard let noneFromSelf, let noneFromOther, !deltaSelf.isNaN, !deltaOther.isNaN else { return nil }
  return deltaSelf > 0 && deltaOther > 0 ? min(noneFromSelf, noneFromOther) : 0
}
