/// One line of the author's layout: 100 integers and the label. Made once and refilled line by line, without allocating.
struct CSVRow {
  static let fieldCount = StateIndex.count + 1
  private static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")

  /// Between fields: a comma, or what the file has instead.
  private let separator: UInt8

  /// The 100 bytes as they stand in the file, then the label.
  private(set) var values = [UInt8](repeating: 0, count: fieldCount)

  init() {
    separator = Self.comma
  }

  /// For a file with this first line: tabs, semicolons or blanks separate where they make 101 fields and commas don't.
  init(separatedAs line: UnsafeBufferPointer<UInt8>) {
    let candidates = [Self.comma, UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: " ")]
    separator = candidates.first { Self.split(line, at: $0).count == Self.fieldCount } ?? Self.comma
  }

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
    let separator = separator
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
      let endsWell = isLast ? end == line.count : end < line.count && line[end] == separator
      guard end > position, endsWell, value < 32, Self.allowedValues[column] &>> UInt32(value) & 1 == 1 else {
        return try readQuotedAndDecimal(line)
      }
      values[column] = UInt8(truncatingIfNeeded: value)
      column &+= 1
      position = end &+ 1
    }
  }

  /// Quotes, blanks and decimals of 0, as whole files have them in every field: still without a string.
  private mutating func readQuotedAndDecimal(_ line: UnsafeBufferPointer<UInt8>) throws(CSVFault) {
    var position = 0
    for column in 0..<Self.fieldCount {
      guard let value = wholeNumber(line, &position), Self.allowedValues[column] &>> UInt32(value) & 1 == 1,
        position < line.count ? line[position] == separator : column == Self.fieldCount - 1
      else { return try readCarefully(line) }
      values[column] = UInt8(truncatingIfNeeded: value)
      position += 1
    }
    // Some writers end a line with a separator.
    if position < line.count { try readCarefully(line) }
  }

  /// A number below 32 such as 7, "7" or 7.00 from `position` on, which is then where it ends; nil for anything else.
  private func wholeNumber(_ line: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Int? {
    func skip(_ matches: (UInt8) -> Bool) { while position < line.count, matches(line[position]) { position += 1 } }
    skip(isBlank)
    let isQuoted = position < line.count && line[position] == Self.quote
    if isQuoted { position += 1 }
    let start = position
    var value = 0
    while position < line.count, position < start + 2, case let digit = line[position] &- 0x30, digit < 10 {
      value = value * 10 + Int(digit)
      position += 1
    }
    guard position > start, value < 32 else { return nil }
    if position < line.count, line[position] == UInt8(ascii: ".") {
      position += 1
      skip { $0 == UInt8(ascii: "0") }
    }
    if isQuoted {
      guard position < line.count, line[position] == Self.quote else { return nil }
      position += 1
    }
    skip(isBlank)
    return value
  }

  private mutating func readCarefully(_ line: UnsafeBufferPointer<UInt8>) throws(CSVFault) {
    var fields = fields(line)
    if fields.count == Self.fieldCount + 1, fields.last == "" { fields.removeLast() }
    guard fields.count == Self.fieldCount else { throw .fieldCount(fields.count) }
    for (column, field) in fields.enumerated() {
      guard let value = Self.integer(field) else { throw .notAnInteger(column: column, text: Self.shown(field)) }
      guard (0..<32).contains(value), Self.allowedValues[column] >> UInt32(value) & 1 == 1 else {
        let allowed = Self.codes.first { $0.columns.contains(column) }?.allowed ?? ""
        throw .unknownValue(column: column, value: value, allowed: allowed)
      }
      values[column] = UInt8(value)
    }
  }

  /// The integer that a field writes: 12, 12.0 or 1.2e1; nil for anything else, 1.5 above all.
  private static func integer(_ field: String) -> Int? {
    if let value = Int(field) { return value }
    guard field.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }) else { return nil }
    return Double(field).flatMap { Int(exactly: $0) }
  }

  /// A first line is a header if more than half of its fields are no integers, or if those that are only number the columns.
  func isHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
    let numbers = fields(line).map { Self.integer($0) }
    let words = numbers.count { $0 == nil }
    return words * 2 > numbers.count || numbers.enumerated().allSatisfy { $0.element == nil || $0.element == $0.offset }
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte != separator && (byte == 0x20 || byte == 0x09) }

  /// The fields without blanks and quotes around them.
  private func fields(_ line: UnsafeBufferPointer<UInt8>) -> [String] {
    Self.split(line, at: separator).map { field in
      let kept = field.drop(while: isBlank)
      let text = kept.prefix(upTo: (kept.lastIndex { !isBlank($0) } ?? kept.startIndex - 1) + 1)
      guard text.count > 1, text.first == Self.quote, text.last == Self.quote else { return String(decoding: text, as: UTF8.self) }
      return String(decoding: text.dropFirst().dropLast(), as: UTF8.self).replacing("\"\"", with: "\"")
    }
  }

  /// A separator in quotes separates nothing.
  private static func split(_ line: UnsafeBufferPointer<UInt8>, at separator: UInt8) -> [Slice<UnsafeBufferPointer<UInt8>>] {
    var fields: [Slice<UnsafeBufferPointer<UInt8>>] = []
    var start = 0
    var isQuoted = false
    for (position, byte) in line.enumerated() {
      if byte == quote { isQuoted.toggle() }
      if byte == separator && !isQuoted {
        fields.append(line[start..<position])
        start = position + 1
      }
    }
    return fields + [line[start...]]
  }

  /// A field as an error message can show it.
  private static func shown(_ field: String) -> String {
    String(field.prefix(20).map { $0.isASCII && !($0.asciiValue.map { $0 < 32 || $0 == 127 } ?? true) ? $0 : "?" })
  }
}
