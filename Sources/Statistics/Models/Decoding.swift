/// What a decoder says of rows that it was not trained on.
public struct Decoded: Sendable, Equatable {
  /// The class of each row tested, in their order.
  public let predictions: [Int]
  /// Area under the ROC curve; the mean of the folds' where cross-validated. Nil for more than two classes.
  public let auc: Double?
}

/// Trains L2 logistic regression (C = 1, features standardised on the training rows) on some rows and tests it on others.
///
/// - Parameters:
///   - train: numbers of rows of the matrix.
///   - trainLabels: one per row of `train`.
/// - Returns: nil for fewer than two classes in training, without test rows, and for a value that isn't finite.
public func transferDecoding(
  _ matrix: FeatureMatrix, train: [Int], trainLabels: [Int], test: [Int], testLabels: [Int]
) -> Decoded? {
  guard !test.isEmpty, train.count == trainLabels.count, test.count == testLabels.count,
    let split = DecoderSplit(matrix, training: train, test: test), let model = split.logistic(trainLabels)
  else { return nil }
  let scores = split.scores(model)
  guard scores.allSatisfy(\.isFinite) else { return nil }
  return Decoded(predictions: model.predictions(scores: scores), auc: model.areaUnderROC(labels: testLabels, scores: scores))
}

/// Cross-validates the same decoder: each fold is predicted by a decoder trained on the others.
///
/// - Parameters:
///   - rows: numbers of rows of the matrix.
///   - labels: one per row of `rows`, as the folds are.
///   - folds: from 0.
/// - Returns: nil where a fold's training rows hold fewer classes than the rows as a whole, and for a value that isn't finite.
public func crossValidatedDecoding(
  _ matrix: FeatureMatrix, rows: [Int], labels: [Int], folds: [Int]
) -> Decoded? {
  let classes = Set(labels).count
  guard classes > 1, rows.count == labels.count, folds.count == labels.count else { return nil }
  var predictions = [Int](repeating: 0, count: rows.count)
  var areas: [Double] = []
  for fold in CrossValidationFold.all(folds) {
    guard let split = DecoderSplit(matrix, training: fold.training.map { rows[$0] }, test: fold.test.map { rows[$0] }),
      let model = split.logistic(fold.training.map { labels[$0] }), model.classes.count == classes
    else { return nil }
    let scores = split.scores(model)
    guard scores.allSatisfy(\.isFinite) else { return nil }
    for (row, prediction) in zip(fold.test, model.predictions(scores: scores)) { predictions[row] = prediction }
    if let area = model.areaUnderROC(labels: fold.test.map { labels[$0] }, scores: scores) { areas.append(area) }
  }
  return Decoded(predictions: predictions, auc: areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count))
}

extension LogisticRegression {
  /// In favour of the second of two classes; nil for more. The logit orders rows as the probability does, and does not saturate.
  fileprivate func areaUnderROC(labels: [Int], scores: [Double]) -> Double? {
    guard classes.count == 2 else { return nil }
    return Statistics.areaUnderROC(isPositive: labels.map { $0 == classes[1] }, scores: scores)
  }
}

/// Positions of the rows that a fold trains on and predicts.
private struct CrossValidationFold {
  let training: [Int]
  let test: [Int]

  /// The folds that occur, in ascending order.
  static func all(_ folds: [Int]) -> [CrossValidationFold] {
    Set(folds).sorted().map { fold in
      CrossValidationFold(training: folds.indices.filter { folds[$0] != fold }, test: folds.indices.filter { folds[$0] == fold })
    }
  }
}
