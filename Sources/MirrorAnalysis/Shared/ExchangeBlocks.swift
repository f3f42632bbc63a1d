import ActivationRecording
import Statistics

extension RecordingView {
  /// The blocks that rows of some phases lie in where their labels are exchanged: items (`/pair`) where these hold the phases that are
  /// compared, otherwise strata, otherwise items all the same, of which then `Exchangeability` says what can be done; nil where rows are independent.
  ///
  /// Items count where in each comparison at least half of the rows of each of its phases lie in items that hold all of these: an item without
  /// none rows says nothing of what differs from none. A row without an item is a block of its own. Whole blocks are strata where there are
  /// any: an item of several phases has no label to move.
  ///
  /// - Parameters:
  ///   - rows: row numbers.
  ///   - groups: of each of them, below 8.
  ///   - compared: the groups of each comparison, one bit a group.
  ///   - choice: what the user wants exchanged; nil takes what is found.
  func exchangeBlocks(rows: [Int], groups: [UInt8], compared: [UInt8], choice: ExchangeDesign?) throws -> [Int32]? {
    let pairs = try pairs.map { pairs in rows.map { pairs[$0] } }
    if choice != .whole, let pairs, Self.hold(pairs, groups: groups, compared: compared), let items = itemNumbers(pairs) { return items }
    return try strata.map { strata in rows.map { strata[$0] } } ?? pairs.flatMap { itemNumbers($0) }
  }

  private static func hold(_ pairs: [Int32], groups: [UInt8], compared: [UInt8]) -> Bool {
    var held: [Int32: UInt8] = [:]
    for (pair, group) in zip(pairs, groups) where pair >= 0 { held[pair, default: 0] |= 1 << group }
    return compared.allSatisfy { comparison in
      var (all, inItems) = ([Int](repeating: 0, count: 8), [Int](repeating: 0, count: 8))
      for (pair, group) in zip(pairs, groups) where comparison & 1 << group != 0 {
        all[Int(group)] += 1
        if pair >= 0, (held[pair] ?? 0) & comparison == comparison { inItems[Int(group)] += 1 }
      }
      return zip(all, inItems).allSatisfy { 2 * $1 >= $0 }
    }
  }
}
