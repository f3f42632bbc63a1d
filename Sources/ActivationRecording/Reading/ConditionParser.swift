/// Reads a condition from left to right.
struct ConditionParser {
  private let tokens: [Token]
  private var position = 0
  private var depth = 0
  private var hasOpenQuote = false

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
        hasOpenQuote = rest.count < inner.count + 2
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
    if hasOpenQuote { throw fault("has a quote that is not closed") }
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
