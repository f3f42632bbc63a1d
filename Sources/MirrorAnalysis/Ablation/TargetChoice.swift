import ActivationRecording
import Statistics

/// Chooses what is ablated, by the select rows of a recording alone.
struct TargetChoice {
  let recording: RecordingView
  let plan: AblationPlan
  /// The layers that may be ablated, in order; nil for one that is not looked at.
  let layers: [RecordedLayer?]
  /// Numbers of the rows to choose on.
  let select: [Int]

  /// The targets, in the order of what was asked for, each layer by layer.
  ///
  /// - Parameter moments: of a layer, by its number, over rows of phases.
  /// - Throws: `RecordingError` where a phase that choosing needs is empty, or nothing fits; what reading throws.
  func targets(
    in context: AnalysisContext, moments: (_ layer: Int, _ rows: PhaseRows) throws -> LayerMoments
  ) throws -> [AblationTarget] {
    var contrasts: [[PhaseContrast]?] = layers.map { _ in nil }
    var targets: [AblationTarget] = []
    if plan.choosesByPhase {
      let phases = try recording.phases.restricted(to: select)
      try phases.require([.neither, .own, .other], in: recording.path)
      for (index, layer) in layers.enumerated() where layer != nil {
        try context.checkCancellation()
        let moments = try moments(index, phases)
        contrasts[index] = moments.contrasts
        if plan.mode == .direction { targets += directions(of: moments, number: index, in: context) }
      }
    }
    var classes: [[UnitClassification]?] = layers.map { _ in nil }
    if plan.unitSelections.contains(where: \.needsClasses) {
      let wanted = layers.indices.filter { layers[$0] != nil }
      let found = try recording.unitClassifications(
        of: layers.compactMap { $0 }, by: recording.phases.restricted(to: select), plan.classes, in: context)
      for (index, found) in zip(wanted, found) { classes[index] = found }
    }
    for (layer, contrasts) in zip(layers, contrasts) {
      guard let layer else { continue }
      for note in plan.unitSelections.compactMap({ $0.note(contrasts: contrasts ?? [], of: layer.name) }) {
        context.note("\(recording.name): \(note)")
      }
    }
    targets += plan.unitSelections.flatMap { $0.targets(in: layers, contrasts: contrasts, classes: classes) }
    guard !targets.isEmpty else {
      throw plan.mode == .direction
        ? RecordingError.notEnoughRows(
          file: recording.path, fault: "no layer has a direction: the means of the phases are equal. Choose other layers or phases.")
        : .notEnoughRows(file: recording.path, fault: "no unit fits what is to be ablated.", remedy: .chooseUnits)
    }
    return targets
  }

  private func directions(of moments: LayerMoments, number: Int, in context: AnalysisContext) -> [AblationTarget] {
    func contrast(_ phase: Phase) -> [Double] { zip(moments[phase].mean, moments[.neither].mean).map { $0 - $1 } }
    let (own, other) = (contrast(.own), contrast(.other))
    return plan.directions.compactMap { kind in
      guard let vector = kind.vector(own: own, other: other) else {
        context.note("\(recording.name): \(moments.name) has no direction \(kind.rawValue) on the select rows.")
        return nil
      }
      return AblationTarget(layer: number, units: [], direction: (kind, vector))
    }
  }
}

extension AblationPlan {
  /// Whether units or directions are chosen by means of phases.
  var choosesByPhase: Bool { mode == .direction || selections.contains(where: \.needsScores) }
}

extension AblationRow {
  /// What is wrong, one after the other; nil where nothing is.
  static func reason(_ parts: String?...) -> String? {
    let parts = parts.compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  static let singleDraw = "a single draw has no standard error"

  static func noInterval(of dependent: DependentRows?) -> String {
    "no interval of fewer than \(PercentileInterval.fewestResampled) \(dependent?.plural ?? "rows")"
  }
}
