import ActivationRecording
import Statistics

/// The edges from one layer to the next.
struct LayerEdges {
  private let source: ReplayedNetwork.Layer
  private let target: ReplayedNetwork.Layer
  private let classes: [UnitClassification]
  private let moments: LayerMoments
  /// `[source units × target units]`
  private let kernel: [Double]
  private let kernelMean: Double
  private let kernelDeviation: Double
  /// The action that each target unit is or raises most.
  private let dominantActions: [Int?]
  private let drivers: [UnitDriver?]
  private let actionNames: [String]
  private let edgeAblation: EdgeAblation
  private let context: AnalysisContext

  init(
    network: ReplayedNetwork, index: Int, moments: LayerMoments, classes: [UnitClassification], evaluated: [Int],
    in context: AnalysisContext
  ) throws {
    source = network.layers[index]
    target = network.layers[index + 1]
    self.classes = classes
    self.moments = moments
    self.context = context
    let kernel = network.above[index].kernel
    self.kernel = kernel
    let mean = kernel.reduce(0, +) / Double(kernel.count)
    kernelMean = mean
    kernelDeviation = (kernel.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(kernel.count)).squareRoot()
    actionNames = network.actionNames
    let paths = network.pathWeights(from: index + 1)
    let isOutput = index + 1 == network.layers.count - 1
    dominantActions = network.pathWeights(from: index + 1, positiveOnly: true).enumerated().map { unit, weights in
      if isOutput { return unit }
      let best = weights.indices.max { (weights[$0], -$0) < (weights[$1], -$1) }
      return best.flatMap { weights[$0] > 0 ? $0 : nil }
    }
    drivers = unitDrivers(kernel: kernel, targetCount: network.layers[index + 1].unitCount, classes: classes, moments: moments)
    edgeAblation = EdgeAblation(network: network, index: index, evaluated: evaluated, pathWeights: paths)
  }

  /// Hands on the edges out of some units, those of each at a time, by target.
  func forEachEdges(from units: [Int], take: ([CircuitRow]) throws -> Void) throws {
    let pairs = units.flatMap { unit in
      (0..<target.unitCount).map { EdgeAblation.Edge(source: unit, target: $0, action: dominantActions[$0]) }
    }
    let effects = try edgeAblation.effects(of: pairs, in: context)
    for start in stride(from: 0, to: pairs.count, by: target.unitCount) {
      try take((start..<start + target.unitCount).map { row(pairs[$0], effect: effects[$0]) })
    }
  }

  private func row(_ edge: EdgeAblation.Edge, effect: Double?) -> CircuitRow {
    let weight = kernel[edge.source * target.unitCount + edge.target]
    var reasons: [String] = []
    if kernelDeviation == 0 { reasons.append("all weights of the kernel are equal: no z") }
    let emptyPhases = Phase.allCases.filter { moments[$0].count == 0 }
    if !emptyPhases.isEmpty { reasons.append("no rows in phase \(emptyPhases.map(\.name).joined(separator: ", "))") }
    if classes[edge.source].evidence == nil { reasons.append("the source never varies: no class") }
    if edge.action == nil { reasons.append("the target unit raises no action") }
    return CircuitRow(
      sourceLayer: source.name, sourceUnit: edge.source, sourceClass: classes[edge.source].evidence,
      authorClass: classes[edge.source].author, targetLayer: target.name,
      targetUnit: edge.target, weight: weight, z: kernelDeviation > 0 ? (weight - kernelMean) / kernelDeviation : nil,
      contributions: Phase.allCases.map { moments[$0].count > 0 ? moments[$0].mean[edge.source] * weight : nil }, edgeEffect: effect,
      dominantAction: edge.action.map { actionNames[$0] }, targetDriver: drivers[edge.target],
      reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
  }
}

/// What drives each target unit: positive inputs, each the source's mean of its self and other means × weight, summed by class.
private func unitDrivers(kernel: [Double], targetCount: Int, classes: [UnitClassification], moments: LayerMoments) -> [UnitDriver?] {
  (0..<targetCount).map { unit in
    var inputs: [EvidenceClass: Double] = [:]
    for (source, kind) in classes.enumerated() {
      guard let kind = kind.evidence else { continue }
      let activation = (moments[.own].mean[source] + moments[.other].mean[source]) / 2
      inputs[kind, default: 0] += max(0, activation * kernel[source * targetCount + unit])
    }
    return UnitDriver(mirrorInput: inputs[.mirror] ?? 0, differentiatingInput: inputs[.differentiating] ?? 0)
  }
}

extension ReplayedNetwork {
  /// For each unit of a layer and each action the sum over all paths between them of the product of the weights,
  /// `[units][actions]`: rectification left out. The identity for the output layer.
  ///
  /// - Parameter positiveOnly: leaves out every path with a weight that is not above 0.
  func pathWeights(from index: Int, positiveOnly: Bool = false) -> [[Double]] {
    let actionCount = actionNames.count
    var paths = (0..<actionCount).map { unit in (0..<actionCount).map { $0 == unit ? 1.0 : 0.0 } }
    for layer in above[index...].reversed() {
      paths = (0..<layer.inputCount).map { input in
        var sums = Array(repeating: 0.0, count: actionCount)
        for unit in 0..<layer.unitCount {
          let weight = layer.kernel[input * layer.unitCount + unit]
          guard weight > 0 || !positiveOnly else { continue }
          for action in 0..<actionCount { sums[action] += weight * paths[unit][action] }
        }
        return sums
      }
    }
    return paths
  }
}
