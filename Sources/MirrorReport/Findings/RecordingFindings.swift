import ActivationRecording
import MirrorAnalysis
import Statistics

/// What the analyses say of one recording.
public struct RecordingFindings: Sendable {
  struct Layer: Sendable {
    let name: String
    let unitCount: Int
    let isOutput: Bool
    let hasKernel: Bool

    init(_ layer: RecordedLayer) {
      (name, unitCount, isOutput, hasKernel) = (layer.name, layer.unitCount, layer.isOutput, layer.hasKernel)
    }
  }

  let identity: RecordingIdentity
  let description: RecordingDescription
  /// Those that were asked for.
  let layers: [Layer]
  /// All of the file, which edges and kernels reach whatever was asked for.
  let fileLayers: [Layer]
  let actionNames: [String]?
  /// Rows of none, self, other and both, after the partner filter.
  let phaseRows: PhaseRows
  let unfilteredRows: PhaseRows
  let rowCount: Int
  /// Whether `/split` parts the rows; what halves keep whole where it does not: strata, pairs or rows.
  let hasSplit: Bool
  let halvedText: String
  /// What overlap pairs are: items of `/pair`, or strata in their place.
  let pairText: (one: String, several: String)
  /// SHA-256 of each file, where several are joined.
  let files: [(path: String, sha256: String)]
  var inspection: [InspectionRow] = []
  var stats: [StatsRow] = []
  var index = Finding<CMNIRow>.absent(reason: "")
  var units = Finding<UnitsRow>.absent(reason: "")
  var correlations = Finding<LayerCorrelation>.absent(reason: "")
  var ablation = Finding<AblationRow>.absent(reason: "")
  var circuit = Finding<CircuitRow>.absent(reason: "")
  var overlap = Finding<OverlapRow>.absent(reason: "")
  var direction = Finding<DirectionRow>.absent(reason: "")
  var audit = Finding<AuditRow>.absent(reason: "")
  /// What the analyses said beside their rows, each once.
  var notes: [String] = []

  /// Why nothing can be ablated, where that can be seen at once: a network is recomputed from kernels.
  var missingKernels: String? {
    guard !fileLayers.dropFirst().contains(where: \.hasKernel) else { return nil }
    return "No layer above the first has a kernel in the recording, and effects are recomputed from kernels and biases."
  }

  /// Which rows units are chosen on, where others are kept to measure on: `on one half of the strata`.
  var selectText: String { hasSplit ? "on the rows that /split marks select" : "on one half of the \(halvedText)" }

  /// The rows that are kept to measure on.
  var evaluateText: String { hasSplit ? "on those that it marks evaluate" : "on the other half" }

  /// What the halves are of across which the index and directions are taken: rows where these are exchanged freely.
  func halvedText(_ exchange: ExchangeDesign?) -> String { exchange == .free ? "rows" : halvedText }

  /// The layers that are drawn: all, or as many at equal distances, the first and the last among them.
  var drawnLayers: [Layer] {
    let most = ReportPlan.drawnLayers
    guard layers.count > most else { return layers }
    return (0..<most).map { layers[$0 * (layers.count - 1) / (most - 1)] }
  }

  /// The units of a layer that are drawn, ascending: all, or those with the highest mirror-neuron scores.
  func drawnUnits(of layer: Layer) -> [Int] {
    guard layer.unitCount > ReportPlan.mostWholeUnits else { return Array(0..<layer.unitCount) }
    let scores = mirrorNeuronScores(of: layer)
    return scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(ReportPlan.drawnUnits).sorted()
  }

  /// Which units of a layer are drawn where not all are.
  func drawnUnitsText(of layer: Layer) -> String {
    let scored = mirrorNeuronScores(of: layer).count { $0 > 0 }
    if scored == 0 { return "the first \(ReportPlan.drawnUnits)" }
    if scored >= ReportPlan.drawnUnits {
      return "those with the highest mirror-neuron scores (the smaller of the two rises, where both are)"
    }
    return "the \(scored) with a mirror-neuron score above 0 and the first of the others"
  }

  private func mirrorNeuronScores(of layer: Layer) -> [Double] {
    var scores = [Double](repeating: 0, count: layer.unitCount)
    for row in units.rows where row.layer == layer.name { scores[row.unit] = row.contrast?.mirrorNeuronScore ?? 0 }
    return scores
  }

  /// Classes by evidence, `[layer: [unit: class]]`.
  var classes: [String: [Int: EvidenceClass]] {
    var classes: [String: [Int: EvidenceClass]] = [:]
    for row in units.rows { classes[row.layer, default: [:]][row.unit] = row.unitClass }
    return classes
  }

  /// The index in a variant, over all layers.
  func index(_ variant: CMNIVariant) -> CMNIRow? { index.rows.first { $0.index.variant == variant && $0.layer == nil } }
}
