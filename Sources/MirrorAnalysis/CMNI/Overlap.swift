import Parallelism
import Statistics

/// Scores of Δself of one half with Δother of the other half, so that the none mean, which both share in one half, is no overlap; and
/// three ways of what they would be if the units that answer to other had nothing to do with those that answer to self.
extension IndexUnits {
  /// Contrasts of a half as they are and in pooled standard deviations of the three phases (0 for a unit that does not vary).
  private func contrasts(_ phase: Int, half: Int) -> (raw: [Double], standardised: [Double]) {
    let differences = (0..<count).map { contrast(phase, half: half, $0) }
    return (zip(differences, scales).map(*), zip(differences, deviation).map { $1 > 0 ? $0 / $1 : 0 })
  }

  /// Squared length of a vector over the units, by variant.
  private func squaredLength(_ raw: [Double], _ standardised: [Double]) -> VariantSums {
    let square = raw.reduce(0) { $0 + $1 * $1 }
    return VariantSums(SIMD4(square, square, standardised.reduce(0) { $0 + $1 * $1 }, square), isOutput: isOutput)
  }

  /// Squared lengths of Δother in the first and in the second half.
  var otherLengths: (first: VariantSums, second: VariantSums) {
    let (first, second) = (contrasts(2, half: 0), contrasts(2, half: 1))
    return (squaredLength(first.raw, first.standardised), squaredLength(second.raw, second.standardised))
  }

  /// The sum of scores over both orders of the halves.
  var crossHalfScores: VariantSums {
    var sum = SIMD4<Double>.zero
    for half in 0..<2 {
      let (own, other) = (contrasts(1, half: half), contrasts(2, half: 1 - half))
      for unit in 0..<count {
        sum += unitScores(own.raw[unit], other.raw[unit], standardised: own.standardised[unit], other.standardised[unit])
      }
    }
    return VariantSums(sum, isOutput: isOutput)
  }

  // MARK: A random direction of the none rows

  /// Products of a wave's weights with the none rows about their mean, block by block.
  private func mapDirections<Value: MatrixScalar>(
    _ rows: ScaledRows<Value>, wave: DealWave, threads: Int,
    _ score: @Sendable (_ place: Int, _ unit: Int, _ direction: Double, _ sum: inout VariantSums) -> Void
  ) throws -> [VariantSums] {
    let none = Int(counts[0])
    let means = sums[0].map { $0 / counts[0] }
    let parts = try rows.mapProducts(sets: wave.numbers.count, rows: none, threads: threads) {
      set, step, target in
      for row in step { target[row - step.lowerBound] = Value(wave.weights[set * none + row]) }
    } _: { products in
      let sums = products.sets.map { place -> VariantSums in
        var sum = VariantSums.zero
        let start = products.start(set: place, row: 0)
        for (offset, unit) in products.units.enumerated() {
          score(place, unit, products.sums[start + offset] - wave.weightSums[place] * means[unit], &sum)
        }
        return sum
      }
      return (products.sets, sums)
    }
    var result = [VariantSums](repeating: .zero, count: wave.numbers.count)
    for (sets, sums) in parts {
      for (set, sum) in zip(sets, sums) { result[set] += sum }
    }
    return result
  }

  /// Squared lengths of a wave's directions over the units of a layer.
  func directionLengths<Value: MatrixScalar>(_ rows: ScaledRows<Value>, wave: DealWave, threads: Int) throws -> [VariantSums] {
    try mapDirections(rows, wave: wave, threads: threads) { _, unit, direction, sum in
      let raw = direction * scales[unit]
      let standardised = deviation[unit] > 0 ? direction / deviation[unit] : 0
      let square = raw * raw
      sum += VariantSums(SIMD4(square, square, standardised * standardised, square), isOutput: isOutput)
    }
  }

  /// Scores of Δself with a wave's directions in place of Δother, over both orders of the halves.
  ///
  /// - Parameters:
  ///   - toSecond: by what each direction of the wave is multiplied to be as long as Δother of the second half, by variant.
  ///   - toFirst: of the first half.
  func directionScores<Value: MatrixScalar>(
    _ rows: ScaledRows<Value>, wave: DealWave, toSecond: [VariantSums], toFirst: [VariantSums], threads: Int
  ) throws -> [VariantSums] {
    let own = [contrasts(1, half: 0), contrasts(1, half: 1)]
    let (author, hidden, standardised) = (CMNIVariant.author.lane, CMNIVariant.hidden.lane, CMNIVariant.standardised.lane)
    return try mapDirections(rows, wave: wave, threads: threads) { place, unit, direction, sum in
      let raw = direction * scales[unit]
      let inDeviations = deviation[unit] > 0 ? direction / deviation[unit] : 0
      for half in 0..<2 {
        let factor = half == 0 ? toSecond[place] : toFirst[place]
        var scores = VariantSums(
          unitScores(
            own[half].raw[unit], raw * factor[author], standardised: own[half].standardised[unit], inDeviations * factor[standardised]),
          isOutput: isOutput)
        // Without the outputs the direction has another length.
        if !isOutput { scores[hidden] = max(0, min(own[half].raw[unit], raw * factor[hidden])) }
        sum += scores
      }
    }
  }

  // MARK: Other units, other signs

  private static var numbersPerBlock: Int { 16 }

  /// In pooled standard deviations: Δother moved to other units of the layer, for either order of the halves, and Δother of each unit with a
  /// random sign, over both orders. Number 0 has it as it is.
  ///
  /// - Parameters:
  ///   - numbers: of permutations.
  ///   - name: of the layer, for which the units are drawn.
  /// - Returns: `shuffled`, [orders][numbers], and `signed`.
  func movedScores(
    numbers: Range<Int>, seed: UInt64, name: String, threads: Int
  ) throws -> (shuffled: [[VariantSums]], signed: [VariantSums]) {
    let own = (0..<2).map { contrasts(1, half: $0).standardised }
    let other = (0..<2).map { contrasts(2, half: 1 - $0).standardised }
    let (units, isOutput) = (count, isOutput)
    let (orderPurpose, signPurpose) = ("units of \(name) in another order", "signs of the units of \(name)")
    @Sendable func scores(_ half: Int, _ other: (_ unit: Int) -> Double) -> VariantSums {
      var sum = SIMD4<Double>.zero
      for unit in 0..<units {
        let (first, second) = (own[half][unit], other(unit))
        sum += unitScores(first, second, standardised: first, second)
      }
      return VariantSums(sum, isOutput: isOutput)
    }
    let size = Self.numbersPerBlock
    let parts = try mapBlocks(count: (numbers.count + size - 1) / size, threads: threads) { block in
      numbers.dropFirst(block * size).prefix(size).map { number -> (shuffled: [VariantSums], signed: VariantSums) in
        guard number > 0 else {
          let observed = (0..<2).map { half in scores(half) { other[half][$0] } }
          return (observed, observed[0] + observed[1])
        }
        var stream = RandomStream(seed: seed, purpose: orderPurpose, index: UInt64(number))
        let order = Array(0..<units).shuffled(using: &stream)
        var signs = RandomStream(seed: seed, purpose: signPurpose, index: UInt64(number))
        let sign = (0..<units).map { _ in signs.next() & 1 == 0 ? 1.0 : -1 }
        return (
          (0..<2).map { half in scores(half) { other[half][order[$0]] } },
          scores(0) { other[0][$0] * sign[$0] } + scores(1) { other[1][$0] * sign[$0] }
        )
      }
    }.flatMap { $0 }
    return ((0..<2).map { order in parts.map { $0.shuffled[order] } }, parts.map(\.signed))
  }
}
