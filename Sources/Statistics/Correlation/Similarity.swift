/// Linear CKA of two sets of units over the same rows: ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms, columns centred (Kornblith et al., 2019,
/// eq. 5, in feature space). 1 for representations equal up to rotation and scale, near 0 for unrelated ones; the plain estimate, which is
/// biased upwards when rows are not many more than units.
///
/// Nil when a set does not vary at all, there are no rows, or a value isn't finite. Constant units add nothing.
///
/// - Parameters:
///   - cross: co-moments between the sets; `left` and `right`: within each.
public func linearCKA(cross: CoMoments, left: CoMoments, right: CoMoments) -> Double? {
  func norm(_ moments: CoMoments) -> Double { moments.products.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  let (leftNorm, rightNorm, crossNorm) = (norm(left), norm(right), norm(cross))
  guard leftNorm > 0, rightNorm > 0, crossNorm.isFinite else { return nil }
  return min(1, (crossNorm / leftNorm) * (crossNorm / rightNorm))
}

/// How the dissimilarity of two conditions is measured.
public enum Dissimilarity: Sendable {
  /// 1 − r over units (Pearson).
  case correlation
  /// √Σ(x − y)² over units.
  case euclidean
}

/// The representational dissimilarity matrix of condition means (Kriegeskorte, Mur and Bandettini, 2008), as its upper triangle row by row:
/// (0,1), (0,2), … (1,2), …, which is the order of `scipy.spatial.distance.pdist`.
///
/// - Parameter means: [conditions × units].
/// - Returns: NaN for `.correlation` where a condition's pattern is the same in all units, and where a value isn't finite.
public func dissimilarities(_ means: [Double], units: Int, by measure: Dissimilarity) -> [Double] {
  guard units > 0 else { return [] }
  let conditions = means.count / units
  var patterns = [Double](repeating: 0, count: means.count)
  if measure == .correlation {
    // Conditions become columns, whose correlations are wanted.
    for condition in 0..<conditions {
      for unit in 0..<units { patterns[unit * conditions + condition] = means[condition * units + unit] }
    }
    let r = pearsonMatrix(patterns, leftUnits: conditions, patterns, rightUnits: conditions)
    return upperTriangle(conditions) { 1 - r[$0 * conditions + $1] }
  }
  return upperTriangle(conditions) { first, second in
    var squares = 0.0
    for unit in 0..<units {
      let difference = means[first * units + unit] - means[second * units + unit]
      squares += difference * difference
    }
    return squares.isFinite ? squares.squareRoot() : .nan
  }
}

/// How alike two representations are: Spearman's ρ between their dissimilarities, over the pairs that both know (no NaN in either).
/// Nil for fewer than three conditions' worth of pairs in common, for different numbers of conditions, or where either set of dissimilarities is constant.
public func representationalSimilarity(_ first: [Double], _ second: [Double]) -> Double? {
  guard first.count == second.count else { return nil }
  let known = first.indices.filter { !first[$0].isNaN && !second[$0].isNaN }
  guard known.count >= 3 else { return nil }
  return spearman(known.map { first[$0] }, known.map { second[$0] })
}

private func upperTriangle(_ size: Int, _ value: (Int, Int) -> Double) -> [Double] {
  (0..<size).flatMap { row in (row + 1..<max(size, row + 1)).map { value(row, $0) } }
}
