import ActivationRecording
import Statistics

/// The inference on an index. Permutations come in waves, and each is dealt once for all layers whose rows are in memory together.
struct IndexResampling {
  let rows: IndexRows
  let permutations: Int
  private let context: AnalysisContext
  private var waves: DealWaves
  /// Of layers that are read again for their directions: those directions' lengths, by name.
  private var lengthsOfLayers: [String: [VariantSums]] = [:]

  init(rows: IndexRows, permutations: Int, share: PermutationShare = .whole, in context: AnalysisContext) {
    (self.rows, self.permutations, self.context) = (rows, permutations, context)
    waves = DealWaves(permutations: permutations, share: share, deals: rows.deals, seed: context.seed, threads: context.threads)
  }

  /// Numbers of the labels as they are, 0, and of the permutations that are taken; the sums of others stay 0.
  var numbers: Range<Int> { waves.numbers }

  /// Over which units a random direction is as long as Δother.
  enum DirectionLength {
    /// Those of each layer by itself.
    case ofEach
    /// Those of all layers, which are in memory.
    case ofAll
    /// Those of all layers, of which some are not in memory: scores follow by `addDirections`.
    case later
  }

  /// What the scores need of a layer's units, and those sums over them for which no label is permuted; of rows there are none.
  func observed<Value: MatrixScalar>(_ values: ScaledRows<Value>, isOutput: Bool) throws -> (units: IndexUnits, sums: IndexSums) {
    let units = try IndexUnits(values, isOutput: isOutput, of: rows, threads: context.threads)
    var sums = IndexSums(permutations: permutations, rows: 0)
    sums.unitCount = units.count
    sums.hiddenCount = isOutput ? 0 : units.count
    sums.squaredRounding = VariantSums(units.squaredRounding, isOutput: isOutput)
    if permutations > 0, rows.canCrossFit { sums.lengths = units.otherLengths }
    return (units, sums)
  }

  /// Of each row what the units that are chosen on the other half come to; nothing where there are no halves.
  func chosen<Value: MatrixScalar>(_ units: IndexUnits, _ values: ScaledRows<Value>) throws -> [VariantSums] {
    rows.canCrossFit ? try units.chosenUnits(values, of: rows, threads: context.threads) : []
  }

  /// Adds the sums under permuted labels, and under the nulls of overlap, to those of some layers.
  mutating func permute<Value>(_ layers: inout [HeldLayer<Value>], length: DirectionLength, _ progress: WorkShare) throws {
    let threads = context.threads
    let steps = progress.steps((permutations + 1) * layers.count)
    if rows.canCrossFit {
      for index in layers.indices {
        let moved = try layers[index].units.movedScores(
          numbers: numbers, seed: context.seed, name: layers[index].name, threads: threads)
        for order in moved.shuffled.indices { layers[index].sums.shuffled[order].replaceSubrange(numbers, with: moved.shuffled[order]) }
        layers[index].sums.signed.replaceSubrange(numbers, with: moved.signed)
        if numbers.contains(0) {
          for order in moved.shuffled.indices { layers[index].sums.around[order][0] = moved.shuffled[order][0] }
        }
        if length != .later { layers[index].sums.direction[0] = layers[index].units.crossHalfScores }
      }
    }
    for range in waves.ranges {
      try context.checkCancellation()
      let wave = try waves.wave(range)
      for index in layers.indices {
        defer { steps.done(range.count) }
        let (units, values) = (layers[index].units, layers[index].rows)
        let scores = try units.dealtScores(values, wave: wave, threads: threads)
        layers[index].sums.dealt.replaceSubrange(3 * range.lowerBound..<3 * range.upperBound, with: scores)
        guard rows.canCrossFit else { continue }
        let ofDirections = try units.directionLengths(values, wave: wave, threads: threads)
        layers[index].sums.directionLengths.replaceSubrange(range, with: ofDirections)
        if length == .ofEach {
          try addDirections(
            of: units, values, wave, lengths: layers[index].sums.lengths, ofDirections, ofLayer: ofDirections, to: &layers[index].sums)
        }
      }
      if length == .ofAll, rows.canCrossFit {
        let (lengths, ofDirections) = Self.lengths(over: layers, range)
        for index in layers.indices {
          try addDirections(
            of: layers[index].units, layers[index].rows, wave, lengths: lengths, ofDirections,
            ofLayer: Array(layers[index].sums.directionLengths[range]), to: &layers[index].sums)
        }
      }
    }
    if length == .later, rows.canCrossFit { for layer in layers { lengthsOfLayers[layer.name] = layer.sums.directionLengths } }
  }

  /// Adds the scores of some layers' units with random directions, once the directions' lengths over all layers are known.
  mutating func addDirections<Value>(of layers: [HeldLayer<Value>], to sums: inout IndexSums, _ progress: WorkShare) throws {
    let steps = progress.steps(permutations + 1)
    for layer in layers { sums.direction[0] += layer.units.crossHalfScores }
    for range in waves.ranges {
      try context.checkCancellation()
      let wave = try waves.wave(range)
      for layer in layers {
        guard let own = lengthsOfLayers[layer.name] else {
          throw StatisticsError.shape(what: "random directions of \(layer.name)", expected: permutations + 1, found: 0)
        }
        try addDirections(
          of: layer.units, layer.rows, wave, lengths: sums.lengths, Array(sums.directionLengths[range]), ofLayer: Array(own[range]),
          to: &sums)
      }
      steps.done(range.count)
    }
  }

  /// Squared lengths over the units of all of some layers: of Δother of either half, and of a wave's directions.
  private static func lengths<Value>(
    over layers: [HeldLayer<Value>], _ range: Range<Int>
  ) -> (ofOther: (first: VariantSums, second: VariantSums), ofDirections: [VariantSums]) {
    var ofOther = (first: VariantSums.zero, second: VariantSums.zero)
    var ofDirections = [VariantSums](repeating: .zero, count: range.count)
    for layer in layers {
      ofOther.first += layer.sums.lengths.first
      ofOther.second += layer.sums.lengths.second
      for (place, number) in range.enumerated() { ofDirections[place] += layer.sums.directionLengths[number] }
    }
    return (ofOther, ofDirections)
  }

  /// - Parameters:
  ///   - lengths: squared, of Δother of either half.
  ///   - ofDirections: squared, of the wave's directions over the same units.
  ///   - ofLayer: of the wave's directions over this layer's units alone.
  ///   - sums: of all permutations.
  private func addDirections<Value: MatrixScalar>(
    of units: IndexUnits, _ values: ScaledRows<Value>, _ wave: DealWave, lengths: (first: VariantSums, second: VariantSums),
    _ ofDirections: [VariantSums], ofLayer: [VariantSums], to sums: inout IndexSums
  ) throws {
    func factors(_ length: VariantSums) -> [VariantSums] {
      // A direction without length has none to scale.
      ofDirections.map { (length / $0).squareRoot().replacing(with: 0, where: $0 .<= 0) }
    }
    let scores = try units.directionScores(
      values, wave: wave, toSecond: factors(lengths.second), toFirst: factors(lengths.first), lengths: ofLayer, threads: context.threads)
    for (place, number) in wave.numbers.enumerated() where number > 0 {
      sums.direction[number] += scores.scaled[place]
      for order in sums.around.indices { sums.around[order][number] += scores.around[order][place] }
    }
  }
}
