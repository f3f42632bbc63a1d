import Statistics
import Tabular

/// How far apart two mean activations are.
public enum OverlapMeasure: String, CaseIterable, Sendable {
  /// Σ (u − v)² over the units, divided by their number.
  case mse
  /// 1 − u·v / (|u| |v|).
  case cosine
  /// 1 − Pearson's r over the units.
  case correlation
}

/// A row of `overlap`: one layer and measure.
public struct OverlapRow: TableRow {
  public let layer: String
  public let measure: OverlapMeasure
  /// Pairs whose distance is defined.
  public internal(set) var pairCount = 0
  public internal(set) var selfOther: Double?
  public internal(set) var selfSelf: Double?
  public internal(set) var otherOther: Double?
  public internal(set) var noneSelf: Double?
  public internal(set) var noneOther: Double?
  public internal(set) var nullMean: Double?
  public internal(set) var pValue: Double?
  public internal(set) var interval: ClosedRange<Double>?
  public internal(set) var wordingOnly: Double?
  public internal(set) var exchange: ExchangeDesign?
  public internal(set) var blockCount: Int?
  /// Why cells are empty.
  public internal(set) var reasons: [String] = []

  init(layer: String, measure: OverlapMeasure) { (self.layer, self.measure) = (layer, measure) }

  /// Below 0 where a pair's own versions are closer than those of other pairs.
  public var excess: Double? { selfOther.flatMap { value in nullMean.map { value - $0 } } }

  public var reason: String? { reasons.isEmpty ? nil : reasons.joined(separator: "; ") }

  public static let schema = TableSchema(
    name: "overlap", title: "Self-other overlap: how far apart the self and other versions of a pair are, one row per layer and measure",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("measure", .string, "mse (mean square over units), cosine (1 - cosine) or correlation (1 - r)"),
      Column("n_pairs", .integer, "Pairs with a self and an other version whose distance is defined; strata without /pair"),
      Column("self_other", .number, "Mean distance of a pair's mean self and mean other activation"),
      Column("self_self", .number, "Mean distance of self activations of different pairs"),
      Column("other_other", .number, "Mean distance of other activations of different pairs"),
      Column("none_self", .number, "Mean distance of none and self: within pairs that have a none version, otherwise of strata means"),
      Column("none_other", .number, "The same of none and other"),
      Column("null_mean", .number, "Mean of self_other over all pairings that the null allows"),
      Column("excess", .number, "self_other minus null_mean; below 0 where a pair's own versions are closer than those of others"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permuted pairings that are studentised at least as close"),
      Column("ci_low", .number, "Lower end of the 95 % interval of self_other over pairs"),
      Column("ci_high", .number, "Upper end of the 95 % interval of self_other over pairs"),
      Column("wording_only", .number, "Share of the overlap that pairs of one stratum have though they are not the same pair"),
      Column("exchange", .string, "Among which pairs other versions move: within (pairs of a stratum) or free (all pairs)"),
      Column("n_blocks", .integer, "Strata that hold several pairs; pairs where they are free"),
      Column("reason", .string, "Why a cell is empty"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .string(measure.rawValue), .integer(pairCount), .number(selfOther), .number(selfSelf), .number(otherOther),
      .number(noneSelf), .number(noneOther), .number(nullMean), .number(excess), .number(pValue), .number(interval?.lowerBound),
      .number(interval?.upperBound), .number(wordingOnly), .string(exchange?.rawValue), .integer(blockCount), .string(reason),
    ]
  }
}
