import ActivationRecording
import Statistics
import Tabular

/// What the two contrasts of a unit say by significance, whatever the size of the effect.
public enum UnitTaxonomy: String, Sendable, CaseIterable {
  /// Both contrasts differ from 0, and both are above it.
  case congruentExcited = "congruent excited"
  /// Both differ from 0, and both are below it.
  case congruentSuppressed = "congruent suppressed"
  /// Both differ from 0, on different sides.
  case oppositeSign = "opposite-sign"
  case selfOnly = "self-only"
  case otherOnly = "other-only"
  /// Neither differs from 0.
  case nonResponsive = "non-responsive"

  init(_ contrast: PhaseContrast, ownDiffers: Bool, otherDiffers: Bool) {
    switch (ownDiffers, otherDiffers) {
    case (false, false): self = .nonResponsive
    case (true, false): self = .selfOnly
    case (false, true): self = .otherOnly
    case (true, true):
      self =
        contrast.deltaSelf > 0 && contrast.deltaOther > 0
        ? .congruentExcited : contrast.deltaSelf < 0 && contrast.deltaOther < 0 ? .congruentSuppressed : .oppositeSign
    }
  }
}

/// A row of `units`: what one unit does when the agent is in distress itself, and when it watches another.
public struct UnitsRow: TableRow {
  public var layer: String
  public var unit: Int
  public var contrast: PhaseContrast?
  public var unitClass: UnitClass?
  public var effectSelf: Double?
  public var effectOther: Double?
  /// One-sided: the phase is above none.
  public var pSelf: Double?
  public var pOther: Double?
  public var qValue: Double?
  public var reason: String?
  public var taxonomy: UnitTaxonomy?
  public var method: ContrastTest

  public static let schema = TableSchema(
    name: "units", title: "What each unit does in the self and other phases, with tests",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("unit", .integer, "Number of the unit, 0-based"),
      Column("delta_self", .number, "Mean activation in the self phase minus that in the none phase"),
      Column("delta_other", .number, "Mean activation in the other phase minus that in the none phase"),
      Column("mns", .number, "Mirror-neuron score: the smaller delta where both are above 0, otherwise 0"),
      Column("selectivity", .number, "(delta_self - delta_other) / (|delta_self| + |delta_other|)"),
      Column("class", .string, "mirror, differentiating or low-sensitivity, by size of the deltas"),
      Column("d_self", .number, "Hedges' g of self against none"),
      Column("d_other", .number, "Hedges' g of other against none"),
      Column("p_self", .number, "One-sided p that self is not above none"),
      Column("p_other", .number, "One-sided p that other is not above none"),
      Column("p_conjunction", .number, "The larger of the two: p that the unit does not rise for both"),
      Column("q_value", .number, "Benjamini-Hochberg q of p_conjunction over all units tested in the recording"),
      Column("reason", .string, "Why a number does not exist"),
      Column("taxonomy", .string, "By significance of the two contrasts, two-sided, Benjamini-Hochberg over all of them"),
      Column("p_method", .string, "permutation or welch"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .number(contrast?.deltaSelf), .number(contrast?.deltaOther),
      .number(contrast?.mirrorNeuronScore), .number(contrast?.selectivity), .string(unitClass?.rawValue), .number(effectSelf),
      .number(effectOther), .number(pSelf), .number(pOther), .number(conjunctionP(pSelf, pOther)), .number(qValue), .string(reason),
      .string(taxonomy?.rawValue), .string(method.rawValue),
    ]
  }
}

/// How a contrast of two phases is tested.
public enum ContrastTest: String, Sendable, CaseIterable {
  /// By permuting the labels of whole rows, inside strata where there are any.
  case permutation
  /// Welch's t: no equal variances assumed, but rows taken as independent.
  case welch
}

/// How units are classed and called different from 0.
public struct UnitCriteria: Sendable, Equatable {
  /// Share of the layer's largest contrast from which a unit counts as responsive.
  public var responsive = 0.25
  /// Largest |selectivity| of a mirror unit.
  public var selectivity = 0.6
  /// Level of the taxonomy, on q values.
  public var level = 0.05

  public init() {}
}

/// What each unit does in the self and other phases.
public struct UnitsAnalysis: Analysis {
  public var criteria: UnitCriteria
  public var test: ContrastTest
  public var plan: ResamplingPlan

  /// - Parameter plan: its permutations, for the test that permutes.
  public init(test: ContrastTest = .permutation, criteria: UnitCriteria = UnitCriteria(), plan: ResamplingPlan) {
    self.test = test
    self.criteria = criteria
    self.plan = plan
  }

  public var needs: RecordingNeeds { RecordingNeeds(reading: test == .permutation ? .inStep : .layerByLayer) }

  public var smallerAlternative: String { "Choose fewer layers, take fewer permutations," }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    let permuted = test == .permutation ? PermutedContrasts.bytes(shape, permutations: plan.permutations) : 0
    return byteCount(shape.momentBytes(threads: threads) + permuted + 600 * Double(shape.unitCount))
  }

  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [UnitsRow] {
    try recording.phases.require([.neither, .own, .other], in: recording.path)
    let moments = try RecordingMoments(of: recording, threads: context.threads)
    guard test == .permutation else { return try moments.unitsRows(criteria: criteria) }
    let permuted = try PermutedContrasts(of: recording, moments: moments, plan: plan, seed: context.seed, threads: context.threads)
    return try moments.unitsRows(criteria: criteria, permuted: permuted)
  }
}

extension RecordingMoments {
  /// The rows of `units`, by layer and unit.
  ///
  /// The conjunction p is the larger of the two one-sided p's (intersection–union test; Berger, 1982): the minimum in the mirror-neuron
  /// score *is* a conjunction. A unit that never varies in the none, self and other phases is not tested and says so.
  ///
  /// - Parameter permuted: the contrasts under permuted labels; nil tests by Welch's t from the moments alone.
  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows.
  public func unitsRows(
    criteria: UnitCriteria = UnitCriteria(), permuted: PermutedContrasts? = nil
  ) throws -> [UnitsRow] {
    try rows.require([.neither, .own, .other], in: name)
    let tests = permuted.map { PermutationTests($0) }
    var result: [UnitsRow] = []
    var twoSided: [Double?] = []
    result.reserveCapacity(layers.reduce(0) { $0 + $1.unitCount })
    for layer in layers {
      let contrasts = layer.contrasts ?? []
      let classes = unitClasses(contrasts, responsive: criteria.responsive, selectivity: criteria.selectivity)
      for unit in 0..<layer.unitCount {
        var row = UnitsRow(
          layer: layer.name, unit: unit, method: permuted == nil ? .welch : .permutation)
        if let value = layer.constantValue(unit) {
          row.reason = value == 0 ? "dead: 0 in every row" : "constant: the same in every row"
          twoSided += [nil, nil]
        } else {
          row.contrast = contrasts[unit]
          row.unitClass = classes[unit]
          let own = layer.test(unit, .own, permutation: tests?.own, position: result.count)
          let other = layer.test(unit, .other, permutation: tests?.other, position: result.count)
          (row.effectSelf, row.pSelf) = (own.effect, own.pGreater)
          (row.effectOther, row.pOther) = (other.effect, other.pGreater)
          row.reason = own.reason ?? other.reason
          twoSided += [own.pTwoSided, other.pTwoSided]
        }
        result.append(row)
      }
    }
    let qValues = benjaminiHochberg(result.map { conjunctionP($0.pSelf, $0.pOther) })
    let differs = benjaminiHochberg(twoSided).map { ($0 ?? 1) <= criteria.level }
    for index in result.indices {
      result[index].qValue = qValues[index]
      if let contrast = result[index].contrast, twoSided[2 * index] != nil || twoSided[2 * index + 1] != nil {
        result[index].taxonomy = UnitTaxonomy(contrast, ownDiffers: differs[2 * index], otherDiffers: differs[2 * index + 1])
      }
    }
    return result
  }
}

/// The permutation p's of every unit of every layer.
private struct PermutationTests {
  struct Contrast {
    let greater: [Double?]
    let twoSided: [Double?]
  }

  let own: Contrast
  let other: Contrast

  init(_ permuted: PermutedContrasts) {
    func contrast(_ null: PermutationNull) -> Contrast {
      Contrast(greater: null.pValues(.greater), twoSided: null.pValues(.twoSided))
    }
    own = contrast(permuted.own)
    other = contrast(permuted.other)
  }
}

/// What is known of one contrast of one unit.
private struct TestedContrast {
  var effect: Double?
  var pGreater: Double?
  var pTwoSided: Double?
  var reason: String?
}

extension LayerMoments {
  /// The value of a unit that has the same one in every row of the none, self and other phases; nil for one that varies.
  fileprivate func constantValue(_ unit: Int) -> Double? {
    let phases = [Phase.neither, .own, .other].map { self[$0] }
    let low = phases.compactMap { $0.minimum(unit) }.min()
    return low == phases.compactMap { $0.maximum(unit) }.max() ? low : nil
  }

  fileprivate func test(_ unit: Int, _ phase: Phase, permutation: PermutationTests.Contrast?, position: Int) -> TestedContrast {
    let treated = self[phase].summary(unit)
    let reference = self[.neither].summary(unit)
    var result = TestedContrast(effect: HedgesG(treated: treated, reference: reference)?.g)
    if let permutation {
      result.pGreater = permutation.greater[position]
      result.pTwoSided = permutation.twoSided[position]
    } else if let welch = WelchTest(treated: treated, reference: reference) {
      result.pGreater = welch.pGreater
      result.pTwoSided = welch.pTwoSided
    }
    if treated.count < 2 || reference.count < 2 {
      result.reason = "fewer than 2 rows in none or \(phase.name)"
    } else if result.effect == nil || result.pGreater == nil {
      result.reason = "does not vary within none and \(phase.name)"
    }
    return result
  }
}
