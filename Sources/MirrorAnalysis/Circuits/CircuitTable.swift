import ActivationRecording
import Tabular

/// A row of `circuit`: one edge.
public struct CircuitRow: TableRow {
  public let recording: String
  public let edge: CircuitEdge

  public init(recording: String, edge: CircuitEdge) {
    self.recording = recording
    self.edge = edge
  }

  public static let schema = TableSchema(
    name: "circuit", title: "Edges out of chosen units: what each carries and does",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("source_layer", .string, "Layer that the edge comes from"),
      Column("source_unit", .integer, "Unit that the edge comes from, 0-based"),
      Column("source_class", .string, "mirror, differentiating or low-sensitivity"),
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
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(edge.sourceLayer), .integer(edge.sourceUnit), .string(edge.sourceClass.rawValue),
      .string(edge.targetLayer), .integer(edge.targetUnit), .number(edge.weight), .number(edge.z),
    ] + edge.contributions.map { Cell.number($0) } + [
      .number(edge.edgeEffect), .string(edge.dominantAction), .string(edge.targetDriver?.rawValue), .string(edge.reason),
    ]
  }
}
