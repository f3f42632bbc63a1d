import ActivationRecording

/// Which units to ablate, layer by layer.
public enum AblationSelection: Sendable, Equatable {
  /// These units of one layer.
  case units(layer: String, [Int])
  /// In each hidden layer the K units with the highest mirror-neuron scores above 0.
  case top(Int)
  /// In each hidden layer all units of a class.
  case unitClass(UnitClassChoice)
  /// Each unit alone.
  case each
  /// In each hidden layer the one, two, … K units with the highest scores: a dose–response curve.
  case dose(Int)

  /// Whether units are chosen by their scores in the select rows.
  var needsScores: Bool {
    switch self {
    case .units, .unitClass, .each: false
    case .top, .dose: true
    }
  }

  var needsClasses: Bool { if case .unitClass = self { true } else { false } }

  /// Whether it may choose units of a layer of that name.
  func looks(at name: String) -> Bool {
    if case .units(let layer, _) = self { layer == name } else { true }
  }

  /// Most targets in a layer, and most units of one of them.
  func largest(unitCount: Int) -> (targets: Int, units: Int) {
    switch self {
    case .units(_, let units): (1, min(units.count, unitCount))
    case .top(let count): (1, min(count, unitCount))
    case .unitClass: (1, unitCount)
    case .each: (unitCount, 1)
    case .dose(let count): (min(count, unitCount), min(count, unitCount))
    }
  }
}

/// Units of one hidden layer that are ablated together, or a direction in it.
struct AblationTarget: Sendable {
  /// Index of the layer in the network.
  let layer: Int
  /// Ascending; none where it is a direction.
  let units: [Int]
  /// The direction and its vector, of length 1.
  var direction: (kind: PhaseDirection, vector: [Double])?
  /// Why units are fewer than were asked for.
  var shortage: String?

  var part: AblatedPart { direction.map { .direction($0.vector) } ?? .units(units) }
}

extension AblationSelection {
  /// The targets of a network, in layer order; layers without a fitting unit have none.
  ///
  /// - Parameters:
  ///   - layers: those that may be ablated; nil for one that is not looked at.
  ///   - contrasts: of each layer's units, from select rows; nil for a layer that is not looked at.
  ///   - classes: of the same, where units are chosen by class.
  func targets(
    in layers: [RecordedLayer?], contrasts: [[PhaseContrast]?], classes: [[UnitClassification]?]
  ) -> [AblationTarget] {
    var targets: [AblationTarget] = []
    for (index, layer) in layers.enumerated() {
      guard let layer else { continue }
      let contrasts = contrasts[index] ?? []
      let ranked = contrasts.indices.filter { contrasts[$0].mirrorNeuronScore > 0 }
        .sorted { (contrasts[$0].mirrorNeuronScore, $1) > (contrasts[$1].mirrorNeuronScore, $0) }
      let sets: [[Int]]
      switch self {
      case .units(let name, let units): sets = name == layer.name ? [Array(Set(units))] : []
      case .top(let count): sets = [Array(ranked.prefix(count))]
      case .unitClass(let wanted):
        let classes = classes[index] ?? []
        sets = [classes.indices.filter { wanted.holds(classes[$0]) }]
      case .each: sets = (0..<layer.unitCount).map { [$0] }
      case .dose(let count): sets = (0..<min(count, ranked.count)).map { Array(ranked[...$0]) }
      }
      targets += sets.filter { !$0.isEmpty }.map {
        AblationTarget(layer: index, units: $0.sorted(), shortage: shortage(scored: ranked.count))
      }
    }
    return targets
  }

  /// Why there are fewer units than were asked for in a layer of which so many have a score above 0.
  private func shortage(scored: Int) -> String? {
    guard case .top(let count) = self, scored < count else { return nil }
    return "only \(scored) of the \(count) units asked for: no other has a score above 0"
  }

  /// What a user is to know of a layer that has fewer units to choose than were asked for; nil where it has enough.
  func note(contrasts: [PhaseContrast], of layer: String) -> String? {
    let scored = contrasts.count { $0.mirrorNeuronScore > 0 }
    switch self {
    case .top(let count) where scored < count, .dose(let count) where scored < count:
      return scored == 0
        ? "no unit of \(layer) has a score above 0, so none is ablated there by score."
        : "\(scored) \(scored == 1 ? "unit" : "units") of \(layer), not \(count), \(scored == 1 ? "has" : "have") a score above 0."
    case .units, .top, .unitClass, .each, .dose: return nil
    }
  }
}
