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

  /// Whether each of `count` rows meets the condition.
  ///
  /// - Parameter columns: those of `columns`, by name.
  /// - Throws: `Malformed` for an order between text and a number.
  func rows(_ count: Int, columns: [String: RowColumn]) throws -> [Bool] {
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

/// Reads a condition from left to right.
private struct ConditionParser {
  private let tokens: [Token]
  private var position = 0
  private var depth = 0

  private enum Token: Equatable {
    case word(String)
    case text(String)
    case comparison(RowCondition.Comparison)
    case symbol(Character)

    var description: String {
      switch self {
      case .word(let text), .text(let text): text
      case .comparison(let comparison): comparison.rawValue
      case .symbol(let character): String(character)
      }
    }
  }

  init(_ text: String) {
    var tokens: [Token] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if first == "'" || first == "\"" {
        let inner = rest.dropFirst().prefix { $0 != first }
        tokens.append(.text(String(inner)))
        rest = rest.dropFirst(inner.count + 2)
      } else if let comparison = RowCondition.Comparison.allCases.first(where: { rest.hasPrefix($0.rawValue) }) {
        tokens.append(.comparison(comparison))
        rest = rest.dropFirst(comparison.rawValue.count)
      } else {
        let word = rest.prefix { $0.isLetter || $0.isNumber || "_-./:+".contains($0) }
        tokens.append(word.isEmpty ? .symbol(first) : .word(String(word)))
        rest = rest.dropFirst(max(1, word.count))
      }
    }
    self.tokens = tokens
  }

  mutating func parse() throws -> RowCondition {
    let condition = try disjunction()
    if let token = peek { throw fault("has '\(token.description)' where it should end") }
    return condition
  }

  private var peek: Token? { position < tokens.count ? tokens[position] : nil }

  private func fault(_ what: String) -> RowCondition.Malformed { RowCondition.Malformed(description: what) }

  private mutating func take(word: String) -> Bool {
    guard case .word(let found)? = peek, found.lowercased() == word else { return false }
    position += 1
    return true
  }

  private mutating func disjunction() throws -> RowCondition {
    var left = try conjunction()
    while take(word: "or") { left = .or(left, try conjunction()) }
    return left
  }

  private mutating func conjunction() throws -> RowCondition {
    var left = try single()
    while take(word: "and") { left = .and(left, try single()) }
    return left
  }

  private mutating func single() throws -> RowCondition {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 100 else { throw fault("is nested too deep") }
    if take(word: "not") { return .not(try single()) }
    if peek == .symbol("(") {
      position += 1
      let inner = try disjunction()
      try expect(")")
      return inner
    }
    let column = try value("a column's name")
    if take(word: "in") {
      try expect("(")
      var values = [try value("a value")]
      while peek == .symbol(",") {
        position += 1
        values.append(try value("a value"))
      }
      try expect(")")
      return .isIn(column: column, values: values)
    }
    guard case .comparison(let comparison)? = peek else {
      throw fault("needs ==, !=, <, <=, >, >= or in after '\(column)'")
    }
    position += 1
    return .compare(column: column, comparison, value: try value("a value"))
  }

  private mutating func expect(_ character: Character) throws {
    guard peek == .symbol(character) else {
      throw fault("needs '\(character)'" + (peek.map { " before '\($0.description)'" } ?? " at its end"))
    }
    position += 1
  }

  private mutating func value(_ what: String) throws -> String {
    switch peek {
    case .word(let text)?, .text(let text)?:
      position += 1
      return text
    case let token?: throw fault("has '\(token.description)' where \(what) should be")
    case nil: throw fault("ends where \(what) should be")
    }
  }
}
