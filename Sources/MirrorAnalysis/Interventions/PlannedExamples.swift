import ActivationRecording

/// The examples of a recording's evaluate rows: what the model is run on in every arm.
struct PlannedExamples {
  /// The column that tells them; nil where each row is one.
  let column: String?
  let examples: [InterventionPlan.Example]
  /// What a user is to know of them.
  let notes: [String]

  private static let standardColumn = "example"

  /// - Throws: `RecordingError.badInput` for a column that is not there; `.invalid` where rows of one example lie in both halves.
  init(of recording: RecordingView, rows: EvaluationRows, column wanted: String?) throws {
    let isRecorded = recording.first.rowColumnNames.contains(Self.standardColumn)
    column = wanted ?? (isRecorded ? Self.standardColumn : nil)
    let values = try column.map { try recording.rowColumn($0) }
    let (strata, pairs) = (try recording.strata, try recording.pairs)
    func name(_ row: Int) -> String { values?.text(row) ?? String(recording.origin(of: row).row) }
    var members: [String: [Int]] = [:]
    var order: [String] = []
    for row in rows.evaluate {
      let name = name(row)
      if members[name] == nil { order.append(name) }
      members[name, default: []].append(row)
    }
    if let column, !rows.areSame, let row = rows.select.first(where: { members[name($0)] != nil }) {
      throw RecordingError.invalid(
        file: recording.path,
        fault:
          "rows of one example (\(column) \(name(row))) would choose units and test them. Keep examples whole in /split, or take them as "
          + "strata with --stratum-column \(column).")
    }
    func common<Value: Equatable>(_ rows: [Int], _ value: (Int) -> Value?) -> Value? {
      guard let first = rows.first.flatMap(value), rows.allSatisfy({ value($0) == first }) else { return nil }
      return first
    }
    examples = order.map { name in
      let members = members[name] ?? []
      return InterventionPlan.Example(
        example: name, rows: members.map { recording.origin(of: $0).row }, phase: common(members) { rows.phases[$0]?.name },
        stratum: strata.flatMap { strata in common(members) { Int(strata[$0]) } },
        pair: pairs.flatMap { pairs in common(members) { pairs[$0] >= 0 ? Int(pairs[$0]) : nil } })
    }
    let mixed = order.count { name in
      let members = members[name] ?? []
      return Set(members.map { rows.phases[$0] }).count > 1
    }
    notes = mixed == 0 ? [] : ["\(mixed) of \(order.count) examples have rows of several phases, and count in none of them."]
  }
}
