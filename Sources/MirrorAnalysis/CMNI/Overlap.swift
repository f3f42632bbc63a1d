internal import CKernels
import Parallelism
import Statistics

/// Scores of Δself of one half with Δother of the other half, so that the none mean, which both share in one half, is no overlap; and
/// four ways of what they would be if the units that answer to other had nothing to do with those that answer to self.
extension IndexUnits {
  /// Contrasts of a half as they are and in pooled standard deviations of the three phases (0 for a unit that does not vary).
  private func contrasts(_ phase: Int, half: Int) -> (raw: [Double], standardised: [Double]) {
    let differences = (0..<count).map { contrast(phase, half: half, $0) }
    return (zip(differences, scales).map(*), zip(differences, deviation).map { $1 > 0 ? $0 / $1 : 0 })
  }

  /// Contrasts of a half in its own standard deviations; 0 for a unit that does not vary in it.
  ///
  /// What the estimate of a deviation is off by would otherwise be in both contrasts of the unit, as if it answered to both: with 25 blocks,
  /// and all units shifted alike by one standard deviation, the units in another order rejected .42 at .05.
  private func standardisedByHalf(_ phase: Int, half: Int) -> [Double] {
    (0..<count).map { unit in
      let own = halfDeviations[half][unit]
      return own > 0 && deviation[unit] > 0 ? contrast(phase, half: half, unit) / own : 0
    }
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
    var sums = [Double](repeating: 0, count: Int(MIRRORSCOPE_INDEX_SCORES))
    for half in 0..<2 {
      let (own, other) = (contrasts(1, half: half), contrasts(2, half: 1 - half))
      mirrorscope_contrast_scores(own.raw, other.raw, own.standardised, other.standardised, count, &sums)
    }
    return VariantSums(SIMD4(sums[0], sums[1], sums[2], sums[3]), isOutput: isOutput)
  }

  // MARK: A random direction of the none rows

  /// What the kernels of random directions take of the units: see `mirrorscope_direction_scores`.
  private var directionUnits: [Double] {
    let own = [contrasts(1, half: 0), contrasts(1, half: 1)]
    return sums[0].map { $0 / counts[0] } + scales + deviation + own.flatMap(\.raw) + own.flatMap(\.standardised)
      + standardisedByHalf(1, half: 0) + standardisedByHalf(1, half: 1)
  }

  /// Products of a wave's weights with the none rows, block by block of units.
  ///
  /// - Parameter score: gets the products of one direction with some units, and their sums.
  private func mapDirections<Value: MatrixScalar, Sums: SIMD & Sendable>(
    _ rows: ScaledRows<Value>, wave: DealWave, threads: Int,
    _ score: @Sendable (_ place: Int, _ units: Range<Int>, _ products: UnsafePointer<Double>) -> Sums
  ) throws -> [Sums] where Sums.Scalar == Double {
    let none = Int(counts[0])
    let parts = try rows.mapProducts(sets: wave.numbers.count, rows: none, threads: threads) {
      set, step, target in
      for row in step { target[row - step.lowerBound] = Value(wave.weights[set * none + row]) }
    } _: { products in
      let sums = products.sums.withUnsafeBufferPointer { values in
        products.sets.map { place in
          values.baseAddress.map { score(place, products.units, $0 + products.start(set: place, row: 0)) } ?? .zero
        }
      }
      return (products.sets, sums)
    }
    var result = [Sums](repeating: .zero, count: wave.numbers.count)
    for (sets, sums) in parts {
      for (set, sum) in zip(sets, sums) { result[set] += sum }
    }
    return result
  }

  /// Squared lengths of a wave's directions over the units of a layer; in `directionSumLane` the sum over its units in standard deviations.
  func directionLengths<Value: MatrixScalar>(_ rows: ScaledRows<Value>, wave: DealWave, threads: Int) throws -> [VariantSums] {
    let all = directionUnits
    return try mapDirections(rows, wave: wave, threads: threads) { place, units, products in
      var found = (0.0, 0.0, 0.0)
      withUnsafeMutableBytes(of: &found) { found in
        guard let target = found.bindMemory(to: Double.self).baseAddress else { return }
        mirrorscope_direction_lengths(all, count, units.lowerBound, units.count, products, wave.weightSums[place], target)
      }
      var lengths = VariantSums(SIMD4(found.0, found.0, found.1, found.0), isOutput: isOutput)
      lengths[Self.directionSumLane] = found.2
      return lengths
    }
  }

  private static var directionSumLane: Int { 5 }

  /// Scores of Δself with a wave's directions in place of Δother.
  ///
  /// - Parameters:
  ///   - toSecond: by what each direction of the wave is multiplied to be as long as Δother of the second half, by variant.
  ///   - toFirst: of the first half.
  ///   - lengths: of the wave's directions over the units of this layer alone (`directionLengths`).
  /// - Returns: `scaled`, over both orders of the halves; and of either order by itself, in each half's standard deviations, with the direction
  ///   about the mean Δother of the layer's units and as far from it as Δother is.
  func directionScores<Value: MatrixScalar>(
    _ rows: ScaledRows<Value>, wave: DealWave, toSecond: [VariantSums], toFirst: [VariantSums], lengths: [VariantSums], threads: Int
  ) throws -> (scaled: [VariantSums], around: [[VariantSums]]) {
    let all = directionUnits
    let around = aroundMeans(lengths)
    let (author, hidden, standardised) = (CMNIVariant.author.lane, CMNIVariant.hidden.lane, CMNIVariant.standardised.lane)
    let scores = try mapDirections(rows, wave: wave, threads: threads) { place, units, products in
      let factors = [toSecond[place], toFirst[place]].flatMap { [$0[author], $0[hidden], $0[standardised]] }
      let (weightSum, count) = (wave.weightSums[place], count)
      let sums = [Double](unsafeUninitializedCapacity: 11) { sums, initialized in
        guard let target = sums.baseAddress else { return }
        mirrorscope_direction_scores(
          all, count, units.lowerBound, units.count, products, weightSum, factors, around[place], target)
        initialized = 11
      }
      // Without the outputs the direction has another length, and the score of the variant is by itself.
      let scaled = VariantSums(sums[0], sums[1], isOutput ? 0 : sums[2], sums[3], sums[4], 0, 0, 0)
      let orders = [5, 8].map { VariantSums(SIMD4(sums[$0], sums[$0 + 1], sums[$0], sums[$0 + 2]), isOutput: isOutput) }
      return SIMD32(lowHalf: SIMD16(lowHalf: scaled, highHalf: orders[0]), highHalf: SIMD16(lowHalf: orders[1], highHalf: .zero))
    }
    return (scores.map(\.lowHalf.lowHalf), [scores.map(\.lowHalf.highHalf), scores.map(\.highHalf.lowHalf)])
  }

  /// For each direction offset and factor that bring it to Δother's mean over the units that vary and to its distance from that mean, against
  /// self of either half: as `mirrorscope_direction_scores` takes them.
  ///
  /// - Parameter lengths: of the directions over the units of this layer.
  private func aroundMeans(_ lengths: [VariantSums]) -> [[Double]] {
    let live = (0..<count).filter { deviation[$0] > 0 }
    let size = Double(max(1, live.count))
    let others = [1, 0].map { half -> (mean: Double, rest: Double) in
      let contrasts = standardisedByHalf(2, half: half)
      let mean = live.reduce(0) { $0 + contrasts[$1] } / size
      return (mean, live.reduce(0) { $0 + (contrasts[$1] - mean) * (contrasts[$1] - mean) })
    }
    return lengths.map { lengths in
      let (squares, mean) = (lengths[CMNIVariant.standardised.lane], lengths[Self.directionSumLane] / size)
      let rest = squares - size * mean * mean
      return others.flatMap { other in
        // A direction that is the same in all units has none about its mean.
        let factor = rest > 1e-12 * squares ? (other.rest / rest).squareRoot() : 0
        return [other.mean - factor * mean, factor]
      }
    }
  }

  // MARK: Other units, other signs

  private static var numbersPerBlock: Int { 16 }

  /// In each half's standard deviations: Δother moved to other units of the layer, for either order of the halves, and Δother of each unit
  /// with a random sign, over both orders. Number 0 has it as it is.
  ///
  /// - Parameters:
  ///   - numbers: of permutations.
  ///   - name: of the layer, for which the units are drawn.
  /// - Returns: `shuffled`, [orders][numbers], and `signed`.
  func movedScores(
    numbers: Range<Int>, seed: UInt64, name: String, threads: Int
  ) throws -> (shuffled: [[VariantSums]], signed: [VariantSums]) {
    let own = (0..<2).map { standardisedByHalf(1, half: $0) }
    let other = (0..<2).map { standardisedByHalf(2, half: 1 - $0) }
    let (units, isOutput) = (count, isOutput)
    let (orderPurpose, signPurpose) = ("units of \(name) in another order", "signs of the units of \(name)")
    @Sendable func scores(_ half: Int, _ other: [Double]) -> VariantSums {
      var sums = [Double](repeating: 0, count: Int(MIRRORSCOPE_INDEX_SCORES))
      mirrorscope_contrast_scores(own[half], other, own[half], other, units, &sums)
      return VariantSums(SIMD4(sums[0], sums[1], sums[2], sums[3]), isOutput: isOutput)
    }
    let size = Self.numbersPerBlock
    let parts = try mapBlocks(count: (numbers.count + size - 1) / size, threads: threads) { block in
      numbers.dropFirst(block * size).prefix(size).map { number -> (shuffled: [VariantSums], signed: VariantSums) in
        guard number > 0 else {
          let observed = (0..<2).map { scores($0, other[$0]) }
          return (observed, observed[0] + observed[1])
        }
        var stream = RandomStream(seed: seed, purpose: orderPurpose, index: UInt64(number))
        let order = Array(0..<units).shuffled(using: &stream)
        var signs = RandomStream(seed: seed, purpose: signPurpose, index: UInt64(number))
        let sign = (0..<units).map { _ in signs.next() & 1 == 0 ? 1.0 : -1 }
        return (
          (0..<2).map { half in scores(half, order.map { other[half][$0] }) },
          scores(0, zip(other[0], sign).map(*)) + scores(1, zip(other[1], sign).map(*))
        )
      }
    }.flatMap { $0 }
    return ((0..<2).map { order in parts.map { $0.shuffled[order] } }, parts.map(\.signed))
  }
}
