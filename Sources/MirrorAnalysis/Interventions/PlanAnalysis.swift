import ActivationRecording
import Crypto
import Files
import Foundation
import Statistics

/// Plans ablations in a model that a recording is of: targets from the select rows, references as `ablate` draws them, and the examples of the
/// evaluate rows.
///
/// Nothing of the model but the recording is needed: layers of any kind are planned for. Units are matched on mean activation over the
/// evaluate rows and, where the recorded kernel above a layer turns its activations into those of the next, on the norm of their outgoing weights;
/// elsewhere on mean activation alone.
public struct PlanAnalysis: Analysis {
  public var plan: AblationPlan
  /// The column of rows that tells which of them are one example; nil takes `example` where there is one, else each row for itself.
  public var exampleColumn: String?
  /// What writes the plan, with its version.
  public var program = ""

  public init(_ plan: AblationPlan) {
    self.plan = plan
  }

  public var needs: RecordingNeeds { RecordingNeeds(opens: .upwardFrom { [plan] name in plan.looks(at: name) }, counting: []) }

  /// Where a kernel may lead from one layer to the next, both are read at once to see that it does.
  public func layersReadAtOnce(_ shape: RecordingShape) -> [[Int]] {
    let all = shape.layers.indices.map { [$0] }
    return plan.mode == .direction ? all : all + zip(shape.layers.indices, shape.layers.indices.dropFirst()).map { [$0, $1] }
  }

  public var smallerAlternative: String { "Choose fewer layers or units, take fewer references or threads," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let layers = shape.layers.filter { $0.isOwnLayer && plan.looks(at: $0.name) }
    let (rows, widest) = (Double(shape.rowCount), Double(layers.map(\.unitCount).max() ?? 0))
    let threads = Double(max(1, threads))
    let isDirection = plan.mode == .direction
    let classes = plan.unitSelections.contains(where: \.needsClasses) ? plan.classes.bytes(shape, threads: threads) : 0
    let directions =
      isDirection
      ? DirectionReferences.bytes(
        rows: rows, units: widest, kinds: Double(plan.directions.count), count: Double(plan.controls), threads: threads)
      : 0
    let largest = plan.unitSelections.flatMap { selection in layers.map { selection.largest(unitCount: $0.unitCount) } }
    let sets = largest.reduce(0.0) { $0 + Double($1.targets) * (200 + 8 * Double($1.units)) }
    let found = isDirection ? layers.reduce(0.0) { $0 + 24 * Double($1.unitCount) } : 0
    let names = Double(plan.controls + 1) * 400 * Double(isDirection ? plan.directions.count * layers.count : 1)
    // Kernels are read twice over to see that they are those of the activations.
    let kernel = zip(shape.layers, shape.layers.dropFirst()).map { 40 * Double($0.unitCount) * Double($1.unitCount) }.max() ?? 0
    // Sets of one target, drawn and seen; names of examples and donors as they are written.
    let drawn = Double(largest.map(\.units).max() ?? 0) * 16 * Double(plan.controls)
    return byteCount(
      shape.momentBytes(threads: Int(threads)) * 2 + classes + directions + sets + drawn + found + names + kernel
        + rows * (300 + 8 * Double(plan.mode == .resample ? plan.draws : 0)))
  }

  /// What the plan ablates, without the plan.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [PlannedTargetRow] {
    try write(of: recording, in: context) { _ in }
  }

  /// Writes the plan of a recording.
  ///
  /// - Parameters:
  ///   - recording: whose rows choose what is ablated.
  ///   - context: as of `rows(of:in:)`.
  ///   - write: gets the text, piece by piece.
  /// - Returns: what the plan ablates.
  /// - Throws: `RecordingError` where nothing fits, where a phase that choosing needs is empty, and where rows of one example lie in both
  ///   halves; what reading throws.
  public func write(
    of recording: RecordingView, in context: AnalysisContext, write: @escaping (String) throws -> Void
  ) throws -> [PlannedTargetRow] {
    let rows = try EvaluationRows(of: recording, sameRows: plan.sameRows, seed: context.seed)
    let examples = try PlannedExamples(of: recording, rows: rows, column: exampleColumn)
    for note in examples.notes { context.note("\(recording.name): \(note)") }
    if plan.mode == .direction || plan.unitSelections.contains(where: \.needsClasses) { try examples.requireIndependence(recording) }
    let layers = PlannedLayers(of: recording, rows: rows, plan: plan, in: context)
    for case .units(let name, let units) in plan.unitSelections where context.isChosen(name) { try layers.require(units, of: name) }
    let choice = TargetChoice(recording: recording, plan: plan, layers: layers.candidates, select: rows.select)
    let targets = try choice.targets(in: context.part(0, 0.4)) { index, phases in
      guard let layer = layers.candidates[index] else { return LayerMoments(name: "", isOutput: false, unitCount: 0, phases: []) }
      return try recording.moments(of: [layer], by: phases, threads: context.threads)[0]
    }
    var draft = InterventionPlan(
      program: program, planID: "",
      recording: .init(
        path: recording.path, sha256: try Self.hash(of: recording, context.progress.part(0.4, 0.5)), rows: recording.first.rowCount,
        network: recording.description.model.network,
        epoch: recording.description.model.epoch),
      split: try halves(of: recording, rows: rows), seed: context.seed, mode: plan.mode.name, controls: plan.controls,
      draws: plan.mode.isRandom ? max(1, plan.draws) : 1, primaryOutcome: plan.outcome, exampleColumn: examples.column,
      hasStrata: try recording.strata != nil,
      examples: examples.examples, arms: [],
      targets: targets.enumerated().map { number, target in
        .init(
          id: "t\(number + 1)", layer: layers.names[target.layer], units: target.units, direction: target.direction?.kind, references: 0,
          shortage: target.shortage)
      })
    let select = try recording.phases.restricted(to: rows.select)
    draft.planID = Self.planID(of: draft, targets, plan, select: select)
    var text = PlanText(write: write)
    let donors =
      try plan.mode == .resample ? self.donors(of: recording, rows: rows, examples: draft.examples.count, seed: context.seed) : nil
    try text.begin(draft, donors: donors)
    try text.add(.init(id: "\(draft.planID)/intact", kind: .intact))
    let replacement = try Replacement(plan.mode, rows: rows, in: recording, threads: context.threads)
    var references = ReferenceDraw(recording, plan: plan, select: select, in: context)
    var results: [PlannedTargetRow] = []
    for ((number, target), context) in zip(targets.enumerated(), context.part(0.5, 1).parts(targets.map { _ in 1 })) {
      try context.checkCancellation()
      defer { context.progress.tell(1) }
      guard let layer = layers.candidates[target.layer] else { continue }
      let found = try references.references(for: target, number: number, in: layer) { try layers.bins(of: target.layer, size: $0) }
      let values = try replacement.values(of: layer)
      func add(_ part: AblatedPart, kind: InterventionPlan.Arm.Kind, reference: Int?) throws {
        let id = "\(draft.planID)/t\(number + 1)" + (reference.map { "/r\(Self.padded($0))" } ?? "")
        var arm = PlanText.Arm(id: id, kind: kind, target: "t\(number + 1)", reference: reference, layer: layer.name)
        switch part {
        case .units(let units): (arm.units, arm.values) = (units, values.map { values in units.map { values[$0] } })
        case .direction(let direction): arm.direction = direction.map { Float($0) }
        }
        guard plan.mode == .resample else { return try text.add(arm) }
        for draw in 1...draft.draws {
          (arm.id, arm.draw) = ("\(id)/d\(draw)", draw)
          try text.add(arm)
        }
      }
      try add(target.part, kind: .target, reference: nil)
      for (index, part) in found.parts.enumerated() { try add(part, kind: .reference, reference: index + 1) }
      draft.targets[number].references = found.parts.count
      (draft.targets[number].exchange, draft.targets[number].blocks) = (found.exchange?.rawValue, found.blockCount)
      draft.targets[number].obstacle = found.obstacle
      draft.targets[number].smdActivation = found.differences.first
      draft.targets[number].smdNorm = found.differences.dropFirst().first
      results.append(
        PlannedTargetRow(
          target: draft.targets[number], mode: plan.mode.name, examples: draft.examples.count,
          arms: (found.parts.count + 1) * draft.draws,
          reason: AblationRow.reason(target.shortage, found.shortage(wanted: plan.controls))))
    }
    try text.end(draft.targets)
    return results
  }

  /// What arms are called by: a hash of all that their outcomes depend on, as 12 hexadecimal digits.
  private static func planID(
    of plan: InterventionPlan, _ targets: [AblationTarget], _ settings: AblationPlan, select: PhaseRows
  ) -> String {
    var hash = SHA256()
    func add(_ part: String) { hash.update(data: Data((part + "\u{1e}").utf8)) }
    let split = plan.split
    for part in [plan.recording.sha256, split.sha256, "\(split.sameRows)", "\(plan.seed)", plan.mode, "\(plan.controls)", "\(plan.draws)"] {
      add(part)
    }
    add(plan.primaryOutcome ?? "")
    // What references are drawn by, beside the recording itself.
    for part in [plan.program, "\(settings.classes)", "\(settings.replayTolerance)", "\(settings.directions)"] { add(part) }
    hash.update(data: Data(select.codes))
    for example in plan.examples {
      add("\(example.example)\u{1f}\(example.rows)\u{1f}\(example.phase ?? "")\u{1f}\(example.stratum ?? -1)\u{1f}\(example.pair ?? -1)")
    }
    for (number, target) in targets.enumerated() {
      add("\(plan.targets[number].layer)\u{1f}\(target.units)\u{1f}\(target.direction?.kind.rawValue ?? "")")
      for value in target.direction?.vector ?? [] { withUnsafeBytes(of: value.bitPattern.littleEndian) { hash.update(bufferPointer: $0) } }
    }
    return hexadecimal(hash.finalize().prefix(6))
  }

  /// SHA-256 of the recording's bytes.
  private static func hash(of recording: RecordingView, _ progress: WorkShare) throws -> String {
    do {
      return try sha256(ofFile: recording.path, finished: progress.tell)
    } catch let error as FileError {
      throw RecordingError.badInput(file: recording.path, fault: "cannot be read to its end (\(error.reason)).")
    }
  }

  private static func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  private func halves(of recording: RecordingView, rows: EvaluationRows) throws -> InterventionPlan.Halves {
    func numbers(_ rows: [Int]) -> String { rows.map { String(recording.origin(of: $0).row) }.joined(separator: ",") }
    let text = numbers(rows.select) + ";" + numbers(rows.evaluate)
    let digest = hexadecimal(SHA256.hash(data: Data(text.utf8)))
    let source =
      try rows.areSame
      ? "all rows"
      : recording.split != nil ? "/split" : recording.dependentRows().map { "\($0.plural) in seeded halves" } ?? "seeded halves"
    return .init(
      source: source, sha256: digest, selectRows: rows.select.count, evaluateRows: rows.evaluate.count, sameRows: rows.areSame)
  }

  /// The rows that examples take activations from, in each draw; those that `ablate` draws where an example is a row.
  private func donors(of recording: RecordingView, rows: EvaluationRows, examples: Int, seed: UInt64) throws -> [[Int]] {
    let candidates = rows.select.filter { rows.phases[$0] == .neither }
    guard !candidates.isEmpty else { throw Replacement.noSource(plan.mode, recording.path) }
    return (0..<max(1, plan.draws)).map { draw in
      var stream = RandomStream(seed: seed, purpose: "ablation donors", index: UInt64(draw))
      return (0..<examples).map { _ in recording.origin(of: candidates[stream.uniform(below: candidates.count)]).row }
    }
  }
}

/// What takes the place of a layer's units, where that is one number a unit.
private struct Replacement {
  private let mode: AblationMode
  private let recording: RecordingView
  /// The rows that means are taken over, all in one phase; nil where none are.
  private let source: PhaseRows?
  private let threads: Int

  static func noSource(_ mode: AblationMode, _ path: String) -> RecordingError {
    .notEnoughRows(file: path, fault: "no select row has the phase that the ablation mode \(mode.name) takes activations from.")
  }

  init(_ mode: AblationMode, rows: EvaluationRows, in recording: RecordingView, threads: Int) throws {
    (self.mode, self.recording, self.threads) = (mode, recording, threads)
    guard case .mean(let phase) = mode else {
      source = nil
      return
    }
    let chosen = phase == nil ? rows.select : rows.select.filter { rows.phases[$0] == phase }
    guard !chosen.isEmpty else { throw Self.noSource(mode, recording.path) }
    source = PhaseRows(only: chosen, of: recording.rowCount)
  }

  func values(of layer: RecordedLayer) throws -> [Double]? {
    switch mode {
    case .zero: return Array(repeating: 0, count: layer.unitCount)
    case .mean:
      guard let source else { return nil }
      return try recording.moments(of: [layer], by: source, threads: threads)[0][.neither].mean
    case .resample, .noise, .direction: return nil
    }
  }
}

extension PhaseRows {
  /// Some rows as if they were all of the none phase, and no others of any.
  init(only rows: [Int], of count: Int) {
    var codes = [UInt8](repeating: Self.excluded, count: count)
    for row in rows { codes[row] = Phase.neither.rawValue }
    self.init(codes: codes, isFiltered: false)
  }
}
