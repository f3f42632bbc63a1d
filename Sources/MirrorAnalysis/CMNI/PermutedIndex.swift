import Parallelism
import Statistics

extension IndexUnits {
  /// What the scores of a unit need of it, in the rows' scale.
  private struct Unit {
    /// Σ x and Σ x² of none, self and other.
    let none, own, other: (sum: Double, square: Double)
    let scale: Double
  }

  private var units: [Unit] {
    (0..<count).map { unit in
      func phase(_ phase: Int) -> (Double, Double) { (sums[phase][unit], squares[phase][unit]) }
      return Unit(none: phase(0), own: phase(1), other: phase(2), scale: scales[unit])
    }
  }

  /// Sums of scores over the units of a layer under each deal of a wave: `[numbers][joint, none and self, none and other]`.
  ///
  /// Sums over labels give those over self and over other; none has the rest, and the third phase of a deal of two
  /// keeps its own.
  func dealtScores<Value: MatrixScalar>(_ rows: ScaledRows<Value>, wave: DealWave, threads: Int) throws -> [VariantSums] {
    let units = units
    let parts = try rows.mapSums(of: wave.labels, threads: threads) { products in
      (products.sets, products.sets.flatMap { scores(of: units, products, set: $0) })
    }
    var result = [VariantSums](repeating: .zero, count: 3 * wave.numbers.count)
    for (sets, scores) in parts {
      for (place, score) in scores.enumerated() { result[3 * sets.lowerBound + place] += VariantSums(score, isOutput: isOutput) }
    }
    return result
  }

  /// The three sums of a set over the units of a block.
  private func scores(of units: [Unit], _ products: RowProducts, set: Int) -> [SIMD4<Double>] {
    let starts = (0..<PhaseDeals.perDeal).map { products.start(set: set, row: $0) }
    // Quotients by what stays the same are taken once.
    let (perNone, perOwn, perOther) = (1 / counts[0], 1 / counts[1], 1 / counts[2])
    let (ownDegrees, otherDegrees) = (counts[0] + counts[1] - 2, counts[0] + counts[2] - 2)
    let (perOwnDegree, perOtherDegree) = (1 / ownDegrees, 1 / otherDegrees)
    let rounding = rounding
    @inline(__always)
    func scores(
      _ none: (sum: Double, square: Double), _ own: (sum: Double, square: Double), _ other: (sum: Double, square: Double), _ scale: Double
    ) -> SIMD4<Double> {
      let (mean, ownMean, otherMean) = (none.sum * perNone, own.sum * perOwn, other.sum * perOther)
      let (ownDelta, otherDelta) = (ownMean - mean, otherMean - mean)
      let noneSquares = none.square - none.sum * mean
      let ownSquares = noneSquares + own.square - own.sum * ownMean
      let otherSquares = noneSquares + other.square - other.sum * otherMean
      // Of a unit without variance products leave no more than rounding; it counts as no mirror unit.
      let hasOwn = ownDegrees > 0 && ownSquares > rounding * (none.square + own.square)
      let hasOther = otherDegrees > 0 && otherSquares > rounding * (none.square + other.square)
      let ownD = hasOwn ? ownDelta / (ownSquares * perOwnDegree).squareRoot() : 0
      let otherD = hasOther ? otherDelta / (otherSquares * perOtherDegree).squareRoot() : 0
      return unitScores(ownDelta * scale, otherDelta * scale, standardised: ownD, otherD)
    }
    var (joint, own, other) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
    products.sums.withUnsafeBufferPointer { sums in
      products.squares.withUnsafeBufferPointer { squares in
        units.withUnsafeBufferPointer { units in
          for place in 0..<products.units.count {
            let unit = units[products.units.lowerBound + place]
            @inline(__always) func dealt(_ bit: Int) -> (sum: Double, square: Double) {
              (sums[starts[bit] + place], squares[starts[bit] + place])
            }
            @inline(__always)
            func rest(_ total: (sum: Double, square: Double), _ part: (sum: Double, square: Double)) -> (sum: Double, square: Double) {
              (total.sum - part.sum, total.square - part.square)
            }
            let ownPair = (sum: unit.none.sum + unit.own.sum, square: unit.none.square + unit.own.square)
            let otherPair = (sum: unit.none.sum + unit.other.sum, square: unit.none.square + unit.other.square)
            let all = (sum: ownPair.sum + unit.other.sum, square: ownPair.square + unit.other.square)
            joint += scores(rest(rest(all, dealt(0)), dealt(1)), dealt(0), dealt(1), unit.scale)
            own += scores(rest(ownPair, dealt(2)), dealt(2), unit.other, unit.scale)
            other += scores(rest(otherPair, dealt(3)), unit.own, dealt(3), unit.scale)
          }
        }
      }
    }
    return [joint, own, other]
  }
}
