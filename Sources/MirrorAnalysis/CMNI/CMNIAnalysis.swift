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
      Column("p_overlap", .number, "The same units answer to both, more than chance gives: the largest p of three nulls"),
      Column("overlap_excess", .number, "Index over halves minus its mean under the null that gave p_overlap, in that null's scale"),
      Column(
        "least_overlap_excess", .number,
        "The smallest of these excesses over the three nulls; the number to compare between networks, in the standardised variant"),
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

  public init(permutations: Int = 0) {
    self.permutations = permutations
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Choose fewer rows, leave a wide layer out," }

  /// The rows in use of the widest layer, their numbers, a wave of permutations, and for each permutation what it sums up.
  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let rows = Double(shape.contrastRowCount)
    let counted = shape.layers.filter(\.isOwnLayer)
    let values = counted.map { Double($0.valueBytes) * Double($0.unitCount) }.max() ?? 0
    let narrowest = counted.map { Double($0.valueBytes) }.max() ?? 0
    let held = permutations > 0 ? values * rows : min(values * rows, max(Double(heldBytes), narrowest * rows))
    var bytes = shape.momentBytes(threads: threads) + IndexRows.bytes(shape) + held
    // Those of a layer on the way, and the index's own: one over all layers, or one of each.
    bytes += Double(3 + (byLayer ? counted.count : 1)) * IndexSums.bytes(permutations: permutations, rows: rows)
    // Constants of the units of a layer, and sums of blocks of rows.
    bytes += Double(shape.widestLayer) * (400 + 192 * (rows / 2048 + 1))
    if permutations > 0 {
      bytes += DealWaves.bytes(rows: rows, none: Double(shape.count(.neither)), permutations: permutations)
      bytes += Double(max(1, threads)) * max(ScaledRows<Double>.productBytes, ScaledRows<Double>.sumBytes(rows: rows))
      bytes += 192 * Double(min(permutations + 1, 4096)) * (Double(shape.widestLayer) / 32 + 1)
    }
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

  /// An index before its inference: over all layers, or over one.
  struct Output {
    let layer: String?
    let moments: [LayerMoments]
    let sums: IndexSums
    let variants: [CMNIVariant]
  }

  /// The indices, and the numbers of the permutations that were taken for them.
  func outputs(
    of recording: RecordingView, using rows: IndexRows, share: PermutationShare = .whole, in context: AnalysisContext
  ) throws -> (outputs: [Output], numbers: Range<Int>) {
    for note in notes(on: rows.deals) { context.note("\(recording.path): \(note).") }
    let layers = recording.layers.filter(\.isOwnLayer)
    var resampling = IndexResampling(rows: rows, permutations: permutations, share: share, in: context)
    var moments: [LayerMoments] = []
    var total = IndexSums(permutations: permutations, rows: rows.canCrossFit ? rows.count : 0)
    var outputs: [Output] = []
    let isAlone = byLayer || layers.count == 1
    let isReadTwice = !byLayer && !isAlone && permutations > 0 && rows.canCrossFit
    let (first, second) = (context.part(0, isReadTwice ? 0.7 : 1), context.part(0.7, 1))
    for (layer, context) in zip(layers, first.parts(layers.map(\.unitCount))) {
      func take<Value: ActivationValue & MatrixScalar>(_: Value.Type) throws -> IndexSums {
        var (sums, known) = (IndexSums(permutations: permutations, rows: rows.canCrossFit ? rows.count : 0), LayerMoments?.none)
        // Where labels are permuted units change places within a layer.
        let ranges = layer.parts(rows: rows.count, holding: permutations > 0 ? .max : heldBytes)
        for (units, context) in zip(ranges, context.parts(ranges.map(\.count))) {
          try context.checkCancellation()
          let read = try context.progress.part(0, permutations > 0 ? 0.2 : 1).reading(cells: recording.cellCount(of: [layer])) {
            try recording.indexLayer(layer, units: units, rows: rows, known: known, threads: context.threads, as: Value.self)
          }
          if known == nil { moments.append(read.moments) }
          known = read.moments
          sums.add(try resampling.sums(read.rows, layer: layer, isAlone: isAlone, context.progress.part(0.2, 1)))
        }
        return sums
      }
      let sums = layer.storesDoubles ? try take(Double.self) : try take(Float.self)
      if byLayer, let own = moments.last {
        outputs.append(Output(layer: layer.name, moments: [own], sums: sums, variants: ownVariants(isOutput: layer.isOutput)))
      } else {
        total.add(sums)
      }
    }
    if byLayer { return (outputs, resampling.numbers) }
    if isReadTwice {
      // Directions have their length over all layers, which is known only now.
      for ((layer, known), context) in zip(zip(layers, moments), second.parts(layers.map(\.unitCount))) {
        func add<Value: ActivationValue & MatrixScalar>(_: Value.Type) throws {
          let read = try recording.indexLayer(layer, rows: rows, known: known, threads: context.threads, as: Value.self)
          try resampling.addDirections(read.rows, layer: layer, to: &total, context.progress)
        }
        layer.storesDoubles ? try add(Double.self) : try add(Float.self)
      }
    }
    return ([Output(layer: nil, moments: moments, sums: total, variants: variants)], resampling.numbers)
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
