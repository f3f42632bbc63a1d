import ActivationRecording
import Parallelism
import Statistics

/// How alike two representations are.
public enum SimilarityMeasure: String, Sendable, CaseIterable {
  /// Representational similarity analysis: Spearman's ρ between two matrices of dissimilarities of the same strata.
  case rsa
  /// Linear centred kernel alignment.
  case cka
}

/// Most strata that RSA compares: of more, matrices of all pairs outgrow the memory that a table is worth.
private let mostStrata = 4000

/// The rows of `similarity`: by measure, every two layers in each selection of rows, then every two phases in each layer.
///
/// RSA compares matrices of correlation distances (1 − Pearson's r over units) between stratum means; those that differ by less than
/// 1e-12 count as equal. CKA between layers takes the same rows of both; between phases, means of the strata that hold both. CKA is the
/// plain estimate: biased upwards where rows are not many more than units.
///
/// With permutations RSA has the p of Mantel's test, strata of the second permuted, and CKA between phases that of permuting its strata. CKA
/// between layers has none: it would take all rows in memory.
///
/// A similarity that does not exist has its reason: no strata, fewer than three, a layer of fewer than three units (RSA), one that does
/// not vary.
///
/// - Parameter null: how often to permute, and the seed. What is drawn for a comparison does not depend on the others.
/// - Throws: `RecordingError.missingPart` where RSA alone is asked for and there are no strata, `.notFinite`, and what reading throws.
public func similarityRows(
  of recording: Recording, measures: [SimilarityMeasure] = SimilarityMeasure.allCases,
  over selections: [RowSelection] = RowSelection.everyOne, null: SimilarityNull = SimilarityNull(), partnerFilter: Bool, threads: Int
) throws -> [SimilarityRow] {
  let rows = try recording.phaseRows(for: selections, partnerFilter: partnerFilter)
  let strata = try recording.strata()
  if strata == nil, measures == [.rsa] {
    throw RecordingError.missingPart(
      file: recording.path, part: "/stratum",
      advice: "RSA compares mean responses by stratum: record the episode or group of each row, or ask for --measure cka.")
  }
  let responses = try strata.map { strata in
    try StratumResponses(
      of: recording, selections: selections, indices: selections.map { StratumIndex(strata, selection: $0, rows: rows) }, threads: threads)
  }
  return try measures.flatMap { measure in
    let values =
      switch measure {
      case .cka:
        try layerAlignments(of: recording, selections, rows: rows, null: null, threads: threads)
          + phaseAlignments(of: recording, selections, responses: responses, null: null, threads: threads)
      case .rsa: try representationalSimilarities(of: recording, selections, responses: responses, null: null, threads: threads)
      }
    return zip(comparisons(of: recording.layers, selections), values).map { comparison, similarity in
      SimilarityRow(
        recording: recording.path, layerA: recording.layers[comparison.layers.0].name, phaseA: selections[comparison.selections.0],
        layerB: recording.layers[comparison.layers.1].name, phaseB: selections[comparison.selections.1], measure: measure,
        count: similarity.count, value: similarity.value, reason: similarity.reason, pValue: similarity.pValue,
        permutations: similarity.pValue == nil ? 0 : null.permutations)
    }
  }
}

/// Bytes that `similarityRows` takes beside blocks of rows: mean responses by stratum.
public func similarityBytes(of recording: Recording, over selections: [RowSelection], null: SimilarityNull = SimilarityNull()) throws -> Int
{
  guard let strata = try recording.strata() else { return 0 }
  let units = recording.layers.reduce(0) { $0 + $1.unitCount }
  let count = Set(strata).count
  let pairs = min(count, mostStrata) * min(count, mostStrata)
  return selections.count * (24 * count * units + 4 * strata.count) + (null.permutations > 0 ? 96 : 48) * pairs
}

/// What a similarity is compared with: how often to permute, 0 for no p-values.
public struct SimilarityNull: Sendable {
  public let permutations: Int
  public let seed: UInt64

  public init(permutations: Int = 0, seed: UInt64 = 1) {
    self.permutations = permutations
    self.seed = seed
  }

  /// The numbers drawn for a comparison: of its own layers and phases alone, whatever else is compared.
  fileprivate func stream(_ purpose: String, _ comparison: Comparison, of layers: [RecordedLayer], _ selections: [RowSelection])
    -> RandomStream
  {
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

/// A value, or why there is none; and its p.
private struct Similarity: Sendable {
  let count: Int
  var value: Double?
  var pValue: Double?
  var reason: String?
}

/// Two representations by their positions among layers and selections.
private struct Comparison: Sendable {
  let layers: (Int, Int)
  let selections: (Int, Int)

  var isBetweenPhases: Bool { selections.0 != selections.1 }
}

/// Every two layers in each selection, then every two phases in each layer.
private func comparisons(of layers: [RecordedLayer], _ selections: [RowSelection]) -> [Comparison] {
  let phases = selections.indices.filter { selections[$0] != .all }
  let betweenLayers = selections.indices.flatMap { selection in
    pairs(Array(layers.indices)).map { Comparison(layers: $0, selections: (selection, selection)) }
  }
  let betweenPhases = layers.indices.flatMap { layer in pairs(phases).map { Comparison(layers: (layer, layer), selections: $0) } }
  return betweenLayers + betweenPhases
}

private func pairs(_ items: [Int]) -> [(Int, Int)] {
  items.indices.flatMap { first in items[(first + 1)...].map { (items[first], $0) } }
}

/// Mean responses by stratum in each selection, all layers side by side.
private struct StratumResponses: Sendable {
  let means: [StratumMeans]
  /// Where the units of each layer are.
  let layers: [Range<Int>]

  init(of recording: Recording, selections: [RowSelection], indices: [StratumIndex], threads: Int) throws {
    means = try recording.stratumMeans(of: recording.layers, by: indices, threads: threads)
    layers = unitRanges(of: recording.layers)
  }

  /// The two sides of a comparison over the strata that both have, and how many these are.
  func sides(_ comparison: Comparison) -> (first: [Double], second: [Double], strata: Int) {
    var (first, second) = (means[comparison.selections.0], means[comparison.selections.1])
    if comparison.isBetweenPhases { (first, second) = (first.shared(with: second), second.shared(with: first)) }
    return (first.units(layers[comparison.layers.0]), second.units(layers[comparison.layers.1]), first.strata.count)
  }
}

private func unitRanges(of layers: [RecordedLayer]) -> [Range<Int>] {
  var end = 0
  return layers.map { layer in
    end += layer.unitCount
    return end - layer.unitCount..<end
  }
}

private let withoutStrata = "the recording has no /stratum"

/// CKA of every two layers over the same rows, by selection.
private func layerAlignments(
  of recording: Recording, _ selections: [RowSelection], rows: PhaseRows, null: SimilarityNull, threads: Int
) throws -> [Similarity] {
  let ranges = unitRanges(of: recording.layers)
  let layerPairs = pairs(Array(ranges.indices)).map { (ranges[$0.0], ranges[$0.1]) }
  guard !layerPairs.isEmpty else { return [] }
  let products = try recording.unitProducts(of: recording.layers, over: selections, rows: rows, threads: threads)
  return products.flatMap { products -> [Similarity] in
    let reason = products.count < 2 ? "needs 2 rows" : "a layer does not vary"
    return products.linearCKA(layerPairs).map { value in
      Similarity(
        count: products.count, value: value,
        reason: value == nil ? reason : null.permutations > 0 ? "no p: permuting the rows of a layer takes all of them in memory" : nil)
    }
  }
}

/// CKA of every two phases in each layer, over means of the strata that hold both.
private func phaseAlignments(
  of recording: Recording, _ selections: [RowSelection], responses: StratumResponses?, null: SimilarityNull, threads: Int
) throws -> [Similarity] {
  let layers = recording.layers
  return try comparisons(of: layers, selections).filter(\.isBetweenPhases).map { comparison -> Similarity in
    guard let responses else { return Similarity(count: 0, reason: withoutStrata) }
    let (first, second, strata) = responses.sides(comparison)
    guard strata >= 3 else { return Similarity(count: strata, reason: "needs 3 strata with rows of both phases") }
    let width = responses.layers[comparison.layers.0].count
    var sideBySide: [Double] = []
    for stratum in 0..<strata {
      let units = stratum * width..<(stratum + 1) * width
      sideBySide += first[units]
      sideBySide += second[units]
    }
    let products = try UnitProducts(of: sideBySide, units: 2 * width, threads: threads)
    let value = products.linearCKA([(0..<width, width..<2 * width)])[0]
    let pValue = value.flatMap { _ in
      linearCKAPValue(
        first, units: width, second, units: width, permutations: null.permutations,
        stream: null.stream("cka permutation", comparison, of: layers, selections))
    }
    return Similarity(count: strata, value: value, pValue: pValue, reason: value == nil ? "the layer does not vary in a phase" : nil)
  }
}

private func representationalSimilarities(
  of recording: Recording, _ selections: [RowSelection], responses: StratumResponses?, null: SimilarityNull, threads: Int
) throws -> [Similarity] {
  // Two at a time hold matrices of all pairs, whatever the number of threads.
  let layers = recording.layers
  let all = comparisons(of: layers, selections)
  let streams = all.map { null.stream("rsa permutation", $0, of: layers, selections) }
  return try mapBlocks(count: all.count, threads: min(threads, 2)) { number in
    let comparison = all[number]
    guard let responses else { return Similarity(count: 0, reason: withoutStrata) }
    let widths = [comparison.layers.0, comparison.layers.1].map { responses.layers[$0].count }
    let (first, second, strata) = responses.sides(comparison)
    if let reason = obstacle(strata: strata, widths: widths, isBetweenPhases: comparison.isBetweenPhases) {
      return Similarity(count: strata, reason: reason)
    }
    let matrices = (distances(first, units: widths[0]), distances(second, units: widths[1]))
    let value = representationalSimilarity(matrices.0, matrices.1)
    let pValue = value.flatMap { _ in
      mantelPValue(matrices.0, matrices.1, conditions: strata, permutations: null.permutations, stream: streams[number])
    }
    return Similarity(
      count: strata, value: value, pValue: pValue, reason: value == nil ? "fewer than three distances, or all are equal" : nil)
  }
}

private func obstacle(strata: Int, widths: [Int], isBetweenPhases: Bool) -> String? {
  if strata < 3 { return isBetweenPhases ? "needs 3 strata with rows of both phases" : "needs 3 strata" }
  if strata > mostStrata { return "more than \(mostStrata) strata: group them" }
  // Over two units every correlation is 1 or -1.
  return widths.contains { $0 < 3 } ? "needs 3 units" : nil
}

/// Correlation distances without the digits that are only rounding, which ranks would take for differences.
private func distances(_ means: [Double], units: Int) -> [Double] {
  dissimilarities(means, units: units, by: .correlation).map { ($0 * 0x1p40).rounded() * 0x1p-40 }
}
