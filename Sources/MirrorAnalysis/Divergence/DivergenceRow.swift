import ActivationRecording
import Statistics
import Tabular

/// A row of `divergence`: how far a unit's activations in one phase are from those in another.
public struct DivergenceRow: TableRow {
  public let layer: String
  public let unit: Int
  public let phaseA: Phase
  public let phaseB: Phase
  public let kl: Double?
  public let commonPositive: Double?
  public let reason: String?
  /// D with 1e-10 added to densities.
  public let authorKL: Double?
  public let null: DivergenceNull?
  /// That the null rests on; 0 without one.
  public let permutations: Int
  public let exchange: ExchangeDesign?
  public let blockCount: Int?

  public static let schema = TableSchema(
    name: "divergence", title: "Kullback-Leibler divergence between phases, per unit",
    columns: [
      Column("layer", .string, "Name of the layer"),
      Column("unit", .integer, "Number of the unit, 0-based"),
      Column("phase_a", .string, "Phase of P in D(P||Q)"),
      Column("phase_b", .string, "Phase of Q in D(P||Q)"),
      Column("kl", .number, "D(phase_a||phase_b) in nats, from histograms over one range, 1e-10 added to each share of rows"),
      Column(
        "common_positive", .number,
        "Of the unit, the same in both its rows none-self and none-other: the smaller kl of the two where both means rise, otherwise 0"),
      Column("reason", .string, "Why a number does not exist"),
      Column(
        "kl_author", .number, "The same with 1e-10 added to densities, as the author's scripts do: it depends on the scale of activations"),
      Column("null_mean", .number, "Mean of kl over permutations of the labels of the two phases"),
      Column("excess", .number, "kl - null_mean"),
      Column("p_value", .number, "(b + 1) / (N + 1), b of N permutations with a kl at least as large"),
      Column("permutations", .integer, "N; 0 without a p-value"),
      Column("exchange", .string, "What was exchanged: free (rows), within (labels inside strata), whole (labels of whole strata)"),
      Column("n_blocks", .integer, "How many rows (free) or strata could move"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .string(phaseA.name), .string(phaseB.name), .number(kl),
      .number(commonPositive), .string(reason), .number(authorKL), .number(null?.mean),
      .number(null.flatMap { null in kl.map { $0 - null.mean } }), .number(null?.pValue), .integer(permutations),
      .string(exchange?.rawValue),
      blockCount.map { .integer($0) } ?? .missing,
    ]
  }
}
