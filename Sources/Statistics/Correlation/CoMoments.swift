/// Means, squares and products of deviations of many units over the same rows: all that Pearson's correlation needs, and mergeable.
///
/// Within one set of units the products are symmetric; between two sets they are a rectangle.
public struct CoMoments: Sendable, Equatable {
  public private(set) var count: Int
  public var leftMeans: [Double] { zip(leftOrigins, leftOffsets).map { $0 + $1 } }
  public var rightMeans: [Double] { zip(rightOrigins, rightOffsets).map { $0 + $1 } }
  /// Values that means are counted from, so that those that hardly differ keep their digits: 0 of floats.
  let leftOrigins: [Double]
  let rightOrigins: [Double]
  private(set) var leftOffsets: [Double]
  private(set) var rightOffsets: [Double]
  /// Σ(x − mean)² per left unit.
  public private(set) var leftSquares: [Double]
  public private(set) var rightSquares: [Double]
  /// Σ(x − mean x)(y − mean y): [left units × right units].
  public private(set) var products: [Double]
  /// Whether left and right are the same units.
  public let isWithin: Bool

  init(
    count: Int, leftOrigins: [Double], rightOrigins: [Double], leftOffsets: [Double], rightOffsets: [Double], leftSquares: [Double],
    rightSquares: [Double], products: [Double], isWithin: Bool
  ) {
    self.count = count
    self.leftOrigins = leftOrigins
    self.rightOrigins = rightOrigins
    self.leftOffsets = leftOffsets
    self.rightOffsets = rightOffsets
    self.leftSquares = leftSquares
    self.rightSquares = rightSquares
    self.products = products
    self.isWithin = isWithin
  }

  /// Those of values that are larger by these, which means are counted from: so that they keep the digits that values differ by.
  ///
  /// - Throws: `StatisticsError.shape` where there is not one for each unit.
  public func counted(fromLeft left: [Double], right: [Double]) throws(StatisticsError) -> CoMoments {
    try require(left.count, leftOffsets.count, "origins of the left units")
    try require(right.count, rightOffsets.count, "origins of the right units")
    return CoMoments(
      count: count, leftOrigins: zip(leftOrigins, left).map { $0 + $1 }, rightOrigins: zip(rightOrigins, right).map { $0 + $1 },
      leftOffsets: leftOffsets, rightOffsets: rightOffsets, leftSquares: leftSquares, rightSquares: rightSquares, products: products,
      isWithin: isWithin)
  }

  /// All that is held of each unit: origins, offsets of the means and sums of squares, those of the left units first.
  public var unitSums: [Double] { leftOrigins + leftOffsets + leftSquares + (isWithin ? [] : rightOrigins + rightOffsets + rightSquares) }

  /// What was held of other rows, on another machine.
  ///
  /// - Parameters:
  ///   - unitSums: as `unitSums` has them.
  ///   - rightUnits: nil within one set of units.
  /// - Throws: `StatisticsError.shape` for sums that are not those of so many units.
  public init(count: Int, unitSums: [Double], products: [Double], leftUnits: Int, rightUnits: Int? = nil) throws(StatisticsError) {
    try require(unitSums.count, 3 * (leftUnits + (rightUnits ?? 0)), "sums of the units")
    try require(products.count, leftUnits * (rightUnits ?? leftUnits), "products of the units")
    func sums(_ number: Int, _ first: Int, _ units: Int) -> [Double] {
      Array(unitSums[first + number * units..<first + (number + 1) * units])
    }
    let left = (0..<3).map { sums($0, 0, leftUnits) }
    let right = rightUnits.map { units in (0..<3).map { sums($0, 3 * leftUnits, units) } } ?? left
    self.init(
      count: count, leftOrigins: left[0], rightOrigins: right[0], leftOffsets: left[1], rightOffsets: right[1], leftSquares: left[2],
      rightSquares: right[2], products: products, isWithin: rightUnits == nil)
  }

  /// Joins the co-moments of other rows of the same units (Chan, Golub and LeVeque, 1979), as exact as one pass over all of them.
  ///
  /// - Throws: `StatisticsError.shape` for other numbers of units; these are then as they were.
  public mutating func merge(_ other: CoMoments) throws(StatisticsError) {
    try require(other.leftOffsets.count, leftOffsets.count, "left units of the co-moments to be merged")
    try require(other.rightOffsets.count, rightOffsets.count, "right units of the co-moments to be merged")
    try require(other.isWithin ? 1 : 2, isWithin ? 1 : 2, "sets of units of the co-moments to be merged")
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let total = Double(count + other.count)
    let weight = Double(count) * (Double(other.count) / total)
    let leftDeltas = leftOffsets.indices.map { (other.leftOrigins[$0] - leftOrigins[$0]) + (other.leftOffsets[$0] - leftOffsets[$0]) }
    let rightDeltas = rightOffsets.indices.map { (other.rightOrigins[$0] - rightOrigins[$0]) + (other.rightOffsets[$0] - rightOffsets[$0]) }
    let columns = rightOffsets.count
    for row in leftOffsets.indices {
      let scaled = weight * leftDeltas[row]
      for column in 0..<columns {
        let index = row * columns + column
        products[index] += other.products[index] + scaled * rightDeltas[column]
      }
    }
    let share = Double(other.count) / total
    for (index, delta) in leftDeltas.enumerated() {
      leftOffsets[index] += delta * share
      leftSquares[index] += other.leftSquares[index] + weight * delta * delta
    }
    for (index, delta) in rightDeltas.enumerated() {
      rightOffsets[index] += delta * share
      rightSquares[index] += other.rightSquares[index] + weight * delta * delta
    }
    count += other.count
  }

  /// Pearson's r of every left with every right unit: [left units × right units], each in −1…1, the diagonal within one set exactly 1.
  ///
  /// NaN where r does not exist: a constant unit (also within one row), no rows, or a value that isn't finite.
  /// Takes over the memory of `products`.
  public consuming func correlations() -> [Double] {
    let leftNorms = leftSquares.map { $0.squareRoot() }
    let rightNorms = rightSquares.map { $0.squareRoot() }
    let within = isWithin
    var matrix = products
    products = []
    for row in leftNorms.indices {
      for column in rightNorms.indices {
        let index = row * rightNorms.count + column
        let norm = leftNorms[row] * rightNorms[column]
        if !(norm > 0) || !matrix[index].isFinite {
          matrix[index] = .nan
        } else if within && row == column {
          matrix[index] = 1
        } else {
          matrix[index] = max(-1, min(1, matrix[index] / norm))
        }
      }
    }
    return matrix
  }
}
