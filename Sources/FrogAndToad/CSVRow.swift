/// One line of the author's layout: 100 integers and the label. Made once and refilled line by line, without allocating.
struct CSVRow {
  static let fieldCount = StateIndex.count + 1
  private static let comma = UInt8(ascii: ",")

  /// The 100 bytes as they stand in the file, then the label.
  private(set) var values = [UInt8](repeating: 0, count: fieldCount)

  /// Which values a column can have.
  private static let codes: [(columns: Range<Int>, allowed: String, contains: @Sendable (Int) -> Bool)] = [
    (StateIndex.ground, "1 (solid) or 2 (rough)", { $0 == 1 || $0 == 2 }),
    (StateIndex.players, "0 (nobody) or 4 to 9", { $0 == 0 || (4...9).contains($0) }),
    (StateIndex.flies, "0 (none) or 3 (fly)", { $0 == 0 || $0 == 3 }),
    (96..<97, "0 (veiled) or 4 to 9", { $0 == 0 || (4...9).contains($0) }),
    (97..<98, "0 to 20", { (0...20).contains($0) }),
    (98..<99, "a scenario, 0 to 3", { (0...3).contains($0) }),
    (99..<100, "a cell, 0 to 31", { (0...31).contains($0) }),
    (100..<101, "0 (hop), 1 (jump), 2 (leap) or 3 (help)", { (0...3).contains($0) }),
  ]

  /// For each column and each value below 32, whether the column can have it.
  private static let allowedValues: [UInt32] = codes.flatMap { code in
    code.columns.map { _ in (0..<32).reduce(UInt32(0)) { code.contains($1) ? $0 | 1 << UInt32($1) : $0 } }
  }

  /// Reads a line without its line end. Blanks around a number don't matter.
  mutating func read(_ line: UnsafeBufferPointer<UInt8>) throws(CSVFault) {
    var column = 0
    var position = 0
    // The usual case first: one or two digits and a comma. Anything else is looked at field by field.
    while column < Self.fieldCount {
      var end = position
      var value = 0
      while end < line.count, end < position + 2, case let digit = line[end] &- 0x30, digit < 10 {
        value = value &* 10 &+ Int(digit)
        end &+= 1
      }
      let isLast = column == Self.fieldCount - 1
      let endsWell = isLast ? end == line.count : end < line.count && line[end] == Self.comma
      guard end > position, endsWell, value < 32, Self.allowedValues[column] &>> UInt32(value) & 1 == 1 else {
        return try readCarefully(line)
      }
      values[column] = UInt8(truncatingIfNeeded: value)
      column &+= 1
      position = end &+ 1
    }
  }

  private mutating func readCarefully(_ line: UnsafeBufferPointer<UInt8>) throws(CSVFault) {
    let fields = Self.fields(line)
    guard fields.count == Self.fieldCount else { throw .fieldCount(fields.count) }
    for (column, field) in fields.enumerated() {
      guard let value = Int(field) else { throw .notAnInteger(column: column, text: Self.shown(field)) }
      guard (0..<32).contains(value), Self.allowedValues[column] >> UInt32(value) & 1 == 1 else {
        let allowed = Self.codes.first { $0.columns.contains(column) }?.allowed ?? ""
        throw .unknownValue(column: column, value: value, allowed: allowed)
      }
      values[column] = UInt8(value)
    }
  }

  /// A first line is a header if more than half of its fields are no integers, or if those that are only number the columns.
  static func isHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
    let numbers = fields(line).map { Int($0) }
    let words = numbers.count { $0 == nil }
    return words * 2 > numbers.count || numbers.enumerated().allSatisfy { $0.element == nil || $0.element == $0.offset }
  }

  private static func fields(_ line: UnsafeBufferPointer<UInt8>) -> [String] {
    line.split(separator: comma, omittingEmptySubsequences: false).map { field in
      let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
      let kept = field.drop(while: blank)
      return String(decoding: kept.prefix(upTo: (kept.lastIndex { !blank($0) } ?? kept.startIndex - 1) + 1), as: UTF8.self)
    }
  }

  /// A field as an error message can show it.
  private static func shown(_ field: String) -> String {
    String(field.prefix(20).map { $0.isASCII && !($0.asciiValue.map { $0 < 32 || $0 == 127 } ?? true) ? $0 : "?" })
  }
}
