import ActivationRecording
import Tabular

/// Which units' outgoing edges are looked at.
public enum CircuitSelection: Sendable {
  /// Every unit that answers to a phase by evidence: mirror, suppressed, opposite and differentiating ones.
  case responsive
  case unitClass(UnitClassChoice)
  /// The units named.
  case units([(layer: String, units: [Int])])

  /// Whether it may choose units of a layer of that name.
  func looks(at name: String) -> Bool {
    if case .units(let sets) = self { sets.contains { $0.layer == name } } else { true }
  }

  /// The chosen ones of a layer's units, ascending.
  func units(of layer: String, classes: [UnitClassification]) -> [Int] {
    classes.indices.filter { unit in
      switch self {
      case .responsive:
        switch classes[unit].evidence {
        case .mirror, .suppressed, .opposite, .differentiating: true
        case .unresponsive, .unresolved, nil: false
        }
      case .unitClass(let wanted): wanted.holds(classes[unit])
      case .units(let sets): sets.contains { $0.layer == layer && $0.units.contains(unit) }
      }
    }
  }
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

/// A row of `circuit`: an edge from a unit to one of the next layer.
public struct CircuitRow: TableRow, Equatable {
  public let sourceLayer: String
  public let sourceUnit: Int
  /// By evidence; nil for a unit that never varies.
  public let sourceClass: EvidenceClass?
  /// By size alone.
  public let authorClass: UnitClass
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

  public static let schema = TableSchema(
    name: "circuit", title: "Edges out of chosen units: what each carries and does",
    columns: [
      Column("source_layer", .string, "Layer that the edge comes from"),
      Column("source_unit", .integer, "Unit that the edge comes from, 0-based"),
      Column("source_class", .string, "By evidence: mirror, suppressed, opposite, differentiating, unresponsive or unresolved"),
      Column("target_layer", .string, "Layer that the edge goes to"),
      Column("target_unit", .integer, "Unit that the edge goes to, 0-based"),
      Column("weight", .number, "Weight of the edge"),
      Column("z", .number, "Weight against its whole kernel: distance from the mean in population standard deviations"),
      Column("contribution_none", .number, "Mean activation of the source in the none phase × weight"),
      Column("contribution_self", .number, "The same in the self phase, after the partner filter"),
      Column("contribution_other", .number, "The same in the other phase, after the partner filter"),
      Column("contribution_both", .number, "The same in the both phase"),
      Column("edge_effect", .number, "Change of the dominant action's mean output on evaluate rows when the edge is taken out"),
      Column("dominant_action", .string, "Action that the target unit is, or raises most through positive weights"),
      Column("target_driver", .string, "mirror-driven, differentiator-driven or mixed, by shares of the target's positive input"),
      Column("reason", .string, "Why a number does not exist"),
      Column("author_class", .string, "mirror, differentiating or low-sensitivity, by size of the deltas alone"),
    ])

  public var cells: [Cell] {
    [
      .string(sourceLayer), .integer(sourceUnit), .string(sourceClass?.rawValue), .string(targetLayer), .integer(targetUnit),
      .number(weight), .number(z),
    ] + contributions.map { Cell.number($0) } + [
      .number(edgeEffect), .string(dominantAction), .string(targetDriver?.rawValue), .string(reason), .string(authorClass.rawValue),
    ]
  }
}

/// The edges out of chosen units, by source layer, source unit and target unit, with what each carries and does.
///
/// Classes are taken on select rows and edges ablated on evaluate rows (`EvaluationRows`); contributions are over all rows, filtered as in
/// `cmni`. Units of the layers that the user chose are looked at; the layers above the lowest of them are replayed in any case.
public struct CircuitAnalysis: Analysis {
  public var selection: CircuitSelection
  public var classes = UnitClassPlan()
  /// How far a replayed activation may be from the recorded one; see `AblationPlan`.
  public var replayTolerance = 1e-5

  public init(_ selection: CircuitSelection = .responsive) {
    self.selection = selection
  }

  public var needs: RecordingNeeds { RecordingNeeds(opens: .upwardFrom { [selection] name in selection.looks(at: name) }, counting: []) }

  public var smallerAlternative: String { "Choose higher layers or fewer units, or take fewer threads," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let layers = shape.replayedLayers
    let outputs = Double(layers.last?.unitCount ?? 0)
    let threads = Double(max(1, threads))
    let block = Double(ReplayedNetwork.blockRows)
    var edges = 0.0
    var largest = 0.0
    for (source, target) in zip(layers, layers.dropFirst()) where selection.looks(at: source.name) {
      let (units, targets) = (Double(source.unitCount), Double(target.unitCount))
      var chosen = units
      if case .units(let sets) = selection {
        chosen = min(units, sets.reduce(0) { $0 + Double($1.layer == source.name ? $1.units.count : 0) })
      }
      edges += chosen * targets
      // Kernel and paths; sums of each edge, and of a block of rows in every thread; the evaluated rows, and blocks of them by unit.
      let sums = chosen * targets * (64 + 8 * threads) + 8 * units * targets + 16 * targets * (outputs + 4)
      largest = max(largest, sums + 8 * Double(shape.rowCount) * units + threads * 8 * block * (3 * units + 4 * targets + 2 * outputs))
    }
    return byteCount(
      shape.replayBytes(threads: Int(threads)) + shape.momentBytes(threads: 1) + classes.bytes(shape, threads: threads) + largest + 400
        * edges)
  }

  /// - Throws: `RecordingError` where the network cannot be replayed, a unit is not there, or the none, self or other phase has no rows.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [CircuitRow] {
    var rows: [CircuitRow] = []
    try forEachRows(of: recording, in: context) { rows += $0 }
    return rows
  }

  /// Source unit by source unit.
  public func forEachRows(of recording: RecordingView, in context: AnalysisContext, take: ([CircuitRow]) throws -> Void) throws {
    let isWanted: (String) -> Bool = { context.isChosen($0) && selection.looks(at: $0) }
    let network = try context.progress.part(0, 0.1).reading(cells: recording.cellCount()) {
      try ReplayedNetwork(of: recording, isWanted: isWanted, tolerance: replayTolerance, in: context)
    }
    let rows = try EvaluationRows(of: recording, sameRows: false, seed: context.seed)
    let phases = try recording.phases
    let selectPhases = phases.restricted(to: rows.select)
    try selectPhases.require([.neither, .own, .other], in: recording.path)
    if case .units(let sets) = selection {
      for set in sets where context.isChosen(set.layer) { try network.requireHidden(set.units, of: set.layer) }
    }
    let wanted = network.hidden.indices.filter { isWanted(network.hidden[$0].name) }
    let found = try recording.unitClassifications(
      of: wanted.map { network.hidden[$0].activations.layer }, by: selectPhases, classes, in: context.part(0.1, 0.6))
    let weights = wanted.map { network.layers[$0].unitCount * network.layers[$0 + 1].unitCount }
    for ((index, classes), context) in zip(zip(wanted, found), context.part(0.6, 1).parts(weights)) {
      try context.checkCancellation()
      let layer = network.hidden[index]
      let moments = try layer.activations.moments(by: phases, threads: context.threads)
      try LayerEdges(
        network: network, index: index, moments: moments, classes: classes, evaluated: rows.evaluate, in: context
      ).forEachEdges(from: selection.units(of: layer.name, classes: classes), take: take)
    }
  }
}
