/// p of a similarity of two representational dissimilarity matrices, by Mantel's test (1967): the conditions of the second are permuted,
/// rows and columns together, and p = (b + 1) / (N + 1), b of N permutations with a Spearman's ρ at least as large as observed (within 1e-12).
///
/// One-sided: similarity is what is asked about. Conditions of which a matrix knows no dissimilarity are left out. Nil without permutations,
/// for fewer than three conditions, without a dissimilarity per pair, where either matrix is constant, or single pairs are NaN.
///
/// - Parameters:
///   - first, second: upper triangles row by row, as `dissimilarities` returns them.
public func mantelPValue(
  _ first: [Double], _ second: [Double], conditions: Int, permutations: Int, stream: RandomStream
) -> Double? {
  guard conditions >= 3, first.count == second.count, first.count == conditions * (conditions - 1) / 2 else { return nil }
  func position(_ row: Int, _ column: Int) -> Int { row * (2 * conditions - row - 1) / 2 + column - row - 1 }
  var isKnown = [Bool](repeating: false, count: conditions)
  for row in 0..<conditions {
    for column in row + 1..<max(conditions, row + 1) {
      let pair = position(row, column)
      if !first[pair].isNaN, !second[pair].isNaN { (isKnown[row], isKnown[column]) = (true, true) }
    }
  }
  let known = isKnown.indices.filter { isKnown[$0] }
  guard permutations > 0, known.count >= 3 else { return nil }
  let pairs = known.indices.flatMap { row in (row + 1..<max(known.count, row + 1)).map { position(known[row], known[$0]) } }
  // NaN where a pair is.
  let ranks = [first, second].map { matrix in centred(averageRanks(pairs.map { matrix[$0] })) }
  let norms = ranks.map { values in values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  guard norms.allSatisfy({ $0 > 0 }) else { return nil }

  let size = known.count
  var square = [Double](repeating: 0, count: size * size)
  var pair = 0
  for row in 0..<size {
    for column in row + 1..<max(size, row + 1) {
      (square[row * size + column], square[column * size + row]) = (ranks[1][pair], ranks[1][pair])
      pair += 1
    }
  }
  let (fixed, moved) = (ranks[0], square)
  func product(_ order: [Int]) -> Double {
    fixed.withUnsafeBufferPointer { fixed in
      moved.withUnsafeBufferPointer { moved in
        var sum = 0.0
        var pair = 0
        for row in 0..<size {
          let start = order[row] * size
          var column = row + 1
          while column < size {
            sum += fixed[pair] * moved[start + order[column]]
            pair += 1
            column += 1
          }
        }
        return sum
      }
    }
  }
  return orderPValue(size, permutations, stream, tolerance: 1e-12 * norms[0] * norms[1], product)
}

/// p of the statistic of the order as it is among those of random orders of 0..<size.
private func orderPValue(
  _ size: Int, _ permutations: Int, _ stream: RandomStream, tolerance: Double, _ statistic: ([Int]) -> Double
) -> Double? {
  var stream = stream
  var order = Array(0..<size)
  var count = ExtremeCount(observed: statistic(order), tolerance: tolerance)
  for _ in 0..<permutations {
    for last in stride(from: size - 1, to: 0, by: -1) { order.swapAt(last, stream.uniform(below: last + 1)) }
    count.add(statistic(order))
  }
  return count.pValue
}

private func centred(_ values: [Double]) -> [Double] {
  let mean = values.reduce(0, +) / Double(max(1, values.count))
  return values.map { $0 - mean }
}
