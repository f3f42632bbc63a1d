/// What a decoder says of rows that it was not trained on.
public struct Decoded: Sendable, Equatable {
  /// The class of each row tested, in their order.
  public let predictions: [Int]
  /// Area under the ROC curve; the mean of the folds' where cross-validated. Nil for more than two classes.
  public let auc: Double?
  /// Of the permutation test that goes with it. Nil without permutations, and where labels cannot be exchanged.
  public let pValue: Double?
}

/// The permutation test of a decoder: how often labels are dealt, and among which rows.
public struct DecodingPermutations: Sendable {
  public let count: Int
  public let deal: LabelDeal
  public let stream: RandomStream

  /// - Parameter deal: of the rows that are tested; of all rows, by their folds, where cross-validated.
  public init(count: Int, deal: LabelDeal, stream: RandomStream) {
    self.count = count
    self.deal = deal
    self.stream = stream
  }
}

/// Trains L2 logistic regression (C = 1, features standardised on the training rows) on some rows and tests it on others.
///
/// The p-value is that of an exact test: the decoder stays as it is and the labels of the test rows are permuted.
///
/// - Parameters:
///   - train: numbers of rows of the matrix.
///   - trainLabels: one per row of `train`.
/// - Returns: nil for fewer than two classes in training, without test rows, and for a value that isn't finite.
public func transferDecoding(
  _ matrix: FeatureMatrix, train: [Int], trainLabels: [Int], test: [Int], testLabels: [Int],
  permutations: DecodingPermutations? = nil
) -> Decoded? {
  guard !test.isEmpty, train.count == trainLabels.count, test.count == testLabels.count,
    let split = DecoderSplit(matrix, training: train, test: test), let model = split.logistic(trainLabels)
  else { return nil }
  let scores = split.scores(model)
  guard scores.allSatisfy(\.isFinite) else { return nil }
  let predictions = model.predictions(scores: scores)
  return Decoded(
    predictions: predictions, auc: model.areaUnderROC(labels: testLabels, scores: scores),
    pValue: permutations.flatMap { fixedDecoderPValue(predictions, labels: testLabels, $0) })
}

/// Cross-validates the same decoder: each fold is predicted by a decoder trained on the others.
///
/// For the p-value every permutation is cross-validated anew (`DecodingPermutationTest`): permuting the labels that fixed decoders are tested
/// on would not do, since each label also trains the other folds' decoders.
///
/// - Parameters:
///   - rows: numbers of rows of the matrix.
///   - labels: one per row of `rows`, as the folds are.
///   - folds: from 0.
/// - Returns: nil where a fold's training rows hold fewer classes than the rows as a whole, and for a value that isn't finite.
public func crossValidatedDecoding(
  _ matrix: FeatureMatrix, rows: [Int], labels: [Int], folds: [Int], permutations: DecodingPermutations? = nil
) -> Decoded? {
  guard let classes = LabelCodes(labels), rows.count == labels.count, folds.count == labels.count else { return nil }
  var permuted = permutations.flatMap { PermutedLabels(classes, deal: $0.deal, permutations: $0.count, stream: $0.stream) }
  var predictions = [Int](repeating: 0, count: rows.count)
  var areas: [Double] = []
  for fold in CrossValidationFold.all(folds) {
    guard let split = DecoderSplit(matrix, training: fold.training.map { rows[$0] }, test: fold.test.map { rows[$0] }),
      let model = split.logistic(fold.training.map { labels[$0] }), model.classes.count == classes.count
    else { return nil }
    let scores = split.scores(model)
    guard scores.allSatisfy(\.isFinite) else { return nil }
    for (row, prediction) in zip(fold.test, model.predictions(scores: scores)) { predictions[row] = prediction }
    if let area = model.areaUnderROC(labels: fold.test.map { labels[$0] }, scores: scores) { areas.append(area) }
    if permuted?.test(split, of: fold) == false { permuted = nil }
  }
  return Decoded(
    predictions: predictions, auc: areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count), pValue: permuted?.result?.pValue)
}

extension LogisticRegression {
  /// In favour of the second of two classes; nil for more. The logit orders rows as the probability does, and does not saturate.
  fileprivate func areaUnderROC(labels: [Int], scores: [Double]) -> Double? {
    guard classes.count == 2 else { return nil }
    return Statistics.areaUnderROC(isPositive: labels.map { $0 == classes[1] }, scores: scores)
  }
}

/// p = (b + 1) / (N + 1), b of N permutations of the labels with at least the balanced accuracy of the labels as they are.
private func fixedDecoderPValue(_ predictions: [Int], labels: [Int], _ permutations: DecodingPermutations) -> Double? {
  guard permutations.count > 0, permutations.deal.reason == nil, let classes = LabelCodes(labels) else { return nil }
  let number = Dictionary(uniqueKeysWithValues: zip(Set(labels).sorted(), 0...))
  let predicted = predictions.map { number[$0] ?? -1 }
  func accuracy(_ codes: [UInt8]) -> Double {
    var right = [Int32](repeating: 0, count: classes.count)
    for (code, prediction) in zip(codes, predicted) where Int(code) == prediction { right[prediction] += 1 }
    return classes.balancedAccuracy(right: right, of: codes)
  }
  var count = ExtremeCount(observed: accuracy(classes.codes), tolerance: 1e-12)
  var stream = permutations.stream
  for _ in 0..<permutations.count { count.add(accuracy(permutations.deal.dealt(&stream))) }
  return count.pValue
}

/// p = min(1, 2 × the mean of p-values), and the p itself where there is one.
///
/// Twice the average of p-values is a p-value however they depend on one another: the average of uniform numbers falls below a with
/// probability at most 2a (Rüschendorf, *Advances in Applied Probability* 14 (1982), 623; Vovk and Wang, *Biometrika* 107 (2020), 791). Nil for none.
public func averagedPValue(_ values: [Double]) -> Double? {
  guard let first = values.first else { return nil }
  return values.count == 1 ? first : min(1, 2 * values.reduce(0, +) / Double(values.count))
}
