import Files

/// Why a states file could not be read or written. What HDF5 itself reports comes as an `HDF5Error`.
public enum StatesFileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// HDF5, but not a states file. `schema` is the attribute's value, nil without one.
  case notStates(file: String, schema: String?)
  /// No HDF5 file at all, but another kind that is known.
  case otherFile(file: String, FileSignature)
  case newerVersion(file: String, version: String)
  case olderVersion(file: String, version: String)
  /// The writer didn't finish.
  case incomplete(file: String)
  /// A part that has to be there isn't.
  case missing(file: String, part: String)
  /// A part doesn't have the shape that it should.
  case shape(file: String, part: String, found: [Int], expected: String)
  /// A code that has no meaning.
  case unknownCode(file: String, part: String, row: Int, value: Int)
  case rowsOutOfRange(file: String, split: Split, rows: Range<Int>, count: Int)
  /// Rows that can't follow those already written.
  case unusableRows(file: String, reason: String)

  public var description: String {
    switch self {
    case .notStates(let file, nil):
      "\(file) is an HDF5 file but holds no states: it has no attribute \"schema\". Make one with frogtoad generate or frogtoad import."
    case .notStates(let file, let schema?):
      "\(file) is a \(schema), not a states file. Make one with frogtoad generate or frogtoad import."
    case .otherFile(let file, .gitLFSPointer):
      "\(file) is a Git LFS pointer: git lfs pull, or download the file itself."
    case .otherFile(let file, let signature):
      "\(file) is \(signature), not a states file\(signature.remedy.map { ": \($0)" } ?? "")."
    case .newerVersion(let file, let version):
      "\(file) has version \(version) of the states format; this program reads version 1. Use a newer program."
    case .olderVersion(let file, let version):
      "\(file) has version \(version) of the states format; this program reads version 1. Generate or import the states again."
    case .incomplete(let file):
      "\(file) is incomplete: writing it was interrupted. Generate or import the states again."
    case .missing(let file, let part):
      "\(file) has no \(part). Generate or import the states again."
    case .shape(let file, let part, let found, let expected):
      "\(file): \(part) has the shape \(found), expected is \(expected). Generate or import the states again."
    case .unknownCode(let file, let part, let row, let value):
      "\(file): \(part) holds \(value) in row \(row), which is no known code. Generate or import the states again."
    case .rowsOutOfRange(let file, let split, let rows, let count):
      "\(file): rows \(rows.lowerBound) to \(rows.upperBound) of /\(split) were asked for, but it has \(count)."
    case .unusableRows(let file, let reason):
      "\(file): \(reason)."
    }
  }
}
