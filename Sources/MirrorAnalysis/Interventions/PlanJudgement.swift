import ActivationRecording
import Parallelism
import Statistics
import Tabular

/// What a plan's ablations do to the outcomes of its examples: rows of `ablate`, from runs of the model elsewhere.
///
/// An outcome is the mean over the examples that have it, of a phase or of all. As in `ablate`, effects are paired by example, p counts the
/// references with an effect at least as far from 0 (`ReferenceSets.pValue`), intervals draw examples (strata or items whole) and draws of a random mode
/// are averaged, with their standard error.
public struct PlanJudgement: Sendable {
  private let plan: InterventionPlan
  private let outcomes: ArmOutcomes
  /// Of each example; nil where its rows have none in common.
  private let phases: [Phase?]
  /// What examples hang together by, as rows do; nil where they are independent.
  private let dependent: DependentRows?
  private let clusters: [Int]?
  /// Whether some examples have rows of several strata, so that nothing says what to resample.
  private let strataAreMixed: Bool
  private let replicates: Int
  private let threads: Int
  /// The one outcome that targets are judged by; nil where neither the plan nor the user says which of several.
  public let primaryOutcome: String?

  /// - Parameters:
  ///   - plan: what was run.
  ///   - table: with the columns arm, example, outcome and value.
  ///   - outcome: the primary outcome of a plan that names none.
  ///   - replicates: of the bootstrap; 0 leaves intervals out.
  ///   - threads: to work with; they change no result.
  /// - Throws: `PlanError` for outcomes that are not the plan's, and for a primary outcome that is not among them or is not the plan's own.
  public init(
    of plan: InterventionPlan, outcomes table: TextTable, outcome: String? = nil, replicates: Int = 1000, threads: Int = 1
  ) throws(PlanError) {
    outcomes = try ArmOutcomes(table, of: plan)
    if let own = plan.primaryOutcome, let outcome, own != outcome {
      throw PlanError(
        file: table.name,
        fault: "the plan's primary outcome is '\(own)', fixed before any effect was seen, and '\(outcome)' cannot take its place.")
    }
    let primary = plan.primaryOutcome ?? outcome ?? (outcomes.names.count == 1 ? outcomes.names.first : nil)
    if let primary, !outcomes.names.contains(primary) {
      throw PlanError(
        .notThere, file: table.name, fault: "has no outcome '\(primary)'; it has \(outcomes.names.joined(separator: ", ")).")
    }
    (self.plan, primaryOutcome, self.replicates, self.threads) = (plan, primary, replicates, threads)
    phases = plan.examples.map { $0.phase.flatMap { Phase(name: $0) } }
    let isKnown = plan.examples.allSatisfy { $0.stratum != nil }
    dependent = plan.hasStrata && !isKnown ? nil : DependentRows(of: plan.examples, areInStrata: isKnown)
    clusters = dependent.map { $0.numbers.map { Int($0) } }
    strataAreMixed = plan.hasStrata && !isKnown
  }

  /// The rows of all targets.
  ///
  /// - Parameter finished: gets how many targets are done, of how many.
  /// - Throws: `StatisticsError.tooLarge` for outcomes whose sums no double holds.
  public func rows(finished: (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws -> [RecordingRow<AblationRow>] {
    var rows: [AblationRow] = []
    for number in plan.targets.indices {
      rows += try self.rows(ofTarget: number)
      finished(number + 1, plan.targets.count)
    }
    let identity = RecordingIdentity(
      recording: plan.recording.path, network: plan.recording.network, epoch: plan.recording.epoch)
    return AblationRow.judged(rows, primary: primaryOutcome).map { RecordingRow(identity, $0) }
  }

  private func rows(ofTarget number: Int) throws -> [AblationRow] {
    let target = plan.targets[number]
    let own = plan.arms.indices.filter { plan.arms[$0].kind == .target && plan.arms[$0].target == target.id }
    var references: [Int: [Int]] = [:]
    for (index, arm) in plan.arms.enumerated() where arm.kind == .reference && arm.target == target.id {
      references[arm.reference ?? 0, default: []].append(index)
    }
    let controls = references.sorted { $0.key < $1.key }.map(\.value)
    let isRandom = own.contains { plan.arms[$0].draw != nil }
    let intact = plan.arms.firstIndex { $0.kind == .intact } ?? 0
    let changes = outcomes.names.indices.map { outcome in differences(outcome, from: intact, to: own) }
    let intervals = try intervals(changes, number: number)
    let order: [Phase?] = Phase.allCases.map { $0 } + [nil]
    return order.flatMap { phase in
      outcomes.names.indices.map { outcome in
        let members = phases.indices.filter {
          (phase == nil || phases[$0] == phase) && !changes[outcome][$0].isNaN
        }
        func mean(_ arm: Int) -> Double {
          let values = outcomes[outcome, arm: arm]
          return members.reduce(0) { $0 + values[values.startIndex + $1] } / Double(members.count)
        }
        let baseline = members.isEmpty ? nil : mean(intact)
        func mean(_ arms: [Int]) -> Double? {
          members.isEmpty || arms.isEmpty ? nil : arms.reduce(0) { $0 + mean($1) } / Double(arms.count)
        }
        let interval = intervals(outcome, phase)
        return AblationRow(
          layer: target.layer, units: target.units, direction: target.direction, mode: plan.mode, phase: phase,
          outcome: outcomes.names[outcome], rowCount: members.count, baseline: baseline, ablated: mean(own), interval: interval,
          controlEffects: controls.compactMap { arms in mean(arms).flatMap { value in baseline.map { value - $0 } } },
          areSameRows: plan.split.sameRows,
          reason: AblationRow.reason(
            target.shortage,
            baseline == nil
              ? "no evaluate examples" + (phase.map { " in phase \($0.name)" } ?? "")
              : TargetReferences.shortage(
                of: controls.count, wanted: plan.controls, obstacle: target.obstacle, isDirection: target.direction != nil),
            replicates > 0 && baseline != nil && interval == nil
              ? strataAreMixed ? "no interval, since examples lie in several strata" : AblationRow.noInterval(of: dependent)
              : nil,
            isRandom && own.count == 1 && baseline != nil ? AblationRow.singleDraw : nil),
          isTestable: target.obstacle == nil, exchange: target.exchange.flatMap { ExchangeDesign(rawValue: $0) }, blockCount: target.blocks,
          differences: [target.smdActivation, target.smdNorm].compactMap { $0 },
          draws: isRandom ? own.count : nil,
          drawError: isRandom && !members.isEmpty ? meanStandardError(own.map { mean($0) }) : nil)
      }
    }
  }

  /// What ablation changes in each example, averaged over draws; NaN where it has no such outcome.
  private func differences(_ outcome: Int, from intact: Int, to arms: [Int]) -> [Double] {
    let before = Array(outcomes[outcome, arm: intact])
    var changes = before.map { _ in 0.0 }
    for arm in arms {
      for (example, value) in outcomes[outcome, arm: arm].enumerated() {
        changes[example] += (value - before[example]) / Double(arms.count)
      }
    }
    return changes
  }

  /// The interval of each outcome's mean change, by outcome and phase.
  ///
  /// - Parameter changes: of each outcome an example each.
  private func intervals(_ changes: [[Double]], number: Int) throws -> (Int, Phase?) -> PercentileInterval? {
    guard replicates > 0, !strataAreMixed else { return { _, _ in nil } }
    let codes = phases.map { $0.map { Int($0.rawValue) } ?? -1 }
    func means(_ values: [Double], width: Int, _ groups: [Int], _ count: Int, _ purpose: String) throws -> BootstrapMeans {
      try bootstrapMeans(
        values, units: width, groupOfRow: groups, groups: count, clusters: clusters, replicates: replicates, seed: plan.seed,
        purpose: "ablation \(purpose) \(number)", threads: threads)
    }
    func both(_ values: [Double], width: Int, counted: [Bool], _ name: String) throws -> (byPhase: BootstrapMeans, overall: BootstrapMeans)
    {
      (
        try means(values, width: width, zip(codes, counted).map { $1 ? $0 : -1 }, 4, "\(name)phase"),
        try means(values, width: width, counted.map { $0 ? 0 : -1 }, 1, "\(name)all")
      )
    }
    // Outcomes of all examples are resampled together, with the draws that ablate takes.
    let whole = changes.indices.filter { !changes[$0].contains(where: \.isNaN) }
    let together =
      try whole.isEmpty
      ? nil
      : both(
        changes[0].indices.flatMap { example in whole.map { changes[$0][example] } }, width: whole.count,
        counted: phases.map { _ in true }, "")
    var alone: [Int: (byPhase: BootstrapMeans, overall: BootstrapMeans)] = [:]
    for outcome in changes.indices where !whole.contains(outcome) {
      let values = changes[outcome]
      alone[outcome] = try both(
        values.map { $0.isNaN ? 0 : $0 }, width: 1, counted: values.map { !$0.isNaN }, "\(outcomes.names[outcome]) ")
    }
    return { outcome, phase in
      let column = whole.firstIndex(of: outcome)
      guard let found = column == nil ? alone[outcome] : together else { return nil }
      let means = phase == nil ? found.overall : found.byPhase
      let group = phase.map { Int($0.rawValue) } ?? 0
      return PercentileInterval(
        (0..<replicates).map { means.mean(replicate: $0, group: group, unit: column ?? 0) }, resampled: means.resampled[group])
    }
  }
}
