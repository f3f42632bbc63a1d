import ActivationRecording
import Parallelism
import Statistics

/// What is compared over strata: by RSA, every two layers in each selection, then every two phases in each layer; by CKA, the latter.
struct StratumSimilarities: Sendable {
  var representational: [Similarity] = []
  var alignments = Alignments()
}

/// Most strata that RSA compares: of more, matrices of all pairs outgrow the memory that a table is worth.
let mostStrata = 4000

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
      let comparisons = layers.indices.flatMap { Comparison.betweenPhases(layer: $0, selections) }.map { _ in missing }
      result.alignments = Alignments(unbiased: comparisons, biased: comparisons)
      return result
    }
    let takesDistances = measures.contains(.rsa)
    guard takesDistances || !Comparison.betweenPhases(layer: 0, selections).isEmpty else { return result }
    let layout = StratumLayout(strata, selections, rows: rows, takesHalves: takesDistances, takesOffsets: hasAlignments, seed: context.seed)
    let indices = layout.selections
    var betweenPhases: [Similarity] = []
    var distances: [[[Double]?]] = []
    // By layer and selection.
    var reliabilities: [[Double?]] = []
    for ((number, layer), context) in zip(layers.enumerated(), context.parts(layers.map(\.unitCount))) {
      try context.checkCancellation()
      let all = try context.progress.part(0, 0.3).reading(cells: recording.cellCount(of: [layer])) {
        LayerStratumMeans(try recording.stratumMeans(of: [layer], by: layout.indices, threads: context.threads), layout)
      }
      let means = all.selections
      let comparisons = Comparison.betweenPhases(layer: number, selections)
      if hasAlignments {
        for comparison in comparisons { try align(comparison, all, of: layers, in: context, to: &result.alignments) }
      }
      guard takesDistances else { continue }
      // Two at a time hold matrices of all pairs, whatever the number of threads.
      betweenPhases += try mapBlocks(count: comparisons.count, threads: min(context.threads, 2)) { comparison in
        let selections = comparisons[comparison].selections
        let sides = [means[selections.0].shared(with: means[selections.1]), means[selections.1].shared(with: means[selections.0])]
        let reliabilities = [selections.0, selections.1].map { all.reliability($0, in: sides[0].strata) }
        return representationalSimilarity(
          comparisons[comparison], of: layers, strata: sides[0].strata.count, (reliabilities[0], reliabilities[1]), in: context
        ) { correlationDistances(sides[$0]) }
      }
      guard layers.count > 1 else { continue }
      distances.append(
        try mapBlocks(count: means.count, threads: min(context.threads, 2)) { selection in
          obstacle(strata: means[selection].strata.count, widths: [layer.unitCount], isBetweenPhases: false) == nil
            ? correlationDistances(means[selection]) : nil
        })
      reliabilities.append(
        try mapBlocks(count: means.count, threads: min(context.threads, 2)) { all.reliability($0, in: means[$0].strata) })
    }
    let comparisons = takesDistances ? Comparison.betweenLayers(layers.count, selections) : []
    let (known, reliable) = (distances, reliabilities)
    let betweenLayers = try mapBlocks(count: comparisons.count, threads: min(context.threads, 2)) { number in
      let (pair, selection) = (comparisons[number].layers, comparisons[number].selections.0)
      return representationalSimilarity(
        comparisons[number], of: layers, strata: indices[selection].strata.count,
        (reliable[pair.0][selection], reliable[pair.1][selection]), in: context
      ) { known[$0 == 0 ? pair.0 : pair.1][selection] ?? [] }
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
      (counts.reduce(0) { $0 + StratumMeans.bytes(strata: $1, units: width) } + 2 * StratumMeans.bytes(strata: all, units: width)) * 3
      + 40 * Double(shape.rowCount) + 3 * Double(counts.count + 1) * StratumIndex.bytes(rows: shape.rowCount)
    let response = 8 * Double(most) * Double(width)
    var alignment = 0.0
    if hasAlignments {
      let products =
        isTakenFromStrata(most, width: width)
        ? 2 * CentredGram.byteCount(rows: most, precision: .double) + CentredGram.workingBytes(rows: most, units: width, threads: 1)
          + (permutations > 0 ? AlignedSets.byteCount(sets: 2, rows: most, threads: 1) : 0)
        : 4 * response + 8 * Double(width) * Double(width)
      alignment = 4 * response + Double(permutations > 0 ? 2 : 1) * products
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
  private func align(
    _ comparison: Comparison, _ means: LayerStratumMeans, of layers: [RecordedLayer], in context: AnalysisContext,
    to alignments: inout Alignments
  ) throws {
    let (first, second) = means.responses(of: comparison.selections, selections)
    let (strata, width) = (first.strata.count, first.unitCount)
    guard strata >= 4 else {
      let reason =
        "needs 4 strata with rows of both phases" + (means.subtractsOffsets(comparison.selections, selections) ? " and two of none" : "")
      let missing = Similarity(count: strata, reason: reason)
      alignments = alignments + Alignments(unbiased: [missing], biased: [missing])
      return
    }
    let sums: AlignmentSums
    let sets: () throws -> AlignedSets
    if isTakenFromStrata(strata, width: width) {
      let grams = try [first, second].map { means in
        try means.values.withUnsafeBufferPointer {
          try CentredGram($0, units: width, groups: nil, precision: .double, threads: context.threads)
        }
      }
      sums = try AlignmentSums(grams, rows: Array(0..<strata), isWithin: true, threads: context.threads)
      sets = { try AlignedSets(grams, rows: Array(0..<strata), isWithin: true, threads: context.threads) }
    } else {
      let rows = try AlignedSets([first.values, second.values], rows: strata)
      sums = try rows.sums()
      sets = { rows }
    }
    // A stratum is a row here.
    var (orders, pValues): (RowOrders?, AlignmentPValues?) = (nil, nil)
    if permutations > 0 {
      let found = RowOrders(variances: means.variances(of: comparison.selections, selections, in: first.strata), called: "strata")
      orders = found
      let names = (selections[comparison.selections.0].name, selections[comparison.selections.1].name)
      pValues = try alignmentPValues(
        sets(), orders: found, permutations: permutations, seed: context.seed, purpose: "cka strata \(names.0) \(names.1)",
        threads: context.threads)[1]
    }
    alignments.add(sums, 0, 1, count: strata, what: "the layer in a phase", items: "strata", orders: orders, pValues, design: .whole)
  }

  /// - Parameter distances: of the first (0) and the second (1) representation.
  private func representationalSimilarity(
    _ comparison: Comparison, of layers: [RecordedLayer], strata: Int, _ reliabilities: (Double?, Double?), in context: AnalysisContext,
    distances: (Int) -> [Double]
  ) -> Similarity {
    let widths = [layers[comparison.layers.0].unitCount, layers[comparison.layers.1].unitCount]
    if let reason = obstacle(strata: strata, widths: widths, isBetweenPhases: comparison.isBetweenPhases) {
      return Similarity(count: strata, reason: reason)
    }
    let matrices = (distances(0), distances(1))
    let value = Statistics.representationalSimilarity(matrices.0, matrices.1)
    var (pValue, obstacle): (Double?, String?) = (nil, nil)
    if value != nil, permutations > 0 {
      // Three conditions have six orders, four have 24.
      obstacle = strata < 4 ? "no p: strata can be ordered in 6 ways only, fewer than \(Exchangeability.fewestArrangements)" : nil
      pValue =
        obstacle != nil
        ? nil
        : mantelPValue(
          matrices.0, matrices.1, conditions: strata, permutations: permutations,
          stream: stream("rsa permutation", comparison, of: layers, seed: context.seed))
    }
    return Similarity(
      count: strata, value: value, pValue: pValue,
      reason: value == nil ? "fewer than three distances, or all are equal" : obstacle, exchange: pValue.map { _ in .whole },
      blockCount: pValue.map { _ in strata }, reliabilities: value == nil ? (nil, nil) : reliabilities)
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

private func obstacle(strata: Int, widths: [Int], isBetweenPhases: Bool) -> String? {
  if strata < 3 { return isBetweenPhases ? "needs 3 strata with rows of both phases" : "needs 3 strata" }
  if strata > mostStrata { return "more than \(mostStrata) strata: group them" }
  // Over two units every correlation is 1 or -1.
  return widths.contains { $0 < 3 } ? "needs 3 units" : nil
}
