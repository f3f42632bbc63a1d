import ActivationRecording
import Statistics

/// The layers of a recording that may be ablated in the model it is of, and what their units are matched on.
final class PlannedLayers {
  /// In the recording's order; nil for one that is not looked at.
  let candidates: [RecordedLayer?]
  let names: [String]
  /// Names of the layers that could be ablated.
  private let choosable: [String]
  private let layers: [RecordedLayer]
  private let recording: RecordingView
  private let rows: EvaluationRows
  private let context: AnalysisContext
  private let tolerance: Double
  private var traits: [Int: (activations: [Double], norms: [Double]?)] = [:]

  init(of recording: RecordingView, rows: EvaluationRows, plan: AblationPlan, in context: AnalysisContext) {
    layers = recording.layers.filter(\.isOwnLayer)
    names = layers.map(\.name)
    let hidden = layers.map { context.isChosen($0.name) && !(recording.saysOutput && $0.isOutput) ? $0 : nil }
    candidates = hidden.map { layer in layer.flatMap { plan.looks(at: $0.name) ? $0 : nil } }
    choosable = hidden.compactMap { $0?.name }
    (self.recording, self.rows, self.context) = (recording, rows, context)
    tolerance = plan.replayTolerance
  }

  /// - Throws: `RecordingError.badInput` unless there is a layer of that name that may be ablated, with all of these units.
  func require(_ units: [Int], of name: String) throws {
    guard let layer = candidates.compactMap({ $0 }).first(where: { $0.name == name }) else {
      throw RecordingError.badInput(
        file: recording.path,
        fault: "has no layer '\(name)' to ablate; it has \(choosable.joined(separator: ", ")).")
    }
    if let unit = units.first(where: { !(0..<layer.unitCount).contains($0) }) {
      throw RecordingError.badInput(file: recording.path, fault: "layer \(name) has units 0 to \(layer.unitCount - 1), not \(unit).")
    }
  }

  /// The bins of a layer's units for targets of a size.
  func bins(of index: Int, size: Int) throws -> UnitBins {
    if traits[index] == nil {
      let all = PhaseRows(only: rows.evaluate, of: recording.rowCount)
      let moments = try recording.moments(of: [layers[index]], by: all, threads: context.threads)[0]
      let norms = try outgoingNorms(of: index)
      if norms == nil {
        context.note(
          "\(recording.name): no recorded kernel says what follows from \(names[index]), so its units are matched on mean activation alone."
        )
      }
      traits[index] = (moments[.neither].mean, norms)
    }
    return UnitBins(activations: traits[index]?.activations ?? [], norms: traits[index]?.norms, size: size)
  }

  /// The norm of each unit's weights into the next layer; nil where there is no kernel that turns this layer's activations into the next one's.
  private func outgoingNorms(of index: Int) throws -> [Double]? {
    guard layers.indices.contains(index + 1) else { return nil }
    let (lower, upper) = (layers[index], layers[index + 1])
    guard upper.hasKernel, let stored = try chained(upper, above: lower), try isReplayed(stored, lower: lower, upper: upper) else {
      return nil
    }
    return stored.dense.inputNorms
  }

  /// The layer as one on another; nil where it is none, and may still be whole.
  private func chained(_ upper: RecordedLayer, above lower: RecordedLayer) throws -> StoredDenseLayer? {
    do {
      return try StoredDenseLayer(upper, above: lower, of: recording)
    } catch is StoredDenseLayer.Obstacle {
      return nil
    }
  }

  /// Whether the upper layer's activations are what the kernel makes of the lower one's, in all rows: the next layer in a file need not be the
  /// next in the model.
  private func isReplayed(_ stored: StoredDenseLayer, lower: RecordedLayer, upper: RecordedLayer) throws -> Bool {
    let check = try ReplayCheck(of: stored, input: lower.precision, output: upper.precision, tolerance: tolerance)
    var holds = true
    try recording.mapBlocks(of: lower, upper, threads: context.threads) { _, inputs, outputs in
      check.holds(inputs: inputs, outputs: outputs)
    } take: {
      holds = holds && $0
    }
    return holds
  }
}
