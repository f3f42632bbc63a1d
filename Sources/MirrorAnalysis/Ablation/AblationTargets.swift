/// Which units to ablate, layer by layer.
public enum AblationSelection: Sendable, Equatable {
  /// These units of one layer.
  case units(layer: String, [Int])
  /// In each hidden layer the K units with the highest mirror-neuron scores above 0.
  case top(Int)
  /// In each hidden layer all units of a class.
  case unitClass(UnitClass)
  /// Each unit alone.
  case each
  /// In each hidden layer the one, two, … K units with the highest scores: a dose–response curve.
  case dose(Int)
}

/// Units of one hidden layer that are ablated together.
struct AblationTarget: Sendable, Equatable {
  /// Index of the layer in the network.
  let layer: Int
  let units: [Int]
}

extension AblationSelection {
  /// The targets of a network, in layer order; layers without a fitting unit have none.
  ///
  /// - Parameters:
  ///   - contrasts: of each hidden layer's units, from select rows; nil where a phase has none.
  ///   - isWanted: says by name which layers may be ablated.
  func targets(in network: ReplayedNetwork, contrasts: [[PhaseContrast]?], isWanted: (String) -> Bool) -> [AblationTarget] {
    var targets: [AblationTarget] = []
    for (index, layer) in network.hidden.enumerated() where isWanted(layer.name) {
      let contrasts = contrasts[index] ?? []
      let ranked = contrasts.indices.filter { contrasts[$0].mirrorNeuronScore > 0 }
        .sorted { (contrasts[$0].mirrorNeuronScore, $1) > (contrasts[$1].mirrorNeuronScore, $0) }
      let sets: [[Int]]
      switch self {
      case .units(let name, let units): sets = name == layer.name ? [Array(Set(units))] : []
      case .top(let count): sets = [Array(ranked.prefix(count))]
      case .unitClass(let wanted):
        let classes = unitClasses(contrasts)
        sets = [classes.indices.filter { classes[$0] == wanted }]
      case .each: sets = (0..<layer.unitCount).map { [$0] }
      case .dose(let count): sets = (0..<min(count, ranked.count)).map { Array(ranked[...$0]) }
      }
      targets += sets.filter { !$0.isEmpty }.map { AblationTarget(layer: index, units: $0.sorted()) }
    }
    return targets
  }
}
