/// What a condition is compared with.
enum ComparisonBaseline: Sendable {
  /// The condition with these values in some columns, and in all others those of the condition itself.
  case condition([Int: ConditionValue])
  /// No slope.
  case zero

  /// Reads `column=value[,column=value]`, or a value that a single column has. A value may hold commas: what has no name of a column before it
  /// belongs to the value in front.
  ///
  /// - Parameter values: of each column, sorted.
  /// - Throws: `ComparisonError` for a value that is not there or that several columns have.
  init(_ text: String, columns: [String], values: [[ConditionValue]]) throws(ComparisonError) {
    func value(_ text: String, _ column: Int) -> ConditionValue {
      ConditionValue(text, isNumber: values[column].allSatisfy { $0.number != nil || $0.text.isEmpty })
    }
    let holders = columns.indices.filter { values[$0].contains(value(text, $0)) }
    if holders.count == 1 {
      self = .condition([holders[0]: value(text, holders[0])])
      return
    }
    if holders.count > 1 {
      let names = holders.map { columns[$0] }
      throw ComparisonError(
        .notThere, "The baseline '\(text)' is a value of \(names.joined(separator: " and of ")). Say which, as \(names[0])=\(text).")
    }
    guard text.contains("=") else {
      let all = Set(values.flatMap { $0 }).sorted().map(\.text)
      throw ComparisonError(
        .notThere,
        "The baseline '\(text)' is no value of \(columns.joined(separator: ", ")): \(nearestNames(to: text, among: all)).", .chooseBaseline)
    }
    var entries: [(column: String, value: String)] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0).trimmed }
      if sides.count == 2, columns.contains(sides[0]) || entries.isEmpty {
        entries.append((sides[0], sides[1]))
      } else if let last = entries.indices.last {
        entries[last].value += "," + part
      } else {
        throw ComparisonError(
          .notThere, "The baseline begins with '\(part)', which names no column. Write column=value, with commas between.", .chooseBaseline)
      }
    }
    var fixed: [Int: ConditionValue] = [:]
    for (name, text) in entries {
      guard let column = columns.firstIndex(of: name) else {
        throw ComparisonError(
          .notThere, "The baseline names '\(name)', which is no column of the condition: \(nearestNames(to: name, among: columns)).",
          .chooseBaseline)
      }
      let value = value(text, column)
      guard values[column].contains(value) else {
        throw ComparisonError(
          .notThere,
          "The baseline has \(name)=\(text), and no row has: \(nearestNames(to: text, among: values[column].map(\.text))).", .chooseBaseline
        )
      }
      guard fixed.updateValue(value, forKey: column) == nil else {
        throw ComparisonError(.notThere, "The baseline names '\(name)' twice.", .chooseBaseline)
      }
    }
    self = .condition(fixed)
  }

  /// The condition that one is compared with; nil for no slope.
  func condition(for own: [ConditionValue]) -> [ConditionValue]? {
    guard case .condition(let fixed) = self else { return nil }
    return own.enumerated().map { fixed[$0.offset] ?? $0.element }
  }

  /// As a table names it.
  func text(_ columns: [String]) -> String {
    guard case .condition(let fixed) = self else { return "no slope" }
    return fixed.sorted { $0.key < $1.key }.map { "\(columns[$0.key])=\($0.value.text)" }.joined(separator: ",")
  }
}
