/// A condition on the columns of a row: `position == -1 and wording != 'blunt'`.
///
/// Comparisons are ==, !=, <, <=, >, >= and `in (a, b)`; they are joined by `and`, `or` (`and` binds tighter), `not` and parentheses. A
/// value is a number or text, in quotes where it holds more than letters, digits, `_`, `-`, `.`, `/` and `:`. Text compares with numbers by
/// == and != alone, as text.
public indirect enum RowCondition: Sendable, Equatable {
  public enum Comparison: String, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
  }

  case compare(column: String, Comparison, value: String)
  case isIn(column: String, values: [String])
  case not(RowCondition)
  case and(RowCondition, RowCondition)
  case or(RowCondition, RowCondition)

  /// - Throws: `Malformed`, which says where.
  public init(_ text: String) throws {
    var parser = ConditionParser(text)
    self = try parser.parse()
  }

  /// Why a text is no condition, or does not fit the columns: what follows "the condition" in a sentence.
  public struct Malformed: Error, CustomStringConvertible {
    public let description: String
  }

  /// The columns that it looks at.
  public var columns: Set<String> {
    switch self {
    case .compare(let column, _, _), .isIn(let column, _): [column]
    case .not(let inner): inner.columns
    case .and(let a, let b), .or(let a, let b): a.columns.union(b.columns)
    }
  }

  /// As it may be written, the same for the same condition.
  public var text: String {
    switch self {
    case .compare(let column, let comparison, let value): "\(column) \(comparison.rawValue) \(Self.quoted(value))"
    case .isIn(let column, let values): "\(column) in (\(values.map(Self.quoted).joined(separator: ", ")))"
    case .not(let inner): "not (\(inner.text))"
    case .and(let a, let b): "(\(a.text)) and (\(b.text))"
    case .or(let a, let b): "(\(a.text)) or (\(b.text))"
    }
  }

  /// In quotes where it holds more than a bare value may, so that no two conditions read alike.
  private static func quoted(_ value: String) -> String {
    value.wholeMatch(of: /[A-Za-z0-9_\-.\/:]+/) == nil ? String(reflecting: value) : value
  }

  /// Whether each of `count` rows meets the condition.
  ///
  /// - Parameters:
  ///   - count: of the rows.
  ///   - columns: those of `columns`, by name.
  /// - Throws: `Malformed` for an order between text and a number.
  public func rows(_ count: Int, columns: [String: RowColumn]) throws -> [Bool] {
    switch self {
    case .compare(let name, let comparison, let value):
      guard let column = columns[name] else { return Array(repeating: false, count: count) }
      return try column.matches(comparison, value, name: name)
    case .isIn(let name, let values):
      guard let column = columns[name] else { return Array(repeating: false, count: count) }
      let each = try values.map { try column.matches(.equal, $0, name: name) }
      return (0..<count).map { row in each.contains { $0[row] } }
    case .not(let inner): return try inner.rows(count, columns: columns).map { !$0 }
    case .and(let a, let b): return zip(try a.rows(count, columns: columns), try b.rows(count, columns: columns)).map { $0 && $1 }
    case .or(let a, let b): return zip(try a.rows(count, columns: columns), try b.rows(count, columns: columns)).map { $0 || $1 }
    }
  }
}

extension RowColumn {
  fileprivate func matches(_ comparison: RowCondition.Comparison, _ value: String, name: String) throws -> [Bool] {
    func compare<Number: Comparable>(_ a: Number, _ b: Number) -> Bool {
      switch comparison {
      case .equal: a == b
      case .notEqual: a != b
      case .less: a < b
      case .lessOrEqual: a <= b
      case .greater: a > b
      case .greaterOrEqual: a >= b
      }
    }
    switch self {
    case .integers(let values):
      if let whole = Int(value) { return values.map { compare($0, whole) } }
      if let number = Double(value) { return values.map { compare(Double($0), number) } }
    case .numbers(let values):
      if let number = Double(value) { return values.map { compare($0, number) } }
    case .strings(let values):
      if comparison == .equal || comparison == .notEqual { return values.map { compare($0, value) } }
      throw RowCondition.Malformed(description: "column \(name) is text, which has no order: compare it by == or !=")
    }
    throw RowCondition.Malformed(description: "column \(name) holds numbers, and '\(value)' is none")
  }
}
