import Foundation
import MirrorAnalysis
import Tabular
import Testing

/// Every table that `mirrorscope` writes.
private let tables: [TableSchema] = [
  RecordingRow<AblationRow>.schema,
  RecordingRow<AuditRow>.schema,
  RecordingRow<CMNIRow>.schema,
  RecordingRow<CircuitRow>.schema,
  ComparisonRow.schema,
  RecordingRow<CorrelationRow>.schema,
  RecordingRow<DecodingRow>.schema,
  RecordingRow<DirectionRow>.schema,
  RecordingRow<DivergenceRow>.schema,
  RecordingRow<InspectionRow>.schema,
  RecordingRow<OverlapRow>.schema,
  RecordingRow<PlannedTargetRow>.schema,
  RecordingRow<ShapleyRow>.schema,
  RecordingRow<SimilarityRow>.schema,
  RecordingRow<StatsRow>.schema,
  RecordingRow<UnitsRow>.schema,
]

@Suite("Table schemas")
struct TableSchemaTests {
  /// `schemas/NAME.table.json` is written from the code by MIRRORSCOPE_UPDATE_SCHEMAS=1.
  @Test("The published schema of each table is the code's", arguments: tables)
  func published(table: TableSchema) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../schemas").standardizedFileURL
    let url = folder.appending(path: "\(table.name).table.json")
    if ProcessInfo.processInfo.environment["MIRRORSCOPE_UPDATE_SCHEMAS"] != nil {
      try table.frictionlessJSON.write(to: url, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: url, encoding: .utf8) == table.frictionlessJSON)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(table.frictionlessJSON.utf8)) }
  }

  private static let contracts: [(TableSchema, String)] = [
    (
      RecordingRow<AblationRow>.schema,
      "recording, network, epoch, target, target_units, mode, phase, outcome, baseline, ablated, effect, ci_low, ci_high, control_mean, control_sd, "
        + "controls, p_value, n, same_rows, reason, primary, q_value, balance, "
        + "draws, draw_se, smd_activation, smd_norm, exchange, n_blocks"
    ),
    (
      RecordingRow<CMNIRow>.schema,
      "recording, network, epoch, checkpoint_id, validation_loss, variant, cmni, total_mns, unit_count, n_none, n_self, n_other, null_mean, "
        + "excess, z, p_value, ci_low, ci_high, cmni_crossfit, p_both, p_overlap, overlap_excess, least_overlap_excess, exchange, n_blocks, reason, layer"
    ),
    (
      RecordingRow<CircuitRow>.schema,
      "recording, network, epoch, source_layer, source_unit, source_class, target_layer, target_unit, weight, z, contribution_none, contribution_self, "
        + "contribution_other, contribution_both, edge_effect, dominant_action, target_driver, reason, author_class"
    ),
    (
      ComparisonRow.schema,
      "outcome, seeds, mean, iqm, ci_low, ci_high, baseline, difference, difference_low, difference_high, improvement, p_value, p_holm, reason, "
        + "pairs, test, missing, trend"
    ),
    (
      RecordingRow<CorrelationRow>.schema,
      "recording, network, epoch, layer_a, unit_a, layer_b, unit_b, phase_a, phase_b, method, n, r, reason, precision"
    ),
    (RecordingRow<ShapleyRow>.schema, "recording, network, epoch, layer, unit, outcome, value, se, share, target_units, mode, reason"),
    (
      RecordingRow<DirectionRow>.schema,
      "recording, network, epoch, layer, n, cosine, ci_low, ci_high, null_mean, p_value, norm_ratio, k, shared_variance, shared_null, angle_1, "
        + "angle_2, angle_3, exchange, n_blocks, reason"
    ),
    (
      RecordingRow<DivergenceRow>.schema,
      "recording, network, epoch, layer, unit, phase_a, phase_b, kl, common_positive, reason, kl_author, null_mean, excess, p_value, "
        + "permutations, exchange, n_blocks"
    ),
    (
      RecordingRow<OverlapRow>.schema,
      "recording, network, epoch, layer, measure, n_pairs, self_other, self_self, other_other, none_self, none_other, null_mean, excess, p_value, "
        + "ci_low, ci_high, wording_only, exchange, n_blocks, reason"
    ),
    (
      RecordingRow<SimilarityRow>.schema,
      "recording, network, epoch, layer_a, phase_a, layer_b, phase_b, measure, n, value, reason, p_value, permutations, reliability_a, "
        + "reliability_b, exchange, n_blocks"
    ),
    (
      RecordingRow<StatsRow>.schema,
      "recording, network, epoch, layer, unit, phase, n, mean, variance, skewness, kurtosis, minimum, maximum, reason"
    ),
    (
      RecordingRow<UnitsRow>.schema,
      "recording, network, epoch, layer, unit, delta_self, delta_other, mns, selectivity, class, g_self, g_other, p_self, p_other, p_conjunction, "
        + "q_value, reason, p_method, g_self_low, g_self_high, g_other_low, g_other_high, p_fwer, p_interaction, graded, subtype, author_class, "
        + "exchange, n_blocks"
    ),
  ]

  @Test("Column names are those that others rely on", arguments: contracts)
  func contract(table: TableSchema, columns: String) {
    #expect(table.columns.map(\.name).joined(separator: ", ") == columns)
  }
}
