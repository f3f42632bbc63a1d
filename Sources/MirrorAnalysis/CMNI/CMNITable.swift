import ActivationRecording
import Tabular

/// A row of `cmni`: one recording, one variant.
public struct CMNIRow: TableRow {
  public let recording: String
  public let model: ModelDescription
  public let index: CMNI
  public let phaseRows: PhaseRows
  public let inference: CMNIInference

  public static let schema = TableSchema(
    name: "cmni", title: "Checkpoint Mirror Neuron Index, one row per recording and variant",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("checkpoint_id", .string, "The recorded model's checkpoint"),
      Column("epoch", .integer, "Epoch of the checkpoint; 0 is the untrained network"),
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
      .string(recording), .string(model.checkpointID), .integer(model.epoch), .number(model.validationLoss),
      .string(index.variant.rawValue), .number(index.value), .number(index.totalMNS), .integer(index.unitCount),
      .integer(phaseRows.count(.neither)), .integer(phaseRows.count(.own)), .integer(phaseRows.count(.other)),
      .number(inference.nullMean), .number(inference.excess), .number(inference.z), .number(inference.pValue),
      .number(inference.interval?.lower), .number(inference.interval?.upper),
    ]
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
        CMNIRow(recording: name, model: model, index: index, phaseRows: rows, inference: inference?[number] ?? CMNIInference())
      }
    }
  }
}
