import ActivationRecording
import Parallelism
import Statistics

/// Which single input column tells some phases apart best: from each value the phase that it went with most in the one half of the rows,
/// scored on the other half.
///
/// Whole numbers 0…255 are values of their own. A column with any other number in the half that is learnt on is cut at the quantiles of that
/// half, into 64 to 256 bins of about eight rows: equal widths would put all but an outlier into one. A value or bin without rows in
/// the half that is learnt on goes with that half's most common phase; so do ties, then the phase of lower code.
struct InputLeak: Sendable {
  let contests: [PhaseContest]

  /// - Parameter subjects: sets of phases to tell apart.
  init(between subjects: [[Phase]], rows: LeakRows) {
    contests = subjects.map { PhaseContest(between: $0, rows: rows) }
  }

  private init(contests: [PhaseContest]) {
    self.contests = contests
  }

  /// Asks some columns more, in ascending order.
  ///
  /// - Parameter values: `[rows × columns]`, of the rows of `LeakRows` and the columns of the range.
  func asking<Value: ActivationValue>(_ columns: Range<Int>, _ values: [Value], rows: LeakRows, threads: Int) throws -> InputLeak {
    let right = try mapBlocks(count: columns.count, threads: threads) { position in
      let column = stride(from: position, to: values.count, by: columns.count).map { values[$0] }
      let bins = columnBins(column, isLearnt: rows.isLearnt)
      return contests.map { $0.rightPredictions(bins) }
    }
    var asked = contests
    for (position, right) in right.enumerated() {
      for contest in asked.indices { asked[contest].consider(columns.lowerBound + position, right: right[contest]) }
    }
    return InputLeak(contests: asked)
  }
}

/// Phases to be told apart, and the column that does it best so far.
struct PhaseContest: Sendable {
  let phases: [Phase]
  /// Whether both halves hold rows of every phase.
  let isMeasurable: Bool
  /// Rows scored on.
  let scoredCount: Int
  /// How many independent rows those scored on are worth: with strata Kish's (1965) effective number of the pairs of a stratum and a phase
  /// among them, ⌊(Σ s)² / Σ s²⌋ with s rows in a pair. Accuracy and chance weigh a pair by its rows, so a long episode outweighs many short ones.
  let independentCount: Int
  /// Share of the most common phase among the rows scored on.
  let chance: Double
  private(set) var best: (column: Int, accuracy: Double)?

  /// Positions in `LeakRows`, with the rank of the row's phase among the phases, the most common of the half that is learnt on first.
  private let learnt: [(position: Int, rank: Int)]
  private let scored: [(position: Int, rank: Int)]

  init(between phases: [Phase], rows: LeakRows) {
    self.phases = phases
    var (learntCounts, scoredCounts) = ([Int](repeating: 0, count: 256), [Int](repeating: 0, count: 256))
    for (code, isLearnt) in zip(rows.codes, rows.isLearnt) {
      if isLearnt { learntCounts[Int(code)] += 1 } else { scoredCounts[Int(code)] += 1 }
    }
    let codes = phases.map { Int($0.rawValue) }
    isMeasurable = codes.allSatisfy { learntCounts[$0] > 0 && scoredCounts[$0] > 0 }
    var rank = [Int?](repeating: nil, count: 256)
    for (position, code) in codes.sorted(by: { (-learntCounts[$0], $0) < (-learntCounts[$1], $1) }).enumerated() { rank[code] = position }
    let ranked = rows.codes.indices.compactMap { position in rank[Int(rows.codes[position])].map { (position: position, rank: $0) } }
    learnt = ranked.filter { rows.isLearnt[$0.position] }
    let scored = ranked.filter { !rows.isLearnt[$0.position] }
    self.scored = scored
    scoredCount = scored.count
    chance = scored.isEmpty ? 1 : Double(codes.map { scoredCounts[$0] }.max() ?? 0) / Double(scored.count)
    independentCount =
      rows.clusters.map { clusters in
        let sizes = Dictionary(grouping: scored) { [clusters[$0.position], $0.rank] }.values.map(\.count)
        return sizes.isEmpty ? 0 : scored.count * scored.count / sizes.reduce(0) { $0 + $1 * $1 }
      } ?? scored.count
  }

  /// How many of the rows scored on are predicted right from a column's bins.
  func rightPredictions(_ bins: [Int]) -> Int {
    var counts = [Int32](repeating: 0, count: binLimit * phases.count)
    for row in learnt { counts[bins[row.position] * phases.count + row.rank] += 1 }
    let predictions = (0..<binLimit).map { bin in
      var most = 0
      for rank in 1..<phases.count where counts[bin * phases.count + rank] > counts[bin * phases.count + most] { most = rank }
      return most
    }
    return scored.count { predictions[bins[$0.position]] == $0.rank }
  }

  mutating func consider(_ column: Int, right: Int) {
    guard isMeasurable else { return }
    let accuracy = Double(right) / Double(scoredCount)
    if best.map({ accuracy > $0.accuracy }) ?? true { best = (column, accuracy) }
  }
}

/// Bins 0…255, and one for what was not seen.
private let binLimit = 257

/// The bin of each of a column's values.
private func columnBins<Value: ActivationValue>(_ column: [Value], isLearnt: [Bool]) -> [Int] {
  func isCode(_ value: Value) -> Bool { value >= 0 && value <= 255 && value == value.rounded() }
  let learnt = zip(column, isLearnt).filter(\.1).map(\.0)
  if learnt.allSatisfy(isCode) { return column.map { isCode($0) ? Int($0) : binLimit - 1 } }
  let sorted = learnt.sorted()
  let count = min(256, max(64, sorted.count / 8))
  var edges: [Value] = []
  for number in 1..<count {
    let edge = sorted[number * sorted.count / count]
    if edge != edges.last { edges.append(edge) }
  }
  return column.map { value in
    // How many edges are at or below the value.
    var (low, high) = (0, edges.count)
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
