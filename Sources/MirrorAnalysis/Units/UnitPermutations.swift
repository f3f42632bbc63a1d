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
  /// Narrow layers that are in memory together.
  static let together = LayerGroups()
  /// Extreme permutations after which one that stops early stops: then p is known to about a fifth of itself.
  static let enoughExtremes = 20

  /// Some narrow layers at a time, which have their deals in common, or some units of a layer that is larger than `heldBytes`.
  ///
  /// - Parameters:
  ///   - moments: of these layers of this recording; their phases say which rows are compared.
  ///   - share: which of the permutations are taken.
  ///   - together: which layers are permuted together.
  init(
    of recording: RecordingView, layers: [RecordedLayer], moments: RecordingMoments, permutations: Int, choice: ExchangeDesign?,
    stopsEarly: Bool = false, share: PermutationShare = .whole, together: LayerGroups = Self.together,
    context: AnalysisContext
  ) throws {
    let stopsAfter = stopsEarly ? Self.enoughExtremes : nil
    let pairs = try PhasePairs(of: recording, by: moments.rows, choice: choice)
    let rowCount = moments.rows.counts.prefix(3).reduce(0, +)
    var counts = [StudentisedCounts?](repeating: nil, count: pairs.all.count)
    let groups = together.groups(
      layers.map { Self.layer(units: $0.unitCount, valueBytes: $0.storesDoubles ? 8 : 4, rows: Double(rowCount)) })
    for (group, ofGroup) in zip(groups, context.parts(groups.map { $0.reduce(0) { $0 + layers[$1].unitCount } })) {
      let taken = Array(layers[group])
      let spreads = moments.layers[group].flatMap(\.spreads)
      let ranges = taken.count == 1 ? taken[0].parts(rows: rowCount, holding: Self.heldBytes) : [0..<spreads.count]
      for (units, context) in zip(ranges, ofGroup.parts(ranges.map(\.count))) {
        try context.checkCancellation()
        func counted<Value: ActivationValue & MatrixScalar>(as _: Value.Type) throws -> [StudentisedCounts?] {
          let values: [Value] = try context.progress.part(0, 0.1).reading(cells: recording.cellCount(of: taken)) {
            try Self.values(of: taken, units, in: recording, pairs, rowCount, context)
          }
          return try Self.counts(values, Array(spreads[units]), pairs, permutations, share, stopsAfter, context.part(0.1, 1))
        }
        let parts = taken[0].storesDoubles ? try counted(as: Double.self) : try counted(as: Float.self)
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

  private static func counts<Value: MatrixScalar>(
    _ values: [Value], _ spreads: [UnitSpread], _ pairs: PhasePairs, _ permutations: Int, _ share: PermutationShare, _ stopsAfter: Int?,
    _ context: AnalysisContext
  ) throws -> [StudentisedCounts?] {
    try zip(pairs.all, context.parts(pairs.all.map(\.rows.count))).map { pair, context in
      guard pair.exchange.canPermute else { return nil }
      return try studentisedPermutations(
        values, spreads: spreads, rows: pair.rows, of: pair.exchange, permutations: permutations, seed: context.seed,
        purpose: pair.purpose, share: share, stopsAfter: stopsAfter, threads: context.threads
      ) { context.progress.tell(Double($0) / Double(permutations)) }
    }
  }

  /// The used rows of some layers side by side, or of some units of one layer: `[rows × units]`.
  private static func values<Value: ActivationValue>(
    of layers: [RecordedLayer], _ units: Range<Int>, in recording: RecordingView, _ pairs: PhasePairs, _ rowCount: Int,
    _ context: AnalysisContext
  ) throws -> [Value] {
    let width = layers.reduce(0) { $0 + $1.unitCount }
    if layers.count > 1 {
      // One after the other, as they are stored.
      var values: [Value] = []
      var first = 0
      for layer in layers {
        let own: [Value] = try recording.values(of: [layer], where: pairs.isUsed, threads: context.threads)
        let (count, rows) = (layer.unitCount, own.count / max(1, layer.unitCount))
        if values.isEmpty { values = [Value](repeating: 0, count: rows * width) }
        guard values.count == rows * width else {
          throw StatisticsError.shape(what: "values of layers that are permuted together", expected: values.count, found: rows * width)
        }
        own.withUnsafeBufferPointer { own in
          values.withUnsafeMutableBufferPointer { values in
            guard let source = own.baseAddress, let target = values.baseAddress else { return }
            for row in 0..<rows { (target + row * width + first).update(from: source + row * count, count: count) }
          }
        }
        first += count
      }
      return values
    }
    if units.count == width { return try recording.values(of: layers, where: pairs.isUsed, threads: context.threads) }
    var part: [Value] = []
    part.reserveCapacity(units.count * rowCount)
    try recording.mapRows(of: layers, selections: [pairs.isUsed], threads: context.threads) { (rows, values: [Value]) in
      rows.indices.flatMap { values[$0 * width + units.lowerBound..<$0 * width + units.upperBound] }
    } take: {
      part += $0[0]
    }
    return part
  }

  private static func layer(units: Int, valueBytes: Int, rows: Double) -> LayerGroups.Layer {
    LayerGroups.Layer(unitCount: units, bytes: Double(units * valueBytes) * rows, storesDoubles: valueBytes == 8)
  }

  /// Bytes that it takes at most, beside the moments.
  static func bytes(_ shape: RecordingShape, permutations: Int, stopsEarly: Bool, threads: Int) -> Double {
    let rows = Double(shape.contrastRowCount)
    let widest = shape.layers.map { Double($0.unitCount * $0.valueBytes) }.max() ?? 0
    let narrowest = shape.layers.map { Double($0.valueBytes) * rows }.max() ?? 0
    // However layers come together, and one of them beside the others.
    let narrow = shape.layers.filter { $0.unitCount < Self.together.units }.map { Double($0.unitCount * $0.valueBytes) * rows }
    let most = min(Self.together.bytes, Double(Self.together.units * (shape.layers.map(\.valueBytes).max() ?? 8)) * rows)
    let together = narrow.count > 1 ? min(narrow.reduce(0, +), most) : 0
    let held = max(min(widest * rows, max(Double(heldBytes), narrowest)), together) + min(together, narrow.max() ?? 0)
    let valueBytes = Double(shape.layers.map(\.valueBytes).max() ?? 8)
    let work = studentisedPermutationBytes(
      rows: rows, units: held / max(1, valueBytes * rows), valueBytes: valueBytes, permutations: permutations, stopsEarly: stopsEarly,
      threads: threads)
    return held + work + 40 * rows + 3 * (80 * Double(shape.unitCount) + 8 * Double(permutations))
  }
}
