import Tabular

/// What a measured confound means for a recording.
public enum AuditVerdict: String, Sendable {
  case ok, caution, fail
  case notMeasured = "not measured"
}

/// A row of `audit`: one confound, measured.
public struct AuditRow: TableRow, Equatable {
  public let recording: String
  public let check: String
  /// What of the recording was checked: a pair of phases, a layer, a part.
  public let subject: String
  public let value: Double?
  /// What the value is compared with: past it the verdict is not ok.
  public let threshold: Double?
  public let verdict: AuditVerdict
  /// What the verdict means, or why nothing was measured: one sentence.
  public let detail: String

  public static let schema = TableSchema(
    name: "audit", title: "Confounds of a recording, each measured, one row per check and subject",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("check", .string, "The confound"),
      Column("subject", .string, "What was checked: a pair of phases, a layer, a part"),
      Column("value", .number, "The measurement; empty where there is none"),
      Column("threshold", .number, "What the value is compared with: past it the verdict is not ok"),
      Column("verdict", .string, "ok, caution, fail or not measured"),
      Column("detail", .string, "What it means, or why nothing was measured"),
    ])

  public var cells: [Cell] {
    [
      .string(recording), .string(check), .string(subject), .number(value), .number(threshold), .string(verdict.rawValue), .string(detail),
    ]
  }
}
