import ActivationRecording
import Statistics

/// How alike representations are: every two layers in each selection of rows, then every two phases in each layer.
///
/// RSA compares matrices of correlation distances (1 − Pearson's r over units) between stratum means; distances that differ by less than
/// 1e-11 of the largest count as equal. The ceiling of a comparison is the reliability of either side, from halves of each stratum's rows.
///
/// CKA between layers takes the same rows of both. Between phases it takes means of the strata that hold both, less the stratum's none mean
/// where neither phase is none: that of one half of its none rows for the first, of the other half for the second, so that they share no row.
///
/// With permutations RSA has the p of Mantel's test, strata of the second permuted, and so has CKA between phases. CKA between layers permutes
/// rows, or whole strata as `RowOrders` says. What is drawn for a comparison does not depend on the others.
///
/// A similarity that does not exist has its reason: no strata, fewer than three, a layer of fewer than three units (RSA), one that does
/// not vary.
public struct SimilarityAnalysis: Analysis {
  public var measures: [SimilarityMeasure]
  public var selections: [RowSelection]
  /// For p-values; 0 leaves them out.
  public var permutations: Int
  /// What CKA between layers exchanges; nil for whole strata where there are strata, otherwise rows.
  public var exchange: ExchangeDesign?

  public init(
    measures: [SimilarityMeasure] = SimilarityMeasure.allCases, over selections: [RowSelection] = RowSelection.everyOne,
    permutations: Int = 0, exchange: ExchangeDesign? = nil
  ) {
    self.measures = measures
    self.selections = selections
    self.permutations = permutations
    self.exchange = exchange
  }

  var hasAlignments: Bool { measures.contains(where: \.isAlignment) }

  public var needs: RecordingNeeds {
    RecordingNeeds(reading: .inStep, counting: selections.contains { $0 != .all } ? [.phase, .stratum] : [.stratum])
  }

  public var smallerAlternative: String { "Choose fewer layers or phases," }

  public func layersReadAtOnce(_ shape: RecordingShape) -> [[Int]] {
    shape.layers.indices.map { [$0] } + (hasAlignments ? LayerAlignment(shape, selections).layersReadAtOnce : [])
  }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let comparisons = Comparison.count(layers: shape.layers.count, selections)
    let alignments =
      hasAlignments ? LayerAlignment(shape, selections).bytes(shape, selections, permutations: permutations, threads: threads) : 0
    return byteCount(max(alignments, stratumBytes(shape)) + 400 * comparisons * Double(measures.count))
  }

  /// - Throws: `RecordingError.missingPart` where RSA alone is asked for and there are no strata, `.notFinite`, and what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [SimilarityRow] {
    let rows = try recording.phaseRows(for: selections)
    if try recording.strata == nil, measures == [.rsa] {
      throw RecordingError.missingPart(
        file: recording.path, part: "/stratum",
        advice: "RSA compares mean responses by stratum: record the episode or group of each row,", remedy: .compareByCKA)
    }
    let layers = recording.layers
    let first = hasAlignments && layers.count > 1 ? 0.3 : 1
    let ofStrata = try stratumSimilarities(of: recording, rows: rows, in: context.part(0, first))
    let alignments =
      try (hasAlignments ? layerAlignments(of: recording, rows: rows, in: context.part(first, 1)) : Alignments()) + ofStrata.alignments
    return measures.flatMap { measure in
      let values =
        switch measure {
        case .rsa: ofStrata.representational
        case .cka: alignments.unbiased
        case .ckaBiased: alignments.biased
        }
      return zip(Comparison.all(layers: layers.count, selections), values).map { comparison, similarity in
        SimilarityRow(
          layerA: layers[comparison.layers.0].name, phaseA: selections[comparison.selections.0], layerB: layers[comparison.layers.1].name,
          phaseB: selections[comparison.selections.1], measure: measure, count: similarity.count, value: similarity.value,
          reason: similarity.reason, pValue: similarity.pValue, permutations: similarity.pValue == nil ? 0 : permutations,
          reliabilityA: similarity.reliabilities.0, reliabilityB: similarity.reliabilities.1, exchange: similarity.exchange,
          blockCount: similarity.blockCount)
      }
    }
  }
}

/// A value, or why there is none; and its p.
struct Similarity: Sendable {
  let count: Int
  var value: Double?
  var pValue: Double?
  var reason: String?
  var exchange: ExchangeDesign?
  var blockCount: Int?
  /// Of either side, of RSA.
  var reliabilities: (Double?, Double?) = (nil, nil)
}

/// Two representations by their positions among layers and selections.
struct Comparison: Sendable {
  let layers: (Int, Int)
  let selections: (Int, Int)

  var isBetweenPhases: Bool { selections.0 != selections.1 }

  /// Every two layers in each selection, then every two phases in each layer.
  static func all(layers: Int, _ selections: [RowSelection]) -> [Comparison] {
    betweenLayers(layers, selections) + (0..<layers).flatMap { betweenPhases(layer: $0, selections) }
  }

  /// How many `all` are, without making them: of 10,000 layers they would fill gigabytes.
  static func count(layers: Int, _ selections: [RowSelection]) -> Double {
    func pairs(_ count: Int) -> Double { Double(count) * Double(count - 1) / 2 }
    return Double(selections.count) * pairs(layers) + Double(layers) * pairs(selections.count { $0 != .all })
  }

  static func betweenLayers(_ layers: Int, _ selections: [RowSelection]) -> [Comparison] {
    selections.indices.flatMap { selection in
      pairs(Array(0..<layers)).map { Comparison(layers: $0, selections: (selection, selection)) }
    }
  }

  static func betweenPhases(layer: Int, _ selections: [RowSelection]) -> [Comparison] {
    pairs(selections.indices.filter { selections[$0] != .all }).map { Comparison(layers: (layer, layer), selections: $0) }
  }

  private static func pairs(_ items: [Int]) -> [(Int, Int)] {
    items.indices.flatMap { first in items[(first + 1)...].map { (items[first], $0) } }
  }
}
