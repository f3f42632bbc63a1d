import Foundation

/// What a permutation moves (the exchangeability blocks of FSL PALM; Winkler et al., 2014 and 2015).
public enum ExchangeDesign: String, Sendable, CaseIterable {
  /// Labels move among all rows.
  case free
  /// Labels move inside each block; blocks of one group stay as they are.
  case within
  /// Labels of whole blocks move, each of one group. Blocks are exchangeable only if their sizes have nothing to do with the group.
  case whole
}

/// Which labels of rows may be exchanged under a null hypothesis, how many arrangements that makes, and a draw from them.
///
/// Rows come with the group that they are labelled with (a phase, a class) and, where rows are not independent, with the block that they
/// belong to (an episode, a prompt, an item). Found is
///
/// - `free` without blocks;
/// - `within` where at least half of the rows of each group lie in blocks that hold two groups or more;
/// - `whole` where no block holds two groups;
/// - no design otherwise, until the user decides: nor where `within` or `whole` is asked for and there are no blocks. Statistics weigh rows in every design; what differs is what moves, and the standard error.
///
/// The number of distinct arrangements of labels is Π n_b! / Π n_bg! over blocks b and groups g (`within`), n! / Π n_g! over rows (`free`)
/// or over blocks (`whole`). With fewer than 20 no p can reach .05, so there is none.
public struct Exchangeability: Sendable {
  /// Nil where the blocks don't decide it.
  public let design: ExchangeDesign?
  /// Blocks that can move: rows where the design is free, blocks of two groups or more within, all blocks where whole blocks move.
  public let movableBlockCount: Int
  /// Share of the rows whose labels can move.
  public let movableShare: Double
  /// log₁₀ of the number of distinct arrangements of labels.
  public let log10Arrangements: Double
  /// Why nothing is permuted; nil where labels can be dealt.
  public let reason: String?
  /// What a reader of the p has to know all the same.
  public let note: String?

  public let groupCount: Int
  /// Row numbers, those of a block together, blocks in the order of their first row; all rows as they come where there are no blocks.
  public let order: [Int32]
  /// Where each block begins in `order`, and its end: one more than there are blocks.
  public let blockStarts: [Int]
  /// The group of each position of `order`.
  public let labels: [UInt8]
  /// Blocks whose rows are not all of one group.
  private let mixedBlocks: [Int]

  /// The fewest arrangements of which one in twenty can be extreme.
  public static let fewestArrangements = 20

  /// - Parameters:
  ///   - groups: of each row, below `groupCount`; a greater one is taken for the last.
  ///   - blocks: of each row; nil where rows are independent.
  ///   - choice: the design to use, whatever would be found.
  /// - Throws: `StatisticsError.shape` where there is not a block per row.
  public init(groups: [UInt8], groupCount: Int, blocks: [Int32]?, choice: ExchangeDesign? = nil) throws(StatisticsError) {
    if let blocks { try require(blocks.count, groups.count, "blocks of the rows") }
    self.groupCount = groupCount
    let rows = groups.count
    let layout = BlockLayout(choice == .free ? nil : blocks, rows: rows)
    (order, blockStarts) = (layout.order, layout.starts)
    labels = layout.order.map { min(groups[Int($0)], UInt8(clamping: groupCount - 1)) }
    let counts = BlockCounts(labels: labels, starts: layout.starts, groupCount: groupCount)
    let totals = counts.totals
    mixedBlocks = counts.mixed
    let hasBlocks = blocks != nil && choice != .free
    let shares = counts.mixedRows.enumerated().map { group, count in totals[group] > 0 ? Double(count) / Double(totals[group]) : 1 }
    // Without blocks nothing can be moved inside them or with them.
    let found: ExchangeDesign? =
      !hasBlocks
      ? choice == nil || choice == .free ? .free : nil
      : choice ?? (counts.mixed.isEmpty ? .whole : (shares.min() ?? 0) >= 0.5 ? .within : nil)
    design = found
    let present = totals.count { $0 > 0 }
    var (reason, note): (String?, String?) = (nil, nil)
    var arrangements = 0.0
    switch found {
    case .free:
      movableBlockCount = rows
      movableShare = present > 1 ? 1 : 0
      arrangements = log10Multinomial(totals)
      if blocks != nil { note = "rows are exchanged freely although they lie in strata" }
    case .within:
      movableBlockCount = counts.mixed.count
      movableShare = Double(counts.mixedRows.reduce(0, +)) / Double(max(1, rows))
      arrangements = counts.mixed.reduce(0) { $0 + log10Multinomial(counts.of($1)) }
    case .whole:
      movableBlockCount = layout.starts.count - 1
      movableShare = present > 1 ? 1 : 0
      if counts.mixed.isEmpty {
        let blocksOfGroup = counts.blocksOfGroup
        arrangements = log10Multinomial(blocksOfGroup)
        let sizes = zip(totals, blocksOfGroup).compactMap { $1 > 0 ? Double($0) / Double($1) : nil }
        if let least = sizes.min(), let most = sizes.max(), most > 1.1 * least {
          note =
            "whole blocks are exchanged, and their sizes differ between phases (\(Self.text(least)) and \(Self.text(most)) rows on average)"
        }
      } else {
        reason = "whole strata cannot be exchanged: \(counts.mixed.count) of them hold several phases"
      }
    case nil:
      movableBlockCount = 0
      movableShare = Double(counts.mixedRows.reduce(0, +)) / Double(max(1, rows))
      reason =
        !hasBlocks
        ? "labels can only be exchanged freely: rows lie in no strata and no items"
        : "\(counts.mixed.count) of \(layout.starts.count - 1) strata or items hold two phases, but less than half of a phase's rows lie in "
          + "them: neither labels inside them nor whole ones can be exchanged without a decision"
    }
    // Rounding of a sum of logarithms is far below the step from 19 to 20.
    if reason == nil, arrangements < log10(Double(Self.fewestArrangements)) - 1e-9 {
      reason = "labels can be arranged in \(Int(pow(10, arrangements).rounded())) ways only, fewer than \(Self.fewestArrangements)"
    }
    log10Arrangements = arrangements
    self.reason = reason
    self.note = note
  }

  public var canPermute: Bool { reason == nil }

  /// Whether standard errors are cluster-robust, by block.
  public var clusters: Bool { design == .within || design == .whole }

  public var blockCount: Int { blockStarts.count - 1 }

  /// The smallest number of blocks that hold a group.
  public var fewestBlocks: Int {
    var blocks = [Int](repeating: 0, count: groupCount)
    for block in 0..<blockCount {
      var seen = 0
      for position in blockStarts[block]..<blockStarts[block + 1] where seen & (1 << Int(labels[position])) == 0 {
        seen |= 1 << Int(labels[position])
        blocks[Int(labels[position])] += 1
      }
    }
    return blocks.min() ?? 0
  }

  /// Writes labels that are dealt anew, one for each position of `order`. The same stream gives the same labels.
  public func deal(into dealt: UnsafeMutableBufferPointer<UInt8>, stream: inout RandomStream) {
    guard dealt.count == labels.count else { return }
    _ = dealt.update(fromContentsOf: labels)
    switch design {
    case .free: shuffle(dealt, 0..<labels.count, &stream)
    case .within: for block in mixedBlocks { shuffle(dealt, blockStarts[block]..<blockStarts[block + 1], &stream) }
    case .whole:
      var ofBlock = (0..<blockCount).map { labels[blockStarts[$0]] }
      ofBlock.withUnsafeMutableBufferPointer { shuffle($0, 0..<$0.count, &stream) }
      for (block, label) in ofBlock.enumerated() {
        for position in blockStarts[block]..<blockStarts[block + 1] { dealt[position] = label }
      }
    case nil: break
    }
  }

  /// Labels dealt anew, one for each row.
  public func dealtRows(stream: inout RandomStream) -> [UInt8] {
    var dealt = labels
    dealt.withUnsafeMutableBufferPointer { deal(into: $0, stream: &stream) }
    var rows = dealt
    for (position, row) in order.enumerated() { rows[Int(row)] = dealt[position] }
    return rows
  }

  /// Halves of the rows, blocks whole: those of each group (of each pattern of groups, for blocks) are shuffled and halved; of an odd
  /// number chance decides.
  ///
  /// - Returns: true for the first half, one for each row.
  public func halves(seed: UInt64, purpose: String) -> [Bool] {
    let isFree = blockCount == labels.count
    var patterns: [Int] = []
    patterns.reserveCapacity(blockCount)
    for block in 0..<blockCount {
      var pattern = 0
      for position in blockStarts[block]..<blockStarts[block + 1] { pattern |= 1 << Int(labels[position]) }
      patterns.append(pattern)
    }
    let first = seededHalfSplit(groupOfRow: patterns, seed: seed, purpose: purpose)
    if isFree, order.indices.allSatisfy({ order[$0] == Int32($0) }) { return first }
    var result = [Bool](repeating: false, count: labels.count)
    for block in 0..<blockCount where first[block] {
      for position in blockStarts[block]..<blockStarts[block + 1] { result[Int(order[position])] = true }
    }
    return result
  }

  private func shuffle(_ dealt: UnsafeMutableBufferPointer<UInt8>, _ range: Range<Int>, _ stream: inout RandomStream) {
    var last = range.count - 1
    while last > 0 {
      dealt.swapAt(range.lowerBound + last, range.lowerBound + stream.uniform(below: last + 1))
      last -= 1
    }
  }

  private static func text(_ size: Double) -> String { "\((size * 10).rounded() / 10)" }
}

/// Rows by block.
private struct BlockLayout {
  var order: [Int32]
  var starts: [Int]

  /// - Parameter blocks: nil where each row is a block.
  init(_ blocks: [Int32]?, rows: Int) {
    guard let blocks else {
      order = (0..<rows).map { Int32(truncatingIfNeeded: $0) }
      starts = Array(0...rows)
      return
    }
    var number: [Int32: Int] = [:]
    var numbers = [Int](repeating: 0, count: rows)
    var sizes: [Int] = []
    for (row, block) in blocks.enumerated() {
      let index = number[block] ?? sizes.count
      if index == sizes.count {
        number[block] = index
        sizes.append(0)
      }
      sizes[index] += 1
      numbers[row] = index
    }
    starts = [0]
    for size in sizes { starts.append((starts.last ?? 0) + size) }
    var next = starts
    order = [Int32](repeating: 0, count: rows)
    for row in 0..<rows {
      order[next[numbers[row]]] = Int32(truncatingIfNeeded: row)
      next[numbers[row]] += 1
    }
  }
}

/// Rows of each group in each block.
private struct BlockCounts {
  let groupCount: Int
  /// [blocks × groups]
  let counts: [Int32]
  let totals: [Int]
  /// Blocks of two groups or more, where blocks have more than a row.
  let mixed: [Int]
  /// Of each group, its rows in mixed blocks.
  let mixedRows: [Int]
  /// Of each group, the blocks that hold it.
  let blocksOfGroup: [Int]

  init(labels: [UInt8], starts: [Int], groupCount: Int) {
    self.groupCount = groupCount
    let blockCount = starts.count - 1
    var counts = [Int32](repeating: 0, count: blockCount * groupCount)
    var (totals, mixedRows, blocksOfGroup) = (
      [Int](repeating: 0, count: groupCount), [Int](repeating: 0, count: groupCount), [Int](repeating: 0, count: groupCount)
    )
    var mixed: [Int] = []
    for block in 0..<blockCount {
      let own = block * groupCount..<(block + 1) * groupCount
      for position in starts[block]..<starts[block + 1] { counts[own.lowerBound + Int(labels[position])] += 1 }
      let isMixed = counts[own].count { $0 > 0 } > 1
      if isMixed { mixed.append(block) }
      for (group, count) in counts[own].enumerated() where count > 0 {
        totals[group] += Int(count)
        blocksOfGroup[group] += 1
        if isMixed { mixedRows[group] += Int(count) }
      }
    }
    (self.counts, self.totals, self.mixed, self.mixedRows, self.blocksOfGroup) = (counts, totals, mixed, mixedRows, blocksOfGroup)
  }

  func of(_ block: Int) -> [Int] { counts[block * groupCount..<(block + 1) * groupCount].map { Int($0) } }
}

/// log₁₀ of n! / Π nᵢ!, n = Σ nᵢ.
private func log10Multinomial(_ counts: [Int]) -> Double {
  let total = logFactorial(counts.reduce(0, +))
  return max(0, (total - counts.reduce(0.0) { $0 + logFactorial($1) }) / log(10))
}

private func logFactorial(_ n: Int) -> Double {
  var sign: Int32 = 0
  return lgamma_r(Double(n) + 1, &sign)
}
