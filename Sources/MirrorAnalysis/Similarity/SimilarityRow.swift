import Statistics
import Tabular

/// How alike two representations are.
public enum SimilarityMeasure: String, Sendable, CaseIterable {
  /// Representational similarity analysis: Spearman's ρ between two matrices of dissimilarities of the same strata.
  case rsa
  /// Linear centred kernel alignment, with the unbiased estimate of HSIC.
  case cka
  /// The same with the plain estimate, biased upwards where rows are not many more than units.
  case ckaBiased = "cka_biased"

  /// Whether it is made from products of rows or of units.
  var isAlignment: Bool { self != .rsa }
}

/// A row of `similarity`: two representations, each a layer in a phase.
public struct SimilarityRow: TableRow {
  public let layerA: String
  public let phaseA: RowSelection
  public let layerB: String
  public let phaseB: RowSelection
  public let measure: SimilarityMeasure
  public let count: Int
  public let value: Double?
  public let reason: String?
  public let pValue: Double?
  /// That the p-value rests on.
  public let permutations: Int
  public let reliabilityA: Double?
  public let reliabilityB: Double?
  public let exchange: ExchangeDesign?
  public let blockCount: Int?

  public static let schema = TableSchema(
    name: "similarity", title: "Similarity of representations: between layers in a phase, between phases in a layer",
    columns: [
      Column("layer_a", .string, "Layer of the first representation"),
      Column("phase_a", .string, "Its rows: all, none, self, other or both; self and other after the partner filter"),
      Column("layer_b", .string, "Layer of the second representation"),
      Column("phase_b", .string, "Its rows"),
      Column(
        "measure", .string,
        "rsa: Spearman's rho between matrices of correlation distances of stratum means; cka: linear centred kernel alignment, unbiased; "
          + "cka_biased: its plain estimate"),
      Column("n", .integer, "What was compared: strata for rsa and between phases, rows for cka between layers"),
      Column("value", .number, "The similarity: rsa and cka -1 to 1, cka_biased 0 to 1"),
      Column("reason", .string, "Why the value, or its p, does not exist"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations of the second's strata or rows at least as similar"),
      Column("permutations", .integer, "N; 0 without a p-value"),
      Column(
        "reliability_a", .number,
        "rsa: Spearman's rho between the dissimilarities of the first representation from two halves of each stratum's rows, Spearman-Brown corrected"
      ),
      Column("reliability_b", .number, "The same of the second"),
      Column("exchange", .string, "What was permuted: free (rows), whole (strata), within (rows inside strata)"),
      Column("n_blocks", .integer, "How many rows (free) or strata could move"),
    ])

  public var cells: [Cell] {
    [
      .string(layerA), .string(phaseA.name), .string(layerB), .string(phaseB.name), .string(measure.rawValue),
      .integer(count), .number(value), .string(reason), .number(pValue), .integer(permutations),
      .number(reliabilityA), .number(reliabilityB), .string(exchange?.rawValue), .integer(blockCount),
    ]
  }
}
