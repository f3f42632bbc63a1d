/// What is wrong with a line of a CSV file. Columns are counted from 0, as in `StateIndex`; 100 is the label.
public enum CSVFault: Error, Equatable, Sendable {
  case fieldCount(Int)
  case notAnInteger(column: Int, text: String)
  case unknownValue(column: Int, value: Int, allowed: String)
  /// The players row can't be read: no player, more than two, or one of them twice.
  case players(count: Int)
  /// The own cell is given but nobody stands there.
  case ownCellEmpty(cell: Int)
  /// The scenario column says one thing, the players row another.
  case scenario(given: Scenario, seen: String)
  case lineTooLong
}

/// Why a CSV file could not be imported.
public enum CSVError: Error, Equatable, Sendable, CustomStringConvertible {
  case unreadable(file: String, reason: String)
  case compressed(file: String)
  case noRows(file: String)
  /// `line` counts from 1, the header included.
  case malformed(file: String, line: Int, CSVFault)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file) can't be read: \(reason)."
    case .compressed(let file):
      "\(file) is compressed. Unpack it with gunzip and import the result."
    case .noRows(let file):
      "\(file) holds no rows. A row is 100 integers and a label, separated by commas."
    case .malformed(let file, let line, let fault):
      "\(file), line \(line): \(fault). Mend or remove the line and import again."
    }
  }
}

extension CSVFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .fieldCount(let count):
      "\(count) fields instead of 101 (100 integers and the label)"
    case .notAnInteger(let column, let text):
      "\(Self.name(column)) holds \"\(text)\", which is no integer"
    case .unknownValue(let column, let value, let allowed):
      "\(Self.name(column)) holds \(value); it can be \(allowed)"
    case .players(let count):
      count == 2
        ? "the players row (columns 32 to 63) shows one player twice; Frog hopping is 4, Toad hopping is 5"
        : "the players row (columns 32 to 63) shows \(count) players; there are 2, or 1 where both share a cell"
    case .ownCellEmpty(let cell):
      "column 99 says that Frog is on cell \(cell), but the players row shows nobody there"
    case .scenario(let given, let seen):
      "column 98 gives the scenario \(given) (\(given.rawValue)), but the players row shows \(seen)"
    case .lineTooLong:
      "the line is too long to be 100 integers and a label"
    }
  }

  private static func name(_ column: Int) -> String {
    column == StateIndex.count ? "the label (column 100)" : "column \(column)"
  }
}
