import ActivationRecording
import Statistics

/// The rows on which input columns are asked for the phase, in two halves: one to learn on, one to score on.
///
/// Of each phase at most `mostPerPhase` rows are drawn, without replacement, so that what is held in memory does not grow with a recording.
/// Halves have the phases in proportion, and no stratum or item (`DependentRows`) is in both.
struct LeakRows: Sendable {
  static let mostPerPhase = 2500

  /// Row numbers, ascending.
  let rows: [Int]
  /// Phase of each of the rows.
  let codes: [UInt8]
  /// Whether a row is in the half that is learnt on.
  let isLearnt: [Bool]
  /// What each of the rows hangs together with; nil where rows are independent.
  let clusters: [Int]?

  /// - Parameter codes: phase of every row of the recording; other codes than those of phases are left out.
  init(codes: [UInt8], clusters: [Int32]?, seed: UInt64) throws {
    rows = Phase.allCases.flatMap { phase -> [Int] in
      let members = codes.indices.filter { codes[$0] == phase.rawValue }
      guard members.count > Self.mostPerPhase else { return members }
      var stream = RandomStream(seed: seed, purpose: "audit leak rows", index: UInt64(phase.rawValue))
      return Array(members.shuffled(using: &stream).prefix(Self.mostPerPhase))
    }.sorted()
    let drawn = rows
    self.codes = drawn.map { codes[$0] }
    self.clusters = clusters.map { clusters in drawn.map { Int(clusters[$0]) } }
    isLearnt = try stratifiedFolds(
      labels: self.codes.map { Int($0) }, clusters: self.clusters, folds: 2, seed: seed, purpose: "audit leak halves"
    ).map { $0 == 0 }
  }

  /// Some columns of those of the rows that lie in a block of inputs, `[rows × columns of the group]`.
  func values<Value: ActivationValue>(of group: Range<Int>, in block: [Value], range: Range<Int>, columns: Int) -> [Value] {
    var values: [Value] = []
    // Rows ascend: those of the block are found by halving.
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    for row in rows[low...].prefix(while: { $0 < range.upperBound }) {
      let start = (row - range.lowerBound) * columns
      values += block[start + group.lowerBound..<start + group.upperBound]
    }
    return values
  }
}
