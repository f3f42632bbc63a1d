/// The share of rows whose prediction is their label. Nil without rows, or without a prediction for each.
public func accuracy(labels: [Int], predictions: [Int]) -> Double? {
  guard !labels.isEmpty, labels.count == predictions.count else { return nil }
  return Double(zip(labels, predictions).count { $0 == $1 }) / Double(labels.count)
}

/// The mean over the classes that occur among `labels` of the share of their rows that is predicted right: chance is 1 / classes however
/// unequal they are (`sklearn.metrics.balanced_accuracy_score`). Nil without rows, or without a prediction for each.
public func balancedAccuracy(labels: [Int], predictions: [Int]) -> Double? {
  guard !labels.isEmpty, labels.count == predictions.count else { return nil }
  var rows: [Int: Int] = [:]
  var right: [Int: Int] = [:]
  for (label, prediction) in zip(labels, predictions) {
    rows[label, default: 0] += 1
    if label == prediction { right[label, default: 0] += 1 }
  }
  // In order of the labels: a dictionary's order changes from run to run, and with it the last digit.
  let recalls = rows.keys.sorted().map { Double(right[$0] ?? 0) / Double(rows[$0] ?? 1) }
  return recalls.reduce(0, +) / Double(recalls.count)
}

/// The chance that a positive row scores above a negative one, ties counting half: the area under the ROC curve, from the Mann–Whitney
/// statistic (R₊ − n₊(n₊+1)/2) / (n₊ n₋), with average ranks (`sklearn.metrics.roc_auc_score`).
/// Nil when either class is empty, a score is NaN, or there is not a score per row.
public func areaUnderROC(isPositive: [Bool], scores: [Double]) -> Double? {
  guard isPositive.count == scores.count else { return nil }
  let positives = isPositive.count { $0 }
  let negatives = isPositive.count - positives
  guard positives > 0, negatives > 0, !scores.contains(where: \.isNaN) else { return nil }
  var rankSum = 0.0
  for (rank, positive) in zip(averageRanks(scores), isPositive) where positive { rankSum += rank }
  return (rankSum - Double(positives) * Double(positives + 1) / 2) / (Double(positives) * Double(negatives))
}
