import ActivationRecording
import Tabular

/// What a decoder is to tell from a layer's activations.
public enum DecodingTarget: String, Sendable {
  /// Whether there is distress: a phase against none.
  case distress
  /// The right action, `/label`.
  case action
}

/// A row of `decode`: one layer, one decoder, one set of rows that it is tested on.
public struct DecodingRow: TableRow, Equatable {
  public let recording: String
  public let layer: String
  public let target: DecodingTarget
  /// nil: all phases.
  public let trainPhase: Phase?
  public let testPhase: Phase?
  public let score: DecodingScore?
  /// Cross-validated balanced accuracy within the test phase.
  public let ceiling: Double?
  public let trainCount: Int
  public let testCount: Int
  public let reason: String?

  public static let schema = TableSchema(
    name: "decode", title: "Decoding of distress and of the right action from activations, one row per layer, decoder and test",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("layer", .string, "Name of the layer"),
      Column("train_phase", .string, "Phase that was told from none in training: self or other; all for the action"),
      Column("test_phase", .string, "Phase that is told from none in the test"),
      Column("accuracy", .number, "Balanced accuracy: the mean over classes of the share of their test rows predicted right"),
      Column("auc", .number, "Area under the ROC curve, the mean over folds where cross-validated; empty for the action"),
      Column("chance", .number, "1 over the number of classes, exact for balanced accuracy"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations of labels inside strata at least as accurate"),
      Column("ceiling", .number, "Cross-validated balanced accuracy within the test phase"),
      Column("target", .string, "distress or action"),
      Column("n_train", .integer, "Rows trained on; where cross-validated the rows of all folds"),
      Column("n_test", .integer, "Rows tested on"),
      Column("reason", .string, "Why a number is absent"),
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(layer), .string(trainPhase?.name ?? "all"), .string(testPhase?.name ?? "all"),
      .number(score?.accuracy), .number(score?.auc), .number(score?.chance), .number(score?.pValue), .number(ceiling),
      .string(target.rawValue), .integer(trainCount), .integer(testCount), .string(reason),
    ]
  }
}
