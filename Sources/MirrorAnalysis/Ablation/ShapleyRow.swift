import Tabular

/// A row of `shapley`: how much of a target's effect on the primary outcome one of its units accounts for.
public struct ShapleyRow: TableRow {
  public var layer: String
  public var unit: Int
  public var outcome: String
  public var value: Double?
  public var standardError: Double?
  /// Of the values' sum, the effect of all units together.
  public var share: Double?
  /// All units of the target.
  public var units: [Int]
  public var mode: String
  public var reason: String?

  public static let schema = TableSchema(
    name: "shapley", title: "Which of the ablated units did it",
    columns: [
      Column("layer", .string, "Layer of the ablated units"),
      Column("unit", .integer, "Unit, 0-based"),
      Column("outcome", .string, "The primary outcome, over all evaluate rows"),
      Column(
        "value", .number, "Shapley value: the unit's mean marginal effect over all orders in which the target's units could be ablated"),
      Column("se", .number, "Standard error of the value over random orders (beyond 8 units) and draws; 0 where it is exact"),
      Column("share", .number, "value over the sum of the target's values, which is the effect of all its units together"),
      Column("target_units", .string, "Units of the target, 0-based, joined by semicolons"),
      Column("mode", .string, "What takes their place: zero, mean:PHASE, resample or noise"),
      Column("reason", .string, "Why a number does not exist"),
    ])

  public var cells: [Cell] {
    [
      .string(layer), .integer(unit), .string(outcome), .number(value), .number(standardError), .number(share),
      .string(units.map(String.init).joined(separator: ";")), .string(mode), .string(reason),
    ]
  }
}
