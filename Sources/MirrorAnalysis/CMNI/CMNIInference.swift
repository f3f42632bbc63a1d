import Statistics

/// What permutations and halves of the rows say of one index.
public struct CMNIInference: Sendable, Equatable {
  /// Under the joint deal of none, self and other: no unit answers to either phase.
  public internal(set) var nullMean: Double?
  /// The index minus the mean under the null: the number to compare across recordings.
  public internal(set) var excess: Double?
  /// The excess over the standard deviation of the index under the null (ddof 1).
  public internal(set) var z: Double?
  /// (b + 1) / (N + 1), b of N permutations with an index at least as large.
  public internal(set) var pValue: Double?
  /// The index with units chosen on one half of the rows and taken on the other, both ways; its standard error and 95 % interval.
  public internal(set) var crossFit: Double?
  public internal(set) var standardError: Double?
  public internal(set) var interval: ClosedRange<Double>?
  /// The larger p of two deals: none against self, and none against other, the rows of the third phase left as they are.
  public internal(set) var pBoth: Double?
  /// The largest p of four nulls of "other units answer to self than to other", and the index over halves minus the mean under that null.
  public internal(set) var pOverlap: Double?
  public internal(set) var overlapExcess: Double?
  /// The smallest of the excesses over the first three nulls; nil where one of them is missing. Which null gives p may differ from one network to
  /// the next, so this one is compared between networks: for the standardised variant, whose nulls have one scale.
  public internal(set) var leastOverlapExcess: Double?
  /// What the joint deal moves, and how many blocks (rows, where they are free) can move.
  public internal(set) var exchange: ExchangeDesign?
  public internal(set) var blockCount: Int?
  /// Why cells are empty.
  var reasons: [String] = []

  public init() {}

  public var reason: String? { reasons.isEmpty ? nil : reasons.joined(separator: "; ") }

  mutating func setNull(_ null: [Double], observed: Double, value: Double, tolerance: Double) {
    let mean = null.reduce(0, +) / Double(null.count)
    (nullMean, excess) = (mean, value - mean)
    let squares = null.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    if null.count > 1, squares > 0 { z = (value - mean) / (squares / Double(null.count - 1)).squareRoot() }
    // Labels that come back give the same sums but for the products' rounding.
    var count = ExtremeCount(observed: observed, tolerance: tolerance)
    count.add(contentsOf: null)
    pValue = count.pValue
  }
}
