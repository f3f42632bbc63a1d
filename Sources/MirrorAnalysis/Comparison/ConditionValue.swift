import Tabular

/// A cell of a column that tells conditions or seeds. Whether it is a number is decided for the whole column: in one of numbers alone 26, 26.0 and
/// 2.6e1 are one value, in one of names 1.1 and 1.10 are two.
struct ConditionValue: Hashable, Comparable, Sendable {
  let text: String
  /// What the text says, in a column of numbers.
  let number: Double?

  /// - Parameter isNumber: whether the column holds numbers alone.
  init(_ text: String, isNumber: Bool) {
    let trimmed = text.trimmed
    guard isNumber, let number = Self.numeral(trimmed) else {
      (self.text, number) = (trimmed, nil)
      return
    }
    // As Swift writes doubles: whole numbers with ".0".
    let shortest = (number == 0 ? 0 : number).description
    (self.text, self.number) = (shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest, number)
  }

  /// Whether a column of these cells holds numbers alone; empty cells count for nothing.
  static func areNumbers(_ texts: some Sequence<String>) -> Bool {
    texts.allSatisfy { text in
      let text = text.trimmed
      return text.isEmpty || numeral(text) != nil
    }
  }

  /// A decimal numeral, with or without exponent. Zeros in front, and more digits than a double tells apart, may be names: they stay text.
  private static func numeral(_ text: String) -> Double? {
    guard let match = text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?/) else { return nil }
    let digits = match.1.count + (match.2.map { $0.count - 1 } ?? 0)
    guard digits <= (match.2 == nil ? 15 : 17), let number = Double(text), number.isFinite else { return nil }
    return number
  }

  /// Numbers ascending, then text, then what is empty.
  static func < (a: ConditionValue, b: ConditionValue) -> Bool {
    switch (a.number, b.number) {
    case (let a?, let b?): a < b
    case (_?, nil): true
    case (nil, _?): false
    case (nil, nil): a.text.isEmpty || b.text.isEmpty ? !a.text.isEmpty && b.text.isEmpty : a.text < b.text
    }
  }

  /// As a table holds it.
  ///
  /// - Parameter isNumber: whether all values of the column are numbers.
  func cell(isNumber: Bool) -> Cell {
    if text.isEmpty { return .missing }
    guard isNumber, let number else { return .string(text) }
    return Int(text).map { .integer($0) } ?? .number(number)
  }
}

extension [ConditionValue] {
  func precedes(_ other: [ConditionValue]) -> Bool { lexicographicallyPrecedes(other) }

  /// As `hidden=2x17,kind=trained`.
  func text(_ columns: [String]) -> String { zip(columns, self).map { "\($0)=\($1.text)" }.joined(separator: ",") }
}

extension String {
  var trimmed: String {
    let blanks: Set<Character> = [" ", "\t"]
    guard let first = first, let last = last, blanks.contains(first) || blanks.contains(last) else { return self }
    let kept = drop(while: blanks.contains)
    guard let end = kept.lastIndex(where: { !blanks.contains($0) }) else { return "" }
    return String(kept[...end])
  }
}
