import ActivationRecording
import Statistics

/// Studentised differences of every unit of every open layer, observed and under permuted labels, for the three pairs of phases.
struct UnitPermutations: Sendable {
  let pairs: PhasePairs
  /// Of each of `pairs.all`; nil where nothing may be permuted.
  let counts: [StudentisedCounts?]
  let stopsEarly: Bool

  /// Bytes of a layer's rows that are in memory at once; a wider layer is read several times, some units each time.
  static let heldBytes = 1 << 28
  /// Extreme permutations after which one that stops early stops: then p is known to about a fifth of itself.
  static let enoughExtremes = 20

  /// One layer after another, some units at a time where a layer is larger than `heldBytes`.
  ///
  /// - Parameters:
  ///   - moments: of these layers of this recording; their phases say which rows are compared.
  ///   - share: which of the permutations are taken.
  init(
    of recording: RecordingView, layers: [RecordedLayer], moments: RecordingMoments, permutations: Int, choice: ExchangeDesign?,
    stopsEarly: Bool = false, share: PermutationShare = .whole, context: AnalysisContext
  ) throws {
    let stopsAfter = stopsEarly ? Self.enoughExtremes : nil
    let pairs = try PhasePairs(of: recording, by: moments.rows, choice: choice)
    var counts = [StudentisedCounts?](repeating: nil, count: pairs.all.count)
    for ((layer, layerMoments), ofLayer) in zip(zip(layers, moments.layers), context.parts(layers.map(\.unitCount))) {
      let ranges = layer.parts(rows: moments.rows.counts.prefix(3).reduce(0, +), holding: Self.heldBytes)
      for (units, context) in zip(ranges, ofLayer.parts(ranges.map(\.count))) {
        try context.checkCancellation()
        let parts =
          layer.storesDoubles
          ? try Self.counts(of: layer, units, in: recording, pairs, layerMoments, permutations, share, stopsAfter, context, as: Double.self)
          : try Self.counts(of: layer, units, in: recording, pairs, layerMoments, permutations, share, stopsAfter, context, as: Float.self)
        for (index, part) in parts.enumerated() {
          guard let part else { continue }
          if counts[index] == nil { counts[index] = part } else { counts[index]?.append(part) }
        }
      }
    }
    (self.pairs, self.counts, self.stopsEarly) = (pairs, counts, stopsEarly)
  }

  /// What tables need of them.
  var permuted: PermutedUnits {
    PermutedUnits(
      pairs: zip(pairs.all, counts).map { pair, counts in
        PermutedUnits.Pair(
          counts: counts, reason: pair.exchange.reason, hasDesign: pair.exchange.design != nil,
          degreesOfFreedom: pair.exchange.clusters ? pair.exchange.fewestBlocks - 1 : nil)
      }, designName: pairs.designName, blockCount: pairs.blockCount, stopsEarly: stopsEarly)
  }

  private static func counts<Value: ActivationValue & MatrixScalar>(
    of layer: RecordedLayer, _ units: Range<Int>, in recording: RecordingView, _ pairs: PhasePairs, _ moments: LayerMoments,
    _ permutations: Int, _ share: PermutationShare, _ stopsAfter: Int?, _ context: AnalysisContext, as type: Value.Type
  ) throws -> [StudentisedCounts?] {
    let values = try context.progress.part(0, 0.1).reading(cells: recording.cellCount(of: [layer])) {
      try self.values(of: layer, units, in: recording, pairs, moments, context, as: type)
    }
    let spreads = Array(moments.spreads[units])
    return try zip(pairs.all, context.part(0.1, 1).parts(pairs.all.map(\.rows.count))).map { pair, context in
      guard pair.exchange.canPermute else { return nil }
      return try studentisedPermutations(
        values, spreads: spreads, rows: pair.rows, of: pair.exchange, permutations: permutations, seed: context.seed,
        purpose: pair.purpose, share: share, stopsAfter: stopsAfter, threads: context.threads
      ) { context.progress.tell(Double($0) / Double(permutations)) }
    }
  }

  /// The used rows of some units of a layer, `[rows × units]`.
  private static func values<Value: ActivationValue>(
    of layer: RecordedLayer, _ units: Range<Int>, in recording: RecordingView, _ pairs: PhasePairs, _ moments: LayerMoments,
    _ context: AnalysisContext, as type: Value.Type
  ) throws -> [Value] {
    if units.count == layer.unitCount {
      return try recording.values(of: [layer], where: pairs.isUsed, threads: context.threads)
    }
    var part: [Value] = []
    part.reserveCapacity(units.count * moments.rowCount)
    let width = layer.unitCount
    try recording.mapRows(of: [layer], selections: [pairs.isUsed], threads: context.threads) { (rows, values: [Value]) in
      rows.indices.flatMap { values[$0 * width + units.lowerBound..<$0 * width + units.upperBound] }
    } take: {
      part += $0[0]
    }
    return part
  }

  /// Bytes that it takes at most, beside the moments.
  static func bytes(_ shape: RecordingShape, permutations: Int, stopsEarly: Bool, threads: Int) -> Double {
    let rows = Double(shape.contrastRowCount)
    let widest = shape.layers.map { Double($0.unitCount * $0.valueBytes) }.max() ?? 0
    let narrowest = shape.layers.map { Double($0.valueBytes) * rows }.max() ?? 0
    let held = min(widest * rows, max(Double(heldBytes), narrowest))
    let valueBytes = Double(shape.layers.map(\.valueBytes).max() ?? 8)
    let work = studentisedPermutationBytes(
      rows: rows, units: held / max(1, valueBytes * rows), valueBytes: valueBytes, permutations: permutations, stopsEarly: stopsEarly,
      threads: threads)
    return held + work + 40 * rows + 3 * (80 * Double(shape.unitCount) + 8 * Double(permutations))
  }
}

extension RecordedLayer {
  /// Units in parts of which so many rows fit into some memory; one unit at least.
  func parts(rows: Int, holding bytes: Int) -> [Range<Int>] {
    let width = max(1, min(unitCount, bytes / max(1, rows * (storesDoubles ? 8 : 4))))
    return stride(from: 0, to: unitCount, by: width).map { $0..<min($0 + width, unitCount) }
  }
}

extension LayerMoments {
  fileprivate var rowCount: Int { [Phase.neither, .own, .other].reduce(0) { $0 + self[$1].count } }
}
