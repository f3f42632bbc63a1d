import ActivationRecording
import Statistics

/// The inference on an index, layer by layer: one layer's rows are in memory at a time, and permutations come in waves.
struct IndexResampling {
  let rows: IndexRows
  let permutations: Int
  private let context: AnalysisContext
  private var waves: DealWaves

  init(rows: IndexRows, permutations: Int, share: PermutationShare = .whole, in context: AnalysisContext) {
    (self.rows, self.permutations, self.context) = (rows, permutations, context)
    waves = DealWaves(permutations: permutations, share: share, deals: rows.deals, seed: context.seed, threads: context.threads)
  }

  /// Numbers of the labels as they are, 0, and of the permutations that are taken; the sums of others stay 0.
  var numbers: Range<Int> { waves.numbers }

  /// Sums over the units of a layer.
  ///
  /// - Parameter isAlone: whether the index is over this layer alone: then a random direction has its length from it, and its scores are
  ///   summed too. Otherwise lengths are, and scores follow by `addDirections`.
  mutating func sums<Value: ActivationValue & MatrixScalar>(
    _ values: ScaledRows<Value>, layer: RecordedLayer, isAlone: Bool, _ progress: WorkShare
  ) throws -> IndexSums {
    let threads = context.threads
    let units = try IndexUnits(values, isOutput: layer.isOutput, of: rows, threads: threads)
    var sums = IndexSums(permutations: permutations, rows: rows.canCrossFit ? rows.count : 0)
    sums.unitCount = units.count
    sums.hiddenCount = layer.isOutput ? 0 : units.count
    sums.squaredRounding = VariantSums(units.squaredRounding, isOutput: layer.isOutput)
    if rows.canCrossFit { sums.chosen = try units.chosenUnits(values, of: rows, threads: threads) }
    guard permutations > 0 else { return sums }
    let steps = progress.part(0, isAlone ? 0.7 : 1).steps(permutations + 1)
    for range in waves.ranges {
      try context.checkCancellation()
      let wave = try waves.wave(range)
      let scores = try units.dealtScores(values, wave: wave, threads: threads)
      sums.dealt.replaceSubrange(3 * range.lowerBound..<3 * range.upperBound, with: scores)
      steps.done(range.count)
      guard rows.canCrossFit else { continue }
      sums.directionLengths.replaceSubrange(range, with: try units.directionLengths(values, wave: wave, threads: threads))
    }
    guard rows.canCrossFit else { return sums }
    sums.lengths = units.otherLengths
    let moved = try units.movedScores(numbers: numbers, seed: context.seed, name: layer.name, threads: threads)
    for order in moved.shuffled.indices { sums.shuffled[order].replaceSubrange(numbers, with: moved.shuffled[order]) }
    sums.signed.replaceSubrange(numbers, with: moved.signed)
    if isAlone { try addDirections(of: units, values, to: &sums, progress.part(0.7, 1)) }
    return sums
  }

  /// Adds the scores of a layer's units with random directions, once the directions' lengths over all layers are known.
  mutating func addDirections<Value: ActivationValue & MatrixScalar>(
    _ values: ScaledRows<Value>, layer: RecordedLayer, to sums: inout IndexSums, _ progress: WorkShare
  ) throws {
    try addDirections(of: IndexUnits(values, isOutput: layer.isOutput, of: rows, threads: context.threads), values, to: &sums, progress)
  }

  private mutating func addDirections<Value: ActivationValue & MatrixScalar>(
    of units: IndexUnits, _ values: ScaledRows<Value>, to sums: inout IndexSums, _ progress: WorkShare
  ) throws {
    sums.direction[0] += units.crossHalfScores
    let steps = progress.steps(permutations + 1)
    for range in waves.ranges {
      try context.checkCancellation()
      let wave = try waves.wave(range)
      func factors(_ length: VariantSums) -> [VariantSums] {
        range.map { number in
          let square = sums.directionLengths[number]
          // A direction without length has none to scale.
          return (length / square).squareRoot().replacing(with: 0, where: square .<= 0)
        }
      }
      let scores = try units.directionScores(
        values, wave: wave, toSecond: factors(sums.lengths.second), toFirst: factors(sums.lengths.first), threads: context.threads)
      for (number, score) in zip(range, scores) where number > 0 { sums.direction[number] += score }
      steps.done(range.count)
    }
  }
}
