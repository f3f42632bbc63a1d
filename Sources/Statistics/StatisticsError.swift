/// What keeps a statistic from being taken. Each has its sentence in `description`, which knows no file.
public enum StatisticsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Two arrays that should agree do not: what they are, and how many values are needed and there.
  case shape(what: String, expected: Int, found: Int)
  /// A value is too large for what is to be made of it; `limit` is the largest that is not.
  case tooLarge(unit: Int, value: Double, limit: Double)
  /// More rows than can be numbered.
  case tooManyRows(Int)
  /// Two histograms of a unit have bins with other edges.
  case otherBins(unit: Int)
  /// A row is not among those that there are.
  case noSuchRow(Int, rows: Int)

  public var description: String {
    switch self {
    case .shape(let what, let expected, let found): "\(what): \(expected) are needed, and there are \(found)."
    case .tooLarge(let unit, let value, let limit):
      "unit \(unit) holds \(value), which is too large: values may differ by up to \(limit). Scale the unit, or leave it out."
    case .tooManyRows(let count): "\(count) rows are too many to resample: at most \(Int32.max) can be."
    case .otherBins(let unit): "the histograms of unit \(unit) have bins with other edges, so their counts can't be added."
    case .noSuchRow(let row, let rows): "row \(row) is asked for, and there are \(rows)."
    }
  }
}

/// Throws `StatisticsError.shape` where two numbers of values differ.
func require(_ found: Int, _ expected: Int, _ what: String) throws(StatisticsError) {
  guard found == expected else { throw .shape(what: what, expected: expected, found: found) }
}
