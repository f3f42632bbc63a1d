import ActivationRecording
import Statistics

/// Δself and Δother of each unit in each half of the rows, over the largest scale of the layer's units that vary.
///
/// What two of them have in common is their product: of one half with the other, so that noise, that of the none mean above all, is in
/// none.
struct DirectionContrasts: Sendable {
  /// `[halves][units]`
  let own, other: [[Double]]

  /// - Parameters:
  ///   - sums: of each group of `IndexRows.halfPhase` and unit, in the scale of `ScaledRows`, `[6 × units]`.
  ///   - counts: rows of each group.
  ///   - factors: of each unit, see `DirectionUnits.factors`.
  init(sums: [Double], counts: [Double], factors: [Double]) {
    let units = factors.count
    func contrast(_ phase: Int, _ half: Int) -> [Double] {
      let (group, none) = (3 * half + phase, 3 * half)
      let (scale, noneScale) = (1 / counts[group], 1 / counts[none])
      return (0..<units).map { (sums[group * units + $0] * scale - sums[none * units + $0] * noneScale) * factors[$0] }
    }
    (own, other) = ((0..<2).map { contrast(1, $0) }, (0..<2).map { contrast(2, $0) })
  }

  /// ½ (a₁·b₂ + a₂·b₁), a Δself, b Δother, by half.
  var product: Double { 0.5 * (dot(own[0], other[1]) + dot(own[1], other[0])) }
  /// a₁·a₂ and b₁·b₂.
  var ownSquare: Double { dot(own[0], own[1]) }
  var otherSquare: Double { dot(other[0], other[1]) }
  /// Squares of what a unit has in all four.
  func squares(_ unit: Int) -> Double {
    own[0][unit] * own[0][unit] + own[1][unit] * own[1][unit] + other[0][unit] * other[0][unit] + other[1][unit] * other[1][unit]
  }
}

func dot(_ first: [Double], _ second: [Double]) -> Double {
  var sum = 0.0
  for index in 0..<min(first.count, second.count) { sum += first[index] * second[index] }
  return sum
}

/// The rows of a layer as directions are taken from them.
struct DirectionUnits<Value: ActivationValue & MatrixScalar>: Sendable {
  let rows: DirectionRows<Value>
  let index: IndexRows
  /// Of each unit, its scale over the largest one of those that vary: cosines stay the same, and no square leaves the range of doubles. 0 where
  /// a unit has a single value.
  let factors: [Double]
  /// Rows of each half and phase, and Σ x of each of them and unit.
  let counts: [Double]
  let sums: [Double]
  let contrasts: DirectionContrasts
  /// Mean square of each unit over all rows, in the scale of `factors`.
  private let meanSquares: [Double]
  /// How many units vary.
  let liveCount: Int

  init(_ rows: DirectionRows<Value>, of index: IndexRows, threads: Int) throws {
    let (factors, isConstant) = try rows.scales()
    let found = try rows.sums(of: index, threads: threads)
    var counts = [Double](repeating: 0, count: 6)
    for group in index.halfPhase { counts[Int(group)] += 1 }
    let contrasts = DirectionContrasts(sums: found.sums, counts: counts, factors: factors)
    let units = factors.count
    meanSquares = (0..<units).map { unit in
      let square = (0..<6).reduce(0.0) { $0 + found.squares[$1 * units + unit] } / max(1, Double(index.count))
      return square * factors[unit] * factors[unit]
    }
    liveCount = isConstant.count { !$0 }
    (self.rows, self.index, self.factors, self.counts, sums, self.contrasts) = (rows, index, factors, counts, found.sums, contrasts)
  }

  /// By what rounding may miss a product of such contrasts, and its standard error.
  func rounding(_ contrasts: DirectionContrasts) -> Double {
    let square = meanSquares.indices.reduce(0.0) { $0 + meanSquares[$1] * contrasts.squares($1) }
    return square.squareRoot() * (Value.self == Float.self ? 0x1p-22 : 0x1p-44)
  }

  /// Cosine and ratio of lengths with their interval, or why there is none.
  func fill(_ row: inout DirectionRow, threads: Int) throws {
    let (product, own, other) = (contrasts.product, contrasts.ownSquare, contrasts.otherSquare)
    let short = [(own, "Δself"), (other, "Δother")].filter { !($0.0 > 0) }.map(\.1)
    guard short.isEmpty else {
      let names = short.joined(separator: " and ")
      row.explain("\(names) \(short.count > 1 ? "have" : "has") no length above noise: the product of both halves is not above 0")
      return
    }
    let size = own.squareRoot() * other.squareRoot()
    let cosine = product / size
    guard size > 0, cosine.isFinite else {
      row.explain("activations differ by more or less than a double can hold")
      return
    }
    row.cosine = cosine
    row.normRatio = (other / own).squareRoot()
    try setInterval(of: &row, cosine: cosine, size: size, ratio: (other / own).squareRoot(), threads: threads)
  }

  /// Fieller's interval of the ratio of the product to √(a₁·a₂ b₁·b₂): all c for which product − c·root is within t standard errors of 0.
  ///
  /// Either is, to first order, a difference of phase means in each half of one number a row, the row's product with the other half's
  /// contrasts. The halves have no row in common, so their squared errors add.
  private func setInterval(of row: inout DirectionRow, cosine: Double, size: Double, ratio: Double, threads: Int) throws {
    // Where it is open what moves, it is open what the errors are clustered by.
    guard index.deals.joint.design != nil else { return }
    guard index.fewestBlocks > 1 else { return row.explain(index.tooFewForErrors) }
    var weights: [[SIMD4<Double>]] = []
    for half in 0..<2 {
      let (own, other) = (contrasts.own[1 - half], contrasts.other[1 - half])
      func lanes(_ product: Double, _ root: Double) -> SIMD4<Double> { SIMD4(product, root, product + root, 0) }
      let ownWeights = factors.indices.map { 0.5 * factors[$0] / size * lanes(other[$0], own[$0] * ratio) }
      let otherWeights = factors.indices.map { 0.5 * factors[$0] / size * lanes(own[$0], other[$0] / ratio) }
      weights += [zip(ownWeights, otherWeights).map { $0 + $1 }, ownWeights, otherWeights]
    }
    let values = try rows.weighted(by: weights, of: index, threads: threads)
    var variances = SIMD4<Double>.zero
    for first in [UInt8(0), 3] {
      let phase = index.halfPhase.map { $0 >= first && $0 < first + 3 ? $0 - first : UInt8.max }
      for lane in 0..<3 {
        guard let error = PhaseContrastError(values.map { $0[lane] }, phase: phase, blocks: index.blocks) else {
          return row.explain(index.tooFewForErrors)
        }
        variances[lane] += error.standardError * error.standardError
      }
    }
    let factor = intervalFactor(degreesOfFreedom: index.fewestBlocks - 1)
    let square = factor * factor
    let covariance = (variances[2] - variances[0] - variances[1]) / 2
    let leading = 1 - square * variances[1]
    // What is left of equal values is rounding.
    let largest = values.reduce(0) { max($0, abs($1[0]), abs($1[1])) }
    guard max(variances[0], variances[1]).squareRoot() > 1e-14 * largest else {
      return row.explain("no interval: activations do not vary within phases")
    }
    guard leading > 0 else { return row.explain("no interval: the lengths of Δself and Δother are within noise") }
    let middle = cosine - square * covariance
    let root = max(0, middle * middle - leading * (cosine * cosine - square * variances[0])).squareRoot()
    let (low, high) = ((middle - root) / leading, (middle + root) / leading)
    guard low.isFinite, high.isFinite, low <= high else {
      return row.explain("no interval: activations differ by more or less than a double can hold")
    }
    row.interval = low...high
  }
}

extension IndexRows {
  /// Why there is no standard error where `fewestBlocks` is below two.
  var tooFewForErrors: String { "a phase has fewer than two \(blocks == nil ? "rows" : "strata") in a half" }
}
