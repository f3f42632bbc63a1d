import ActivationRecording
import Statistics

/// Over which values a unit's histograms reach.
public enum HistogramRange: String, Sendable, CaseIterable {
  /// From the smallest to the largest activation of the whole layer in any phase, as the paper's scripts do.
  case layer
  /// From the smallest to the largest of the unit itself.
  case unit
}

/// How far each unit's activations in one phase are from those in another: none against self, other and both, and self against other.
///
/// Two passes: the range, then histograms of `bins` bins of equal width (shares of rows, 1e-10 added, renormalised; in another column
/// densities in place of shares). The value depends on range and bins, so compare only values of one layer and one setting.
///
/// With permutations, each comparison has the null of its own two phases, whose labels are dealt as strata and pairs allow; the bins stay.
public struct DivergenceAnalysis: Analysis {
  public var bins: Int
  public var range: HistogramRange

  /// For p-values; 0 leaves them out.
  public var permutations: Int
  /// What is exchanged; nil for what strata and pairs say.
  public var exchange: ExchangeDesign?
  /// Ranges of a first pass over all rows, of which a shard has some.
  public var firstPass: DivergenceRanges?

  public init(bins: Int = 50, range: HistogramRange = .layer, permutations: Int = 0, exchange: ExchangeDesign? = nil) {
    self.bins = bins
    self.range = range
    self.permutations = permutations
    self.exchange = exchange
  }

  /// The pairs of phases that are compared.
  static let comparedPhases: [(Phase, Phase)] = [(.neither, .own), (.neither, .other), (.neither, .both), (.own, .other)]

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Take fewer bins or threads," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    // Histograms of the widest layer, for every block that is under way, and the rows.
    byteCount(
      8 * Double(shape.widestLayer) * Double(Phase.allCases.count * bins) * Double(8 * max(1, threads) + 2)
        + shape.momentBytes(threads: threads) + 500 * Double(shape.unitCount)
        + (permutations > 0 ? DivergenceNulls.bytes(shape, bins: bins) : 0))
  }

  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [DivergenceRow] {
    let moments = try RecordingMoments(of: recording, in: context.part(0, permutations > 0 ? 0.1 : 0.4))
    let codes = moments.rows.codes
    let nulls = permutations > 0 ? try DivergenceNulls(self, of: recording, rows: moments.rows, seed: context.seed) : nil
    var result: [DivergenceRow] = []
    result.reserveCapacity(Self.comparedPhases.count * recording.layers.reduce(0) { $0 + $1.unitCount })
    let parts = context.part(permutations > 0 ? 0.1 : 0.4, 1).parts(recording.layers.map(\.unitCount))
    for ((layer, moments), context) in zip(zip(recording.layers, moments.layers), parts) {
      guard let ranges = try moments.histogramRanges(range, path: recording.path) else { continue }
      let empty = GroupedHistograms(ranges: ranges, groups: Phase.allCases.count, bins: bins)
      let histograms = try context.progress.part(0, nulls == nil ? 1 : 0.2).reading(cells: recording.cellCount(of: [layer])) {
        try recording.histograms(of: layer, into: empty, codes: codes, threads: context.threads)
      }
      let found = try nulls?.nulls(of: layer, in: recording, bins: empty, context.part(0.2, 1))
      result += divergenceRows(moments, histograms, nulls?.designs, found)
    }
    return result
  }
}

extension RecordingView {
  func histograms(of layer: RecordedLayer, into empty: GroupedHistograms, codes: [UInt8], threads: Int) throws -> GroupedHistograms {
    layer.storesDoubles
      ? try histograms(of: layer, into: empty, threads: threads) { (part, block: UnsafeBufferPointer<Double>, rows) in
        try part.add(block, groupOfRow: codes[rows])
      }
      : try histograms(of: layer, into: empty, threads: threads) { (part, block: UnsafeBufferPointer<Float>, rows) in
        try part.add(block, groupOfRow: codes[rows])
      }
  }

  private func histograms<Value: ActivationValue>(
    of layer: RecordedLayer, into empty: GroupedHistograms, threads: Int,
    add: @escaping @Sendable (inout GroupedHistograms, UnsafeBufferPointer<Value>, Range<Int>) throws -> Void
  ) throws -> GroupedHistograms {
    var histograms = empty
    try mapBlocks(of: layer, threads: threads) { (rows, block: UnsafeBufferPointer<Value>) in
      var part = empty
      try add(&part, block, rows)
      return part
    } take: { part in
      try histograms.merge(part)
    }
    return histograms
  }
}

/// The rows of a layer.
///
/// - Parameters:
///   - designs: what is exchanged; nil without permutations.
///   - found: of each comparison, the null of each unit; none where nothing is dealt.
func divergenceRows(
  _ layer: LayerMoments, _ histograms: GroupedHistograms, _ designs: DivergenceDesigns?, _ found: [[DivergenceNull]]?
) -> [DivergenceRow] {
  (0..<layer.unitCount).flatMap { unit in
    divergenceRows(
      layer: layer, unit: unit, histograms: Phase.allCases.indices.map { histograms.histogram(unit: unit, group: $0) },
      nulls: designs, of: found.map { $0.map { $0.isEmpty ? nil : $0[unit] } })
  }
}

/// - Parameters:
///   - nulls: what is exchanged in each comparison.
///   - found: the unit's null in each comparison.
private func divergenceRows(
  layer: LayerMoments, unit: Int, histograms: [Histogram], nulls: DivergenceDesigns?, of found: [DivergenceNull?]?
) -> [DivergenceRow] {
  func divergence(_ a: Phase, _ b: Phase, _ smoothing: DivergenceSmoothing = .shares) -> Double? {
    klDivergence(histograms[Int(a.rawValue)], from: histograms[Int(b.rawValue)], smoothing: smoothing)
  }
  let common = layer.contrasts.flatMap { contrasts in
    commonPositiveDivergence(
      noneFromSelf: divergence(.neither, .own), noneFromOther: divergence(.neither, .other), deltaSelf: contrasts[unit].deltaSelf,
      deltaOther: contrasts[unit].deltaOther)
  }
  return DivergenceAnalysis.comparedPhases.enumerated().map { number, phases in
    let (a, b) = phases
    let empty = [a, b].filter { layer[$0].count == 0 }.map(\.name)
    let kl = divergence(a, b)
    let null = kl.flatMap { _ in found?[number] }
    let exchange = kl.flatMap { _ in nulls?.exchanges[number] }
    return DivergenceRow(
      layer: layer.name, unit: unit, phaseA: a, phaseB: b, kl: kl, commonPositive: a == .neither && b != .both ? common : nil,
      reason: !empty.isEmpty
        ? "no rows in phase \(empty.joined(separator: " and "))"
        : !histograms[0].hasWidth
          ? "values too close for their size: the bins have no width"
          : nulls.flatMap { $0.obstacle ?? exchange?.reason }.map { "no p: \($0)" },
      authorKL: divergence(a, b, .densities), null: null, permutations: null == nil ? 0 : nulls?.permutations ?? 0,
      exchange: exchange?.design, blockCount: exchange?.blockCount)
  }
}

extension LayerMoments {
  /// Over which values the histograms of each unit reach; nil for a layer without a row in any phase.
  func histogramRanges(_ range: HistogramRange, path: String) throws -> [ClosedRange<Double>]? {
    let ends = (0..<unitCount).compactMap { unit -> ClosedRange<Double>? in
      let low = Phase.allCases.compactMap { self[$0].minimum(unit) }.min()
      let high = Phase.allCases.compactMap { self[$0].maximum(unit) }.max()
      return low.flatMap { low in high.flatMap { low <= $0 ? low...$0 : nil } }
    }
    guard ends.count == unitCount, let low = ends.map(\.lowerBound).min(), let high = ends.map(\.upperBound).max() else { return nil }
    guard (high - low).isFinite else {
      throw RecordingError.invalid(
        file: path, fault: "the activations of layer \(name) span more than a double can hold: scale it,", remedy: .leaveLayerOut)
    }
    return range == .layer ? ends.map { _ in low...high } : ends
  }
}
