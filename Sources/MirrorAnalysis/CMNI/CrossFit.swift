import Statistics

extension IndexUnits {
  /// Of every row what it adds to the units that the other half chooses, by variant: see `PhaseContrastError`.
  ///
  /// The other half decides of each unit which contrast is taken and with which sign, or that none is: the smaller one where both are
  /// above 0 (author, hidden), the smaller one (formula), the smaller one in standard deviations of all rows where both are above 0
  /// (standardised), the one nearer 0 where both have a sign, with that sign (symmetric).
  func chosenUnits<Value: MatrixScalar>(_ rows: ScaledRows<Value>, of index: IndexRows, threads: Int) throws -> [VariantSums] {
    // Rows of the first half, none, self and other, then those of the second.
    var weights: [[SIMD4<Double>]] = []
    for half in 0..<2 {
      let (own, other) = chosenWeights(by: 1 - half)
      weights += [zip(own, other).map { $0 + $1 }, own, other]
    }
    return try rows.weighted(by: weights, group: index.halfPhase, threads: threads).map { VariantSums($0, isOutput: isOutput) }
  }

  /// Weights of the contrasts self and other of each unit, as a half chooses them: author, formula, standardised, symmetric.
  private func chosenWeights(by half: Int) -> (own: [SIMD4<Double>], other: [SIMD4<Double>]) {
    var (owns, others) = ([SIMD4<Double>](), [SIMD4<Double>]())
    for unit in 0..<count {
      let (own, other) = (contrast(1, half: half, unit), contrast(2, half: half, unit))
      let (ownSpread, otherSpread) = (ownDeviation[unit], otherDeviation[unit])
      let hasSpread = ownSpread > 0 && otherSpread > 0
      let isOwnSmaller = own < other
      let isOwnSmallerD = hasSpread && own / ownSpread < other / otherSpread
      let isOwnNearer = abs(own) < abs(other)
      let rises = own > 0 && other > 0
      let sign: Double = rises ? 1 : own < 0 && other < 0 ? -1 : 0
      let size = SIMD4(rises ? scales[unit] : 0, scales[unit], rises && hasSpread ? 1 : 0, sign * scales[unit])
      let ownWeight = SIMD4(isOwnSmaller ? 1 : 0, isOwnSmaller ? 1 : 0, isOwnSmallerD ? 1 / ownSpread : 0, isOwnNearer ? 1 : 0)
      let otherWeight = SIMD4(
        isOwnSmaller ? 0 : 1, isOwnSmaller ? 0 : 1, hasSpread && !isOwnSmallerD ? 1 / otherSpread : 0, isOwnNearer ? 0 : 1)
      owns.append(size * ownWeight)
      others.append(size * otherWeight)
    }
    return (owns, others)
  }
}
