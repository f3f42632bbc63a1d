/// Where a row stands in a contrast of two groups.
public enum ContrastSide: UInt8, Sendable {
  case neither, reference, treated
}

/// How many rows of each side the strata of a contrast have: what permuting needs to know before it sees the rows.
public struct PermutationStrata: Sendable {
  struct Size: Sendable {
    var total = 0
    var treated = 0
    /// Numbers of its first and last row, among all rows.
    let first: Int
    var last: Int
  }

  private(set) var sizes: [Int32: Size] = [:]
  /// Rows that are treated or reference.
  private(set) var rowCount = 0
  private(set) var treatedCount = 0
  private var seen = 0

  public init() {}

  /// Adds rows, in the order in which they will be permuted.
  ///
  /// - Parameter strata: the stratum of each row; nil where all rows are one.
  /// - Throws: `StatisticsError.shape` where there is not a stratum per row; nothing is added then.
  public mutating func add(_ sides: [ContrastSide], strata: [Int32]?) throws(StatisticsError) {
    if let strata { try require(strata.count, sides.count, "strata of the rows") }
    for (row, side) in sides.enumerated() where side != .neither {
      let number = seen + row
      let treated = side == .treated ? 1 : 0
      rowCount += 1
      treatedCount += treated
      if let strata {
        sizes[strata[row], default: Size(first: number, last: number)].add(treated: treated, number: number)
      }
    }
    if strata == nil, rowCount > 0 { sizes = [0: Size(total: rowCount, treated: treatedCount, first: 0, last: seen + sides.count)] }
    seen += sides.count
  }

  /// The most strata of which, at any row, some rows have been seen and some have yet to come. At least 1.
  public var mostOpen: Int {
    let ends = sizes.values.map(\.last).sorted()
    var open = 0
    var most = 1
    var ended = 0
    for first in sizes.values.map(\.first).sorted() {
      while ended < ends.count, ends[ended] < first {
        ended += 1
        open -= 1
      }
      open += 1
      most = max(most, open)
    }
    return most
  }
}

extension PermutationStrata.Size {
  fileprivate mutating func add(treated isTreated: Int, number: Int) {
    total += 1
    treated += isTreated
    last = number
  }
}
