/// The labels none, self and other of rows, dealt anew in three ways, each with its exchangeability.
///
/// Rows lie by label: none first, then self, then other.
public struct PhaseDeals: Sendable {
  /// All three labels.
  public let joint: Exchangeability
  /// None against self, the rows of other being left as they are; and none against other, likewise.
  public let own: Exchangeability
  public let other: Exchangeability
  /// Rows of none, self and other.
  public let counts: [Int]

  /// Rows of weights that a deal makes: self and other of the joint deal, self of the second, other of the third. Their numbers are the
  /// bits of a row's mark.
  public static let perDeal = 4

  /// - Parameters:
  ///   - counts: rows of none, self and other.
  ///   - blocks: of each row; nil where rows are independent.
  ///   - choice: the design to use, whatever would be found.
  /// - Throws: `StatisticsError.shape` where there is not a block per row.
  public init(counts: [Int], blocks: [Int32]?, choice: ExchangeDesign? = nil) throws(StatisticsError) {
    try require(counts.count, 3, "counts of none, self and other rows")
    if let blocks { try require(blocks.count, counts.reduce(0, +), "blocks of the rows") }
    let groups = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    self.counts = counts
    let (none, own) = (counts[0], counts[1])
    joint = try Exchangeability(groups: groups, groupCount: 3, blocks: blocks, choice: choice)
    self.own = try Exchangeability(
      groups: Array(groups[..<(none + own)]), groupCount: 2, blocks: blocks.map { Array($0[..<(none + own)]) }, choice: choice)
    other = try Exchangeability(
      groups: groups[..<none] + [UInt8](repeating: 1, count: counts[2]), groupCount: 2,
      blocks: blocks.map { Array($0[..<none] + $0[(none + own)...]) }, choice: choice)
  }

  public var rowCount: Int { counts.reduce(0, +) }

  /// Writes the marks of a deal, one per row: the same for the same seed and number.
  ///
  /// - Parameter number: from 1; 0 stands for the labels as they are.
  public func marks(_ number: Int, seed: UInt64, into marks: UnsafeMutableBufferPointer<UInt8>) {
    guard marks.count == rowCount else { return }
    let (none, treated) = (counts[0], counts[0] + counts[1])
    func dealt(_ rows: Exchangeability, _ purpose: String) -> [UInt8] {
      var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(number))
      return rows.dealtRows(stream: &stream)
    }
    guard number > 0 else {
      for row in marks.indices { marks[row] = row < none ? 0 : row < treated ? 0b0101 : 0b1010 }
      return
    }
    // A label is 0, 1 or 2, as is the mark of the joint deal.
    _ = marks.update(fromContentsOf: dealt(joint, "permute phases"))
    for (row, label) in dealt(own, "permute none and self").enumerated() { marks[row] |= label << 2 }
    for (row, label) in dealt(other, "permute none and other").enumerated() { marks[row < none ? row : row + counts[1]] |= label << 3 }
  }
}
