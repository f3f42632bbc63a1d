import ActivationRecording

/// The mean activations of one layer by pair and by stratum: read for some of them at a time, so that a layer of any number of pairs takes the
/// memory of a block, or held.
enum OverlapMeans {
  /// - Parameter indices: which rows are in which group.
  case read(RecordingView, RecordedLayer, indices: [StratumIndex])
  /// One for each index.
  case held([StratumMeans])

  /// Means of some groups of some indices.
  ///
  /// - Parameter chosen: the number of an index, and positions of its groups, ascending.
  /// - Throws: what reading throws.
  func means(_ chosen: [(index: Int, groups: [Int])], in context: AnalysisContext) throws -> [StratumMeans] {
    switch self {
    case .held(let all): return chosen.map { all[$0.index].chosen($0.groups) }
    case .read(let recording, let layer, let indices):
      let parts = chosen.map { indices[$0.index].restricted(to: $0.groups) }
      return try context.progress.reading(cells: recording.cellCount(of: [layer])) {
        try recording.stratumMeans(of: [layer], by: parts, threads: context.threads)
      }
    }
  }

  /// The groups of an index by their numbers.
  func groups(_ index: Int) -> [Int32] {
    switch self {
    case .held(let all): all[index].strata
    case .read(_, _, let indices): indices[index].strata
    }
  }

  /// Whether squares of means may leave the range of doubles.
  var mayBeExtreme: Bool {
    switch self {
    case .held: true
    case .read(_, let layer, _): layer.storesDoubles
    }
  }

  /// Bytes of a pair and unit at most: three means; and of each of some measures side by side three vectors, two of them once more about the
  /// origin, and sums of self and other of every two pairs, by the pairing and by stratum.
  static func bytesPerUnit(measures: Int) -> Int { 3 * 8 + measures * (5 * 8 + 2 * 8) }

  /// How many pairs, or strata, are worked on at a time.
  static func blockSize(units: Int) -> Int {
    max(16, (256 << 20) / (bytesPerUnit(measures: OverlapMeasure.allCases.count) * max(1, units)))
  }
}

extension StratumIndex {
  /// Only some of its groups, by their positions, ascending; other rows are outside.
  fileprivate func restricted(to groups: [Int]) -> StratumIndex {
    guard groups.count < strata.count else { return self }
    var places = [Int32](repeating: -1, count: strata.count)
    for (place, group) in groups.enumerated() { places[group] = Int32(place) }
    return StratumIndex(
      strata: groups.map { strata[$0] }, counts: groups.map { counts[$0] }, positions: positions.map { $0 < 0 ? -1 : places[Int($0)] })
  }
}

extension StratumMeans {
  fileprivate func chosen(_ groups: [Int]) -> StratumMeans {
    guard groups.count < strata.count else { return self }
    return StratumMeans(
      strata: groups.map { strata[$0] }, unitCount: unitCount,
      values: groups.flatMap { values[$0 * unitCount..<($0 + 1) * unitCount] })
  }
}
