import ActivationRecording
import Foundation
import Statistics

/// Which rows are versions of the same thing: items (`/pair`) that have rows of self and of other, or, without items, strata that have.
struct OverlapPairs: Sendable {
  /// Whether strata stand for pairs.
  let areStrata: Bool
  /// Numbers of the pairs with rows of self and of other, ascending.
  let pairs: [Int32]
  /// How many have rows of one of them alone.
  let incompleteCount: Int
  /// The stratum of each pair, where all of its rows of self and other lie in one; nil for one of several, or without strata.
  let strata: [Int32?]
  /// Rows of self, of other and of none by pair.
  let indices: [StratumIndex]
  /// Rows of none, self and other by stratum, or all of each together without strata, where no pair has rows of none.
  let byStratum: [StratumIndex]

  init(
    areStrata: Bool, pairs: [Int32], incompleteCount: Int, strata: [Int32?], indices: [StratumIndex], byStratum: [StratumIndex]
  ) {
    (self.areStrata, self.pairs, self.incompleteCount, self.strata) = (areStrata, pairs, incompleteCount, strata)
    (self.indices, self.byStratum) = (indices, byStratum)
  }

  /// - Parameter isShard: whether the rows are a shard of a whole: then it may lack phases, and rows by stratum are there in any case, since
  ///   other shards may have no pair with rows of none.
  /// - Throws: `RecordingError.notEnoughRows` where self or other has no rows, `.missingPart` without pairs and strata.
  init(of recording: RecordingView, isShard: Bool = false) throws {
    let phases = try recording.phases
    if !isShard { try phases.require([.own, .other], in: recording.path) }
    let strata = try recording.strata
    guard let numbers = try recording.pairs ?? strata else {
      throw RecordingError.missingPart(
        file: recording.path, part: "/pair and no /stratum",
        advice: "Overlap compares the self and other versions of the same thing: record the number of each row's item as /pair.")
    }
    let areStrata = try recording.pairs == nil
    func rows(_ phase: Phase) -> (Int) -> Bool { { phases.codes[$0] == phase.rawValue } }
    // A pair below 0 is none; a stratum may have any number.
    let isPaired: (Int) -> Bool = areStrata ? { _ in true } : { numbers[$0] >= 0 }
    var (own, other): ([Int32: Int32?], [Int32: Int32?]) = ([:], [:])
    func note(_ row: Int, in found: inout [Int32: Int32?]) {
      let stratum = areStrata ? nil : strata?[row]
      if let known = found[numbers[row]] {
        if known != stratum { found[numbers[row]] = .some(nil) }
      } else {
        found[numbers[row]] = .some(stratum)
      }
    }
    for row in phases.codes.indices where isPaired(row) {
      if rows(.own)(row) { note(row, in: &own) } else if rows(.other)(row) { note(row, in: &other) }
    }
    let complete = own.keys.filter { other[$0] != nil }.sorted()
    pairs = complete
    incompleteCount = Set(own.keys).union(other.keys).count - complete.count
    self.areStrata = areStrata
    self.strata = complete.map { pair in
      guard let first = own[pair] ?? nil, let second = other[pair] ?? nil, first == second else { return nil }
      return first
    }
    let wanted = Set(complete)
    func index(_ phase: Phase) -> StratumIndex {
      StratumIndex(numbers) { isPaired($0) && phases.codes[$0] == phase.rawValue && wanted.contains(numbers[$0]) }
    }
    indices = [index(.own), index(.other), index(.neither)]
    let groups = strata ?? [Int32](repeating: 0, count: phases.codes.count)
    byStratum =
      isShard || indices[2].strata.isEmpty && phases.count(.neither) > 0
      ? [Phase.neither, .own, .other].map { phase in StratumIndex(groups) { phases.codes[$0] == phase.rawValue } } : []
  }
}

/// Among which pairs other versions are dealt anew.
struct OverlapPairing: Sendable {
  let design: ExchangeDesign?
  /// Positions of pairs among which they move, in order: two and more whose other versions are means of as many rows. Each pair is in one group at
  /// most.
  let groups: [[Int]]
  /// Strata of two pairs and more; empty where there are none.
  let strata: [[Int]]
  /// Pairs that could move if it were not for their number of rows.
  let unmatchedCount: Int
  /// Strata that can move; pairs where they are free.
  let blockCount: Int
  /// Why nothing is permuted.
  let reason: String?

  /// Found is `within` where at least half of the pairs lie in strata of several pairs, otherwise `free`.
  ///
  /// - Parameter isUsed: whether a pair's distance is defined.
  init(_ pairs: OverlapPairs, isUsed: [Bool], choice: ExchangeDesign?) {
    var members: [Int32: [Int]] = [:]
    let used = isUsed.indices.filter { isUsed[$0] }
    for position in used {
      if let stratum = pairs.strata[position] { members[stratum, default: []].append(position) }
    }
    let several = members.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    strata = several
    let design = choice ?? (2 * several.reduce(0) { $0 + $1.count } >= max(1, used.count) ? .within : .free)
    let whole = design == .free ? [used] : design == .within ? several : []
    let rows = pairs.indices[1].counts
    let matched = whole.map { group in
      Dictionary(grouping: group) { rows[$0] }.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    }
    let groups = matched.flatMap { $0 }
    let moving = groups.reduce(0) { $0 + $1.count }
    unmatchedCount = whole.reduce(0) { $0 + $1.count } - moving
    blockCount = design == .free ? moving : matched.count { !$0.isEmpty }
    self.groups = groups
    let arrangements = groups.reduce(0.0) { sum, group in
      // No more than it takes to say that there are enough.
      sum + (group.count > 20 ? 20 : (1...max(1, group.count)).reduce(0.0) { $0 + log10(Double($1)) })
    }
    switch design {
    case .whole: reason = "pairings are exchanged inside strata (within) or over all pairs (free)"
    case .within where several.isEmpty: reason = "no stratum holds several pairs"
    default:
      reason =
        arrangements < log10(Double(Exchangeability.fewestArrangements)) - 1e-9
        ? "pairs\(unmatchedCount > 0 ? " of as many rows" : "") can be arranged in fewer than \(Exchangeability.fewestArrangements) ways"
        : nil
    }
    self.design = design == .whole ? nil : design
  }
}
