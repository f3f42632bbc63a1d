internal import CKernels
import Parallelism
import Statistics

extension IndexUnits {
  /// Sums of scores over the units of a layer under each deal of a wave: `[numbers][joint, none and self, none and other]`.
  ///
  /// Sums over labels give those over self and over other; none has the rest, and the third phase of a deal of two
  /// keeps its own.
  func dealtScores<Value: MatrixScalar>(_ rows: ScaledRows<Value>, wave: DealWave, threads: Int) throws -> [VariantSums] {
    // As `mirrorscope_dealt_scores` takes them.
    let units = sums.flatMap { $0 } + squares.flatMap { $0 } + scales
    let phases = mirrorscope_index_phases(none: counts[0], self: counts[1], other: counts[2], rounding: rounding)
    let parts = try rows.mapSums(of: wave.labels, threads: threads) { products in
      (products.sets, Self.scores(of: units, count: count, products, phases: phases))
    }
    var result = [VariantSums](repeating: .zero, count: 3 * wave.numbers.count)
    for (sets, scores) in parts {
      for (place, score) in scores.enumerated() { result[3 * sets.lowerBound + place] += VariantSums(score, isOutput: isOutput) }
    }
    return result
  }

  /// The three sums of each set over the units of a block.
  private static func scores(
    of units: [Double], count: Int, _ products: RowProducts, phases: mirrorscope_index_phases
  ) -> [SIMD4<Double>] {
    var phases = phases
    let (sets, size) = (products.sets.count, PhaseDeals.perDeal * products.units.count)
    precondition(
      products.sums.count >= sets * size && products.squares.count >= sets * size && units.count >= 7 * count, "sizes of products")
    return [SIMD4<Double>](unsafeUninitializedCapacity: 3 * sets) { result, initialized in
      units.withUnsafeBufferPointer { units in
        products.sums.withUnsafeBufferPointer { sums in
          products.squares.withUnsafeBufferPointer { squares in
            guard let units = units.baseAddress, let sums = sums.baseAddress, let squares = squares.baseAddress else { return }
            for set in 0..<sets {
              withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * Int(MIRRORSCOPE_INDEX_SCORES)) { scores in
                guard let target = scores.baseAddress else { return }
                mirrorscope_dealt_scores(
                  units, count, products.units.lowerBound, products.units.count, sums + set * size, squares + set * size, &phases, target)
                for deal in 0..<3 {
                  result[3 * set + deal] = SIMD4(scores[4 * deal], scores[4 * deal + 1], scores[4 * deal + 2], scores[4 * deal + 3])
                }
              }
            }
            initialized = 3 * sets
          }
        }
      }
    }
  }
}
