import ActivationRecording
import Statistics

/// The two classes of a unit.
struct UnitClassification: Sendable, Equatable {
  /// Nil for a unit that never varies.
  let evidence: EvidenceClass?
  /// By size alone.
  let author: UnitClass
}

/// A class to choose units by.
public enum UnitClassChoice: Sendable, Equatable, CaseIterable {
  case evidence(EvidenceClass)
  case author(UnitClass)

  public static let allCases = EvidenceClass.allCases.map { Self.evidence($0) } + UnitClass.allCases.map { .author($0) }

  /// As `mirror`, or `author:mirror`.
  public var name: String {
    switch self {
    case .evidence(let unitClass): unitClass.rawValue
    case .author(let unitClass): "author:\(unitClass.rawValue)"
    }
  }

  public init?(name: String) {
    guard let choice = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = choice
  }

  func holds(_ unit: UnitClassification) -> Bool {
    switch self {
    case .evidence(let unitClass): unit.evidence == unitClass
    case .author(let unitClass): unit.author == unitClass
    }
  }
}

/// How units are classed by evidence: as `units` does with its defaults, unless told otherwise.
public struct UnitClassPlan: Sendable, Equatable {
  public var criteria = UnitCriteria()
  public var permutations = 1000
  /// What permutations move; nil takes what the recording's blocks say.
  public var exchange: ExchangeDesign?

  public init() {}

  /// Bytes that classes take: those of `units` with as many permutations.
  func bytes(_ shape: RecordingShape, threads: Double) -> Double {
    Double(UnitsAnalysis(permutations: permutations).memory(shape, threads: Int(threads)))
  }
}

extension RecordingView {
  /// Both classes of every unit of some layers, on the rows of these phases: what `units` would say of a recording of these layers and rows.
  ///
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows; what reading throws.
  func unitClassifications(
    of layers: [RecordedLayer], by phases: PhaseRows, _ plan: UnitClassPlan, in context: AnalysisContext
  ) throws -> [[UnitClassification]] {
    try phases.require([.neither, .own, .other], in: path)
    let moments = RecordingMoments(name: name, rows: phases, layers: try moments(of: layers, by: phases, threads: context.threads))
    let permuted = try UnitPermutations(
      of: self, layers: layers, moments: moments, permutations: plan.permutations, choice: plan.exchange, context: context)
    for note in permuted.pairs.notes { context.note("\(name): classes: \(note)") }
    var rows = try moments.unitsRows(criteria: plan.criteria, permuted: permuted.permuted)[...]
    return layers.map { layer in
      defer { rows = rows.dropFirst(layer.unitCount) }
      return rows.prefix(layer.unitCount).map {
        UnitClassification(evidence: $0.unitClass, author: $0.authorClass ?? .lowSensitivity)
      }
    }
  }
}
