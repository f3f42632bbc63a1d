import ActivationRecording
import Tabular

/// What a measured confound means for a recording.
public enum AuditVerdict: String, Sendable {
  case ok, caution, fail
  case notMeasured = "not measured"
}

/// A row of `audit`: one confound, measured.
public struct AuditRow: TableRow, Equatable {
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
      Column("check", .string, "The confound"),
      Column("subject", .string, "What was checked: a pair of phases, a layer, a part"),
      Column("value", .number, "The measurement; empty where there is none"),
      Column("threshold", .number, "What the value is compared with: past it the verdict is not ok"),
      Column("verdict", .string, "ok, caution, fail or not measured"),
      Column("detail", .string, "What it means, or why nothing was measured"),
    ])

  public var cells: [Cell] {
    [.string(check), .string(subject), .number(value), .number(threshold), .string(verdict.rawValue), .string(detail)]
  }
}

/// The confounds of a recording, each measured; rows in a fixed order.
///
/// Phases are taken after the partner filter. Inputs are read in row blocks. The seed is that of the random projections, the untrained
/// networks, and the halves of the rows in which a leak is learnt and scored.
public struct AuditAnalysis: Analysis {
  /// The column whose order inside strata is looked at; nil takes `turn`, where there is one.
  public var orderColumn: String?

  public init(along orderColumn: String? = nil) { self.orderColumn = orderColumn }

  public var needs: RecordingNeeds { RecordingNeeds() }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    byteCount(
      shape.momentBytes(threads: threads)
        + max(InputMemory.bytes(shape, threads: threads), InputProbes.memory(shape), SerialRows.memory(shape))
        + 120 * Double(shape.rowCount)
        + 1000 * Double(2 * shape.layers.count + 50))
  }

  /// - Throws: `RecordingError.notEnoughRows` where the none, self or other phase has no rows; `notFinite` and `invalid` for values that are
  ///   not finite in a row that belongs to a phase; what reading throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [AuditRow] {
    let phases = try recording.phases
    try phases.require([.neither, .own, .other], in: recording.path)
    let moments = try RecordingMoments(of: recording, in: context.part(0, 0.3))
    let shapes = try UntrainedNetworks(like: recording)
    let inputs =
      try recording.inputsStoreDoubles
      ? try InputAudit(of: recording, as: Double.self, like: shapes, in: context.part(0.3, 0.6))
      : try InputAudit(of: recording, as: Float.self, like: shapes, in: context.part(0.3, 0.6))
    var audit = Audit()
    audit.checkLeak(inputs, rows: phases)
    audit.checkLabels(try recording.labels, rows: phases)
    if recording.description.isOfGame, inputs.map({ $0.columns == StateQuantity.stateWidth }) ?? true { audit.checkStates(inputs) }
    audit.checkProbes(try InputProbes(of: recording, in: context.part(0.6, 0.9)), hasInputs: recording.inputCount != nil)
    audit.checkBaselines(moments.layers, inputs: inputs, shapes: shapes, seed: context.seed)
    audit.checkUnits(moments.layers)
    let turn = recording.first.rowColumnNames.contains("turn") ? "turn" : nil
    try audit.checkOrder(of: recording, along: orderColumn ?? turn, in: context.part(0.9, 1))
    audit.checkSizes(phases, unfiltered: try recording.unfilteredPhases)
    audit.checkOutputs(moments.layers, saysOutput: recording.saysOutput)
    try audit.checkParts(of: recording)
    return audit.rows
  }
}
