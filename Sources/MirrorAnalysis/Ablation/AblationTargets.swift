import ActivationRecording
import Foundation
import Statistics

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
      case .units(let name, let units): sets = name == layer.name ? [units] : []
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

/// Random sets of units to compare a target with: as many units of the same layer, alike in mean activation and outgoing weights.
///
/// Each unit of the target draws a partner, without replacement, from the layer's units outside the target, with a probability
/// proportional to exp(−distance² / 2). The distance is Euclidean over the unit's mean activation on the evaluate rows and the norm of its
/// outgoing weights, each in standard deviations over the layer. Where fewer units are outside the target than in it, all units are drawn from.
struct MatchedControls: Sendable {
  private let traits: [[Double]]

  init(layer: Int, in network: ReplayedNetwork, intact: [Float]) {
    let count = network.layers[layer].unitCount
    var means = Array(repeating: 0.0, count: count)
    for (index, value) in intact.enumerated() { means[index % count] += Double(value) }
    let rows = max(1, intact.count / count)
    let above = network.above[layer].layers[0]
    let norms = (0..<count).map { unit in
      above.kernel[unit * above.unitCount..<(unit + 1) * above.unitCount].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    traits = [means.map { $0 / Double(rows) }, norms].map(Self.standardised)
  }

  private static func standardised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    return values.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
  }

  /// One control set, ascending; nil where the layer has no other set.
  func draw(for units: [Int], _ stream: inout RandomStream) -> [Int]? {
    let all = Array(traits[0].indices)
    guard units.count < all.count else { return nil }
    let outside = all.filter { !units.contains($0) }
    var candidates = outside.count >= units.count ? outside : all
    var drawn: [Int] = []
    for unit in units {
      let weights = candidates.map { candidate in
        exp(-0.5 * traits.reduce(0) { $0 + ($1[candidate] - $1[unit]) * ($1[candidate] - $1[unit]) })
      }
      var remaining = stream.uniform() * weights.reduce(0, +)
      var choice = candidates.count - 1
      for (index, weight) in weights.enumerated() {
        remaining -= weight
        if remaining < 0 {
          choice = index
          break
        }
      }
      drawn.append(candidates.remove(at: choice))
    }
    return drawn.sorted()
  }
}
