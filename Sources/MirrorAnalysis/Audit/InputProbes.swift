import ActivationRecording
import Statistics

/// What a linear decoder reads off the inputs: the baseline beside which what a layer decodes stands.
///
/// A phase is often a function of the input, and then of every layer. The decoders are those of `DecodingAnalysis`, on at most 1,000 rows,
/// fewer where they would not fit into 64 MB.
struct InputProbes: Sendable {
  struct Probe: Sendable {
    let subject: String
    /// Nil where a training set lacks a class.
    let score: DecodingScore?
  }

  let probes: [Probe]

  private static let bytes = 64 << 20

  static func rows(columns: Int) -> Int { max(40, min(1000, bytes / (8 * 4 * max(1, columns)))) }

  private static let halves = 10
  private static let folds = 5

  /// Bytes for inputs of so many columns.
  static func memory(_ shape: RecordingShape) -> Double {
    guard let columns = shape.inputCount, columns > 0 else { return 0 }
    let rows = Double(min(rows(columns: columns), shape.rowCount))
    let decoder = DecoderSplit.bytes(training: rows, test: rows, features: Double(columns), classes: Phase.allCases.count)
    return decoder + 16 * DecodingSample.mostRows(plan(columns: columns), of: shape.rowCount) * Double(columns) + 96
      * Double(shape.rowCount)
  }

  private static func plan(columns: Int) -> DecodingPlan {
    var plan = DecodingPlan()
    (plan.rows, plan.permutations, plan.halves, plan.folds) = (rows(columns: columns), 0, halves, folds)
    return plan
  }

  /// - Returns: nil where the recording has no inputs, or a phase fewer rows than folds.
  /// - Throws: `RecordingError.invalid` for an input that is not finite; what reading throws.
  init?(of recording: RecordingView, in context: AnalysisContext) throws {
    guard let columns = recording.inputCount, columns > 0 else { return nil }
    let phases = try recording.phases
    guard phases.count(.neither) >= 2 * Self.folds, phases.count(.own) >= Self.folds, phases.count(.other) >= Self.folds else { return nil }
    let plan = Self.plan(columns: columns)
    // With the phases for labels, the cross-validation of the action is one of the phase.
    let design = try DecodingDesign(recording, phases: phases, labels: phases.codes, plan: plan, seed: context.seed)
    guard let features = try DecodingFeatures(inputsOf: recording, rows: design.sample.rows) else { return nil }
    let names = Phase.allCases.filter { phases.count($0) > 0 }.map(\.name).joined(separator: "/")
    let tests: [(String, DecodingTest)] = [
      (names, .action), ("none/self", .withinOwn), ("none/other", .withinOther), ("self to other", .ownToOther),
      ("other to self", .otherToOwn),
    ]
    let steps = context.progress.part(0, 0.8).steps(tests.count * plan.halves)
    var probes = try tests.map { subject, test in
      let halves = try (0..<(test == .action ? 1 : plan.halves)).compactMap { half in
        try context.checkCancellation()
        defer { steps.done() }
        return try design.decode(test, half: half, from: features)
      }
      return Probe(subject: subject, score: design.row(test, layer: features.name, halves, ceiling: [], pValue: nil).score)
    }
    let score = try Self.ownAgainstOther(phases, design.sample, features, plan, in: context)
    probes.insert(Probe(subject: "self/other", score: score), at: 3)
    self.probes = probes
  }

  /// Cross-validated, of as many rows of each.
  private static func ownAgainstOther(
    _ phases: PhaseRows, _ sample: DecodingSample, _ features: DecodingFeatures, _ plan: DecodingPlan, in context: AnalysisContext
  ) throws -> DecodingScore? {
    func members(_ phase: Phase) -> [Int] { sample.rows.indices.filter { phases.codes[sample.rows[$0]] == phase.rawValue } }
    let (own, other) = (members(.own), members(.other))
    let count = min(own.count, other.count, plan.rows / 2)
    var halves: [AccuracyInterval.Half] = []
    for half in 0..<plan.halves {
      try context.checkCancellation()
      var stream = RandomStream(seed: context.seed, purpose: "audit probe rows", index: UInt64(half))
      let drawn = [own, other].map { $0.shuffled(using: &stream).prefix(count) }
      let positions = (drawn[0] + drawn[1]).sorted()
      let labels = positions.map { phases.codes[sample.rows[$0]] == Phase.own.rawValue ? 0 : 1 }
      let folds = try stratifiedFolds(
        labels: labels, clusters: sample.clusters.map { clusters in positions.map { Int(clusters[$0]) } }, folds: plan.folds,
        seed: context.seed, purpose: "audit probe folds \(half)")
      guard let decoded = crossValidatedDecoding(features.matrix, rows: positions, labels: labels, folds: folds) else { continue }
      halves.append(AccuracyInterval.Half(rows: positions, labels: labels, predictions: decoded.predictions))
    }
    let interval = AccuracyInterval(of: halves) { row in sample.clusters.map { Int($0[row]) } ?? row }
    return interval.map {
      DecodingScore(accuracy: $0.accuracy, accuracyLow: $0.low, accuracyHigh: $0.high, auc: nil, chance: 0.5, pValue: nil)
    }
  }
}

extension Audit {
  /// What of the phases do the inputs alone say? Value: balanced accuracy of a linear decoder, beside which a layer's is to be seen.
  mutating func checkProbes(_ probes: InputProbes?, hasInputs: Bool) {
    let check = "linear probe of inputs"
    guard let probes else {
      add(
        check, "none/self/other", nil, .notMeasured,
        hasInputs
          ? "A phase has too few rows to be decoded; record more." : "The recording has no /inputs; record what the network sees.")
      return
    }
    for probe in probes.probes {
      guard let score = probe.score, let low = score.accuracyLow, let high = score.accuracyHigh else {
        add(
          check, probe.subject, probe.score?.accuracy, threshold: probe.score?.chance, .notMeasured,
          "A phase lies in too few rows or strata to train on some and test on others; record more.")
        continue
      }
      let interval = "balanced accuracy \(rounded(score.accuracy)) (95 % interval \(rounded(low)) to \(rounded(high)))"
      let isTold = low > score.chance
      add(
        check, probe.subject, score.accuracy, threshold: score.chance, isTold ? .caution : .ok,
        isTold
          ? "The inputs alone say it with \(interval): what a layer decodes shows only by how much it is better."
          : "A linear decoder of the inputs has \(interval), which is not above chance.")
    }
  }
}
