import ActivationRecording
import Statistics
import Tabular

/// Rows of tables, each of one network: its condition, its seed, and its numbers.
struct NetworkRows: Sendable {
  struct Row: Sendable {
    /// Number of the table, and of the row in it.
    let table: Int
    let number: Int
    let condition: [ConditionValue]
    let seed: [ConditionValue]
    /// What the table itself calls the network; nil where it does not say.
    let network: String?
  }

  struct Number: Sendable {
    let row: Row
    let outcome: String
    /// Nil for an empty cell.
    let value: Double?
  }

  let tables: [JoinedTable]
  let numbers: [Number]
  let outcomes: [String]

  /// - Throws: `ComparisonError`.
  init(_ tables: [TextTable], networks: TextTable?, plan: ComparisonPlan) throws(ComparisonError) {
    var joined: [JoinedTable] = []
    var (numbers, found) = ([Number](), Set<String>())
    let names = plan.conditions + plan.seedColumns
    var (chosen, texts) = ([[Int]](), [[[String]]]())
    for table in tables {
      let source = try JoinedTable(table, networks: networks)
      joined.append(source)
      guard table.rowCount > 0 else { throw ComparisonError(.notEnoughData, "\(table.name): has no rows.") }
      let cells = try source.cells(of: names)
      chosen.append(try source.rows(that: plan.condition))
      var ofTable: [[String]] = []
      for number in chosen[chosen.count - 1] { ofTable.append(try cells.map { cell throws(ComparisonError) in try cell(number) }) }
      texts.append(ofTable)
    }
    let areNumbers = names.indices.map { column in ConditionValue.areNumbers(texts.joined().lazy.map { $0[column] }) }
    for (index, table) in tables.enumerated() {
      let (source, networkColumn) = (joined[index], table.column("network"))
      var rows: [Row] = []
      for (number, cells) in zip(chosen[index], texts[index]) {
        let values = zip(cells, areNumbers).map { ConditionValue($0, isNumber: $1) }
        let (condition, seed) = (Array(values.prefix(plan.conditions.count)), Array(values.dropFirst(plan.conditions.count)))
        if let empty = seed.firstIndex(where: \.text.isEmpty) {
          throw ComparisonError(
            .badTable,
            "\(table.name): \(table.place(ofRow: number)) has nothing in \(plan.seedColumns[empty]), which tells the seeds. Fill it in.")
        }
        rows.append(
          Row(
            table: index, number: number, condition: condition, seed: seed,
            network: networkColumn.map { table.text(row: number, column: $0).trimmed }))
      }
      if let choice = plan.epoch { rows = try source.choosing(choice, from: rows) }
      numbers += try source.numbers(of: rows, plan: plan, seen: &found)
    }
    guard !found.isEmpty else {
      throw ComparisonError(.notEnoughData, "\(tables.first?.name ?? "The table"): no row is left.", .chooseRows)
    }
    if let missing = plan.outcomes.first(where: { !found.contains($0) }) {
      throw ComparisonError(
        .notThere, "\(tables[0].name): has no outcome '\(missing)': \(nearestNames(to: missing, among: found.sorted())).", .nameOutcomes)
    }
    outcomes = plan.outcomes.isEmpty ? found.sorted() : plan.outcomes
    (self.tables, self.numbers) = (joined, numbers)
  }

  /// The slope over a column; nil where a seed has no two values of it.
  ///
  /// - Throws: `ComparisonError` where two rows are of one value of the column, and where it holds what is no number.
  func slope(_ numbers: [Number], plan: ComparisonPlan) throws(ComparisonError) -> Double? {
    guard let trend = plan.trend else { return nil }
    if Set(numbers.compactMap(\.row.network)).count > 1 { throw ambiguity(numbers, plan: plan) }
    var (x, y) = ([Double](), [Double]())
    var places: [Double: Number] = [:]
    for number in numbers {
      guard let place = try tables[number.row.table].number(trend, row: number.row.number) else { continue }
      if let other = places.updateValue(number, forKey: place) { throw ambiguity([other, number], plan: plan) }
      if let value = number.value {
        x.append(place)
        y.append(value)
      }
    }
    return leastSquaresSlope(x: x, y: y)
  }

  /// Which rows are of one network, and in what they differ.
  func ambiguity(_ numbers: [Number], plan: ComparisonPlan) -> ComparisonError {
    let (first, table) = (numbers[0], tables[numbers[0].row.table].table)
    let places = numbers.map { number in
      let own = tables[number.row.table].table
      return own.name == table.name ? own.place(ofRow: number.row.number) : "\(own.place(ofRow: number.row.number)) of \(own.name)"
    }
    let isOneTable = numbers.allSatisfy { $0.row.table == first.row.table }
    let differing = table.columns.indices.filter { column in
      isOneTable && !plan.outcomes.contains(table.columns[column]) && table.columns[column] != plan.valueColumn
        && Set(numbers.map { table.text(row: $0.row.number, column: column) }).count > 1
    }
    let key = (first.row.condition.text(plan.conditions) + "," + first.row.seed.text(plan.seedColumns))
    let how =
      !isOneTable
      ? "" : differing.isEmpty ? ", which are alike" : ", which differ in \(listed(differing.map { table.columns[$0] }, most: 6))"
    return ComparisonError(
      .notThere,
      "\(table.name): \(numbers.count) rows are of \(key) and outcome \(first.outcome) (\(listed(places, most: 4)))\(how). Rows of one network are no "
        + "replicates.", .tellRowsApart)
  }
}
