import Files

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
  /// An archive, a compressed file, a pointer to the file.
  case otherFile(file: String, FileSignature)
  /// No text, or text in an encoding that is not read; `what` says which, and what to do.
  case otherText(file: String, _ what: String)
  case noRows(file: String)
  /// `line` counts from 1, the header included.
  case malformed(file: String, line: Int, CSVFault)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file) can't be read: \(reason)."
    case .otherFile(let file, .gitLFSPointer):
      "\(file) is a Git LFS pointer: git lfs pull, or download the file itself."
    case .otherFile(let file, .zip("[Content_Types].xml")):
      "\(file) is an office document: save it as CSV and import the result."
    case .otherFile(let file, let signature):
      "\(file) is \(signature)\(signature.remedy.map { ": \($0) and import the CSV file that comes out" } ?? ", not a CSV file")."
    case .otherText(let file, let what):
      "\(file) is \(what)."
    case .noRows(let file):
      "\(file) holds no rows. A row is 100 integers and a label, separated by commas."
    case .malformed(let file, let line, .fieldCount(CSVRow.fieldCount + 1)):
      "\(file), line \(line): \(CSVFault.fieldCount(CSVRow.fieldCount + 1)). If the first is a column of row numbers, write the file without it: "
        + "to_csv(index=False) in pandas, row.names = FALSE in R."
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
