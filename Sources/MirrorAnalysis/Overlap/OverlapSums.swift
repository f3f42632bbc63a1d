import ActivationRecording
import Statistics

/// What `overlap` adds: the mean activations of self, other and none by pair, and by stratum. Pairs and strata lie in one shard, so those of
/// the next one follow; where there are no strata, the means over all rows are joined.
public struct OverlapSums: Accumulator {
  var pairs: OverlapPairs
  /// Of each layer by `pairs.indices`, then by `pairs.byStratum`.
  var means: [[StratumMeans]]
  /// Whether there are strata.
  let hasStrata: Bool
  /// How many numbers of pairs, and of strata, are taken.
  var pairNumbers: Int
  var stratumNumbers: Int
  /// Rows of each phase.
  var counts: [Int]

  init(of recording: RecordingView, threads: Int) throws {
    let pairs = try OverlapPairs(of: recording, isShard: true)
    let numbers = pairs.areStrata ? [] : try recording.pairs ?? []
    self.pairs = pairs
    means = try recording.layers.map {
      try recording.stratumMeans(of: [$0], by: pairs.indices + pairs.byStratum, threads: threads)
    }
    let strata = try recording.strata
    hasStrata = strata != nil
    (pairNumbers, stratumNumbers) = (Int(numbers.max() ?? -1) + 1, Int(strata?.max() ?? -1) + 1)
    counts = try recording.phases.counts
  }

  public mutating func merge(_ next: OverlapSums) throws {
    guard pairs.areStrata == next.pairs.areStrata, hasStrata == next.hasStrata else {
      throw AccumulatorFault(
        "has \(next.pairs.areStrata ? "no /pair" : "/pair")\(next.hasStrata ? "" : " and no /stratum"), unlike the shards before it")
    }
    guard pairNumbers + next.pairNumbers <= Int32.max, stratumNumbers + next.stratumNumbers <= Int32.max else {
      throw AccumulatorFault("has more pairs or strata than can be numbered")
    }
    let (pairOffset, stratumOffset) = (Int32(pairNumbers), Int32(stratumNumbers))
    let ofPairs = pairs.areStrata ? stratumOffset : pairOffset
    let (indices, byStratum) = (pairs.indices.count, hasStrata)
    // Before the counts are joined.
    let before = pairs.byStratum.map(\.counts)
    for layer in means.indices {
      for number in means[layer].indices {
        let (own, other) = (means[layer][number], next.means[layer][number])
        guard number < indices || byStratum else {
          means[layer][number] = own.joined(with: other, counts: before[number - indices], next.pairs.byStratum[number - indices].counts)
          continue
        }
        means[layer][number] = own.followed(by: other, offset: number < indices ? ofPairs : stratumOffset)
      }
    }
    pairs = OverlapPairs(
      areStrata: pairs.areStrata, pairs: pairs.pairs + next.pairs.pairs.map { $0 + ofPairs },
      incompleteCount: pairs.incompleteCount + next.pairs.incompleteCount,
      strata: pairs.strata + next.pairs.strata.map { $0.map { $0 + stratumOffset } },
      indices: zip(pairs.indices, next.pairs.indices).map { $0.followed(by: $1, offset: ofPairs) },
      byStratum: zip(pairs.byStratum, next.pairs.byStratum).map {
        byStratum ? $0.followed(by: $1, offset: stratumOffset) : $0.joined(with: $1)
      })
    (pairNumbers, stratumNumbers) = (pairNumbers + next.pairNumbers, stratumNumbers + next.stratumNumbers)
    counts = zip(counts, next.counts).map { $0 + $1 }
  }
}

extension StratumIndex {
  fileprivate func followed(by next: StratumIndex, offset: Int32) -> StratumIndex {
    StratumIndex(strata: strata + next.strata.map { $0 + offset }, counts: counts + next.counts)
  }

  /// Of the one group that all rows are where there are no strata.
  fileprivate func joined(with next: StratumIndex) -> StratumIndex {
    strata.isEmpty ? next : next.strata.isEmpty ? self : StratumIndex(strata: strata, counts: [counts[0] + next.counts[0]])
  }
}

extension StratumMeans {
  fileprivate func followed(by next: StratumMeans, offset: Int32) -> StratumMeans {
    StratumMeans(strata: strata + next.strata.map { $0 + offset }, unitCount: unitCount, values: values + next.values)
  }

  /// - Parameters:
  ///   - counts: rows of the one group, if it has any.
  ///   - more: rows of it in the next means.
  fileprivate func joined(with next: StratumMeans, counts: [Int], _ more: [Int]) -> StratumMeans {
    guard let own = counts.first, let other = more.first else { return counts.isEmpty ? next : self }
    var joined = self
    joined.join(0, next, 0, weight: Double(other) / Double(own + other))
    return joined
  }
}

extension OverlapSums {
  public init(_ arrays: AccumulatorArrays, of header: AccumulatorHeader) throws {
    let kinds = try arrays.integers("overlap/kinds", count: 2)
    let numbers = try arrays.integers("overlap/numbers", count: 3)
    let strata = try arrays.integers("overlap/stratum_of_pair")
    let indices = try (0..<6).map { number in
      let groups = try arrays.integers("overlap/groups_\(number)")
      let counts = try arrays.integers("overlap/rows_\(number)", count: groups.count)
      guard zip(groups, groups.dropFirst()).allSatisfy({ $0 < $1 }), groups.last ?? 0 < Int32.max, counts.allSatisfy({ $0 > 0 }) else {
        throw AccumulatorFault("overlap/groups_\(number) are not in order, or have no rows")
      }
      return StratumIndex(strata: groups.map { Int32($0) }, counts: counts)
    }
    hasStrata = kinds[1] == 1
    guard indices[0].strata == indices[1].strata, strata.count == indices[0].strata.count, numbers.allSatisfy({ $0 < Int32.max }),
      strata.allSatisfy({ $0 <= numbers[2] }), Set(indices[2].strata).isSubset(of: indices[0].strata),
      indices[..<3].allSatisfy({ Int($0.strata.last ?? -1) < numbers[kinds[0] == 1 ? 2 : 1] }),
      indices[3...].allSatisfy({ Int($0.strata.last ?? -1) < (kinds[1] == 1 ? numbers[2] : 1) })
    else { throw AccumulatorFault("overlap/groups are not those of pairs") }
    pairs = OverlapPairs(
      areStrata: kinds[0] == 1, pairs: indices[0].strata, incompleteCount: numbers[0],
      strata: strata.map { $0 == 0 ? nil : Int32($0 - 1) }, indices: Array(indices[..<3]), byStratum: Array(indices[3...]))
    (pairNumbers, stratumNumbers) = (numbers[1], numbers[2])
    means = try header.layers.enumerated().map { layer, traits in
      try indices.enumerated().map { number, index in
        StratumMeans(
          strata: index.strata, unitCount: traits.unitCount,
          values: try arrays.numbers("overlap/\(layer)/means_\(number)", count: index.strata.count * traits.unitCount))
      }
    }
    counts = try arrays.integers("rows", count: Phase.allCases.count)
  }

  public func write(to arrays: inout AccumulatorArrays) {
    arrays.set("rows", counts)
    arrays.set("overlap/kinds", [pairs.areStrata ? 1 : 0, hasStrata ? 1 : 0])
    arrays.set("overlap/numbers", [pairs.incompleteCount, pairNumbers, stratumNumbers])
    arrays.set("overlap/stratum_of_pair", pairs.strata.map { $0.map { Int($0) + 1 } ?? 0 })
    for (number, index) in (pairs.indices + pairs.byStratum).enumerated() {
      arrays.set("overlap/groups_\(number)", index.strata.map { Int($0) })
      arrays.set("overlap/rows_\(number)", index.counts)
      for layer in means.indices { arrays.set("overlap/\(layer)/means_\(number)", means[layer][number].values) }
    }
  }
}

extension OverlapAnalysis: AccumulatedAnalysis {
  public var accumulatorOptions: [String: String] {
    var options = ["measures": measures.map(\.rawValue).joined(separator: ","), "permutations": "\(permutations)"]
    options["exchange"] = exchange?.rawValue
    return options
  }

  public init(accumulated header: AccumulatorHeader) throws {
    let text: String = try header.option("measures")
    let measures = try text.split(separator: ",").map { name in
      guard let measure = OverlapMeasure(rawValue: String(name)) else { throw AccumulatorFault("says '\(text)' for 'measures'") }
      return measure
    }
    self.init(measures: measures, permutations: try header.permutations(), exchange: try header.choice("exchange"))
  }

  public func obstacle(to place: AccumulatorPlace) -> String? {
    place.kind == .share ? "pairings are permuted once the means of all shards are merged, and are not shared" : nil
  }

  public func sums(of recording: RecordingView, as place: AccumulatorPlace, in context: AnalysisContext) throws -> OverlapSums {
    try OverlapSums(of: recording, threads: context.threads)
  }

  public func rows(of sums: OverlapSums, _ header: AccumulatorHeader, in context: AnalysisContext) throws -> [OverlapRow] {
    let path = header.identity.recording
    try PhaseRows(counts: sums.counts, isFiltered: header.isFiltered).require([.own, .other], in: path)
    note(sums.pairs, path, in: context)
    return try zip(header.layers, sums.means).flatMap { layer, means in
      try rows(of: layer.name, units: layer.unitCount, .held(means), sums.pairs, path: path, in: context)
    }
  }
}
