import ActivationRecording
import Statistics

/// Which rows mean responses by stratum are taken over: every selection; halves of each stratum's rows in it, for reliability; and halves of
/// each stratum's none rows, as offsets of two phases that are compared.
///
/// A half holds half of the rows of each stratum (of an odd number, chance decides about one), drawn from the seed and the selection's name.
struct StratumLayout: Sendable {
  /// All of what follows.
  let indices: [StratumIndex]
  let selections: [StratumIndex]
  fileprivate let hasHalves: Bool
  fileprivate let hasOffsets: Bool

  init(_ strata: [Int32], _ selections: [RowSelection], rows: PhaseRows, takesHalves: Bool, takesOffsets: Bool, seed: UInt64) {
    self.selections = selections.map { StratumIndex(strata, selection: $0, rows: rows) }
    func halves(_ selection: RowSelection, purpose: String) -> [StratumIndex] {
      let chosen = rows.codes.indices.filter { selection.contains(rows.codes[$0]) }
      let isFirst = seededHalfSplit(groupOfRow: chosen.map { Int(strata[$0]) }, seed: seed, purpose: purpose)
      var half = [Int8](repeating: -1, count: rows.codes.count)
      for (row, first) in zip(chosen, isFirst) { half[row] = first ? 0 : 1 }
      return (0..<2).map { number in StratumIndex(strata, where: { half[$0] == number }) }
    }
    var all = self.selections
    if takesHalves { all += selections.flatMap { halves($0, purpose: "reliability \($0.name)") } }
    if takesOffsets { all += halves(.phase(.neither), purpose: "none offsets") }
    (indices, hasHalves, hasOffsets) = (all, takesHalves, takesOffsets)
  }
}

/// Mean responses of a layer as a `StratumLayout` has them.
struct LayerStratumMeans: Sendable {
  let selections: [StratumMeans]
  private let halves: [StratumMeans]
  private let offsets: [StratumMeans]
  /// Rows of each stratum, in the order of the means: of selections, and of the halves of none rows.
  private let counts: [[Int32: Int]]
  private let offsetCounts: [[Int32: Int]]

  init(_ means: [StratumMeans], _ layout: StratumLayout) {
    let count = layout.selections.count
    selections = Array(means.prefix(count))
    halves = layout.hasHalves ? Array(means[count..<3 * count]) : []
    offsets = layout.hasOffsets ? Array(means.suffix(2)) : []
    func rows(_ indices: [StratumIndex]) -> [[Int32: Int]] {
      indices.map { Dictionary(zip($0.strata, $0.counts)) { first, _ in first } }
    }
    counts = rows(layout.selections)
    offsetCounts = layout.hasOffsets ? rows(Array(layout.indices.suffix(2))) : []
  }

  /// Whether none means are subtracted where two phases are compared: not from none itself.
  func subtractsOffsets(_ pair: (Int, Int), _ chosen: [RowSelection]) -> Bool {
    ![chosen[pair.0], chosen[pair.1]].contains(.phase(.neither)) && offsets.count == 2
  }

  /// What CKA compares of two phases: means over the strata that both have, less none means of rows that the other side does not see.
  func responses(of pair: (Int, Int), _ chosen: [RowSelection]) -> (StratumMeans, StratumMeans) {
    let (first, second) = (selections[pair.0], selections[pair.1])
    guard subtractsOffsets(pair, chosen) else { return (first.shared(with: second), second.shared(with: first)) }
    let all = offsets[0].shared(with: offsets[1]).shared(with: first).shared(with: second)
    // In the order of phases, whichever of the two is named first.
    let order = ["self", "other", "both"]
    let isAscending = (order.firstIndex(of: chosen[pair.0].name) ?? 0) < (order.firstIndex(of: chosen[pair.1].name) ?? 0)
    return (
      first.shared(with: all).less(offsets[isAscending ? 0 : 1].shared(with: all)),
      second.shared(with: all).less(offsets[isAscending ? 1 : 0].shared(with: all))
    )
  }

  /// How the noise of each stratum compares with that of others, by numbers of rows: the product of both sides' 1/rows + 1/none rows.
  func variances(of pair: (Int, Int), _ chosen: [RowSelection], in strata: [Int32]) -> [Double] {
    let isOffset = subtractsOffsets(pair, chosen)
    return strata.map { stratum in
      let sides = [pair.0, pair.1].enumerated().map { side, selection in
        1 / Double(max(1, counts[selection][stratum] ?? 1)) + (isOffset ? 1 / Double(max(1, offsetCounts[side][stratum] ?? 1)) : 0)
      }
      return sides[0] * sides[1]
    }
  }

  /// Reliability of a selection's dissimilarities: Spearman's ρ between those of two halves of each stratum's rows, corrected to all rows by
  /// Spearman and Brown, 2ρ / (1 + ρ), where it is above 0. Nil where fewer than three strata have two rows.
  func reliability(_ selection: Int, in strata: [Int32]) -> Double? {
    guard halves.count == 2 * selections.count, selections[selection].unitCount >= 3 else { return nil }
    let (first, second) = (halves[2 * selection], halves[2 * selection + 1])
    let wanted = StratumMeans(strata: strata, unitCount: 0, values: [])
    let (one, other) = (first.shared(with: second).shared(with: wanted), second.shared(with: first).shared(with: wanted))
    guard one.strata.count >= 3, one.strata.count <= mostStrata else { return nil }
    guard let rho = representationalSimilarity(correlationDistances(one), correlationDistances(other)) else { return nil }
    return rho > 0 ? 2 * rho / (1 + rho) : rho
  }
}

extension StratumMeans {
  /// These less others of the same strata.
  fileprivate func less(_ others: StratumMeans) -> StratumMeans {
    StratumMeans(strata: strata, unitCount: unitCount, values: zip(values, others.values).map { $0 - $1 })
  }
}

/// Correlation distances, those that differ by rounding alone made equal, so that ranks see ties as ties.
func correlationDistances(_ means: StratumMeans) -> [Double] {
  withTies(dissimilarities(means.values, units: means.unitCount, by: .correlation))
}
