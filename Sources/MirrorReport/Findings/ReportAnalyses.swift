import ActivationRecording
import Files
import MirrorAnalysis

/// Runs the analyses of a report over recordings, with the same values and the same runner as their commands do.
public struct ReportAnalyses: Sendable {
  public let plan: ReportPlan
  private let runner: AnalysisRunner
  /// Which layers the user asked for.
  var isChosen: @Sendable (String) -> Bool { runner.isChosen }
  /// The sentence of an error, with what its user can do.
  private let sentence: @Sendable (RecordingError) -> String
  /// Called before each analysis.
  private let progress: @Sendable () -> Void

  /// How often `progress` is called for a recording that is gone through in full.
  public static let stepCount = 9

  public init(
    plan: ReportPlan, runner: AnalysisRunner, sentence: @escaping @Sendable (RecordingError) -> String,
    progress: @escaping @Sendable () -> Void = {}
  ) {
    (self.plan, self.runner, self.sentence, self.progress) = (plan, runner, sentence, progress)
  }

  /// Everything of one recording (of several, joined). What an analysis needs and a recording lacks is said in the place of its rows.
  ///
  /// - Throws: `HDF5Error` and `RecordingError` for what is no recording, cannot be read, is damaged, or holds no phases or numbers that are not
  ///   finite: then no number can be trusted.
  public func findings(of paths: [String]) throws -> RecordingFindings {
    progress()
    let notes = NoteCollector()
    var runner = runner
    runner.note = { notes.add($0) }
    var findings = try opened(paths, runner)
    progress()
    findings.index = try finding { try rows(of: CMNIAnalysis(plan), paths, runner) }
    progress()
    findings.units = try finding { try rows(of: UnitsAnalysis(permutations: plan.permutations, exchange: plan.exchange), paths, runner) }
    progress()
    findings.correlations = try correlations(of: findings, paths, runner)
    progress()
    var ablation = AblationPlan()
    ablation.replayTolerance = plan.replayTolerance
    if let reason = findings.missingKernels {
      findings.ablation = .absent(reason: reason)
    } else {
      findings.ablation = try finding(optional: true) { try rows(of: AblationAnalysis(ablation), paths, runner) }
    }
    if findings.ablation.reason == nil, findings.ablation.rows.isEmpty {
      findings.ablation = .absent(reason: "No hidden unit has a mirror-neuron score above 0, so that none was chosen to be ablated.")
    }
    progress()
    findings.circuit = try circuit(of: findings, paths, runner)
    progress()
    let directions = DirectionAnalysis(permutations: plan.permutations, exchange: plan.exchange)
    findings.direction = try finding { try rows(of: directions, paths, runner) }
    progress()
    // Whole strata move no pairing: what the command refuses to be asked for is left to what the strata allow.
    let overlap = OverlapAnalysis(permutations: plan.permutations, exchange: plan.exchange == .whole ? nil : plan.exchange)
    findings.overlap = try finding { try rows(of: overlap, paths, runner) }
    progress()
    findings.audit = try finding { try rows(of: AuditAnalysis(), paths, runner) }
    findings.notes = notes.all.map { note in withoutPath(note, findings.identity.recording) }
    return findings
  }

  /// The index alone, of several recordings: what curves over checkpoints need.
  public func indices(of recordings: [[String]]) throws -> [RecordingRow<CMNIRow>] {
    var result: [RecordingRow<CMNIRow>] = []
    var runner = runner
    runner.note = { _ in }
    try runner.run(CMNIAnalysis(plan), on: recordings) { result += $0 }
    return result
  }

  /// What a recording is, and the moments of its units.
  private func opened(_ paths: [String], _ runner: AnalysisRunner) throws -> RecordingFindings {
    let sums = try paths.map { ($0, try sha256(ofFile: $0)) }
    let inspection = try rows(of: InspectionAnalysis(), paths, runner)
    // What is wrong with layers that were left out is no fault.
    let whole = try? Recording(path: paths[0], layers: { _ in true }, needsPhase: false).layers
    var found: RecordingFindings?
    try runner.lend(paths, to: StatsAnalysis()) { view, context in
      var findings = RecordingFindings(
        identity: RecordingIdentity(view), description: view.description,
        layers: view.layers.map { .init($0) }, fileLayers: (whole ?? view.layers).map { .init($0) }, actionNames: view.actionNames,
        phaseRows: try view.phases, unfilteredRows: try view.unfilteredPhases, rowCount: view.rowCount,
        // What is wrong with a column is for the analyses to say that need it.
        hasSplit: (try? view.split) != nil, halvedText: (try? view.dependentRows())?.plural ?? "rows",
        pairText: (try? view.pairs) != nil ? ("pair", "pairs") : ("stratum", "strata"), files: sums)
      findings.inspection = inspection
      findings.stats = try StatsAnalysis().rows(of: view, in: context)
      found = findings
    }
    guard let found else { throw RecordingError.badInput(file: paths.first ?? "", fault: "no recording is given.") }
    return found
  }

  private func rows<A: Analysis>(of analysis: A, _ paths: [String], _ runner: AnalysisRunner) throws -> [A.Row] {
    var result: [A.Row] = []
    try runner.run(analysis, on: [paths]) { result += $0.map(\.row) }
    return result
  }

  private func correlations(
    of findings: RecordingFindings, _ paths: [String], _ runner: AnalysisRunner
  ) throws -> Finding<LayerCorrelation> {
    let phases = Phase.allCases.filter { findings.phaseRows.count($0) >= 2 }
    guard !phases.isEmpty else { return .absent(reason: "No phase has two rows, and a correlation needs as many.") }
    let layers = findings.drawnLayers.filter { $0.unitCount >= 2 && $0.unitCount <= ReportPlan.mostCorrelatedUnits }
    guard !layers.isEmpty else {
      return .absent(
        reason: "Of the layers that are drawn none has between 2 and \(countText(ReportPlan.mostCorrelatedUnits)) units. 'mirrorscope "
          + "correlate' takes layers of any width.")
    }
    var found = layers.map { LayerCorrelation(layer: $0.name, unitCount: $0.unitCount, units: findings.drawnUnits(of: $0)) }
    let names = Set(layers.map(\.name))
    var runner = runner
    runner.isChosen = { names.contains($0) }
    return try finding {
      let analysis = CorrelationAnalysis(.within(phases.map { .phase($0) }))
      try runner.lend(paths, to: analysis) { view, context in
        try analysis.forEachMatrix(of: view, in: context) { matrix in
          guard let place = found.firstIndex(where: { $0.layer == matrix.units.first?.layer }) else { return }
          found[place].add(matrix)
        }
      }
      return found
    }
  }

  private func circuit(of findings: RecordingFindings, _ paths: [String], _ runner: AnalysisRunner) throws -> Finding<CircuitRow> {
    if let reason = findings.missingKernels { return .absent(reason: reason) }
    let chosen = Set(findings.layers.map(\.name))
    let edges = zip(findings.fileLayers, findings.fileLayers.dropFirst()).filter { chosen.contains($0.0.name) }
      .reduce(0) { $0 + $1.0.unitCount * $1.1.unitCount }
    guard edges <= ReportPlan.mostEdges else {
      return .absent(
        reason:
          "The layers have up to \(countText(edges)) edges between them, more than the \(countText(ReportPlan.mostEdges)) that are taken "
          + "for this page. 'mirrorscope circuit --units' takes those out of chosen units.")
    }
    var analysis = CircuitAnalysis()
    (analysis.classes.permutations, analysis.classes.exchange) = (plan.permutations, plan.exchange)
    analysis.replayTolerance = plan.replayTolerance
    let found = try finding(optional: true) { try rows(of: analysis, paths, runner) }
    guard found.reason == nil, found.rows.isEmpty else { return found }
    return .absent(
      reason:
        "No hidden unit is of class mirror, suppressed, opposite or differentiating by evidence \(findings.selectText), so that no edge is "
        + "looked at.")
  }

  /// - Parameter optional: whether the analysis rests on parts that the others do without, such as kernels: then a fault in these is a reason too.
  private func finding<Row>(optional: Bool = false, _ body: () throws -> [Row]) throws -> Finding<Row> {
    do {
      return .rows(try body())
    } catch let error as RecordingError {
      switch error {
      case .notEnoughRows(let file, _, _), .missingPart(let file, _, _, _), .tooLarge(let file, _, _, _, _), .badInput(let file, _, _):
        return .absent(reason: withoutPath(sentence(error), file))
      case .invalid(let file, _, _) where optional: return .absent(reason: withoutPath(sentence(error), file))
      default: throw error
      }
    }
  }
}

extension CMNIAnalysis {
  fileprivate init(_ plan: ReportPlan) {
    self.init(permutations: plan.permutations)
    exchange = plan.exchange
  }
}

/// A sentence without the path that it begins with, and with a capital letter: the page says which recording it is about.
private func withoutPath(_ text: String, _ path: String) -> String {
  guard text.hasPrefix(path + ": ") else { return text }
  let rest = text.dropFirst(path.count + 2)
  return rest.prefix(1).uppercased() + rest.dropFirst()
}
