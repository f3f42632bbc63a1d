import Statistics

/// Which share of the overlap pairs of one stratum have though they are not the same pair, from sums over pairs in strata.
///
/// (across − within) / (across − alone): of the self of pairs in strata of several pairs, the mean squared distances to the other of pairs of
/// other strata, of other pairs of its own stratum, and of its own pair. With x self and y other vectors, g strata of n pairs each, m pairs in
/// strata in all, the first is Σ over g of (Σ |x|² + n/(m − n) · Σ outside |y|² − 2/(m − n) · Σ x · Σ outside y).
struct WordingSums: Sendable {
  /// Why there is no share.
  struct Absence: Error { let reason: String }

  /// Pairs that lie in a stratum.
  private let pairCount: Int
  /// Σ over all of them of y, and of |y|².
  private var others: [Double]
  private var otherSquares = 0.0
  /// Σ over strata of several of Σ x / (m − n), and of n / (m − n).
  private var weighted: [Double]
  private var weights = 0.0
  /// Σ over strata of what does not depend on the sums over all: Σ |x|² − n/(m − n) Σ inside |y|² + 2/(m − n) Σ x · Σ inside y.
  private var inside = 0.0
  private var within = 0.0
  private var alone = 0.0
  private var hasSeveral = false
  private var hasOutside = false

  init(units: Int, pairCount: Int) {
    self.pairCount = pairCount
    (others, weighted) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
  }

  /// Adds the other of a pair in a stratum, by its place among vectors.
  mutating func add(_ place: Int, _ vectors: OverlapVectors) {
    vectors.add(place, to: &others)
    otherSquares += vectors.squares[place]
  }

  /// Adds a stratum of several pairs.
  ///
  /// - Parameter diagonal: Σ of squared distances of the self and other of each pair of it.
  mutating func add(stratum sums: OverlapVectorSums, diagonal: Double) {
    hasSeveral = true
    let (size, rest) = (Double(sums.count), Double(pairCount - sums.count))
    guard rest > 0 else { return }
    hasOutside = true
    let product = dot(sums.own, sums.other)
    inside += sums.ownSquares - size / rest * sums.otherSquares + 2 / rest * product
    weights += size / rest
    for unit in weighted.indices { weighted[unit] += sums.own[unit] / rest }
    within += (size * (sums.ownSquares + sums.otherSquares) - 2 * product - diagonal) / (size - 1)
    alone += diagonal
  }

  func share() throws(Absence) -> Double {
    guard hasSeveral else { throw Absence(reason: "no stratum holds several pairs") }
    guard hasOutside else { throw Absence(reason: "all pairs lie in one stratum") }
    let across = inside + weights * otherSquares - 2 * dot(weighted, others)
    guard across - alone > 1e-9 * across else {
      throw Absence(reason: "a pair's own versions are no closer than those of pairs of other strata")
    }
    return (across - within) / (across - alone)
  }
}
