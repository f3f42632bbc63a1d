/// How a block joins the rows before it: Σ gains weight × δ δᵀ, where δ is the block's mean minus theirs.
struct BlockJoin {
  let weight: Double
  let deltas: [Double]
}

/// The sums over the blocks that one lane has taken.
struct CoMomentLane: Sendable {
  var count = 0
  var means: [Double]
  var squares: [Double]
  /// 1 / scale of the latest block.
  var unscale: [Double] = []
  var tiles: [CoMomentTile]

  var variances: [Double] { squares.map { $0 / Double(max(1, count)) } }

  init(columns: Int, tiles: [CoMomentTile]) {
    means = [Double](repeating: 0, count: columns)
    squares = means
    self.tiles = tiles
  }

  /// Where the next block's means are likely to be. Nil before the first block.
  func expectedShifts<Work: ProductScalar>() -> ColumnShifts<Work>? {
    count == 0 ? nil : ColumnShifts(shifts: means.map { Work($0) }, scales: unscale.map { Work(1 / $0) })
  }

  mutating func join(_ block: CentredBlock<some ProductScalar, some ProductScalar>) -> BlockJoin {
    let size = Double(block.rows)
    let total = Double(count) + size
    let weight = Double(count) * (size / total)
    let deltas = count == 0 ? block.means : zip(block.means, means).map { $0 - $1 }
    for (column, delta) in deltas.enumerated() {
      means[column] = count == 0 ? delta : means[column] + delta * (size / total)
      squares[column] += count == 0 ? block.squares[column] : block.squares[column] + weight * delta * delta
    }
    count += block.rows
    unscale = block.unscale
    return BlockJoin(weight: weight, deltas: deltas)
  }

  consuming func coMoments(left: Range<Int>, right: Range<Int>, origins: [Double]) -> CoMoments {
    let within = left == right
    let (count, means, squares) = (count, means, squares)
    var tiles = tiles
    self.tiles = []
    var products = [Double](repeating: 0, count: left.count * right.count)
    // Each tile is let go as soon as it is copied, so that the matrix is not held twice.
    // A lane that took no block has tiles without values.
    while let tile = tiles.popLast(), !tile.values.isEmpty {
      for row in tile.left {
        for column in tile.right where !within || column <= row {
          let value = tile.values[(row - tile.left.lowerBound) * tile.right.count + column - tile.right.lowerBound]
          products[(row - left.lowerBound) * right.count + column - right.lowerBound] = value
          if within { products[column * right.count + row] = value }
        }
      }
    }
    return CoMoments(
      count: count, leftOrigins: Array(origins[left]), rightOrigins: Array(origins[right]), leftOffsets: Array(means[left]),
      rightOffsets: Array(means[right]), leftSquares: Array(squares[left]), rightSquares: Array(squares[right]), products: products,
      isWithin: within)
  }
}

/// A part of the matrix of products; on the diagonal only its lower triangle is kept.
struct CoMomentTile: Sendable {
  let left: Range<Int>
  let right: Range<Int>
  var values: [Double] = []

  mutating func add<Scalar: ProductScalar>(_ block: CentredBlock<some ProductScalar, Scalar>, _ join: BlockJoin) {
    let width = right.count
    if values.isEmpty { values = [Double](repeating: 0, count: left.count * width) }
    let size = Double(block.rows)
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: left.count * width) { scratch in
      guard let products = scratch.baseAddress else { return }
      Scalar.products(block.values, rows: block.rows, columns: block.means.count, left: left, right: right, into: products)
      values.withUnsafeMutableBufferPointer { values in
        for row in 0..<left.count {
          let unit = left.lowerBound + row
          let unscale = block.unscale[unit]
          let residual = block.residuals[unit] / size
          let delta = join.weight * join.deltas[unit]
          block.unscale.withUnsafeBufferPointer { unscales in
            block.residuals.withUnsafeBufferPointer { residuals in
              join.deltas.withUnsafeBufferPointer { deltas in
                for column in 0..<(left == right ? row + 1 : width) {
                  let other = right.lowerBound + column
                  let index = row * width + column
                  let product = Double(products[index]) * (unscale * unscales[other])
                  values[index] += product - residual * residuals[other] + delta * deltas[other]
                }
              }
            }
          }
        }
      }
    }
  }
}
