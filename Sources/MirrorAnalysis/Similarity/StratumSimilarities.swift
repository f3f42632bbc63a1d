import ActivationRecording
import Parallelism
import Statistics

/// What is compared over strata: by RSA, every two layers in each selection, then every two phases in each layer; by CKA, the latter.
struct StratumSimilarities: Sendable {
  var representational: [Similarity] = []
  var alignments: [Similarity] = []
}

/// Most strata that RSA compares: of more, matrices of all pairs outgrow the memory that a table is worth.
private let mostStrata = 4000

/// Of wider layers CKA between phases is taken from products of strata, where these are not many more than units.
private let widestByUnits = 512

extension SimilarityAnalysis {
  /// Mean responses are taken layer by layer; of those before stay the distances between strata that RSA compares.
  func stratumSimilarities(of recording: RecordingView, rows: PhaseRows, in context: AnalysisContext) throws -> StratumSimilarities {
    let layers = recording.layers
    var result = StratumSimilarities()
    guard let strata = try recording.strata else {
      let missing = Similarity(count: 0, reason: "the recording has no /stratum")
      result.representational = Comparison.all(layers: layers.count, selections).map { _ in missing }
      result.alignments = layers.indices.flatMap { Comparison.betweenPhases(layer: $0, selections) }.map { _ in missing }
      return result
    }
    let takesDistances = measures.contains(.rsa)
    guard takesDistances || !Comparison.betweenPhases(layer: 0, selections).isEmpty else { return result }
    let indices = selections.map { StratumIndex(strata, selection: $0, rows: rows) }
    var betweenPhases: [Similarity] = []
    var distances: [[[Double]?]] = []
    for (number, layer) in layers.enumerated() {
      try context.checkCancellation()
      let means = try recording.stratumMeans(of: [layer], by: indices, threads: context.threads)
      let comparisons = Comparison.betweenPhases(layer: number, selections)
      if measures.contains(.cka) {
        result.alignments += try comparisons.map { try alignment($0, means, of: layers, in: context) }
      }
      guard takesDistances else { continue }
      // Two at a time hold matrices of all pairs, whatever the number of threads.
      betweenPhases += try mapBlocks(count: comparisons.count, threads: min(context.threads, 2)) { comparison in
        let selections = comparisons[comparison].selections
        let sides = [means[selections.0].shared(with: means[selections.1]), means[selections.1].shared(with: means[selections.0])]
        return representationalSimilarity(comparisons[comparison], of: layers, strata: sides[0].strata.count, in: context) {
          correlationDistances(sides[$0])
        }
      }
      guard layers.count > 1 else { continue }
      distances.append(
        try mapBlocks(count: means.count, threads: min(context.threads, 2)) { selection in
          obstacle(strata: means[selection].strata.count, widths: [layer.unitCount], isBetweenPhases: false) == nil
            ? correlationDistances(means[selection]) : nil
        })
    }
    let comparisons = takesDistances ? Comparison.betweenLayers(layers.count, selections) : []
    let known = distances
    let betweenLayers = try mapBlocks(count: comparisons.count, threads: min(context.threads, 2)) { number in
      let (pair, selection) = (comparisons[number].layers, comparisons[number].selections.0)
      return representationalSimilarity(comparisons[number], of: layers, strata: indices[selection].strata.count, in: context) {
        known[$0 == 0 ? pair.0 : pair.1][selection] ?? []
      }
    }
    result.representational = betweenLayers + betweenPhases
    return result
  }

  /// Bytes at the peak beside blocks of rows.
  func stratumBytes(_ shape: RecordingShape) -> Double {
    guard let all = shape.stratumCount else { return 0 }
    let counts = selections.map { min(all, $0.count(in: shape)) }
    let (most, width) = (counts.max() ?? 0, shape.widestLayer)
    let means =
      counts.reduce(0) { $0 + StratumMeans.bytes(strata: $1, units: width) } + 40 * Double(shape.rowCount)
      + Double(counts.count) * StratumIndex.bytes(rows: shape.rowCount)
    let response = 8 * Double(most) * Double(width)
    var alignment = 0.0
    if measures.contains(.cka) {
      let products =
        isTakenFromStrata(most, width: width)
        ? 2 * CentredGram.byteCount(rows: most) + CentredGram.workingBytes(rows: most, units: width)
        : 6 * response + UnitProducts.bytes(UnitProducts.Size(units: 2 * width, isSplit: true), rows: [most])
      let permuted = permutations == 0 ? 0 : 4 * response + 16 * Double(most) * Double(min(most, width))
      alignment = 2 * response + max(products, permuted)
    }
    var distances = 0.0
    if measures.contains(.rsa) {
      let pairs = { (strata: Int) in strata > mostStrata ? 0 : Double(strata) * Double(strata) }
      let kept = shape.layers.count > 1 ? counts.reduce(0) { $0 + 4 * pairs($1) } * Double(shape.layers.count) : 0
      // Of two comparisons at a time: responses turned and standardised, correlations, and the ranks of distances.
      distances = kept + 2 * (5 * response + (permutations > 0 ? 80 : 56) * pairs(min(most, mostStrata)))
    }
    return means + max(alignment, distances)
  }

  /// CKA of two phases in a layer, over means of the strata that hold both.
  private func alignment(
    _ comparison: Comparison, _ means: [StratumMeans], of layers: [RecordedLayer], in context: AnalysisContext
  ) throws -> Similarity {
    let (one, other) = (means[comparison.selections.0], means[comparison.selections.1])
    let (first, second) = (one.shared(with: other), other.shared(with: one))
    let (strata, width) = (first.strata.count, first.unitCount)
    guard strata >= 3 else { return Similarity(count: strata, reason: "needs 3 strata with rows of both phases") }
    let value = try linearCKA(first, second, threads: context.threads)
    let pValue = value.flatMap { _ in
      linearCKAPValue(
        first.values, units: width, second.values, units: width, permutations: permutations,
        stream: stream("cka permutation", comparison, of: layers, seed: context.seed))
    }
    return Similarity(count: strata, value: value, pValue: pValue, reason: value == nil ? "the layer does not vary in a phase" : nil)
  }

  /// - Parameter distances: of the first (0) and the second (1) representation.
  private func representationalSimilarity(
    _ comparison: Comparison, of layers: [RecordedLayer], strata: Int, in context: AnalysisContext, distances: (Int) -> [Double]
  ) -> Similarity {
    let widths = [layers[comparison.layers.0].unitCount, layers[comparison.layers.1].unitCount]
    if let reason = obstacle(strata: strata, widths: widths, isBetweenPhases: comparison.isBetweenPhases) {
      return Similarity(count: strata, reason: reason)
    }
    let matrices = (distances(0), distances(1))
    let value = Statistics.representationalSimilarity(matrices.0, matrices.1)
    let pValue = value.flatMap { _ in
      mantelPValue(
        matrices.0, matrices.1, conditions: strata, permutations: permutations,
        stream: stream("rsa permutation", comparison, of: layers, seed: context.seed))
    }
    return Similarity(
      count: strata, value: value, pValue: pValue, reason: value == nil ? "fewer than three distances, or all are equal" : nil)
  }

  /// The numbers drawn for a comparison: of its own layers and phases alone, whatever else is compared.
  private func stream(_ purpose: String, _ comparison: Comparison, of layers: [RecordedLayer], seed: UInt64) -> RandomStream {
    func code(_ selection: Int) -> UInt64 {
      switch selections[selection] {
      case .all: 255
      case .phase(let phase): UInt64(phase.rawValue)
      }
    }
    func number(_ layer: Int) -> UInt64 { UInt64(truncatingIfNeeded: layers[layer].index) & 0xff_ffff }
    let place = number(comparison.layers.0) << 40 | number(comparison.layers.1) << 16
    return RandomStream(
      seed: seed, purpose: purpose, index: place | code(comparison.selections.0) << 8 | code(comparison.selections.1))
  }
}

private func isTakenFromStrata(_ strata: Int, width: Int) -> Bool { width > widestByUnits && strata <= 2 * width }

/// Linear CKA of means over the same strata.
private func linearCKA(_ first: StratumMeans, _ second: StratumMeans, threads: Int) throws -> Double? {
  let (strata, width) = (first.strata.count, first.unitCount)
  guard isTakenFromStrata(strata, width: width) else {
    var sideBySide: [Double] = []
    sideBySide.reserveCapacity(2 * first.values.count)
    for stratum in 0..<strata {
      let units = stratum * width..<(stratum + 1) * width
      sideBySide += first.values[units]
      sideBySide += second.values[units]
    }
    return try UnitProducts(of: sideBySide, units: 2 * width, threads: threads).linearCKA(0..<width, width..<2 * width)
  }
  let grams = try [first, second].map { means in
    try means.values.withUnsafeBufferPointer { try CentredGram($0, units: width, rows: Array(0..<strata), threads: threads) }
  }
  return try linearCKA(
    cross: grams[0].product(with: grams[1]), left: grams[0].product(with: grams[0]), right: grams[1].product(with: grams[1]))
}

private func obstacle(strata: Int, widths: [Int], isBetweenPhases: Bool) -> String? {
  if strata < 3 { return isBetweenPhases ? "needs 3 strata with rows of both phases" : "needs 3 strata" }
  if strata > mostStrata { return "more than \(mostStrata) strata: group them" }
  // Over two units every correlation is 1 or -1.
  return widths.contains { $0 < 3 } ? "needs 3 units" : nil
}

/// Correlation distances without the digits that are only rounding, which ranks would take for differences.
private func correlationDistances(_ means: StratumMeans) -> [Double] {
  dissimilarities(means.values, units: means.unitCount, by: .correlation).map { ($0 * 0x1p40).rounded() * 0x1p-40 }
}
