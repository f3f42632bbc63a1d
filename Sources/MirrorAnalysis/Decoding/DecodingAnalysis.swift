import ActivationRecording
import Parallelism
import Statistics
import Tabular

/// What a decoder is to tell from a layer's activations.
public enum DecodingTarget: String, Sendable {
  /// Whether there is distress: a phase against none.
  case distress
  /// The right action, `/label`.
  case action
}

/// How well decoders do on rows that they were not trained on, over all halves.
public struct DecodingScore: Sendable, Equatable {
  /// Balanced accuracy, the mean over halves.
  public let accuracy: Double
  /// 95 % interval (`AccuracyInterval`); nil for fewer than two strata of a class, rows where there are no strata.
  public let accuracyLow: Double?
  public let accuracyHigh: Double?
  /// The mean over halves; nil for more than two classes.
  public let auc: Double?
  /// 1 / classes.
  public let chance: Double
  /// That of the mean accuracy of simpler decoders over halves (`HalfDecoders`), for a transfer the larger of two: one with the labels of the phase
  /// trained on dealt anew, one with those of the phase tested on. Nil without permutations, and where labels cannot be exchanged.
  public let pValue: Double?
}

/// A row of `decode`: one layer, one decoder, one set of rows that it is tested on.
public struct DecodingRow: TableRow, Equatable {
  /// A layer, `inputs`, or the columns decoded from.
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
  /// What permutations moved; nil where strata don't decide it.
  public let design: ExchangeDesign?
  public let blockCount: Int?
  public let reason: String?

  public static let schema = TableSchema(
    name: "decode", title: "Decoding of distress and of the right action from activations, one row per layer, decoder and test",
    columns: [
      Column("layer", .string, "Name of the layer; inputs or names of columns where these are decoded from"),
      Column("train_phase", .string, "Phase that was told from none in training: self or other; all for the action"),
      Column("test_phase", .string, "Phase that is told from none in the test"),
      Column(
        "accuracy", .number,
        "Balanced accuracy: the mean over classes of the share of their test rows predicted right; the mean over halves"),
      Column("auc", .number, "Area under the ROC curve, the mean over halves, and folds where cross-validated; empty for the action"),
      Column("chance", .number, "1 over the number of classes, exact for balanced accuracy"),
      Column(
        "p_value", .number,
        "(b + 1) / (N + 1), b of N permutations of labels at least as accurate over all halves; for transfer the larger of two"),
      Column("ceiling", .number, "Cross-validated balanced accuracy within the test phase"),
      Column("target", .string, "distress or action"),
      Column("n_train", .integer, "Rows trained on, the mean over halves; where cross-validated the rows of all folds"),
      Column("n_test", .integer, "Rows tested on, the mean over halves"),
      Column("reason", .string, "Why a number is absent"),
      Column("accuracy_low", .number, "Lower end of the 95 % interval of accuracy, by strata or items where there are any"),
      Column("accuracy_high", .number, "Upper end of the 95 % interval of accuracy"),
      Column("exchange", .string, "What permutations move: free (rows), within (labels inside strata) or whole (strata)"),
      Column("n_blocks", .integer, "Blocks that can move: rows where the exchange is free, else strata"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .string(trainPhase?.name ?? "all"), .string(testPhase?.name ?? "all"), .number(score?.accuracy), .number(score?.auc),
      .number(score?.chance), .number(score?.pValue), .number(ceiling), .string(target.rawValue), .integer(trainCount),
      .integer(testCount), .string(reason), .number(score?.accuracyLow), .number(score?.accuracyHigh), .string(design?.rawValue),
      .integer(blockCount),
    ]
  }
}

/// How activations are decoded.
public struct DecodingPlan: Sendable {
  /// What is decoded from, in the order of the table.
  public var sources: [DecodingSource] = [.layers]
  /// Most rows that one decoder is given, over all its classes.
  public var rows = 4000
  /// Of each test and half; 0 makes none.
  public var permutations = 999
  /// Of the cross-validation.
  public var folds = 5
  /// How often strata or items (none rows, where there are none) are halved anew; at least 1.
  public var halves = 10
  /// What permutations move, whatever the strata say; nil takes what they say.
  public var exchange: ExchangeDesign?

  public init() {}
}

/// Decoders of distress, trained on self and tested on other and back, and of the right action, per layer.
public struct DecodingAnalysis: Analysis {
  public var plan: DecodingPlan

  public init(_ plan: DecodingPlan = DecodingPlan()) {
    self.plan = plan
    self.plan.halves = max(1, plan.halves)
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Take fewer rows, leave wide layers out," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let threads = max(1, threads)
    let inputs = plan.sources.contains(.inputs) ? shape.inputCount ?? 0 : 0
    let width = Double(max(inputs, plan.sources.contains(.layers) ? shape.widestLayer : 1))
    let rows = min(Double(plan.rows), Double(shape.rowCount))
    let classes = shape.hasLabels ? shape.actionCount ?? shape.layers.first(where: \.isOutput)?.unitCount ?? 2 : 2
    let classCount = min(RecordingSchema.mostActions, classes)
    let decoder = DecoderSplit.bytes(training: rows, test: rows, features: width, classes: classCount)
    // Two pools of a layer; a half; labelings of three deals; what each half gave each test under each.
    let (pool, half) = PooledRows.bytes(rows: rows, features: width, classes: classCount, permutations: plan.permutations)
    let count = Double(plan.permutations)
    let isPermuted = plan.permutations > 0 ? 1.0 : 0
    let kept = 3 * min(Double(DecodingDeals.mostKept), count * rows) + 8 * count * 14 * Double(plan.halves)
    let permuted = isPermuted * (2 * pool * Double(Self.layersAtATime(threads: threads)) + Double(threads) * half + kept)
    // A class of each row, and as many again.
    let labels = 64 * rows * 3
    // The pool's rows of the layers that are decoded at a time, and as much again while the next are read.
    let layers = Double(min(max(1, shape.layers.count), Self.layersAtATime(threads: threads)))
    let read = DecodingSample.mostRows(plan, of: shape.rowCount) * width * Double(max(shape.valueBytes, inputs > 0 ? 8 : 4)) * (layers + 1)
    // Members of phases and labels while rows are drawn; what each half of each test gave.
    let members = 96 * Double(shape.rowCount) + 200 * Double(plan.halves) * rows
    return byteCount(max(Double(threads) * (decoder + labels), permuted) + read + members + 1000 * Double(shape.layers.count))
  }

  /// A layer is four pieces of work a half, and the action.
  static func layersAtATime(threads: Int) -> Int { max(1, threads / 2) }

  /// Per layer self → other, other → self, within self, within other, and the action.
  ///
  /// - Throws: `RecordingError.notEnoughRows` where self, other or none has too few rows for the folds; `notFinite` for a NaN or an infinity
  ///   among the rows drawn; `badInput` for inputs and columns that are not there; what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [DecodingRow] {
    let phases = try recording.phases
    try phases.require([.neither, .own, .other], rows: 1, in: recording.path)
    try phases.require([.neither], rows: 2 * plan.folds, in: recording.path)
    try phases.require([.own, .other], rows: plan.folds, in: recording.path)
    let design = try DecodingDesign(recording, phases: phases, labels: recording.labels, plan: plan, seed: context.seed)
    if plan.permutations > 0 { for note in design.notes { context.note("\(recording.path): \(note)") } }
    var rows: [DecodingRow] = []
    for (source, context) in zip(plan.sources, context.parts(plan.sources.map { _ in 1 })) {
      switch source {
      case .layers:
        let layers = recording.layers
        let firsts = Array(stride(from: 0, to: layers.count, by: Self.layersAtATime(threads: context.threads)))
        let groups = firsts.map { layers[$0..<min($0 + Self.layersAtATime(threads: context.threads), layers.count)] }
        for (group, context) in zip(groups, context.parts(groups.map { $0.reduce(0) { $0 + $1.unitCount } })) {
          let features = try group.map { layer in
            try DecodingFeatures(layer, of: recording, rows: design.sample.rows, threads: context.threads)
          }
          rows += try decode(features, design, in: context)
        }
      case .inputs:
        guard let inputs = try DecodingFeatures(inputsOf: recording, rows: design.sample.rows) else {
          throw RecordingError.badInput(file: recording.path, fault: "has no /inputs to decode from. Record what the network sees.")
        }
        rows += try decode([inputs], design, in: context)
      case .columns(let names):
        rows += try decode(
          [try DecodingFeatures(columns: names, of: recording, rows: design.sample.rows)], design, in: context)
      }
    }
    return rows
  }

  private func decode(_ features: [DecodingFeatures], _ design: DecodingDesign, in context: AnalysisContext) throws -> [DecodingRow] {
    // No rows are halved for the action: it is cross-validated once.
    let pieces = DecodingTest.allCases.flatMap { test in (0..<(test == .action ? 1 : plan.halves)).map { (test: test, half: $0) } }
    let steps = context.progress.part(0, plan.permutations > 0 ? 0.2 : 1).steps(features.count * pieces.count)
    let results = try mapBlocks(count: features.count * pieces.count, threads: context.threads) { number in
      try context.checkCancellation()
      defer { steps.done() }
      let piece = pieces[number % pieces.count]
      return try design.decode(piece.test, half: piece.half, from: features[number / pieces.count])
    }
    let pValues = plan.permutations > 0 ? try design.pools.pValues(features.map(\.matrix), in: context.part(0.2, 1)) : []
    return features.enumerated().flatMap { number, features in
      func halves(_ test: DecodingTest) -> [HalfDecoding] {
        zip(pieces, results.dropFirst(number * pieces.count)).filter { $0.0.test == test }.compactMap(\.1)
      }
      return DecodingTest.tableOrder.map { test in
        design.row(
          test, layer: features.name, halves(test), ceiling: halves(test.ceiling), pValue: pValues.isEmpty ? nil : pValues[number][test])
      }
    }
  }
}
