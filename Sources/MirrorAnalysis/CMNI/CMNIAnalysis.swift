import ActivationRecording
import Statistics
import Tabular

/// A row of `cmni`: one variant.
public struct CMNIRow: TableRow {
  public let model: ModelDescription
  public let index: CMNI
  public let phaseRows: PhaseRows
  public let inference: CMNIInference
  /// The layer whose units are summed over; nil for all of them.
  public var layer: String?

  public static let schema = TableSchema(
    name: "cmni", title: "Checkpoint Mirror Neuron Index, one row per recording and variant, or per layer too",
    columns: [
      Column("checkpoint_id", .string, "The recorded model's checkpoint"),
      Column("validation_loss", .number, "Validation loss of the checkpoint, L2 terms included"),
      Column("variant", .string, "author, formula, hidden, standardised or symmetric"),
      Column("cmni", .number, "Sum of the mirror-neuron scores over the number of units"),
      Column("total_mns", .number, "Sum of the mirror-neuron scores"),
      Column("unit_count", .integer, "Units summed over"),
      Column("n_none", .integer, "Rows of the none phase"),
      Column("n_self", .integer, "Rows of the self phase, after the partner filter"),
      Column("n_other", .integer, "Rows of the other phase, after the partner filter"),
      Column("null_mean", .number, "Mean index with the labels none, self and other dealt anew together"),
      Column("excess", .number, "cmni minus null_mean"),
      Column("z", .number, "excess over the standard deviation of the index under the null"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations at least as large as the index"),
      Column("ci_low", .number, "Lower end of the 95 % interval of cmni_crossfit"),
      Column("ci_high", .number, "Upper end of the 95 % interval of cmni_crossfit"),
      Column("cmni_crossfit", .number, "The index of units chosen on one half of the rows, taken on the other half; mean of both ways"),
      Column("p_both", .number, "The larger p of none dealt against self and none against other: both phases have an effect somewhere"),
      Column("p_overlap", .number, "The same units answer to both, more than chance gives: the largest p of four nulls"),
      Column("overlap_excess", .number, "Index over halves minus its mean under the null that gave p_overlap, in that null's scale"),
      Column(
        "least_overlap_excess", .number,
        "The smallest of these excesses over the first three nulls; the number to compare between networks, in the standardised variant"),
      Column("exchange", .string, "What is exchanged: free (rows), within (labels inside blocks) or whole (blocks)"),
      Column("n_blocks", .integer, "Blocks that can move; rows where they are free"),
      Column("reason", .string, "Why a cell is empty"),
      Column("layer", .string, "The layer whose units are summed over; empty for all layers"),
    ])

  public var cells: [Cell] {
    [
      .string(model.checkpointID), .number(model.validationLoss), .string(index.variant.rawValue), .number(index.value),
      .number(index.totalMNS), .integer(index.unitCount), .integer(phaseRows.count(.neither)), .integer(phaseRows.count(.own)),
      .integer(phaseRows.count(.other)), .number(inference.nullMean), .number(inference.excess), .number(inference.z),
      .number(inference.pValue), .number(inference.interval?.lowerBound), .number(inference.interval?.upperBound),
      .number(inference.crossFit), .number(inference.pBoth), .number(inference.pOverlap), .number(inference.overlapExcess),
      .number(inference.leastOverlapExcess),
      .string(inference.exchange?.rawValue), .integer(inference.blockCount), .string(inference.reason), .string(layer),
    ]
  }
}

/// The Checkpoint Mirror Neuron Index in its variants, with its cross-fitted interval, and with p-values where permutations are asked for.
public struct CMNIAnalysis: Analysis {
  public var variants = CMNIVariant.allCases
  /// Permutations of the phase labels; 0 for none.
  public var permutations: Int
  /// What is exchanged, whatever the blocks would say.
  public var exchange: ExchangeDesign?
  /// Whether each layer has an index of its own, in place of one over all layers.
  public var byLayer = false
  /// Bytes of a layer's rows that are in memory at once where nothing is permuted; a wider layer is read several times, some units each time.
  var heldBytes = UnitPermutations.heldBytes
  /// Which layers are in memory together where labels are permuted.
  var together = LayerGroups()

  public init(permutations: Int = 0) {
    self.permutations = permutations
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Choose fewer rows, leave a wide layer out," }

  /// The rows in use of the layers that are in memory together, their numbers, a wave of permutations, and for each permutation what it
  /// sums up.
  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let rows = Double(shape.contrastRowCount)
    let counted = shape.layers.filter(\.isOwnLayer)
    var bytes = shape.momentBytes(threads: threads) + IndexRows.bytes(shape)
    // The index's own: one over all layers, or one of each; and those of a layer, and of some of its units, on the way.
    bytes += Double(2 + (byLayer ? counted.count : 1)) * IndexSums.bytes(permutations: permutations, rows: rows)
    guard permutations > 0 else {
      // Of a wide layer some units at a time.
      let values = counted.map { Double($0.valueBytes) * Double($0.unitCount) }.max() ?? 0
      let narrowest = counted.map { Double($0.valueBytes) }.max() ?? 0
      bytes += min(values * rows, max(Double(heldBytes), narrowest * rows)) + Double(shape.widestLayer) * HeldLayerBytes.ofUnit(rows: rows)
      return byteCount(bytes)
    }
    let ofLayers = counted.map {
      heldLayer(units: $0.unitCount, storesDoubles: $0.storesDoubles, rows: rows)
    }
    bytes += together.groups(ofLayers).map { ofLayers[$0].reduce(0) { $0 + $1.bytes } }.max() ?? 0
    bytes += DealWaves.bytes(rows: rows, none: Double(shape.count(.neither)), permutations: permutations)
    bytes += Double(max(1, threads)) * max(ScaledRows<Double>.productBytes, ScaledRows<Double>.sumBytes(rows: rows))
    bytes += Double(min(permutations + 1, 4096)) * (192 * (Double(shape.widestLayer) / 32 + 1) + 1024)
    // What is known of each layer's directions until it is read again.
    if !byLayer { bytes += 64 * Double(permutations + 1) * Double(counted.count) }
    return byteCount(bytes)
  }

  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [CMNIRow] {
    try self.rows(of: recording, using: IndexRows(of: recording, choice: exchange, seed: context.seed), in: context)
  }

  func rows(of recording: RecordingView, using rows: IndexRows, in context: AnalysisContext) throws -> [CMNIRow] {
    let layers = recording.layers.filter(\.isOwnLayer)
    let precision = Self.precision(storeFloats: layers.contains { !$0.storesDoubles })
    return try outputs(of: recording, using: rows, in: context).outputs.flatMap { output in
      output.variants.compactMap { variant in
        CMNI(variant, of: output.moments).map { index in
          let inference = output.sums.inference(
            variant, value: index.value, rows: rows, permutations: permutations, precision: precision)
          return CMNIRow(
            model: recording.description.model, index: index, phaseRows: rows.phases, inference: inference, layer: output.layer)
        }
      }
    }
  }

  /// How far products of labels and activations may be off, of the root mean square of a unit.
  static func precision(storeFloats: Bool) -> Double { storeFloats ? 0x1p-22 : 0x1p-44 }

  /// The indices, and the numbers of the permutations that were taken for them.
  func outputs(
    of recording: RecordingView, using rows: IndexRows, share: PermutationShare = .whole, in context: AnalysisContext
  ) throws -> (outputs: [IndexOutputs.Output], numbers: Range<Int>) {
    for note in notes(on: rows.deals) { context.note("\(recording.path): \(note).") }
    let layers = recording.layers.filter(\.isOwnLayer)
    return permutations > 0
      ? try permutedOutputs(of: recording, layers, using: rows, share: share, in: context)
      : (try observedOutputs(of: recording, layers, using: rows, in: context), 0..<0)
  }

  /// Without permutations: one layer after the other, and some units of a wide one at a time.
  private func observedOutputs(
    of recording: RecordingView, _ layers: [RecordedLayer], using rows: IndexRows, in context: AnalysisContext
  ) throws -> [IndexOutputs.Output] {
    let resampling = IndexResampling(rows: rows, permutations: 0, in: context)
    var outputs = IndexOutputs(byLayer: byLayer, permutations: 0, rows: rows)
    for (layer, context) in zip(layers, context.parts(layers.map(\.unitCount))) {
      func take<Value: ActivationValue & MatrixScalar>(_: Value.Type) throws {
        // Those of rows are large: an index over all layers has them once.
        var sums = IndexSums(permutations: 0, rows: byLayer && rows.canCrossFit ? rows.count : 0)
        var known: LayerMoments?
        let ranges = layer.parts(rows: rows.count, holding: heldBytes)
        for (units, context) in zip(ranges, context.parts(ranges.map(\.count))) {
          try context.checkCancellation()
          let read = try context.progress.reading(cells: recording.cellCount(of: [layer])) {
            try recording.indexLayer(layer, units: units, rows: rows, known: known, threads: context.threads, as: Value.self)
          }
          known = read.moments
          var part = try resampling.observed(read.rows, isOutput: layer.isOutput)
          let chosen = try resampling.chosen(part.units, read.rows)
          if byLayer { part.sums.chosen = chosen } else { outputs.addChosen(chosen) }
          sums.add(part.sums)
        }
        if let known { outputs.add(sums, known, ownVariants(isOutput: layer.isOutput)) }
      }
      layer.storesDoubles ? try take(Double.self) : try take(Float.self)
    }
    return outputs.all(variants)
  }

  /// With permutations: as many layers at a time as have room together.
  private func permutedOutputs(
    of recording: RecordingView, _ layers: [RecordedLayer], using rows: IndexRows, share: PermutationShare, in context: AnalysisContext
  ) throws -> (outputs: [IndexOutputs.Output], numbers: Range<Int>) {
    var resampling = IndexResampling(rows: rows, permutations: permutations, share: share, in: context)
    var outputs = IndexOutputs(byLayer: byLayer, permutations: permutations, rows: rows)
    var moments = [LayerMoments?](repeating: nil, count: layers.count)
    let groups = together.groups(
      layers.map { heldLayer(units: $0.unitCount, storesDoubles: $0.storesDoubles, rows: Double(rows.count)) })
    let length: IndexResampling.DirectionLength = byLayer ? .ofEach : groups.count > 1 ? .later : .ofAll
    let isReadTwice = length == .later && rows.canCrossFit
    let weights = groups.map { $0.reduce(0) { $0 + layers[$1].unitCount } }
    func held<Value: ActivationValue & MatrixScalar>(_ group: Range<Int>, _ progress: WorkShare) throws -> [HeldLayer<Value>] {
      try zip(group, progress.parts(group.map { layers[$0].unitCount })).map { index, progress in
        try context.checkCancellation()
        let read = try progress.reading(cells: recording.cellCount(of: [layers[index]])) {
          try recording.indexLayer(layers[index], rows: rows, known: moments[index], threads: context.threads, as: Value.self)
        }
        moments[index] = read.moments
        let (units, sums) = try resampling.observed(read.rows, isOutput: layers[index].isOutput)
        return HeldLayer(name: layers[index].name, rows: read.rows, units: units, sums: sums)
      }
    }
    func permute<Value: ActivationValue & MatrixScalar>(_ group: Range<Int>, _ progress: WorkShare, as _: Value.Type) throws {
      var taken: [HeldLayer<Value>] = try held(group, progress.part(0, 0.2))
      for index in taken.indices {
        let chosen = try resampling.chosen(taken[index].units, taken[index].rows)
        if byLayer { taken[index].sums.chosen = chosen } else { outputs.addChosen(chosen) }
      }
      try resampling.permute(&taken, length: length, progress.part(0.2, 1))
      for (index, layer) in zip(group, taken) {
        if let known = moments[index] { outputs.add(layer.sums, known, ownVariants(isOutput: layers[index].isOutput)) }
      }
    }
    func addDirections<Value: ActivationValue & MatrixScalar>(_ group: Range<Int>, _ progress: WorkShare, as _: Value.Type) throws {
      let taken: [HeldLayer<Value>] = try held(group, progress.part(0, 0.2))
      try resampling.addDirections(of: taken, to: &outputs.total, progress.part(0.2, 1))
    }
    for (group, progress) in zip(groups, context.progress.part(0, isReadTwice ? 0.7 : 1).parts(weights)) {
      layers[group.lowerBound].storesDoubles
        ? try permute(group, progress, as: Double.self) : try permute(group, progress, as: Float.self)
    }
    if isReadTwice {
      // Directions have their length over all layers, which is known only now.
      for (group, progress) in zip(groups, context.progress.part(0.7, 1).parts(weights)) {
        layers[group.lowerBound].storesDoubles
          ? try addDirections(group, progress, as: Double.self) : try addDirections(group, progress, as: Float.self)
      }
    }
    return (outputs.all(variants), resampling.numbers)
  }

  private func heldLayer(units: Int, storesDoubles: Bool, rows: Double) -> LayerGroups.Layer {
    let bytes = HeldLayerBytes.all(
      units: units, valueBytes: storesDoubles ? 8 : 4, rows: rows, permutations: permutations, byLayer: byLayer)
    return LayerGroups.Layer(unitCount: units, bytes: bytes, storesDoubles: storesDoubles)
  }

  func ownVariants(isOutput: Bool) -> [CMNIVariant] { variants.filter { !($0 == .hidden && isOutput) } }

  /// What a reader of p-values has to know.
  private func notes(on deals: PhaseDeals) -> [String] {
    guard permutations > 0 else { return [] }
    return [deals.joint.reason ?? deals.own.reason ?? deals.other.reason, deals.joint.note].compactMap { $0 }
  }
}

extension RecordingMoments {
  /// The rows of `cmni` without inference: the given variants, in order.
  ///
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows.
  public func cmniRows(variants: [CMNIVariant] = CMNIVariant.allCases) throws -> [CMNIRow] {
    try rows.require([.neither, .own, .other], in: name)
    return variants.compactMap { variant in
      CMNI(variant, of: layers).map { CMNIRow(model: model, index: $0, phaseRows: rows, inference: CMNIInference()) }
    }
  }
}
