import ActivationRecording
import Statistics
import Tabular

/// A row of `divergence`: how far a unit's activations in one phase are from those in another.
public struct DivergenceRow: TableRow {
  public let layer: String
  public let unit: Int
  public let phaseA: Phase
  public let phaseB: Phase
  public let kl: Double?
  public let commonPositive: Double?
  public let reason: String?

  public static let schema = TableSchema(
    name: "divergence", title: "Kullback-Leibler divergence between phases, per unit",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("unit", .integer, "Number of the unit, 0-based"),
      Column("phase_a", .string, "Phase of P in D(P||Q)"),
      Column("phase_b", .string, "Phase of Q in D(P||Q)"),
      Column("kl", .number, "D(phase_a||phase_b) in nats, from histograms over one range"),
      Column(
        "common_positive", .number,
        "Of the unit, the same in both its rows none-self and none-other: the smaller of the two where both means rise, otherwise 0"),
      Column("reason", .string, "Why a number does not exist"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .string(phaseA.name), .string(phaseB.name), .number(kl),
      .number(commonPositive), .string(reason),
    ]
  }
}

/// Over which values a unit's histograms reach.
public enum HistogramRange: String, Sendable, CaseIterable {
  /// From the smallest to the largest activation of the whole layer in any phase, as the paper's scripts do.
  case layer
  /// From the smallest to the largest of the unit itself.
  case unit
}

/// The pairs of phases that are compared.
private let comparedPhases: [(Phase, Phase)] = [(.neither, .own), (.neither, .other), (.neither, .both), (.own, .other)]

/// How far each unit's activations in one phase are from those in another: none against self, other and both, and self against other.
///
/// Two passes: the range, then histograms of `bins` bins of equal width (density, 1e-10 added, renormalised). The value depends on range
/// and bins, so compare only values of one layer and one setting.
public struct DivergenceAnalysis: Analysis {
  public var bins: Int
  public var range: HistogramRange

  public init(bins: Int = 50, range: HistogramRange = .layer) {
    self.bins = bins
    self.range = range
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Take fewer bins or threads," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    // Histograms of the widest layer, for every block that is under way, and the rows.
    byteCount(
      8 * Double(shape.widestLayer) * Double(Phase.allCases.count * bins) * Double(8 * max(1, threads) + 2)
        + shape.momentBytes(threads: threads) + 400 * Double(shape.unitCount))
  }

  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [DivergenceRow] {
    let moments = try RecordingMoments(of: recording, threads: context.threads)
    let codes = moments.rows.codes
    var result: [DivergenceRow] = []
    result.reserveCapacity(comparedPhases.count * recording.layers.reduce(0) { $0 + $1.unitCount })
    for (layer, moments) in zip(recording.layers, moments.layers) {
      guard let empty = try moments.histograms(bins: bins, range: range, path: recording.path) else { continue }
      let histograms =
        layer.storesDoubles
        ? try recording.histograms(of: layer, into: empty, threads: context.threads) {
          (part, block: UnsafeBufferPointer<Double>, rows) in try part.add(block, groupOfRow: codes[rows])
        }
        : try recording.histograms(of: layer, into: empty, threads: context.threads) { (part, block: UnsafeBufferPointer<Float>, rows) in
          try part.add(block, groupOfRow: codes[rows])
        }
      for unit in 0..<layer.unitCount {
        result += divergenceRows(
          layer: moments, unit: unit, histograms: Phase.allCases.indices.map { histograms.histogram(unit: unit, group: $0) })
      }
    }
    return result
  }
}

extension RecordingView {
  fileprivate func histograms<Value: ActivationValue>(
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

private func divergenceRows(layer: LayerMoments, unit: Int, histograms: [Histogram]) -> [DivergenceRow] {
  func divergence(_ a: Phase, _ b: Phase) -> Double? {
    klDivergence(histograms[Int(a.rawValue)], from: histograms[Int(b.rawValue)])
  }
  let common = layer.contrasts.flatMap { contrasts in
    commonPositiveDivergence(
      noneFromSelf: divergence(.neither, .own), noneFromOther: divergence(.neither, .other), deltaSelf: contrasts[unit].deltaSelf,
      deltaOther: contrasts[unit].deltaOther)
  }
  return comparedPhases.map { a, b in
    let empty = [a, b].filter { layer[$0].count == 0 }.map(\.name)
    return DivergenceRow(
      layer: layer.name, unit: unit, phaseA: a, phaseB: b, kl: divergence(a, b),
      commonPositive: a == .neither && b != .both ? common : nil,
      reason: !empty.isEmpty
        ? "no rows in phase \(empty.joined(separator: " and "))"
        : histograms[0].hasWidth ? nil : "values too close for their size: the bins have no width")
  }
}

extension LayerMoments {
  /// Empty histograms of every unit and phase; nil for a layer without a row in any phase.
  fileprivate func histograms(bins: Int, range: HistogramRange, path: String) throws -> GroupedHistograms? {
    let ends = (0..<unitCount).compactMap { unit -> ClosedRange<Double>? in
      let low = Phase.allCases.compactMap { self[$0].minimum(unit) }.min()
      let high = Phase.allCases.compactMap { self[$0].maximum(unit) }.max()
      return low.flatMap { low in high.map { low...$0 } }
    }
    guard ends.count == unitCount, let low = ends.map(\.lowerBound).min(), let high = ends.map(\.upperBound).max() else { return nil }
    guard (high - low).isFinite else {
      throw RecordingError.invalid(
        file: path, fault: "the activations of layer \(name) span more than a double can hold: scale it,", remedy: .leaveLayerOut)
    }
    return GroupedHistograms(
      ranges: range == .layer ? ends.map { _ in low...high } : ends, groups: Phase.allCases.count, bins: bins)
  }
}
