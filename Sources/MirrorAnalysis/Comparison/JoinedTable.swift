import ActivationRecording
import Tabular

/// A table, and what a table of networks says of the network of each of its rows.
struct JoinedTable: Sendable {
  let table: TextTable
  private let networks: TextTable?
  /// The row of `networks` of each key; nil for a key that several rows have.
  private let rowOfNetwork: [[ConditionValue]: Int?]
  /// The columns that rows are joined on.
  private let keys: [String]

  /// Joins on `network`; where both tables have an `epoch`, on `network` and `epoch`: what is known of a network at one epoch is not known of another.
  ///
  /// - Throws: `ComparisonError` where rows cannot be told apart that way.
  init(_ table: TextTable, networks: TextTable?) throws(ComparisonError) {
    (self.table, self.networks) = (table, networks)
    guard let networks else {
      (rowOfNetwork, keys) = ([:], [])
      return
    }
    guard networks.column("network") != nil else {
      throw ComparisonError(.notThere, "\(networks.name): has no column network, on which tables are joined with it.")
    }
    func rows(by keys: [String]) -> [[ConditionValue]: [Int]] {
      let columns = keys.compactMap { networks.column($0) }
      return Dictionary(grouping: 0..<networks.rowCount) { row in
        zip(keys, columns).map { Self.key($0, networks.text(row: row, column: $1)) }
      }
    }
    var (keys, found) = (["network"], rows(by: ["network"]))
    if networks.column("epoch") != nil, table.column("epoch") != nil {
      (keys, found) = (["network", "epoch"], rows(by: ["network", "epoch"]))
    }
    let repeated = found.filter { $0.value.count > 1 }.min { $0.value[0] < $1.value[0] }
    if let repeated, table.column("network") != nil {
      throw ComparisonError(
        .badTable,
        "\(networks.name): \(repeated.value.count) rows are of \(repeated.key.text(keys)) (\(listed(repeated.value.map(networks.place), most: 4))). "
          + "Give each a row of its own.")
    }
    (rowOfNetwork, self.keys) = (found.mapValues { $0.count == 1 ? $0[0] : nil }, keys)
  }

  /// Names are text, epochs numbers.
  private static func key(_ column: String, _ text: String) -> ConditionValue { ConditionValue(text, isNumber: column == "epoch") }

  /// What reads a column's cells by their rows: of the table itself, or of the row's network.
  ///
  /// - Throws: `ComparisonError` where neither has it; the function that comes back, for a row of a network that is not listed.
  func cell(_ name: String) throws(ComparisonError) -> (_ row: Int) throws(ComparisonError) -> String {
    if let column = table.column(name) { return { row in table.text(row: row, column: column) } }
    guard let networks else {
      throw ComparisonError(
        .notThere, "\(table.name): has no column \(name): \(nearestNames(to: name, among: table.columns)).", .giveNetworks)
    }
    guard let column = networks.column(name) else {
      throw ComparisonError(
        .notThere,
        "\(table.name): has no column \(name), nor has \(networks.name): \(nearestNames(to: name, among: table.columns + networks.columns))."
      )
    }
    let own = keys.compactMap { table.column($0) }
    guard own.count == keys.count else {
      throw ComparisonError(.notThere, "\(table.name): has no column network, on which it could be joined with \(networks.name).")
    }
    return { row throws(ComparisonError) in
      let key = zip(keys, own).map { Self.key($0, table.text(row: row, column: $1)) }
      guard let found = rowOfNetwork[key] ?? nil else {
        throw ComparisonError(
          .badTable,
          "\(table.name): \(table.place(ofRow: row)) is of \(key.text(keys)), which \(networks.name) does not list. Add it there.")
      }
      return networks.text(row: found, column: column)
    }
  }

  func cells(of names: [String]) throws(ComparisonError) -> [(_ row: Int) throws(ComparisonError) -> String] {
    var readers: [(Int) throws(ComparisonError) -> String] = []
    for name in names { readers.append(try cell(name)) }
    return readers
  }

  /// A number; nil for an empty cell.
  ///
  /// - Throws: `ComparisonError` for anything else.
  func number(_ name: String, row: Int) throws(ComparisonError) -> Double? { try number(try cell(name)(row), of: name, row: row) }

  private func number(_ text: String, of name: String, row: Int) throws(ComparisonError) -> Double? {
    let text = text.trimmed
    if text.isEmpty { return nil }
    guard let number = decimal(text) else {
      throw ComparisonError(
        .badTable,
        "\(table.name): \(table.place(ofRow: row)) has '\(text.prefix(24))' in \(name), which is no finite number. Leave a cell without a value empty."
      )
    }
    return number
  }

  /// The rows that meet a condition, in order; all without one.
  func rows(that condition: RowCondition?) throws(ComparisonError) -> [Int] {
    guard let condition else { return Array(0..<table.rowCount) }
    var columns: [String: RowColumn] = [:]
    for name in condition.columns.sorted() {
      let cell = try cell(name)
      var texts: [String] = []
      for row in 0..<table.rowCount { texts.append(try cell(row).trimmed) }
      columns[name] = Self.column(texts)
    }
    do {
      let isMet = try condition.rows(table.rowCount, columns: columns)
      return isMet.indices.filter { isMet[$0] }
    } catch {
      throw ComparisonError(.notThere, "\(table.name): the condition does not fit: \(error).")
    }
  }

  /// Numbers, where all cells hold one or nothing; then what is empty equals nothing.
  private static func column(_ texts: [String]) -> RowColumn {
    let whole = texts.compactMap { Int($0) }
    if whole.count == texts.count { return .integers(whole) }
    let numbers = texts.map { $0.isEmpty ? .nan : decimal($0) }
    return numbers.allSatisfy { $0 != nil } && numbers.contains { $0?.isNaN == false }
      ? .numbers(numbers.compactMap { $0 }) : .strings(texts)
  }

  /// Of each network, by its name where the table has one, of each seed in each condition the rows of one epoch.
  func choosing(_ choice: ComparisonPlan.EpochChoice, from rows: [NetworkRows.Row]) throws(ComparisonError) -> [NetworkRows.Row] {
    struct Key: Hashable {
      let condition, seed: [ConditionValue]
      let network: String?

      init(_ row: NetworkRows.Row) { (condition, seed, network) = (row.condition, row.seed, row.network) }
    }
    if choice == .best, table.column("validation_loss") == nil, let networks, !keys.contains("epoch") {
      throw ComparisonError(
        .badTable,
        "\(networks.name): has one validation_loss for each network and no column epoch, so it says of no epoch that it is the best.",
        .tellRowsApart)
    }
    var best: [Key: (rank: Double, epoch: Double)] = [:]
    var epochs: [Double?] = []
    for row in rows {
      let key = Key(row)
      let epoch = try number("epoch", row: row.number)
      epochs.append(epoch)
      guard let epoch, let rank = choice == .last ? -epoch : try number("validation_loss", row: row.number) else { continue }
      if let known = best[key], (known.rank, known.epoch) <= (rank, epoch) { continue }
      best[key] = (rank, epoch)
    }
    let chosen = zip(rows, epochs).filter { row, epoch in
      epoch != nil && best[Key(row)]?.epoch == epoch
    }
    if chosen.isEmpty, !rows.isEmpty {
      throw ComparisonError(
        .notEnoughData, "\(table.name): no row has \(choice == .last ? "an epoch" : "an epoch and a validation_loss") to be chosen by.")
    }
    return chosen.map(\.0)
  }

  /// The numbers of rows: of a long table those of its outcomes, of a wide one those of the columns that are outcomes.
  ///
  /// A table is long that has a column `outcome` and one of the values, unless all outcomes that are asked for are columns.
  /// - Parameter seen: gets the names of all outcomes, asked for or not.
  func numbers(
    of rows: [NetworkRows.Row], plan: ComparisonPlan, seen: inout Set<String>
  ) throws(ComparisonError) -> [NetworkRows.Number] {
    let asked = plan.outcomes
    let areColumns = !asked.isEmpty && asked.allSatisfy { (try? cell($0)) != nil }
    var result: [NetworkRows.Number] = []
    if let outcomeColumn = table.column("outcome"), let valueColumn = table.column(plan.valueColumn), !areColumns {
      for row in rows {
        let outcome = table.text(row: row.number, column: outcomeColumn)
        seen.insert(outcome)
        guard asked.isEmpty || asked.contains(outcome) else { continue }
        let value = try number(table.text(row: row.number, column: valueColumn), of: plan.valueColumn, row: row.number)
        result.append(NetworkRows.Number(row: row, outcome: outcome, value: value))
      }
      return result
    }
    guard !asked.isEmpty else {
      let named = Set(plan.conditions + plan.seedColumns + ["epoch"])
      let numeric = table.columns.indices.filter { column in
        !named.contains(table.columns[column])
          && rows.prefix(100).contains { decimal(table.text(row: $0.number, column: column)) != nil }
          && rows.prefix(100).allSatisfy { row in
            let text = table.text(row: row.number, column: column)
            return text.isEmpty || decimal(text) != nil
          }
      }
      throw ComparisonError(
        .notThere,
        "\(table.name): has no columns outcome and \(plan.valueColumn), so its outcomes have to be named; columns of numbers are "
          + "\(listed(numeric.map { table.columns[$0] }, most: 20)).", .nameOutcomes)
    }
    for outcome in asked {
      let cell = try cell(outcome)
      if !rows.isEmpty { seen.insert(outcome) }
      for row in rows {
        result.append(NetworkRows.Number(row: row, outcome: outcome, value: try number(try cell(row.number), of: outcome, row: row.number)))
      }
    }
    return result
  }
}

/// A finite number as tables write it; nil for anything else, hexadecimal and words of infinity and NaN included.
private func decimal(_ text: String) -> Double? {
  guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }), let number = Double(text), number.isFinite else {
    return nil
  }
  return number
}
