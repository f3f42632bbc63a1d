/// Benjamini and Hochberg's q-values (1995): q of the p that is r-th smallest of m is the least m·p₍ₛ₎/s over all s ≥ r, at most 1.
///
/// Nil and NaN entries were not tested: they stay nil and don't count towards m. Equal p get equal q, and q never falls as p rises.
/// Agrees with `statsmodels.stats.multitest.multipletests(p, method="fdr_bh")`.
public func benjaminiHochberg(_ pValues: [Double?]) -> [Double?] {
  let tested = testedInOrder(pValues)
  var adjusted = [Double?](repeating: nil, count: pValues.count)
  var least = 1.0
  for (rank, entry) in tested.enumerated().reversed() {
    least = min(least, entry.p * Double(tested.count) / Double(rank + 1))
    adjusted[entry.index] = least
  }
  return adjusted
}

/// Holm's step-down adjusted p-values (1979): the greatest (m − s + 1)·p₍ₛ₎ over all s ≤ r, at most 1. They bound the chance of even
/// one false rejection among m, whatever the dependence.
///
/// Nil and NaN entries stay nil and don't count. Agrees with `multipletests(p, method="holm")`.
public func holm(_ pValues: [Double?]) -> [Double?] {
  let tested = testedInOrder(pValues)
  var adjusted = [Double?](repeating: nil, count: pValues.count)
  var greatest = 0.0
  for (rank, entry) in tested.enumerated() {
    greatest = max(greatest, min(1, entry.p * Double(tested.count - rank)))
    adjusted[entry.index] = greatest
  }
  return adjusted
}

/// The p-value of "both effects are positive" from one one-sided p per effect: the larger of the two (the intersection–union test,
/// Berger, 1982). It rejects at most as often as stated, whichever of the two effects is missing, and needs no correction for being two
/// tests. Nil if either is nil or NaN.
public func conjunctionP(_ first: Double?, _ second: Double?) -> Double? {
  guard let first, let second, !first.isNaN, !second.isNaN else { return nil }
  return max(first, second)
}

/// The entries that hold a number, smallest first; ties in order of their index.
private func testedInOrder(_ pValues: [Double?]) -> [(index: Int, p: Double)] {
  pValues.enumerated()
    .compactMap { index, p in p.flatMap { $0.isNaN ? nil : (index: index, p: $0) } }
    .sorted { ($0.p, $0.index) < ($1.p, $1.index) }
}
