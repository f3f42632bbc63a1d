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

  /// Means of self, other and none by pair in the widest layer while they are summed up, or these with what a measure makes of them and its
  /// table of distances. How many pairs there are is not known before: at most the rows of self or of other.
  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let (own, other, none) = (Double(shape.count(.own)), Double(shape.count(.other)), Double(shape.count(.neither)))
    let pairs = min(own, other)
    let units = Double(shape.widestLayer)
    let strata = Double(shape.stratumCount ?? 1)
    // With none versions in pairs, or strata means in their place.
    let most = 2 * pairs + max(min(none, pairs), 3 * min(strata, own + other + none))
    let reading = (shape.fileCount > 1 ? 24 : 16) * most * units
    let ofPairs = 16 * pairs * units + (permutations > 0 ? 8 * pairs * pairs + 16 * pairs * units : 0)
    // Means that none and self share, and what a measure makes of them.
    let ofReferences = 32 * max(min(none, pairs), min(strata, own + none)) * units
    let working = 8 * most * units + max(ofPairs, ofReferences)
    return byteCount(max(reading, working) + 80 * Double(shape.rowCount) + 500 * Double(shape.layers.count * measures.count) + 64 * units)
  }

  /// - Throws: `RecordingError.notEnoughRows` where self or other has no rows, `.missingPart` without pairs and strata, `.notFinite`,
  ///   and what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [OverlapRow] {
    let pairs = try OverlapPairs(of: recording)
    note(pairs, recording.path, in: context)
    return try zip(recording.layers, context.parts(recording.layers.map(\.unitCount))).flatMap { layer, context in
      try context.checkCancellation()
      let means =
        pairs.pairs.isEmpty
        ? []
        : try context.progress.part(0, 0.4).reading(cells: recording.cellCount(of: [layer])) {
          try recording.stratumMeans(of: [layer], by: pairs.indices + pairs.byStratum, threads: context.threads)
        }
      return try rows(of: layer.name, units: layer.unitCount, means, pairs, path: recording.path, in: context.part(0.4, 1))
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
  /// - Parameter means: by `pairs.indices`, then by `pairs.byStratum`; none without pairs.
  func rows(
    of layer: String, units: Int, _ means: [StratumMeans], _ pairs: OverlapPairs, path: String, in context: AnalysisContext
  ) throws -> [OverlapRow] {
    guard !pairs.pairs.isEmpty else {
      return measures.map { measure in
        var row = OverlapRow(layer: layer, measure: measure)
        row.reasons.append("no \(pairs.areStrata ? "stratum" : "pair") has rows of self and of other")
        return row
      }
    }
    return try zip(measures, context.parts(measures.map { _ in 1 })).map { measure, context in
      try context.checkCancellation()
      var row = OverlapRow(layer: layer, measure: measure)
      guard measure != .correlation || units > 2 else {
        row.reasons.append("correlation needs 3 units")
        return row
      }
      let overlap = try LayerOverlap(
        own: means[0].values, other: means[1].values, units: units, measure: measure, pairs: pairs, choice: exchange,
        threads: context.threads)
      try overlap.fill(&row, areStrata: pairs.areStrata, permutations: permutations, in: context)
      let silent = pairs.pairs.count - row.pairCount
      if silent > 0, row.pairCount > 0 {
        context.note(
          "\(path): \(layer): \(silent) of \(pairs.pairs.count) \(pairs.areStrata ? "strata" : "pairs") have a version without a "
            + "direction, and are left out of \(measure.rawValue).")
      }
      try setReferences(of: &row, means, pairs, threads: context.threads)
      return row
    }
  }

  /// Distances of none to self and other: within the pairs that have a none version, otherwise of the means of strata that hold both.
  private func setReferences(of row: inout OverlapRow, _ means: [StratumMeans], _ pairs: OverlapPairs, threads: Int) throws {
    let inPairs = !means[2].strata.isEmpty
    guard inPairs || means.count == 6 && !means[3].strata.isEmpty else {
      row.reasons.append("no rows of none")
      return
    }
    let (none, own, other) = inPairs ? (means[2], means[0], means[1]) : (means[3], means[4], means[5])
    func mean(_ phase: StratumMeans, _ column: String) throws -> Double? {
      let (first, second) = (none.shared(with: phase), phase.shared(with: none))
      let units = first.unitCount
      let scale = OverlapScale(of: [first.values, second.values], units: units, measure: row.measure)
      let left = try OverlapVectors(first.values, units: units, measure: row.measure, scale: scale, threads: threads)
      let right = try OverlapVectors(second.values, units: units, measure: row.measure, scale: scale, threads: threads)
      let used = left.isDefined.indices.filter { left.isDefined[$0] && right.isDefined[$0] }
      guard !used.isEmpty else {
        let why = first.strata.isEmpty ? "no stratum holds both" : "no \(inPairs ? "pair" : "stratum") has both with a direction"
        row.reasons.append("no \(column): \(why)")
        return nil
      }
      let value = scale.distance(used.reduce(0) { $0 + left.squaredDistance($1, right, $1) } / Double(used.count))
      if value == nil { row.reasons.append("no \(column): squares of activations are beyond what a double can hold") }
      return value
    }
    (row.noneSelf, row.noneOther) = (try mean(own, "none_self"), try mean(other, "none_other"))
  }
}
