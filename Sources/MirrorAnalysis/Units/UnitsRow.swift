import Tabular

/// A row of `units`: what one unit does when the agent is in distress itself, and when it watches another.
public struct UnitsRow: TableRow {
  public var layer: String
  public var unit: Int
  public var contrast: PhaseContrast?
  var own = TestedContrast()
  var other = TestedContrast()
  var interaction = TestedContrast()
  var evidence: UnitEvidence?
  public var qValue: Double?
  public var familyWiseP: Double?
  public var reason: String?
  public var method: ContrastTest
  /// Whether permutations stop once p is plainly not small.
  public var stopsEarly = false
  public var authorClass: UnitClass?
  public var exchange: String?
  public var blockCount: Int?

  init(layer: String, unit: Int, method: ContrastTest) {
    (self.layer, self.unit, self.method) = (layer, unit, method)
  }

  public var unitClass: EvidenceClass? { evidence?.unitClass }
  /// Hedges' g.
  public var effectSelf: Double? { own.effect }
  public var effectOther: Double? { other.effect }
  /// One-sided: the phase is above none.
  public var pSelf: Double? { own.pGreater }
  public var pOther: Double? { other.pGreater }

  public static let schema = TableSchema(
    name: "units", title: "What each unit does in the self and other phases, with tests",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("unit", .integer, "Number of the unit, 0-based"),
      Column("delta_self", .number, "Mean activation in the self phase minus that in the none phase"),
      Column("delta_other", .number, "Mean activation in the other phase minus that in the none phase"),
      Column("mns", .number, "Mirror-neuron score: the smaller delta where both are above 0, otherwise 0"),
      Column("selectivity", .number, "(delta_self - delta_other) / (|delta_self| + |delta_other|)"),
      Column("class", .string, "By evidence: mirror, suppressed, opposite, differentiating, unresponsive or unresolved"),
      Column("g_self", .number, "Hedges' g of self against none"),
      Column("g_other", .number, "Hedges' g of other against none"),
      Column("p_self", .number, "One-sided p that self is not above none"),
      Column("p_other", .number, "One-sided p that other is not above none"),
      Column("p_conjunction", .number, "The larger of the two: p that the unit does not rise for both"),
      Column("q_value", .number, "Benjamini-Hochberg q of p_conjunction over all units tested in the recording"),
      Column("reason", .string, "Why a number does not exist"),
      Column("p_method", .string, "permutation, permutation stopped early, or welch"),
      Column("g_self_low", .number, "Lower end of the 95 % interval of g_self"),
      Column("g_self_high", .number, "Upper end of the 95 % interval of g_self"),
      Column("g_other_low", .number, "Lower end of the 95 % interval of g_other"),
      Column("g_other_high", .number, "Upper end of the 95 % interval of g_other"),
      Column("p_fwer", .number, "p of the conjunction that bounds even one false mirror unit in the recording (max-T)"),
      Column("p_interaction", .number, "Two-sided p that self does not differ from other"),
      Column("graded", .boolean, "Whether a mirror unit answers to self and other by different amounts"),
      Column("subtype", .string, "self-only or other-only, of a differentiating unit whose other contrast is as good as 0"),
      Column("author_class", .string, "mirror, differentiating or low-sensitivity, by size of the deltas alone"),
      Column("exchange", .string, "What permutations move: free, within (blocks) or whole (blocks)"),
      Column("n_blocks", .integer, "Blocks that can move, rows where they move freely"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .number(contrast?.deltaSelf), .number(contrast?.deltaOther),
      .number(contrast?.mirrorNeuronScore), .number(contrast?.selectivity), .string(evidence?.unitClass.rawValue), .number(own.effect),
      .number(other.effect), .number(pSelf), .number(pOther), .number(conjunctionP), .number(qValue), .string(reason),
      .string(stopsEarly ? "permutation stopped early" : method.rawValue), .number(own.low), .number(own.high), .number(other.low),
      .number(other.high), .number(familyWiseP),
      .number(interaction.pTwoSided), evidence?.isGraded.map { .boolean($0) } ?? .missing, .string(evidence?.subtype?.rawValue),
      .string(authorClass?.rawValue), .string(exchange), .integer(blockCount),
    ]
  }
}
