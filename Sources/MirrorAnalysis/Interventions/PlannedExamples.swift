import ActivationRecording

/// The examples of a recording's evaluate rows: what the model is run on in every arm.
struct PlannedExamples {
  /// The column that tells them; nil where each row is one.
  let column: String?
  let examples: [InterventionPlan.Example]
  /// What a user is to know of them.
  let notes: [String]

  /// Why labels of rows must not be dealt; nil where examples are rows, or lie in strata.
  private let dependence: String?

  /// - Throws: `RecordingError.invalid` where several rows are one example and nothing keeps them together when labels are dealt.
  func requireIndependence(_ recording: RecordingView) throws {
    guard let dependence, let column else { return }
    throw RecordingError.invalid(
      file: recording.path,
      fault:
        "\(dependence), where labels are dealt to rows. Take them as strata with --stratum-column \(column), or choose one row of each with "
        + "--where.")
  }

  private static let standardColumn = "example"

  /// - Throws: `RecordingError.badInput` for a column that is not there; `.invalid` where rows of one example lie in both halves.
  init(of recording: RecordingView, rows: EvaluationRows, column wanted: String?) throws {
    let isRecorded = recording.first.rowColumnNames.contains(Self.standardColumn)
    column = wanted ?? (isRecorded ? Self.standardColumn : nil)
    let values = try column.map { try recording.rowColumn($0) }
    let (strata, pairs) = (try recording.strata, try recording.pairs)
    func name(_ row: Int) -> String { values?.text(row) ?? String(recording.origin(of: row).row) }
    for row in 0..<recording.rowCount {
      guard let values, let column else { break }
      var isName = !values.text(row).isEmpty
      if case .numbers(let numbers) = values { isName = numbers[row].isFinite }
      guard isName else {
        throw RecordingError.invalid(
          file: recording.path, fault: "column \(column) names no example at row \(recording.origin(of: row).row). Name every row's.")
      }
    }
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
    func severalItems(_ rows: [Int]) -> [Int]? {
      guard let pairs else { return nil }
      let items = Set(rows.map { pairs[$0] }.filter { $0 >= 0 })
      // With one item, and rows of none beside it, there is no common pair either.
      return items.count > 1 || items.count == 1 && rows.contains { pairs[$0] < 0 } ? items.map { Int($0) }.sorted() : nil
    }
    examples = order.map { name in
      let members = members[name] ?? []
      return InterventionPlan.Example(
        example: name, rows: members.map { recording.origin(of: $0).row }, phase: common(members) { rows.phases[$0]?.name },
        stratum: strata.flatMap { strata in common(members) { Int(strata[$0]) } },
        pair: pairs.flatMap { pairs in common(members) { pairs[$0] >= 0 ? Int(pairs[$0]) : nil } }, pairs: severalItems(members))
    }
    var selected: [String: Set<Int32?>] = [:]
    var hasSeveral = members.values.contains { $0.count > 1 }
    if values != nil {
      for row in rows.select + rows.evaluate {
        let stratum = strata.map { $0[row] }
        if selected[name(row)] == nil { selected[name(row)] = [stratum] } else { hasSeveral = true }
        selected[name(row)]?.insert(stratum)
      }
    }
    dependence =
      !hasSeveral || strata != nil && selected.values.allSatisfy({ $0.count == 1 })
      ? nil
      : strata == nil ? "rows of one example are taken as independent" : "rows of one example lie in several strata"
    let mixed = order.count { name in
      let members = members[name] ?? []
      return Set(members.map { rows.phases[$0] }).count > 1
    }
    notes = mixed == 0 ? [] : ["\(mixed) of \(order.count) examples have rows of several phases, and count in none of them."]
  }
}
