import Tabular

/// How alike two representations are.
public enum SimilarityMeasure: String, Sendable, CaseIterable {
  /// Representational similarity analysis: Spearman's ρ between two matrices of dissimilarities of the same strata.
  case rsa
  /// Linear centred kernel alignment.
  case cka
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

  public static let schema = TableSchema(
    name: "similarity", title: "Similarity of representations: between layers in a phase, between phases in a layer",
    columns: [
      Column("layer_a", .string, "Layer of the first representation"),
      Column("phase_a", .string, "Its rows: all, none, self, other or both; self and other after the partner filter"),
      Column("layer_b", .string, "Layer of the second representation"),
      Column("phase_b", .string, "Its rows"),
      Column(
        "measure", .string,
        "rsa: Spearman's rho between matrices of correlation distances of stratum means; cka: linear centred kernel alignment"),
      Column("n", .integer, "What was compared: strata for rsa and between phases, rows for cka between layers"),
      Column("value", .number, "The similarity: rsa -1 to 1, cka 0 to 1"),
      Column("reason", .string, "Why the value, or its p, does not exist"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations of the second's strata at least as similar"),
      Column("permutations", .integer, "N; 0 without a p-value"),
    ])

  public var cells: [Cell] {
    [
      .string(layerA), .string(phaseA.name), .string(layerB), .string(phaseB.name), .string(measure.rawValue),
      .integer(count), .number(value), .string(reason), .number(pValue), .integer(permutations),
    ]
  }
}
