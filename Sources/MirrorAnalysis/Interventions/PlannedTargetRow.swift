import Tabular

/// A row of `plan --targets`: what will be ablated, and whether it can have a p.
public struct PlannedTargetRow: TableRow {
  public var target: InterventionPlan.Target
  public var mode: String
  public var examples: Int
  public var arms: Int
  public var reason: String?

  public static let schema = TableSchema(
    name: "plan", title: "What a plan ablates",
    columns: [
      Column("id", .string, "Of the target, as in the names of its arms"),
      Column("target", .string, "Layer of what is ablated"),
      Column("target_units", .string, "Units, 0-based, joined by semicolons; of mode direction which: self, other or shared"),
      Column("mode", .string, "What takes their place"),
      Column("examples", .integer, "Examples that the model is run on in every arm"),
      Column("controls", .integer, "References"),
      Column("arms", .integer, "Runs of the model for it: itself and its references, in each draw"),
      Column("smd_activation", .number, "Mean activation less that of the references, in standard deviations over the layer's units"),
      Column("smd_norm", .number, "The same of the norm of outgoing weights; empty where they are not recorded"),
      Column("reason", .string, "Why it will have no p, or has fewer units or references than asked for"),
    ])

  public var cells: [Cell] {
    [
      .string(target.id), .string(target.layer),
      .string(target.direction?.rawValue ?? target.units.map(String.init).joined(separator: ";")), .string(mode), .integer(examples),
      .integer(target.references), .integer(arms), .number(target.smdActivation), .number(target.smdNorm), .string(reason),
    ]
  }
}
