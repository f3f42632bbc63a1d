import ActivationRecording
import Statistics

/// Which units' outgoing edges are looked at.
public enum CircuitSelection: Sendable {
  /// Every mirror and differentiating unit.
  case responsive
  case unitClass(UnitClass)
  /// The units named.
  case units([(layer: String, units: [Int])])
}

/// What a unit of the next layer is driven by: the shares of mirror and of differentiating units in its positive input.
public enum UnitDriver: String, CaseIterable, Sendable {
  /// Mirror units give at least two thirds of what the two classes give together.
  case mirror = "mirror-driven"
  /// Differentiating units do.
  case differentiator = "differentiator-driven"
  case mixed

  /// Nil where neither class gives any.
  public init?(mirrorInput: Double, differentiatingInput: Double) {
    let total = mirrorInput + differentiatingInput
    guard total > 0 else { return nil }
    self = 3 * mirrorInput >= 2 * total ? .mirror : 3 * differentiatingInput >= 2 * total ? .differentiator : .mixed
  }
}

/// An edge from a unit to one of the next layer.
public struct CircuitEdge: Sendable, Equatable {
  public let sourceLayer: String
  public let sourceUnit: Int
  public let sourceClass: UnitClass
  public let targetLayer: String
  public let targetUnit: Int
  public let weight: Double
  /// The weight against its whole kernel, population standard deviation; nil where all weights of the kernel are equal.
  public let z: Double?
  /// Mean activation of the source in each phase × weight, in the order of `Phase.allCases`; nil for a phase without rows.
  public let contributions: [Double?]
  /// Change of the mean output of `dominantAction` over the evaluated rows when activation × weight is taken from the target's weighted
  /// sum; nil where the target raises no action.
  public let edgeEffect: Double?
  /// The action that the target unit is, or raises most: the largest sum, over its paths through positive weights alone, of the product of
  /// their weights. Nil where it has no such path.
  public let dominantAction: String?
  public let targetDriver: UnitDriver?
  /// Why a number does not exist.
  public let reason: String?
}

/// The edges out of chosen units, with what each carries and does.
public struct Circuit: Sendable {
  /// By source layer, source unit and target unit.
  public let edges: [CircuitEdge]

  /// Classes are taken on select rows and edges ablated on evaluate rows (`EvaluationRows`); contributions are over all rows, filtered as in
  /// `cmni`.
  ///
  /// - Parameter isWanted: says by name which layers' units to look at.
  /// - Throws: `RecordingError` where the network cannot be replayed, a unit is not there, or the none, self or other phase has no rows.
  public init(
    of recording: Recording, _ selection: CircuitSelection = .responsive, layers isWanted: (String) -> Bool = { _ in true },
    partnerFilter: Bool = true, seed: UInt64, threads: Int
  ) throws {
    let network = try ReplayedNetwork(of: recording, threads: threads)
    let rows = try EvaluationRows(of: recording, sameRows: false, seed: seed)
    let phaseRows = try PhaseRows(of: recording, partnerFilter: partnerFilter)
    let selectRows = phaseRows.restricted(to: rows.select)
    try selectRows.require([.neither, .own, .other], in: recording.path)
    let classes = try recording.moments(by: selectRows, threads: threads).filter(\.countsInIndex).map { unitClasses($0.contrasts ?? []) }
    let moments = try recording.moments(by: phaseRows, threads: threads).filter(\.countsInIndex)

    var edges: [CircuitEdge] = []
    for (layer, units) in try network.units(selection, classes: classes, isWanted: isWanted) {
      edges += try LayerEdges(
        network: network, index: layer, moments: moments[layer], classes: classes[layer], evaluated: rows.evaluate, threads: threads
      ).edges(from: units)
    }
    self.edges = edges
  }
}

extension ReplayedNetwork {
  /// The chosen units of each hidden layer, ascending.
  fileprivate func units(
    _ selection: CircuitSelection, classes: [[UnitClass]], isWanted: (String) -> Bool
  ) throws -> [(layer: Int, units: [Int])] {
    if case .units(let sets) = selection {
      for set in sets { try requireHidden(set.units, of: set.layer) }
    }
    return hidden.indices.filter { isWanted(layers[$0].name) }.map { layer in
      let units = (0..<layers[layer].unitCount).filter { unit in
        switch selection {
        case .responsive: classes[layer][unit] != .lowSensitivity
        case .unitClass(let wanted): classes[layer][unit] == wanted
        case .units(let sets): sets.contains { $0.layer == layers[layer].name && $0.units.contains(unit) }
        }
      }
      return (layer, units)
    }
  }
}
