import ActivationRecording
import Parallelism
import Statistics
import Tabular

/// A row of `ablate`: what ablating units of one layer does to one outcome in one phase.
public struct AblationRow: TableRow {
  public var recording: String
  public var layer: String
  public var units: [Int]
  public var mode: String
  /// Nil for all rows.
  public var phase: Phase?
  public var outcome: String
  public var rowCount: Int
  public var baseline: Double?
  public var ablated: Double?
  public var interval: PercentileInterval?
  /// The effect in each control.
  public var controlEffects: [Double]
  public var areSameRows: Bool
  /// Why a number does not exist, or why there are fewer controls than asked for.
  public var reason: String?

  /// Ablated − baseline.
  public var effect: Double? { ablated.flatMap { ablated in baseline.map { ablated - $0 } } }

  public var controlMean: Double? { controlEffects.isEmpty ? nil : controlEffects.reduce(0, +) / Double(controlEffects.count) }

  /// Sample standard deviation (ddof 1) of the control effects.
  public var controlDeviation: Double? {
    guard let mean = controlMean, controlEffects.count > 1 else { return nil }
    return (controlEffects.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(controlEffects.count - 1)).squareRoot()
  }

  /// (b + 1) / (N + 1), b of N controls with an effect at least as far from 0 as the target's.
  public var pValue: Double? {
    guard let effect, !controlEffects.isEmpty else { return nil }
    return Double(controlEffects.count { abs($0) >= abs(effect) } + 1) / Double(controlEffects.count + 1)
  }

  public static let schema = TableSchema(
    name: "ablate", title: "What ablating units does to the actions",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("target", .string, "Layer of the ablated units"),
      Column("target_units", .string, "Ablated units, 0-based, joined by semicolons"),
      Column("mode", .string, "What takes their place: zero, mean:PHASE, resample or noise"),
      Column("phase", .string, "none, self, other, both or all; without the partner filter"),
      Column(
        "outcome", .string, "mean:ACTION (mean output), chosen:ACTION (share of rows), accuracy, or accuracy:ACTION (rows so labelled)"),
      Column("baseline", .number, "The outcome of the intact network on the evaluate rows"),
      Column("ablated", .number, "The outcome with the units ablated"),
      Column("effect", .number, "ablated minus baseline"),
      Column("ci_low", .number, "Lower end of the 95 % bootstrap interval of the paired effect"),
      Column("ci_high", .number, "Upper end"),
      Column("control_mean", .number, "Mean effect of ablating matched random units of the same layer"),
      Column("control_sd", .number, "Standard deviation of those effects (ddof 1)"),
      Column("controls", .integer, "Number of control sets, all different: those asked for, or all that the layer has"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N controls with an effect at least as far from 0"),
      Column("n", .integer, "Evaluate rows that the outcome rests on"),
      Column("same_rows", .boolean, "Whether units were chosen on the rows that they were evaluated on"),
      Column("reason", .string, "Why a number does not exist, or why there are fewer controls than asked for"),
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(layer), .string(units.map(String.init).joined(separator: ";")), .string(mode),
      .string(phase?.name ?? "all"), .string(outcome), .number(baseline), .number(ablated), .number(effect), .number(interval?.lower),
      .number(interval?.upper), .number(controlMean), .number(controlDeviation), .integer(controlEffects.count), .number(pValue),
      .integer(rowCount), .boolean(areSameRows), .string(reason),
    ]
  }
}

/// What to ablate, how, and with how much resampling.
public struct AblationPlan: Sendable {
  public var selections: [AblationSelection] = [.top(4)]
  public var mode = AblationMode.zero
  /// Different control sets per target, at most; 0 for none.
  public var controls = 200
  /// Bootstrap replicates of the paired effects; 0 for no interval.
  public var replicates = 1000
  public var seed: UInt64 = 1
  /// Choose units on the rows that they are evaluated on.
  public var sameRows = false
  /// Whether the mirror-neuron scores that units are chosen by use the partner filter.
  public var partnerFilter = true

  public init() {}
}

/// The rows of `ablate` for one recording: target by target, phase by phase, outcome by outcome.
///
/// Units are chosen on select rows and effects are taken on evaluate rows. Effects are paired: each row is compared with itself.
///
/// - Parameter isWanted: says by name which layers may be ablated; the layers above are replayed in any case.
/// - Throws: `RecordingError` where the network cannot be replayed, a phase that choosing needs is empty, or no unit fits.
public func ablationRows(
  of recording: Recording, plan: AblationPlan, layers isWanted: (String) -> Bool = { _ in true }, threads: Int
) throws -> [AblationRow] {
  let network = try ReplayedNetwork(of: recording, threads: threads)
  let rows = try EvaluationRows(of: recording, sameRows: plan.sameRows, seed: plan.seed)
  let targets = try targets(of: recording, network: network, rows: rows, plan: plan, isWanted: isWanted, threads: threads)
  let experiment = try AblationExperiment(recording, network: network, rows: rows, plan: plan)
  return try targets.enumerated().flatMap { try experiment.rows(of: $1, number: $0, threads: threads) }
}

private func targets(
  of recording: Recording, network: ReplayedNetwork, rows: EvaluationRows, plan: AblationPlan, isWanted: (String) -> Bool, threads: Int
) throws -> [AblationTarget] {
  var contrasts: [[PhaseContrast]?] = network.hidden.map { _ in nil }
  let needsScores = plan.selections.contains { selection in
    switch selection {
    case .units, .each: false
    case .top, .unitClass, .dose: true
    }
  }
  if needsScores {
    let phaseRows = try PhaseRows(of: recording, partnerFilter: plan.partnerFilter).restricted(to: rows.select)
    try phaseRows.require([.neither, .own, .other], in: recording.path)
    let moments = try recording.moments(by: phaseRows, threads: threads)
    contrasts = network.hidden.map { layer in moments.first { $0.name == layer.name }?.contrasts }
  }
  for case .units(let name, let units) in plan.selections { try network.requireHidden(units, of: name) }
  let targets = plan.selections.flatMap { $0.targets(in: network, contrasts: contrasts, isWanted: isWanted) }
  guard !targets.isEmpty else {
    throw RecordingError.notEnoughRows(
      file: recording.path, fault: "no unit fits what is to be ablated. Choose units with --units, or each with --each.")
  }
  return targets
}

/// What all targets of a recording share: the evaluate rows, their labels, and the intact network's outputs.
private struct AblationExperiment: Sendable {
  private let name: String
  private let network: ReplayedNetwork
  private let rows: EvaluationRows
  private let plan: AblationPlan
  private let phases: [Phase]
  private let labels: [UInt8]?
  private let strata: [Int]?
  private let actions: [String]
  private let outcomes: [ActionOutcome]

  init(_ recording: Recording, network: ReplayedNetwork, rows: EvaluationRows, plan: AblationPlan) throws {
    name = recording.path
    self.network = network
    self.rows = rows
    self.plan = plan
    phases = rows.evaluate.map { rows.phases[$0] }
    labels = try recording.labels().map { labels in rows.evaluate.map { labels[$0] } }
    strata = try recording.strata().map { strata in rows.evaluate.map { Int(strata[$0]) } }
    actions = network.actionNames
    outcomes = ActionOutcome.all(actionCount: network.outputCount, hasLabels: labels != nil)
  }

  func rows(of target: AblationTarget, number: Int, threads: Int) throws -> [AblationRow] {
    let ablation = try Ablation(plan.mode, of: target.layer, in: network, rows: rows, seed: plan.seed)
    guard ablation.hasSource(rows: rows) else {
      throw RecordingError.notEnoughRows(
        file: name, fault: "no select row has the phase that the ablation mode \(plan.mode.name) takes activations from.")
    }
    let intact = network.outputs(from: target.layer, activations: ablation.intact)
    let baseline = summary(intact)
    let ablatedOutputs = ablation.outputs(of: network, ablating: target.units, draw: number << 32)
    let ablated = summary(ablatedOutputs)
    let controls = try controlOutcomes(of: target, number: number, ablation: ablation, threads: threads)
    let intervals = try intervals(intact: intact, ablated: ablatedOutputs, number: number, threads: threads)

    let order: [Phase?] = Phase.allCases.map { $0 } + [nil]
    return order.flatMap { phase in
      outcomes.map { outcome in
        let before = baseline.value(outcome, in: phase)
        let effects = controls.compactMap { control in
          control.value(outcome, in: phase).flatMap { value in before.map { value - $0 } }
        }
        return AblationRow(
          recording: name, layer: network.layers[target.layer].name, units: target.units, mode: plan.mode.name, phase: phase,
          outcome: outcome.name(actions), rowCount: baseline.rowCount(outcome, in: phase), baseline: before,
          ablated: ablated.value(outcome, in: phase), interval: intervals(outcome, phase), controlEffects: effects,
          areSameRows: rows.areSame, reason: before == nil ? absence(of: outcome, in: phase) : missingControls(effects.count))
      }
    }
  }

  /// Why an outcome has no rows to rest on.
  private func absence(of outcome: ActionOutcome, in phase: Phase?) -> String {
    var reason = "no evaluate rows"
    switch outcome {
    case .accuracyOfLabel(let label): reason += " labelled \(actions[label])"
    case .accuracy where phases.contains { phase == nil || $0 == phase }: reason += " labelled with an output"
    case .accuracy, .meanOutput, .chosen: break
    }
    return phase.map { "\(reason) in phase \($0.name)" } ?? reason
  }

  /// Why there are fewer controls than were asked for, or too few for a number; nil where all is there.
  private func missingControls(_ count: Int) -> String? {
    guard count < plan.controls else { return count == 1 ? "a single control has no standard deviation" : nil }
    if count == 0 { return "the layer has no other set of as many units: no controls" }
    return count == 1 ? "only 1 other set of that size: no standard deviation" : "only \(count) other sets of that size"
  }

  private func summary(_ outputs: [Double]) -> ActionOutcomes {
    ActionOutcomes(outputs: outputs, phases: phases, labels: labels, actionCount: network.outputCount)
  }

  private func controlOutcomes(
    of target: AblationTarget, number: Int, ablation: Ablation, threads: Int
  ) throws -> [ActionOutcomes] {
    let sets = MatchedControls(layer: target.layer, in: network, intact: ablation.intact)
      .sets(for: target.units, count: plan.controls, seed: plan.seed, number: number)
    return try mapBlocks(count: sets.count, threads: threads) { control in
      summary(ablation.outputs(of: network, ablating: sets[control], draw: number << 32 + control + 1))
    }
  }

  /// The interval of each outcome's paired effect, by outcome and phase.
  ///
  /// Each evaluate row gives the differences that ablation makes to it: of the outputs, of each action being chosen, of the label being
  /// hit. Rows are drawn inside the phase (and label) that an outcome looks at, strata whole where there are any. Rows with a label that is
  /// no output count in no accuracy, and so in none of its intervals.
  private func intervals(
    intact: [Double], ablated: [Double], number: Int, threads: Int
  ) throws -> (ActionOutcome, Phase?) -> PercentileInterval? {
    guard plan.replicates > 0 else { return { _, _ in nil } }
    let differences = PairedDifferences(intact: intact, ablated: ablated, labels: labels, actionCount: network.outputCount)
    let actionCount = network.outputCount
    func means(_ group: [Int], _ groups: Int, _ purpose: String) throws -> BootstrapMeans {
      try bootstrapMeans(
        differences.values, units: differences.width, groupOfRow: group, groups: groups, clusters: strata, replicates: plan.replicates,
        seed: plan.seed, purpose: "ablation \(purpose) \(number)", threads: threads)
    }
    let byPhase = try means(phases.map { Int($0.rawValue) }, 4, "phase")
    let overall = try means(phases.map { _ in 0 }, 1, "all")
    let hits = try labels.map { labels in
      let isCounted = labels.map { Int($0) < actionCount }
      let allCount = isCounted.allSatisfy { $0 }
      return (
        byPhase: allCount ? byPhase : try means(zip(phases, isCounted).map { $1 ? Int($0.rawValue) : -1 }, 4, "labelled phase"),
        overall: allCount ? overall : try means(isCounted.map { $0 ? 0 : -1 }, 1, "labelled"),
        byPhaseAndLabel: try means(
          zip(phases, labels).map { Int($1) < actionCount ? Int($0.rawValue) * actionCount + Int($1) : -1 }, 4 * actionCount,
          "phase and label"),
        byLabel: try means(labels.map { Int($0) < actionCount ? Int($0) : -1 }, actionCount, "label")
      )
    }
    return { outcome, phase in
      let (source, group): (BootstrapMeans?, Int)
      switch outcome {
      case .meanOutput, .chosen:
        (source, group) = phase.map { (byPhase, Int($0.rawValue)) } ?? (overall, 0)
      case .accuracy:
        (source, group) = phase.map { (hits?.byPhase, Int($0.rawValue)) } ?? (hits?.overall, 0)
      case .accuracyOfLabel(let label):
        (source, group) = phase.map { (hits?.byPhaseAndLabel, Int($0.rawValue) * actionCount + label) } ?? (hits?.byLabel, label)
      }
      return source.flatMap { means in
        PercentileInterval(
          (0..<plan.replicates).map { means.mean(replicate: $0, group: group, unit: differences.column(of: outcome)) })
      }
    }
  }
}
