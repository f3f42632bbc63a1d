/// Splits rows at random into two halves, each group on its own: the rows to select units on, and the rows to evaluate them on.
///
/// In a group of odd size chance decides which half gets the odd row. The same seed, purpose and groups give the same split.
///
/// - Parameter groupOfRow: one number per row, such as its phase.
/// - Returns: true for the first half (select), one per row.
public func seededHalfSplit(groupOfRow: [Int], seed: UInt64, purpose: String) -> [Bool] {
  var isFirst = [Bool](repeating: false, count: groupOfRow.count)
  for (group, members) in rowsByLabel(groupOfRow) {
    var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(bitPattern: Int64(group)))
    let shuffled = members.shuffled(using: &stream)
    let odd = shuffled.count % 2 == 1 && stream.uniform() < 0.5 ? 1 : 0
    for row in shuffled.prefix(shuffled.count / 2 + odd) { isFirst[row] = true }
  }
  return isFirst
}

/// Deals rows into folds for cross-validation, each fold with the classes in proportion.
///
/// Without clusters every class is shuffled and dealt round, so that folds differ by at most one row per class and in all. With clusters
/// whole clusters are dealt, the largest first (equal ones in random order), each to the fold whose classes it then leaves most even
/// (the rule of scikit-learn's StratifiedGroupKFold); how even depends on the clusters. A class with fewer rows than folds is missing in some.
///
/// - Parameters:
///   - labels: the class of each row.
///   - clusters: one number per row, or nil.
///   - folds: at least 1; fewer are taken for 1.
/// - Returns: the fold of each row, 0..<folds.
/// - Throws: `StatisticsError.shape` where there is not a cluster per row.
public func stratifiedFolds(
  labels: [Int], clusters: [Int]? = nil, folds: Int, seed: UInt64, purpose: String
) throws(StatisticsError) -> [Int] {
  if let clusters { try require(clusters.count, labels.count, "clusters of the rows") }
  let folds = max(1, folds)
  var stream = RandomStream(seed: seed, purpose: purpose)
  var foldOfRow = [Int](repeating: 0, count: labels.count)
  guard let clusters else {
    var next = 0
    for (_, members) in rowsByLabel(labels) {
      for row in members.shuffled(using: &stream) {
        foldOfRow[row] = next
        next = (next + 1) % folds
      }
    }
    return foldOfRow
  }

  let classes = Set(labels).sorted()
  let classNumber = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
  let classOfRow = labels.map { classNumber[$0] ?? 0 }
  var totals = [Double](repeating: 0, count: classes.count)
  for number in classOfRow { totals[number] += 1 }
  var counts = [[Double]](repeating: totals.map { _ in 0 }, count: folds)
  let dealt = rowsByLabel(clusters).map(\.rows).shuffled(using: &stream).enumerated()
    .sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
  for (_, members) in dealt {
    var added = totals.map { _ in 0.0 }
    for row in members { added[classOfRow[row]] += 1 }
    func unevenness(_ fold: Int) -> Double {
      // By how much the sum of squared shares grows.
      classes.indices.reduce(0) { $0 + added[$1] * (2 * counts[fold][$1] + added[$1]) / (totals[$1] * totals[$1]) }
    }
    let best = (0..<folds).min { (unevenness($0), $0) < (unevenness($1), $1) } ?? 0
    for number in classes.indices { counts[best][number] += added[number] }
    for row in members { foldOfRow[row] = best }
  }
  return foldOfRow
}

/// The rows of each label in ascending order, labels ascending.
private func rowsByLabel(_ labels: [Int]) -> [(label: Int, rows: [Int])] {
  Dictionary(grouping: labels.indices, by: { labels[$0] }).sorted { $0.key < $1.key }.map { (label: $0.key, rows: $0.value) }
}
