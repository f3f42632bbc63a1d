import ActivationRecording
import Tabular

/// A row of `cmni`: one variant.
public struct CMNIRow: TableRow {
  public let model: ModelDescription
  public let index: CMNI
  public let phaseRows: PhaseRows
  public let inference: CMNIInference

  public static let schema = TableSchema(
    name: "cmni", title: "Checkpoint Mirror Neuron Index, one row per recording and variant",
    columns: [
      Column("checkpoint_id", .string, "The recorded model's checkpoint"),
      Column("validation_loss", .number, "Validation loss of the checkpoint, L2 terms included"),
      Column("variant", .string, "author, formula, hidden or standardised"),
      Column("cmni", .number, "Sum of the mirror-neuron scores over the number of units"),
      Column("total_mns", .number, "Sum of the mirror-neuron scores"),
      Column("unit_count", .integer, "Units summed over"),
      Column("n_none", .integer, "Rows of the none phase"),
      Column("n_self", .integer, "Rows of the self phase, after the partner filter"),
      Column("n_other", .integer, "Rows of the other phase, after the partner filter"),
      Column("null_mean", .number, "Mean index under permuted phase labels"),
      Column("excess", .number, "cmni minus null_mean"),
      Column("z", .number, "excess over the standard deviation of the index under the null"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations at least as large as the index"),
      Column("ci_low", .number, "Lower end of the bootstrap interval"),
      Column("ci_high", .number, "Upper end of the bootstrap interval"),
    ])

  public var cells: [Cell] {
    [
      .string(model.checkpointID), .number(model.validationLoss), .string(index.variant.rawValue), .number(index.value),
      .number(index.totalMNS), .integer(index.unitCount), .integer(phaseRows.count(.neither)), .integer(phaseRows.count(.own)),
      .integer(phaseRows.count(.other)), .number(inference.nullMean), .number(inference.excess), .number(inference.z),
      .number(inference.pValue), .number(inference.interval?.lower), .number(inference.interval?.upper),
    ]
  }
}

/// The Checkpoint Mirror Neuron Index in its variants, with a null and an interval where the plan asks for them.
public struct CMNIAnalysis: Analysis {
  public var variants = CMNIVariant.allCases
  public var plan: ResamplingPlan

  public init(_ plan: ResamplingPlan = ResamplingPlan()) {
    self.plan = plan
  }

  public var needs: RecordingNeeds { RecordingNeeds(reading: plan.isEmpty ? .layerByLayer : .inStep) }

  public var smallerAlternative: String {
    plan.replicates > 0 ? "Choose fewer layers, leave the interval out," : "Choose fewer layers, take fewer permutations,"
  }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    var bytes = shape.momentBytes(threads: threads)
    if plan.permutations > 0 { bytes += PermutedContrasts.bytes(shape, permutations: plan.permutations) }
    if plan.replicates > 0 { bytes += ContrastRows.bytes(shape) + bootstrapBytes(shape, threads: threads) }
    return byteCount(bytes)
  }

  private func bootstrapBytes(_ shape: RecordingShape, threads: Int) -> Double {
    let (units, rows) = (Double(shape.unitCount), Double(shape.contrastRowCount))
    let width = variants.contains(.standardised) ? 2 * units : units
    // Means of every replicate, twice while they are put together; weights and sums of a block of replicates per thread.
    return 48 * Double(plan.replicates) * width + Double(max(1, threads)) * 32 * (2 * rows + 24 * width)
      + (variants.contains(.standardised) ? 2 * Double(shape.valueBytes) * rows * units : 0)
  }

  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [CMNIRow] {
    try recording.phases.require([.neither, .own, .other], in: recording.path)
    let moments = try RecordingMoments(of: recording, threads: context.threads)
    guard !plan.isEmpty else { return try moments.cmniRows(variants: variants) }
    let permuted =
      plan.permutations > 0
      ? try PermutedContrasts(of: recording, moments: moments, plan: plan, seed: context.seed, threads: context.threads) : nil
    let drawn = plan.replicates > 0 ? try ContrastRows(of: recording, usesStrata: plan.usesStrata, threads: context.threads) : nil
    let inference = try moments.inference(
      of: variants, permuted: permuted, drawingFrom: drawn, plan: plan, seed: context.seed, threads: context.threads)
    return try moments.cmniRows(variants: variants, inference: inference)
  }
}

extension RecordingMoments {
  /// The rows of `cmni`: the given variants, in order.
  ///
  /// - Parameter inference: null and interval of each variant, in the same order; none leaves those cells empty.
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows.
  public func cmniRows(
    variants: [CMNIVariant] = CMNIVariant.allCases, inference: [CMNIInference]? = nil
  ) throws -> [CMNIRow] {
    try rows.require([.neither, .own, .other], in: name)
    return variants.enumerated().compactMap { number, variant in
      CMNI(variant, of: layers).map { index in
        CMNIRow(model: model, index: index, phaseRows: rows, inference: inference?[number] ?? CMNIInference())
      }
    }
  }
}
