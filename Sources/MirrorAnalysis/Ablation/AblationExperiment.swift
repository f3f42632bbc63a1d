import ActivationRecording
import Parallelism
import Statistics

/// A layer before anything is ablated: its activations on the evaluate rows, the outputs that they lead to, and what those do.
struct IntactLayer: Sendable {
  /// Index of the layer in the network.
  let index: Int
  let ablation: Ablation
  /// `[evaluate rows × outputs]`
  let outputs: [Double]
  let outcomes: ActionOutcomes
}

/// What all targets of a recording share: the evaluate rows, their labels, and the intact network's outputs.
struct AblationExperiment: Sendable {
  private let path: String
  private let network: ReplayedNetwork
  private let rows: EvaluationRows
  private let plan: AblationPlan
  private let seed: UInt64
  private let threads: Int
  /// Of the evaluate rows, as the labels and what rows hang together with are; a row of no phase counts among all rows alone.
  private let phases: [Phase?]
  private let labels: [UInt8]?
  private let dependent: DependentRows?
  private let clusters: [Int]?
  private let actions: [String]
  private let outcomes: [ActionOutcome]

  init(
    _ recording: RecordingView, network: ReplayedNetwork, rows: EvaluationRows, plan: AblationPlan, in context: AnalysisContext
  ) throws {
    path = recording.path
    self.network = network
    self.rows = rows
    self.plan = plan
    (seed, threads) = (context.seed, context.threads)
    phases = rows.evaluate.map { rows.phases[$0] }
    labels = try recording.labels.map { labels in rows.evaluate.map { labels[$0] } }
    // Of the evaluate rows by themselves, which are all that whoever judges a plan has.
    let (strata, pairs) = (try recording.strata, try recording.pairs)
    dependent = DependentRows(
      strata: strata.map { strata in rows.evaluate.map { strata[$0] } }, pairs: pairs.map { pairs in rows.evaluate.map { pairs[$0] } })
    clusters = dependent?.numbers.map { Int($0) }
    actions = network.actionNames
    outcomes = ActionOutcome.all(actionCount: network.outputCount, hasLabels: labels != nil)
  }

  /// - Throws: `RecordingError.notEnoughRows` where the select rows do not hold what the mode takes from them.
  func intact(_ layer: Int) throws -> IntactLayer {
    let ablation = try Ablation(plan.mode, of: layer, in: network, rows: rows, seed: seed)
    guard ablation.hasSource(rows: rows) else {
      throw RecordingError.notEnoughRows(
        file: path, fault: "no select row has the phase that the ablation mode \(plan.mode.name) takes activations from.")
    }
    let outputs = network.outputs(from: layer, activations: ablation.intact)
    return IntactLayer(index: layer, ablation: ablation, outputs: outputs, outcomes: summary(outputs))
  }

  func name(of outcome: ActionOutcome) -> String { outcome.name(actions) }

  /// The outcome that was asked for, or the default from the select rows; nil where there is none.
  ///
  /// - Throws: `RecordingError.badInput` for a name that is none of the outcomes.
  func primaryOutcome(_ recording: RecordingView) throws -> ActionOutcome? {
    guard let wanted = plan.outcome else {
      let labels = try recording.labels.map { labels in rows.select.map { labels[$0] } }
      let outputs = network.layers.last?.activations.rows(rows.select) ?? []
      return ActionOutcome.primary(outputs: outputs, labels: labels, actionCount: network.outputCount)
    }
    guard let outcome = outcomes.first(where: { name(of: $0) == wanted }) else {
      throw RecordingError.badInput(
        file: path, fault: "has no outcome '\(wanted)'; it has \(outcomes.map { name(of: $0) }.joined(separator: ", ")).")
    }
    return outcome
  }

  /// The bins of a layer's units by mean activation on the evaluate rows and by the weights into the layer above.
  ///
  /// - Parameter size: units of the targets that are to be compared.
  func bins(of layer: IntactLayer, size: Int) -> UnitBins {
    let count = network.layers[layer.index].unitCount
    var sums = Array(repeating: 0.0, count: count)
    for (index, value) in layer.ablation.intact.enumerated() { sums[index % count] += value }
    let rows = Double(max(1, layer.ablation.intact.count / count))
    return UnitBins(activations: sums.map { $0 / rows }, norms: network.above[layer.index].inputNorms, size: size)
  }

  /// - Parameters:
  ///   - number: of the target, so that each draws random numbers of its own.
  ///   - layer: that of the target.
  ///   - references: what it is compared with.
  ///   - progress: of this target.
  func rows(
    of target: AblationTarget, number: Int, in layer: IntactLayer, references: TargetReferences, _ progress: WorkShare = .unheard
  ) throws -> [AblationRow] {
    let baseline = layer.outcomes
    let draws = plan.mode.isRandom ? max(1, plan.draws) : 1
    var differences = PairedDifferences(intact: layer.outputs, labels: labels, actionCount: network.outputCount)
    let ablated = DrawnOutcomes(
      (0..<draws).map { draw in
        let outputs = layer.ablation.outputs(of: network, ablating: target.part, draw: draw)
        if plan.replicates > 0 { differences.add(ablated: outputs, of: draws) }
        return summary(outputs)
      })
    let steps = progress.part(0, 0.9).steps(references.parts.count)
    let controls = try mapBlocks(count: references.parts.count, threads: threads) { control in
      defer { steps.done() }
      return DrawnOutcomes(
        (0..<draws).map { summary(layer.ablation.outputs(of: network, ablating: references.parts[control], draw: $0)) })
    }
    let intervals = try intervals(differences, number: number)

    let order: [Phase?] = Phase.allCases.map { $0 } + [nil]
    return order.flatMap { phase in
      outcomes.map { outcome in
        let before = baseline.value(outcome, in: phase)
        let interval = intervals(outcome, phase)
        let effects = controls.compactMap { control in
          control.value(outcome, in: phase).flatMap { value in before.map { value - $0 } }
        }
        return AblationRow(
          layer: network.layers[target.layer].name, units: target.units, direction: target.direction?.kind, mode: plan.mode.name,
          phase: phase, outcome: outcome.name(actions), rowCount: baseline.rowCount(outcome, in: phase), baseline: before,
          ablated: ablated.value(outcome, in: phase), interval: interval, controlEffects: effects,
          areSameRows: rows.areSame,
          reason: AblationRow.reason(
            target.shortage, before == nil ? absence(of: outcome, in: phase) : references.shortage(wanted: plan.controls),
            plan.replicates > 0 && before != nil && interval == nil ? AblationRow.noInterval(of: dependent) : nil,
            plan.mode.isRandom && draws == 1 && before != nil ? AblationRow.singleDraw : nil),
          isTestable: references.obstacle == nil, exchange: references.exchange, blockCount: references.blockCount,
          differences: references.differences, draws: plan.mode.isRandom ? draws : nil,
          drawError: plan.mode.isRandom ? ablated.standardError(outcome, in: phase) : nil)
      }
    }
  }

  /// What each unit of a target accounts for of its effect on an outcome over all rows.
  func shapley(of outcome: ActionOutcome, _ target: AblationTarget, number: Int, in layer: IntactLayer) throws -> [ShapleyRow] {
    func row(_ unit: Int) -> ShapleyRow {
      ShapleyRow(
        layer: network.layers[target.layer].name, unit: unit, outcome: name(of: outcome), units: target.units, mode: plan.mode.name)
    }
    guard let before = layer.outcomes.value(outcome, in: nil) else {
      return target.units.map { unit in
        var row = row(unit)
        row.reason = absence(of: outcome, in: nil)
        return row
      }
    }
    let result = try ShapleyValues(
      count: target.units.count, draws: plan.mode.isRandom ? max(1, plan.draws) : 1, isRandom: plan.mode.isRandom, seed: seed,
      purpose: "ablation order \(number)", threads: threads
    ) { positions, draw in
      let outputs = layer.ablation.outputs(of: network, ablating: .units(positions.map { target.units[$0] }), draw: draw)
      return (summary(outputs).value(outcome, in: nil) ?? before) - before
    }
    let joint = result.values.reduce(0, +)
    let isNone = abs(joint) <= 1e-12 * max(1, abs(before))
    return target.units.enumerated().map { index, unit in
      var row = row(unit)
      (row.value, row.standardError) = (result.values[index], result.errors[index])
      // A share of nothing has no sign.
      row.share = isNone ? nil : result.values[index] / joint + 0
      row.reason = AblationRow.reason(
        isNone ? "the units together have no effect to share" : nil,
        result.errors[index] == nil ? AblationRow.singleDraw : nil)
      return row
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

  private func summary(_ outputs: [Double]) -> ActionOutcomes {
    ActionOutcomes(outputs: outputs, phases: phases, labels: labels, actionCount: network.outputCount)
  }

  /// The interval of each outcome's paired effect, by outcome and phase.
  ///
  /// Each evaluate row gives the differences that ablation makes to it: of the outputs, of each action being chosen, of the label being
  /// hit. Rows are drawn inside the phase (and label) that an outcome looks at, strata or items whole where there are any. Rows with a label that is
  /// no output count in no accuracy, and so in none of its intervals.
  private func intervals(_ differences: PairedDifferences, number: Int) throws -> (ActionOutcome, Phase?) -> PercentileInterval? {
    guard plan.replicates > 0 else { return { _, _ in nil } }
    let actionCount = network.outputCount
    func means(_ values: [Double], width: Int, _ group: [Int], _ groups: Int, _ purpose: String) throws -> BootstrapMeans {
      try bootstrapMeans(
        values, units: width, groupOfRow: group, groups: groups, clusters: clusters, replicates: plan.replicates, seed: seed,
        purpose: "ablation \(purpose) \(number)", threads: threads)
    }
    let codes = phases.map { $0.map { Int($0.rawValue) } ?? -1 }
    let byPhase = try means(differences.values, width: differences.width, codes, 4, "phase")
    let overall = try means(differences.values, width: differences.width, phases.map { _ in 0 }, 1, "all")
    let hits = try labels.map { labels in
      let values = differences.hits
      let isCounted = labels.map { Int($0) < actionCount }
      let allCount = isCounted.allSatisfy { $0 }
      return (
        byPhase: allCount ? nil : try means(values, width: 1, zip(codes, isCounted).map { $1 ? $0 : -1 }, 4, "labelled phase"),
        overall: allCount ? nil : try means(values, width: 1, isCounted.map { $0 ? 0 : -1 }, 1, "labelled"),
        byPhaseAndLabel: try means(
          values, width: 1, zip(codes, labels).map { Int($1) < actionCount && $0 >= 0 ? $0 * actionCount + Int($1) : -1 },
          4 * actionCount, "phase and label"),
        byLabel: try means(values, width: 1, labels.map { Int($0) < actionCount ? Int($0) : -1 }, actionCount, "label")
      )
    }
    func interval(_ means: BootstrapMeans?, group: Int, column: Int) -> PercentileInterval? {
      means.flatMap { means in
        PercentileInterval(
          (0..<plan.replicates).map { means.mean(replicate: $0, group: group, unit: column) }, resampled: means.resampled[group])
      }
    }
    return { outcome, phase in
      let group = phase.map { Int($0.rawValue) } ?? 0
      switch outcome {
      case .meanOutput, .chosen:
        return interval(phase == nil ? overall : byPhase, group: group, column: differences.column(of: outcome))
      case .accuracy:
        guard let hits else { return nil }
        if let counted = phase == nil ? hits.overall : hits.byPhase { return interval(counted, group: group, column: 0) }
        return interval(phase == nil ? overall : byPhase, group: group, column: differences.column(of: outcome))
      case .accuracyOfLabel(let label):
        return phase == nil
          ? interval(hits?.byLabel, group: label, column: 0)
          : interval(hits?.byPhaseAndLabel, group: group * actionCount + label, column: 0)
      }
    }
  }
}
