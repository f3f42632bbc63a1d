import Tabular

/// A cell of a column that tells conditions or seeds. Numerals that differ only in zeros behind the point are one value: 26, 26.0 and 26.00.
struct ConditionValue: Hashable, Comparable, Sendable {
  let text: String
  /// What the text says, where it is a plain decimal numeral of at most 15 digits.
  let number: Double?

  init(_ text: String) {
    let trimmed = text.trimmed
    guard var numeral = Self.plainNumeral(trimmed) else {
      (self.text, number) = (trimmed, nil)
      return
    }
    if numeral.contains(".") {
      while numeral.last == "0" { numeral.removeLast() }
      if numeral.last == "." { numeral.removeLast() }
    }
    if numeral == "-0" { numeral = "0" }
    (self.text, number) = (numeral, Double(numeral))
  }

  /// Zeros in front, exponents and more digits than a double tells apart may be names: they stay text.
  private static func plainNumeral(_ text: String) -> String? {
    let unsigned = text.first == "-" ? text.dropFirst() : text[...]
    let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      parts.reduce(0, { $0 + $1.utf8.count }) <= 15, parts[0] == "0" || parts[0].first != "0"
    else { return nil }
    return text
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
