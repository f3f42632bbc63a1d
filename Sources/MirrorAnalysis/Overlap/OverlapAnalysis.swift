import ActivationRecording
import Statistics
import Tabular

/// Self–other overlap (Carauleanu et al., 2024): how far apart the activations of the self and the other version of the same thing are, per
/// layer and measure, with what to hold it against.
///
/// A pair is an item of `/pair` with rows of self and of other, or, in a recording without items, a stratum with both; of each the mean
/// activations are taken. The null deals other versions anew among the pairs of a stratum (the same wording) where at least half of
/// the pairs lie in strata of several pairs, otherwise among all; and only
/// among those whose other version has as many rows, since a mean of many rows lies elsewhere than one of few.
public struct OverlapAnalysis: Analysis {
  public var measures: [OverlapMeasure]
  /// Permutations of the pairing for p; 0 for none.
  public var permutations: Int
  /// Among which pairs other versions move; nil for what is found.
  public var exchange: ExchangeDesign?

  public init(measures: [OverlapMeasure] = OverlapMeasure.allCases, permutations: Int = 0, exchange: ExchangeDesign? = nil) {
    (self.measures, self.permutations, self.exchange) = (measures, permutations, exchange)
  }

  public var needs: RecordingNeeds { RecordingNeeds(counting: [.phase, .stratum]) }

  public var smallerAlternative: String { "Choose fewer rows, leave a wide layer out," }

  /// A block of pairs or strata in the widest layer and what a measure makes of them; with permutations as many pairs as may change places, and
  /// their table of products. How many these are is not known before: at most the rows of self or of other.
  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let pairs = Double(min(shape.count(.own), shape.count(.other)))
    let units = Double(shape.widestLayer)
    let block = Double(OverlapMeans.blockSize(units: shape.widestLayer))
    let together = permutations > 0 ? pairs : min(block, max(pairs, Double(shape.stratumCount ?? 1)))
    // For a table, of one measure at a time, both sets about their means.
    let perUnit = permutations > 0 ? OverlapMeans.bytesPerUnit(measures: 1) + 16 : OverlapMeans.bytesPerUnit(measures: measures.count)
    let ofBlock = together * units * Double(perUnit)
    let tables = permutations > 0 ? 8 * pairs * pairs : 0
    // Sums of self and other: over all, of a group of the pairing, of a stratum, and of wording.
    let sums = 8.0 * 16 * units * Double(measures.count)
    // By row: columns, and in which group of which index it is; by pair its distance by each measure.
    return byteCount(
      ofBlock + tables + sums + 100 * Double(shape.rowCount) + 40 * pairs * Double(measures.count)
        + 500 * Double(shape.layers.count * measures.count))
  }

  /// - Throws: `RecordingError.notEnoughRows` where self or other has no rows, `.missingPart` without pairs and strata, `.notFinite`,
  ///   and what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [OverlapRow] {
    let pairs = try OverlapPairs(of: recording)
    note(pairs, recording.path, in: context)
    let indices = pairs.indices + pairs.byStratum
    return try zip(recording.layers, context.parts(recording.layers.map(\.unitCount))).flatMap { layer, context in
      try context.checkCancellation()
      return try rows(
        of: layer.name, units: layer.unitCount, .read(recording, layer, indices: indices), pairs, path: recording.path, in: context)
    }
  }

  /// Says what is left out.
  func note(_ pairs: OverlapPairs, _ path: String, in context: AnalysisContext) {
    if pairs.areStrata { context.note("\(path): has no /pair: strata take the place of pairs.") }
    if pairs.incompleteCount > 0, !pairs.pairs.isEmpty {
      let (what, all) = (pairs.areStrata ? "strata" : "pairs", pairs.pairs.count + pairs.incompleteCount)
      context.note("\(path): \(pairs.incompleteCount) of \(all) \(what) have rows of self alone or of other alone, and are left out.")
    }
    let pairing = OverlapPairing(pairs, isUsed: pairs.pairs.map { _ in true }, choice: exchange)
    if pairing.unmatchedCount > 0, permutations > 0 {
      context.note(
        "\(path): \(pairing.unmatchedCount) of \(pairs.pairs.count) \(pairs.areStrata ? "strata" : "pairs") have an other version of as many "
          + "rows as no other one, and change places with none.")
    }
  }

  /// The rows of a layer.
  ///
  /// - Parameter means: by `pairs.indices`, then by `pairs.byStratum`.
  func rows(
    of layer: String, units: Int, _ means: OverlapMeans, _ pairs: OverlapPairs, path: String, in context: AnalysisContext
  ) throws -> [OverlapRow] {
    var rows = measures.map { OverlapRow(layer: layer, measure: $0) }
    for number in rows.indices {
      if pairs.pairs.isEmpty {
        rows[number].reasons.append("no \(pairs.areStrata ? "stratum" : "pair") has rows of self and of other")
      } else if rows[number].measure == .correlation, units <= 2 {
        rows[number].reasons.append("correlation needs 3 units")
      }
    }
    let measured = rows.indices.filter { rows[$0].reasons.isEmpty }
    guard !measured.isEmpty else { return rows }
    let work = OverlapWork(pairs: pairs, means: means, units: units, choice: exchange, isTabulated: permutations > 0)
    // Tables of products take more memory than means do: one measure at a time where there are some.
    let sets = permutations > 0 ? measured.map { [$0] } : [measured]
    for (set, context) in zip(sets, context.parts(sets.map(\.count))) {
      let found = try work.overlaps(set.map { rows[$0].measure }, in: context.part(0, 0.6))
      for (row, found) in zip(set, found) {
        try found.overlap.fill(&rows[row], areStrata: pairs.areStrata, permutations: permutations, in: context.part(0.6, 1))
        let silent = pairs.pairs.count - rows[row].pairCount
        if silent > 0, rows[row].pairCount > 0 {
          context.note(
            "\(path): \(layer): \(silent) of \(pairs.pairs.count) \(pairs.areStrata ? "strata" : "pairs") have a version without a "
              + "direction, and are left out of \(rows[row].measure.rawValue).")
        }
        found.references.fill(&rows[row])
      }
    }
    return rows
  }
}
