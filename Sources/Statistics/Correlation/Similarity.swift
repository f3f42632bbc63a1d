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

/// The same numbers, those that differ by no more than rounding made equal: in ascending order, one that is less than `tolerance` times the
/// largest magnitude above the one before it takes that one's value. NaN stays NaN.
///
/// The default, 1e-11, is a thousand times what sums of a thousand units leave, and a millionth of what separates random distances.
public func withTies(_ values: [Double], tolerance: Double = 1e-11) -> [Double] {
  let order = values.indices.filter { !values[$0].isNaN }.sorted { values[$0] < values[$1] }
  guard let first = order.first, let last = order.last else { return values }
  let step = tolerance * max(abs(values[first]), abs(values[last]))
  var result = values
  for (position, index) in order.enumerated().dropFirst() {
    let before = order[position - 1]
    if values[index] - values[before] <= step { result[index] = result[before] }
  }
  return result
}

private func upperTriangle(_ size: Int, _ value: (Int, Int) -> Double) -> [Double] {
  (0..<size).flatMap { row in (row + 1..<max(size, row + 1)).map { value(row, $0) } }
}
