import ActivationRecording
import Statistics

/// The rows that are decoded, chosen once for all layers.
///
/// The none rows are split at random into two halves: one goes with self, the other with other, so that no none row is in both. Where there
/// are strata, whole strata are halved and self and other rows with them: self comes from strata of the first half, other from those of
/// the second, so that no episode is trained and tested on. Of each of the two classes then as many rows are drawn without replacement, at
/// most `plan.rows / 2` and at most as many as the smaller class has: a decoder trained on unequal classes would only learn which is the
/// larger. For the action at most `plan.rows / actions` of each label are drawn from the rows of all phases.
struct DecodingSample {
  let own: [Int]
  let other: [Int]
  /// Nil where the recording has no labels.
  let action: [Int]?

  init(rows: PhaseRows, labels: [UInt8]?, strata: [Int32]?, plan: DecodingPlan, seed: UInt64) throws {
    let halved = rows.codes.indices.filter { row in
      let code = rows.codes[row]
      return code == Phase.neither.rawValue || strata != nil && (code == Phase.own.rawValue || code == Phase.other.rawValue)
    }
    var half = [Int?](repeating: nil, count: rows.codes.count)
    let halves = try stratifiedFolds(
      labels: halved.map { Int(rows.codes[$0]) }, clusters: strata.map { strata in halved.map { Int(strata[$0]) } }, folds: 2,
      seed: seed, purpose: "decode none halves")
    for (row, number) in zip(halved, halves) { half[row] = number }
    func draw(_ members: [Int], _ count: Int, _ index: UInt64) -> [Int] {
      guard members.count > count else { return members }
      var stream = RandomStream(seed: seed, purpose: "decode rows", index: index)
      return members.shuffled(using: &stream).prefix(count).sorted()
    }
    func pair(_ phase: Phase, half wanted: Int) -> [Int] {
      func members(_ phase: Phase) -> [Int] {
        rows.codes.indices.filter { rows.codes[$0] == phase.rawValue && (half[$0] ?? wanted) == wanted }
      }
      let (background, distress) = (members(.neither), members(phase))
      let count = min(background.count, distress.count, plan.rows / 2)
      return (draw(background, count, UInt64(wanted) * 2) + draw(distress, count, UInt64(wanted) * 2 + 1)).sorted()
    }
    own = pair(.own, half: 0)
    other = pair(.other, half: 1)
    action = labels.map { labels in
      let members = Dictionary(grouping: labels.indices.filter { rows.codes[$0] != PhaseRows.excluded }) { labels[$0] }
        .sorted { $0.key < $1.key }
      return members.flatMap { draw($0.value, plan.rows / max(1, members.count), 16 + UInt64($0.key)) }.sorted()
    }
  }
}
