import ActivationRecording
import Statistics

/// The rows that are decoded, chosen once for all layers, and their halves.
///
/// A pool is drawn first, without replacement: of none `plan.rows`, of self and other as many where there are strata and half as many where
/// there are none, of all phases for the action at most `plan.rows / actions` a label. In each of `plan.halves` halves the none rows of the
/// pool are split at random into two: one goes with self, the other with other, so that no none row is in both. Where there are strata (items,
/// where there are none of these), whole ones are halved and self and other rows with them: self comes from strata of the first half, other from those of
/// the second, so that no episode is trained and tested on. Of each of the two classes then as many rows are drawn, at most `plan.rows / 2` and at most as
/// many as the smaller class has: a decoder trained on unequal classes would only learn which is the larger.
///
/// Labels are permuted among other rows, at most `plan.rows`, since these may not be chosen by a look at the labels that a permutation changes:
/// whole strata at random, where there are any (rows at random, where one holds more than a twentieth of them); else half of them none and
/// a quarter each of self and other.
struct DecodingSample: Sendable {
  struct Members: Sendable {
    /// Positions in the pool.
    let positions: [Int]
    let labels: [Int]
  }

  /// Row numbers of the pool, ascending.
  let rows: [Int]
  /// What each row of the pool hangs together with (`DependentRows`); nil where rows are independent.
  let clusters: [Int32]?
  /// Self against none, one of each half.
  let own: [Members]
  /// Other against none.
  let other: [Members]
  /// Nil where the recording has no labels.
  let action: Members?
  /// None, self and other rows whose phases are permuted, with their phases.
  let permuted: Members

  init(phases: PhaseRows, labels: [UInt8]?, clusters: [Int32]?, plan: DecodingPlan, seed: UInt64) throws {
    func draw(_ members: [Int], _ count: Int, _ purpose: String, _ index: UInt64) -> [Int] {
      guard members.count > count else { return members }
      var stream = RandomStream(seed: seed, purpose: purpose, index: index)
      return members.shuffled(using: &stream).prefix(count).sorted()
    }
    func members(_ phase: Phase) -> [Int] { phases.codes.indices.filter { phases.codes[$0] == phase.rawValue } }
    let distressRows = clusters == nil ? plan.rows / 2 : plan.rows
    let compared = [(Phase.neither, plan.rows), (.own, distressRows), (.other, distressRows)].map { phase, count in
      draw(members(phase), count, "decode pool", UInt64(phase.rawValue))
    }
    let acting = labels.map { labels in
      let groups = Dictionary(grouping: labels.indices.filter { phases.codes[$0] != PhaseRows.excluded }) { labels[$0] }
        .sorted { $0.key < $1.key }
      return groups.flatMap { draw($0.value, plan.rows / max(1, groups.count), "decode pool", 16 + UInt64($0.key)) }.sorted()
    }
    let permutedRows =
      plan.permutations == 0
      ? []
      : clusters.map { Self.unseen(phases: phases, clusters: $0, count: plan.rows, seed: seed) }
        ?? zip(compared, [plan.rows / 2, plan.rows / 4, plan.rows / 4]).enumerated().flatMap {
          draw($1.0, $1.1, "decode permuted", UInt64($0))
        }
        .sorted()
    let rows = Set((compared + [acting ?? [], permutedRows]).joined()).sorted()
    self.rows = rows
    self.clusters = clusters.map { clusters in rows.map { clusters[$0] } }
    let position = Dictionary(uniqueKeysWithValues: zip(rows, 0...))
    action = acting.map { acting in
      Members(positions: acting.map { position[$0] ?? 0 }, labels: acting.map { row in labels.map { Int($0[row]) } ?? 0 })
    }
    permuted = Members(positions: permutedRows.map { position[$0] ?? 0 }, labels: permutedRows.map { Int(phases.codes[$0]) })

    // What is halved: with clusters every row that is compared, else the none rows.
    let halved = (clusters == nil ? compared[0] : compared.flatMap { $0 }).sorted()
    let exchange = try Exchangeability(
      groups: halved.map { phases.codes[$0] }, groupCount: Phase.allCases.count,
      blocks: clusters.map { clusters in halved.map { clusters[$0] } })
    var (own, other): ([Members], [Members]) = ([], [])
    for number in 0..<plan.halves {
      let isFirst = exchange.halves(seed: seed, purpose: "decode halves \(number)")
      let first = Dictionary(uniqueKeysWithValues: zip(halved, isFirst))
      func pair(_ distress: [Int], isFirst: Bool) -> Members {
        func inside(_ rows: [Int]) -> [Int] { rows.filter { first[$0].map { $0 == isFirst } ?? true } }
        let (background, distress) = (inside(compared[0]), inside(distress))
        let count = min(background.count, distress.count, plan.rows / 2)
        let index = UInt64(number) * 4 + (isFirst ? 0 : 2)
        let drawn = [draw(background, count, "decode rows", index), draw(distress, count, "decode rows", index + 1)]
        let labelled = drawn.enumerated().flatMap { label, rows in rows.map { (row: $0, label: label) } }.sorted { $0.row < $1.row }
        return Members(positions: labelled.map { position[$0.row] ?? 0 }, labels: labelled.map(\.label))
      }
      own.append(pair(compared[1], isFirst: true))
      other.append(pair(compared[2], isFirst: false))
    }
    (self.own, self.other) = (own, other)
  }

  /// None, self and other rows, drawn without a look at which they are.
  private static func unseen(phases: PhaseRows, clusters: [Int32], count: Int, seed: UInt64) -> [Int] {
    let members = phases.codes.indices.filter { phases.codes[$0] <= Phase.other.rawValue }
    guard members.count > count else { return members }
    var stream = RandomStream(seed: seed, purpose: "decode permuted")
    let groups = Dictionary(grouping: members) { clusters[$0] }.sorted { $0.key < $1.key }.map(\.value)
    guard groups.allSatisfy({ $0.count <= count / 20 }) else { return members.shuffled(using: &stream).prefix(count).sorted() }
    var drawn: [Int] = []
    for group in groups.shuffled(using: &stream) where drawn.count + group.count <= count { drawn += group }
    return drawn.sorted()
  }

  /// Most rows that are read.
  static func mostRows(_ plan: DecodingPlan, of rowCount: Int) -> Double {
    min((plan.permutations > 0 ? 5 : 4) * Double(plan.rows), Double(rowCount))
  }
}
