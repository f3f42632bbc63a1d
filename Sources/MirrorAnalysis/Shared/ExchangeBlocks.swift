import ActivationRecording
import Statistics

extension RecordingView {
  /// The blocks that rows of some phases lie in where their labels are exchanged: items (`/pair`) where these hold the phases that are
  /// compared, otherwise strata; nil where there are none.
  ///
  /// Items count where in each comparison at least half of the rows of each of its phases lie in items that hold all of these: an item without
  /// none rows says nothing of what differs from none. A row without an item is a block of its own. Whole blocks are strata: an item of
  /// several phases has no label to move.
  ///
  /// - Parameters:
  ///   - rows: row numbers.
  ///   - groups: of each of them, below 8.
  ///   - compared: the groups of each comparison, one bit a group.
  ///   - choice: what the user wants exchanged; nil takes what is found.
  func exchangeBlocks(rows: [Int], groups: [UInt8], compared: [UInt8], choice: ExchangeDesign?) throws -> [Int32]? {
    if choice != .whole, let pairs = try pairs, let items = items(pairs, rows: rows, groups: groups, compared: compared) { return items }
    return try strata.map { strata in rows.map { strata[$0] } }
  }

  private func items(_ pairs: [Int32], rows: [Int], groups: [UInt8], compared: [UInt8]) -> [Int32]? {
    var held: [Int32: UInt8] = [:]
    for (row, group) in zip(rows, groups) where pairs[row] >= 0 { held[pairs[row], default: 0] |= 1 << group }
    for comparison in compared {
      var (all, inItems) = ([Int](repeating: 0, count: 8), [Int](repeating: 0, count: 8))
      for (row, group) in zip(rows, groups) where comparison & 1 << group != 0 {
        all[Int(group)] += 1
        if pairs[row] >= 0, (held[pairs[row]] ?? 0) & comparison == comparison { inItems[Int(group)] += 1 }
      }
      guard zip(all, inItems).allSatisfy({ 2 * $1 >= $0 }) else { return nil }
    }
    var numbers: [Int32: Int32] = [:]
    var next: Int32 = 0
    return rows.map { row in
      if pairs[row] >= 0, let number = numbers[pairs[row]] { return number }
      defer { next += 1 }
      if pairs[row] >= 0 { numbers[pairs[row]] = next }
      return next
    }
  }
}
