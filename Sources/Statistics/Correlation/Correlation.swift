internal import CBLAS

/// Pearson's r = Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²), in −1…1. Nil without values or pairs of them,
/// when either is constant, and when a value isn't finite.
public func pearson(_ x: [Double], _ y: [Double]) -> Double? {
  guard x.count == y.count else { return nil }
  let r = pearsonMatrix(x, leftUnits: 1, y, rightUnits: 1)
  return r[0].isNaN ? nil : r[0]
}

/// Spearman's ρ: Pearson's r of the average ranks. Nil as `pearson` is, but infinities have ranks like other values.
public func spearman(_ x: [Double], _ y: [Double]) -> Double? {
  pearson(averageRanks(x), averageRanks(y))
}

/// Pearson's r of every column of `left`, [rows × leftUnits], with every column of `right`, [rows × rightUnits], in Double and in memory:
/// for means over strata and the like. `CorrelationAccumulator` is for streams of rows.
///
/// - Returns: [leftUnits × rightUnits]; NaN as `pearson` is nil, and throughout where the two have not the same number of rows.
public func pearsonMatrix(_ left: [Double], leftUnits: Int, _ right: [Double], rightUnits: Int) -> [Double] {
  var matrix = [Double](repeating: .nan, count: max(0, leftUnits) * max(0, rightUnits))
  guard leftUnits > 0, rightUnits > 0, !left.isEmpty else { return matrix }
  let rows = left.count / leftUnits
  guard left.count == rows * leftUnits, right.count == rows * rightUnits else { return matrix }
  let (x, y) = (standardised(left, units: leftUnits), standardised(right, units: rightUnits))
  mirrorscope_blas_threads(1)
  cblas_dgemm(
    CblasRowMajor, CblasTrans, CblasNoTrans, Int32(leftUnits), Int32(rightUnits), Int32(rows), 1, x, Int32(leftUnits), y, Int32(rightUnits),
    0, &matrix, Int32(rightUnits))
  return matrix.map { $0.isNaN ? .nan : max(-1, min(1, $0)) }
}

/// Columns with mean 0 and Σx² = 1; NaN throughout for a column that is constant or holds a value that isn't finite.
private func standardised(_ values: [Double], units: Int) -> [Double] {
  var result = values
  let rows = values.count / units
  for unit in 0..<units {
    let column = stride(from: unit, to: values.count, by: units)
    let first = values[unit]
    var sum = 0.0
    for index in column { sum += values[index] - first }
    let mean = first + sum / Double(rows)
    var squares = 0.0
    for index in column { squares += (values[index] - mean) * (values[index] - mean) }
    let isConstant = column.allSatisfy { values[$0] == first }
    let norm = isConstant || !squares.isFinite ? Double.nan : squares.squareRoot()
    for index in column { result[index] = (values[index] - mean) / norm }
  }
  return result
}
