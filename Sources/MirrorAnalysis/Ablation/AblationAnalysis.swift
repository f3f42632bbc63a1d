import ActivationRecording
import Statistics
import Tabular

/// A row of `ablate`: what ablating units of one layer does to one outcome in one phase.
public struct AblationRow: TableRow {
  public var layer: String
  public var units: [Int]
  /// Where not units are ablated but a direction, which.
  public var direction: PhaseDirection?
  public var mode: String
  /// Nil for all rows.
  public var phase: Phase?
  public var outcome: String
  public var rowCount: Int
  public var baseline: Double?
  public var ablated: Double?
  public var interval: PercentileInterval?
  /// The effect of ablating each reference set.
  public var controlEffects: [Double]
  public var areSameRows: Bool
  /// Why a number does not exist, or why there are fewer units or reference sets than asked for.
  public var reason: String?
  /// Whether the target may be compared with its reference sets (`ReferenceSets.obstacle`).
  public var isTestable: Bool
  /// Of a direction what was dealt to make its references, and among how many blocks.
  public var exchange: ExchangeDesign?
  public var blockCount: Int?
  /// The target's standardised mean differences from its reference sets, in mean activation and in outgoing norm.
  public var differences: [Double]
  /// Whether this is the outcome that the recording's targets are judged by; over all rows.
  public var isPrimary = false
  /// Of all rows of the recording but the primary ones that have a p.
  public var qValue: Double?
  /// How many draws of what takes the units' place `ablated` and the references' effects are means of; nil where nothing is drawn.
  public var draws: Int?
  /// The standard error of `ablated` over these draws.
  public var drawError: Double?
  /// Of the primary outcome, where it was asked for: what each unit of the target accounts for.
  public var shapley: [ShapleyRow] = []

  /// Ablated − baseline.
  public var effect: Double? { ablated.flatMap { ablated in baseline.map { ablated - $0 } } }

  public var controlMean: Double? { controlEffects.isEmpty ? nil : controlEffects.reduce(0, +) / Double(controlEffects.count) }

  /// Sample standard deviation (ddof 1) of the control effects.
  public var controlDeviation: Double? {
    guard let mean = controlMean, controlEffects.count > 1 else { return nil }
    return (controlEffects.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(controlEffects.count - 1)).squareRoot()
  }

  /// See `ReferenceSets.pValue`; nil where the target may not be compared.
  public var pValue: Double? {
    guard isTestable, let baseline, let effect else { return nil }
    return ReferenceSets.pValue(baseline: baseline, effect: effect, references: controlEffects)
  }

  public static let schema = TableSchema(
    name: "ablate", title: "What ablating units does to the actions",
    columns: [
      Column("target", .string, "Layer of the ablated units"),
      Column("target_units", .string, "Ablated units, 0-based, joined by semicolons; of mode direction which: self, other or shared"),
      Column(
        "mode", .string, "What takes their place: zero, mean:PHASE, resample or noise; direction where a direction is projected out"),
      Column("phase", .string, "none, self, other, both, or all rows, those of no phase too; without the partner filter"),
      Column(
        "outcome", .string, "mean:ACTION (mean output), chosen:ACTION (share of rows), accuracy, or accuracy:ACTION (rows so labelled)"),
      Column("baseline", .number, "The outcome of the intact network on the evaluate rows"),
      Column("ablated", .number, "The outcome with the units ablated"),
      Column("effect", .number, "ablated minus baseline"),
      Column("ci_low", .number, "Lower end of the 95 % bootstrap interval of the paired effect"),
      Column("ci_high", .number, "Upper end"),
      Column("control_mean", .number, "Mean effect of ablating the reference sets: as many units of the same layer in each of its bins"),
      Column("control_sd", .number, "Standard deviation of those effects (ddof 1)"),
      Column("controls", .integer, "Number of reference sets, all different: those asked for, or all that there are"),
      Column(
        "p_value", .number,
        "(b + 1) / (B + 1), b of B reference sets with an effect at least as far from 0; empty below 19 sets or where matching failed"),
      Column("n", .integer, "Evaluate rows that the outcome rests on"),
      Column("same_rows", .boolean, "Whether units were chosen on the rows that they were evaluated on"),
      Column("reason", .string, "Why a number does not exist, or why there are fewer units or reference sets than asked for"),
      Column("primary", .boolean, "Whether this is the recording's primary outcome over all rows, chosen before any effect is seen"),
      Column("q_value", .number, "Benjamini and Hochberg's q over all other rows of the recording that have a p"),
      Column(
        "balance", .number, "The larger of smd_activation and smd_norm without its sign; beyond 0.25 matching failed, and there is no p"),
      Column("draws", .integer, "Draws that ablated, and every reference set's outcome, is the mean of; empty for modes that draw nothing"),
      Column("draw_se", .number, "Standard error of ablated, and so of effect, over these draws"),
      Column(
        "smd_activation", .number,
        "Mean activation of the target less that of its reference sets, in standard deviations over the layer's units"),
      Column("smd_norm", .number, "The same of the norm of outgoing weights"),
      Column("exchange", .string, "Of a direction what is dealt to make its references: free, within or whole"),
      Column("n_blocks", .integer, "Blocks that can move: rows where they are free, else strata or pairs"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .string(direction?.rawValue ?? units.map(String.init).joined(separator: ";")), .string(mode),
      .string(phase?.name ?? "all"),
      .string(outcome), .number(baseline), .number(ablated), .number(effect), .number(interval?.lower), .number(interval?.upper),
      .number(controlMean), .number(controlDeviation), .integer(controlEffects.count), .number(pValue), .integer(rowCount),
      .boolean(areSameRows), .string(reason), .boolean(isPrimary), .number(qValue), .number(differences.map { abs($0) }.max()),
      .integer(draws), .number(drawError), .number(differences.first), .number(differences.dropFirst().first), .string(exchange?.rawValue),
      .integer(blockCount),
    ]
  }
}

/// What to ablate, how, and with how much resampling.
public struct AblationPlan: Sendable {
  /// Each is done for itself: the targets of one follow those of the other.
  public var selections: [AblationSelection] = [.top(4)]
  public var mode = AblationMode.zero
  /// How often a mode that draws at random does: outcomes are means over the draws, of the target and of every reference set.
  public var draws = 20
  /// Different reference sets per target, at most; 0 for none.
  public var controls = 200
  /// Bootstrap replicates of the paired effects; 0 for no interval.
  public var replicates = 1000
  /// Name of the primary outcome; nil for the accuracy on the rarest label that the network chooses (`ActionOutcome.primary`).
  public var outcome: String?
  /// Of the mode `direction`: which directions of each layer are targets, each for itself.
  public var directions = PhaseDirection.allCases
  /// How units are classed, where they are chosen by class.
  public var classes = UnitClassPlan()
  /// Whether the effect on the primary outcome is attributed to the target's units.
  public var attributes = false
  /// Choose units on the rows that they are evaluated on.
  public var sameRows = false
  /// How far a replayed activation may be from the recorded one by the arithmetic that computed it, relative to the sizes of what it is a
  /// sum of: 1e-5 for single precision; activations computed in half precision need about 1e-2.
  public var replayTolerance = 1e-5

  public init() {}
}

/// What ablating units does to the actions, target by target, phase by phase, outcome by outcome.
///
/// Units are chosen on select rows and effects are taken on evaluate rows. Effects are paired: each row is compared with itself. The layers
/// that the user chose may be ablated; those above the lowest of them are replayed in any case, and those below are not read.
public struct AblationAnalysis: Analysis {
  public var plan: AblationPlan

  public init(_ plan: AblationPlan = AblationPlan()) {
    self.plan = plan
  }

  public var needs: RecordingNeeds { RecordingNeeds(opens: .upwardFrom { [plan] name in plan.looks(at: name) }, counting: []) }

  public var smallerAlternative: String { "Choose higher layers or fewer units, take fewer reference sets, replicates or threads," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let layers = shape.replayedLayers
    let hidden = layers.dropLast().filter { plan.looks(at: $0.name) }
    let outputs = Double(layers.last?.unitCount ?? 0)
    let (rows, widest) = (Double(shape.rowCount), Double(hidden.map(\.unitCount).max() ?? 0))
    let threads = Double(max(1, threads))
    let choosing =
      (plan.choosesByPhase ? shape.momentBytes(threads: 1) : 0)
      + (plan.unitSelections.contains(where: \.needsClasses) ? plan.classes.bytes(shape, threads: threads) : 0)
    // Of one layer its evaluate rows, and the rows that the mode takes from; outputs of the intact and the ablated network.
    let held = 8 * rows * (plan.mode == .zero ? 1 : 2) * widest + rows * (16 * outputs + 64)
    // Outputs of a reference set under way in each thread, and what has been found of all of them.
    let sets =
      plan.mode == .direction
      ? hidden.map { _ in (targets: plan.directions.count, units: 1) }
      : plan.selections.flatMap { selection in hidden.map { selection.largest(unitCount: $0.unitCount) } }
    let directions =
      plan.mode == .direction
      ? DirectionReferences.bytes(
        rows: rows, units: widest, kinds: Double(plan.directions.count), count: Double(plan.controls), threads: threads) : 0
    let perControl =
      32 * 6 * outputs * Double(plan.mode.isRandom ? max(1, plan.draws) : 1) + 24 * Double(sets.map(\.units).max() ?? 0) + 200
    let controls = Double(plan.controls) * perControl + threads * rows * (9 * outputs + 8)
    let table = sets.reduce(0.0) { $0 + Double($1.targets) } * 5 * (3 * outputs + 1) * (8 * Double(plan.controls) + 400)
    return byteCount(
      shape.replayBytes(threads: Int(threads)) + choosing + held + directions + controls + table
        + bootstrapBytes(rows: rows, outputs, threads))
  }

  private func bootstrapBytes(rows: Double, _ outputs: Double, _ threads: Double) -> Double {
    guard plan.replicates > 0 else { return 0 }
    let width = 2 * outputs + 1
    // Differences, and copies of them while sums are taken; weights of a block of replicates in each thread; means, twice while they are put
    // together.
    return 20 * rows * width + threads * 32 * (3 * rows + 16 * width) + 16 * Double(plan.replicates) * (5 * width + 5 * outputs + 5)
  }

  /// - Throws: `RecordingError` where the network cannot be replayed, a phase that choosing needs is empty, or no unit fits.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [AblationRow] {
    if try recording.labels == nil { context.note("\(recording.name): has no /label, so no accuracy is given.") }
    let isWanted: (String) -> Bool = { context.isChosen($0) && plan.looks(at: $0) }
    let network = try context.progress.part(0, 0.1).reading(cells: recording.cellCount()) {
      try ReplayedNetwork(of: recording, isWanted: isWanted, tolerance: plan.replayTolerance, in: context)
    }
    let rows = try EvaluationRows(of: recording, sameRows: plan.sameRows, seed: context.seed)
    let choosing = plan.unitSelections.contains(where: \.needsClasses) ? 0.4 : 0.1
    let targets = try targets(of: recording, network: network, rows: rows, isWanted: isWanted, in: context.part(0.1, choosing))
    let experiment = try AblationExperiment(recording, network: network, rows: rows, plan: plan, in: context)
    let primary = try experiment.primaryOutcome(recording)
    if let primary { context.note("\(recording.name): the primary outcome is \(experiment.name(of: primary)) over all rows.") }
    var results: [AblationRow] = []
    var intact: IntactLayer?
    var draw = ReferenceDraw(recording, plan: plan, select: try recording.phases.restricted(to: rows.select), in: context)
    for ((number, target), context) in zip(targets.enumerated(), context.part(choosing, 1).parts(targets.map { _ in 1 })) {
      try context.checkCancellation()
      // One layer's rows at a time: the last one's go before the next one's come.
      if intact?.index != target.layer { intact = nil }
      let layer = try intact ?? experiment.intact(target.layer)
      intact = layer
      let references = try draw.references(for: target, number: number, in: network.layers[target.layer].activations.layer) {
        experiment.bins(of: layer, size: $0)
      }
      var rows = try experiment.rows(of: target, number: number, in: layer, references: references, context.progress)
      if plan.attributes, target.direction == nil, let primary,
        let index = rows.firstIndex(where: { $0.phase == nil && $0.outcome == experiment.name(of: primary) })
      {
        rows[index].shapley = try experiment.shapley(of: primary, target, number: number, in: layer)
      }
      results += rows
    }
    return AblationRow.judged(results, primary: primary.map { experiment.name(of: $0) })
  }

  private func targets(
    of recording: RecordingView, network: ReplayedNetwork, rows: EvaluationRows, isWanted: (String) -> Bool, in context: AnalysisContext
  ) throws -> [AblationTarget] {
    for case .units(let name, let units) in plan.unitSelections where context.isChosen(name) { try network.requireHidden(units, of: name) }
    let choice = TargetChoice(
      recording: recording, plan: plan, layers: network.hidden.map { isWanted($0.name) ? $0.activations.layer : nil }, select: rows.select)
    return try choice.targets(in: context) { try network.hidden[$0].activations.moments(by: $1, threads: context.threads) }
  }
}

extension AblationPlan {
  /// Whether a layer of that name may be ablated.
  func looks(at name: String) -> Bool { mode == .direction || selections.contains { $0.looks(at: name) } }

  /// How units are chosen; not at all where directions are.
  var unitSelections: [AblationSelection] { mode == .direction ? [] : selections }
}
