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

/// A row of `decode`: one layer, one decoder, one set of rows that it is tested on.
public struct DecodingRow: TableRow, Equatable {
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
      .string(layer), .string(trainPhase?.name ?? "all"), .string(testPhase?.name ?? "all"), .number(score?.accuracy), .number(score?.auc),
      .number(score?.chance), .number(score?.pValue), .number(ceiling), .string(target.rawValue), .integer(trainCount),
      .integer(testCount), .string(reason),
    ]
  }
}

/// How activations are decoded.
public struct DecodingPlan: Sendable {
  /// Most rows that one decoder is given, over all its classes.
  public var rows = 4000
  /// Of each test; 0 makes none.
  public var permutations = 999
  /// Of the cross-validation.
  public var folds = 5

  public init() {}
}

/// Decoders of distress, trained on self and tested on other and back, and of the right action, per layer.
public struct DecodingAnalysis: Analysis {
  public var plan: DecodingPlan

  public init(_ plan: DecodingPlan = DecodingPlan()) {
    self.plan = plan
  }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public var smallerAlternative: String { "Take fewer rows, leave wide layers out," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let threads = max(1, threads)
    let width = Double(shape.widestLayer)
    let decoded = min(Double(plan.rows), Double(shape.rowCount))
    let classes = shape.hasLabels ? shape.actionCount ?? shape.layers.first(where: \.isOutput)?.unitCount ?? 2 : 2
    let test = DecodingPermutationTest.bytes(
      rows: decoded, features: width, classes: min(RecordingSchema.mostActions, classes), folds: plan.folds,
      permutations: plan.permutations)
    // Activations of a decoder's rows, standardised ones of training and test, and the matrices of a Newton step or of a fold.
    let decoder = (24 + 2 * Double(shape.valueBytes)) * decoded * width + 24 * width * width + test
    // The rows of self, other and the action of the layers that are decoded at a time; an array that grows is copied into one twice its size.
    let layers = Double(min(shape.layers.count, Self.layersAtATime(threads: threads)))
    let rows = min(3 * Double(plan.rows), Double(shape.rowCount)) * width * Double(shape.valueBytes) * (layers + 2)
    // Halves, members of phases and labels while rows are drawn.
    return byteCount(Double(threads) * decoder + rows + 72 * Double(shape.rowCount) + 1000 * Double(shape.layers.count))
  }

  /// A layer is five pieces of work.
  static func layersAtATime(threads: Int) -> Int { max(1, threads / 2) }

  /// Per layer self → other, other → self, within self, within other, and the action.
  ///
  /// - Throws: `RecordingError.notEnoughRows` where self, other or none has too few rows for the folds; `notFinite` for a NaN or an infinity
  ///   among the rows drawn; what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [DecodingRow] {
    let phases = try recording.phases
    try phases.require([.neither, .own, .other], rows: 1, in: recording.path)
    try phases.require([.neither], rows: 2 * plan.folds, in: recording.path)
    try phases.require([.own, .other], rows: plan.folds, in: recording.path)
    let drawn = try DrawnRows(
      phases: phases, labels: recording.labels, strata: recording.strata, plan: plan, seed: context.seed)
    let layers = recording.layers
    var rows: [DecodingRow] = []
    for first in stride(from: 0, to: layers.count, by: Self.layersAtATime(threads: context.threads)) {
      let group = layers[first..<min(first + Self.layersAtATime(threads: context.threads), layers.count)]
      let decodings = try group.map { layer in
        try LayerDecoding(layer, of: recording, rows: drawn, plan: plan, seed: context.seed, threads: context.threads)
      }
      let scores = try mapBlocks(count: decodings.count * DecodingTest.allCases.count, threads: context.threads) { piece in
        try context.checkCancellation()
        return try decodings[piece / DecodingTest.allCases.count].score(DecodingTest.allCases[piece % DecodingTest.allCases.count])
      }
      for (number, decoding) in decodings.enumerated() {
        let start = number * DecodingTest.allCases.count
        rows += decoding.rows(Array(scores[start..<start + DecodingTest.allCases.count]))
      }
    }
    return rows
  }
}

/// What is tested of a layer, in an order that makes short work of what is left at the end. The raw value tells the permutations apart.
private enum DecodingTest: UInt64, CaseIterable {
  case action = 4
  case withinOwn = 2
  case withinOther = 3
  case ownToOther = 0
  case otherToOwn = 1
}

/// The rows of all decoders, with what is to be decoded from them.
private struct DrawnRows: Sendable {
  struct Members: Sendable {
    /// Positions among the chosen rows.
    let positions: [Int]
    let labels: [Int]
    let strata: [Int]?
  }

  /// Of each row whether it is chosen.
  let isChosen: [Bool]
  let own: Members
  let other: Members
  /// Nil where the recording has no labels.
  let action: Members?

  init(phases: PhaseRows, labels: [UInt8]?, strata: [Int32]?, plan: DecodingPlan, seed: UInt64) throws {
    let sample = try DecodingSample(rows: phases, labels: labels, strata: strata, plan: plan, seed: seed)
    var isChosen = [Bool](repeating: false, count: phases.codes.count)
    for rows in [sample.own, sample.other, sample.action ?? []] {
      for row in rows { isChosen[row] = true }
    }
    self.isChosen = isChosen
    let position = Dictionary(uniqueKeysWithValues: zip(isChosen.indices.filter { isChosen[$0] }, 0...))
    func members(_ rows: [Int], label: (Int) -> Int) -> Members {
      Members(
        positions: rows.map { position[$0] ?? 0 }, labels: rows.map(label),
        strata: strata.map { strata in rows.map { Int(strata[$0]) } })
    }
    func isDistress(_ row: Int) -> Int { phases.codes[row] == Phase.neither.rawValue ? 0 : 1 }
    own = members(sample.own, label: isDistress)
    other = members(sample.other, label: isDistress)
    action = sample.action.map { rows in members(rows) { row in labels.map { Int($0[row]) } ?? 0 } }
  }
}

/// The decoders of one layer.
private struct LayerDecoding: Sendable {
  /// The chosen rows, `[rows × units]`.
  private enum Values: Sendable {
    case floats([Float])
    case doubles([Double])
  }

  private let layer: String
  private let unitCount: Int
  /// The layer's index in the network, so that opening fewer layers does not change a digit of those that are left.
  private let number: UInt64
  private let values: Values
  private let drawn: DrawnRows
  private let plan: DecodingPlan
  private let seed: UInt64

  init(_ layer: RecordedLayer, of recording: RecordingView, rows: DrawnRows, plan: DecodingPlan, seed: UInt64, threads: Int) throws {
    self.layer = layer.name
    unitCount = layer.unitCount
    number = UInt64(bitPattern: Int64(layer.index))
    drawn = rows
    self.plan = plan
    self.seed = seed
    let isChosen = rows.isChosen
    values =
      layer.storesDoubles
      ? .doubles(try recording.values(of: [layer], where: { isChosen[$0] }, threads: threads))
      : .floats(try recording.values(of: [layer], where: { isChosen[$0] }, threads: threads))
  }

  func score(_ test: DecodingTest) throws -> DecodingScore? {
    switch values {
    case .floats(let values): try score(test, values)
    case .doubles(let values): try score(test, values)
    }
  }

  private func score<Value: ActivationValue>(_ test: DecodingTest, _ values: [Value]) throws -> DecodingScore? {
    func rows(_ members: DrawnRows.Members) -> DecodingRows<Value> {
      var chosen: [Value] = []
      chosen.reserveCapacity(members.positions.count * unitCount)
      for position in members.positions { chosen += values[position * unitCount..<(position + 1) * unitCount] }
      return DecodingRows(values: chosen, features: unitCount, labels: members.labels, strata: members.strata)
    }
    let permutations = DecodingPermutations(count: plan.permutations, seed: seed, index: number &* 8 &+ test.rawValue)
    func crossValidated(_ rows: DecodingRows<Value>) throws -> DecodingScore? {
      let folds = try stratifiedFolds(labels: rows.labels, clusters: rows.strata, folds: plan.folds, seed: seed, purpose: "decode folds")
      return crossValidatedDecoding(rows, folds: folds, permutations: permutations)
    }
    return switch test {
    case .ownToOther: transferDecoding(train: rows(drawn.own), test: rows(drawn.other), permutations: permutations)
    case .otherToOwn: transferDecoding(train: rows(drawn.other), test: rows(drawn.own), permutations: permutations)
    case .withinOwn: try crossValidated(rows(drawn.own))
    case .withinOther: try crossValidated(rows(drawn.other))
    case .action: try drawn.action.flatMap { try crossValidated(rows($0)) }
    }
  }

  /// - Parameter scores: in the order of `DecodingTest.allCases`.
  func rows(_ scores: [DecodingScore?]) -> [DecodingRow] {
    let score = Dictionary(uniqueKeysWithValues: zip(DecodingTest.allCases, scores))
    func distress(_ test: DecodingTest, _ train: Phase, _ tested: Phase, ceiling: DecodingTest) -> DecodingRow {
      func count(_ phase: Phase) -> Int { (phase == .own ? drawn.own : drawn.other).positions.count }
      return row(
        .distress, train, tested, score[test] ?? nil, ceiling: score[ceiling] ?? nil, train: count(train), test: count(tested))
    }
    return [
      distress(.ownToOther, .own, .other, ceiling: .withinOther),
      distress(.otherToOwn, .other, .own, ceiling: .withinOwn),
      distress(.withinOwn, .own, .own, ceiling: .withinOwn),
      distress(.withinOther, .other, .other, ceiling: .withinOther),
      actionRow(score[.action] ?? nil),
    ]
  }

  private func actionRow(_ score: DecodingScore?) -> DecodingRow {
    guard let count = drawn.action?.positions.count else {
      return DecodingRow(
        layer: layer, target: .action, trainPhase: nil, testPhase: nil, score: nil, ceiling: nil, trainCount: 0, testCount: 0,
        reason: "the recording has no /label")
    }
    return row(.action, nil, nil, score, ceiling: score, train: count, test: count)
  }

  private func row(
    _ target: DecodingTarget, _ train: Phase?, _ test: Phase?, _ score: DecodingScore?, ceiling: DecodingScore?, train trainCount: Int,
    test testCount: Int
  ) -> DecodingRow {
    let reason: String? =
      score == nil
      ? "a training set lacks a class; record more rows or strata"
      : score?.pValue == nil
        ? (plan.permutations == 0 ? "no permutations were asked for" : "labels do not vary inside strata")
        : target == .action && score?.auc == nil ? "auc is for two classes" : nil
    return DecodingRow(
      layer: layer, target: target, trainPhase: train, testPhase: test, score: score, ceiling: ceiling?.accuracy, trainCount: trainCount,
      testCount: testCount, reason: reason)
  }
}
