import ActivationRecording
import Statistics

/// What a target is compared with, and whether it may be.
struct TargetReferences: Sendable {
  /// Of the target's layer.
  let parts: [AblatedPart]
  /// The target's standardised mean difference of each trait that it is matched on; none for a direction.
  let differences: [Double]
  /// Why the target cannot be tested; nil where it can.
  let obstacle: String?
  /// Of a direction what was dealt, and among how many blocks.
  private(set) var exchange: ExchangeDesign?
  private(set) var blockCount: Int?

  init(_ sets: ReferenceSets) {
    (parts, differences, obstacle) = (sets.sets.map { .units($0) }, sets.differences, sets.obstacle)
  }

  init(_ directions: DirectionReferences, _ direction: PhaseDirection) {
    let found = directions[direction]
    parts = (found?.vectors ?? []).map { .direction($0) }
    differences = []
    obstacle = directions.obstacle(direction)
    (exchange, blockCount) = (found?.design, found?.design == nil ? nil : found?.blockCount)
  }

  /// Why there is no p, or why there are fewer references than were asked for; nil where all is there.
  func shortage(wanted: Int) -> String? {
    var isDirection = false
    if case .direction = parts.first { isDirection = true }
    return Self.shortage(of: parts.count, wanted: wanted, obstacle: obstacle, isDirection: isDirection)
  }

  static func shortage(of count: Int, wanted: Int, obstacle: String?, isDirection: Bool) -> String? {
    if let obstacle { return count == 1 ? "\(obstacle) and a standard deviation 2" : obstacle }
    return count < wanted ? "only \(count) reference \(isDirection ? "directions" : "sets")" : nil
  }
}

/// Draws the references of a recording's targets, layer by layer; those of a layer serve all its targets that can share them.
struct ReferenceDraw {
  let recording: RecordingView
  let plan: AblationPlan
  /// Rows that targets are chosen on, by phase.
  let select: PhaseRows
  let context: AnalysisContext
  private var bins: (layer: Int, size: Int, of: UnitBins)?
  private var directions: (layer: Int, of: DirectionReferences)?

  init(_ recording: RecordingView, plan: AblationPlan, select: PhaseRows, in context: AnalysisContext) {
    (self.recording, self.plan, self.select, self.context) = (recording, plan, select, context)
  }

  /// - Parameters:
  ///   - number: of the target, so that each draws random numbers of its own.
  ///   - layer: that of the target.
  ///   - makeBins: the bins of its layer for targets of a size.
  mutating func references(
    for target: AblationTarget, number: Int, in layer: RecordedLayer, bins makeBins: (_ size: Int) throws -> UnitBins
  ) throws -> TargetReferences {
    if let direction = target.direction {
      let found =
        try directions.flatMap { $0.layer == target.layer ? $0.of : nil }
        ?? DirectionReferences(
          of: layer, in: recording, select: select, kinds: plan.directions, count: plan.controls, choice: plan.classes.exchange,
          seed: context.seed, threads: context.threads)
      if directions?.layer != target.layer, let note = plan.directions.lazy.compactMap({ found[$0]?.note }).first {
        context.note("\(recording.name): \(layer.name): \(note)")
      }
      directions = (target.layer, found)
      return TargetReferences(found, direction.kind)
    }
    let size = target.units.count
    let found = try bins.flatMap { ($0.layer, $0.size) == (target.layer, size) ? $0.of : nil } ?? makeBins(size)
    bins = (target.layer, size, found)
    return TargetReferences(
      ReferenceSets(for: target.units, in: found, count: plan.controls, seed: context.seed, index: UInt64(number)))
  }
}
