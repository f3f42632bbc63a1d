import ActivationRecording
import Statistics

/// Rows to decode from: floats or doubles, as the layer stores them.
public struct DecodingRows<Value: ActivationValue>: Sendable {
  /// `[rows × features]`, row-major.
  public let values: [Value]
  public let features: Int
  /// The class of each row.
  public let labels: [Int]
  /// The stratum of each row; nil where rows are independent.
  public let strata: [Int]?

  public init(values: [Value], features: Int, labels: [Int], strata: [Int]? = nil) {
    self.values = values
    self.features = features
    self.labels = labels
    self.strata = strata
  }

  public var count: Int { labels.count }

  public func selecting(_ rows: [Int]) -> DecodingRows {
    var selected: [Value] = []
    selected.reserveCapacity(rows.count * features)
    for row in rows { selected += values[row * features..<(row + 1) * features] }
    return DecodingRows(
      values: selected, features: features, labels: rows.map { labels[$0] }, strata: strata.map { strata in rows.map { strata[$0] } })
  }
}

/// How well a decoder does on rows that it was not trained on.
public struct DecodingScore: Sendable, Equatable {
  /// Balanced accuracy.
  public let accuracy: Double
  /// Nil for more than two classes.
  public let auc: Double?
  /// 1 / classes.
  public let chance: Double
  /// Nil without permutations, and where labels do not vary inside strata.
  public var pValue: Double?
}

/// What to permute, how often.
public struct DecodingPermutations: Sendable {
  public let count: Int
  public let seed: UInt64
  public let index: UInt64

  /// - Parameter index: tells apart the tests of one seed.
  public init(count: Int, seed: UInt64, index: UInt64) {
    self.count = count
    self.seed = seed
    self.index = index
  }

  var stream: RandomStream { RandomStream(seed: seed, purpose: "decode permutation", index: index) }
}

/// Trains L2 logistic regression (C = 1, features standardised on the training rows) on some rows and tests it on others.
///
/// The p-value is that of an exact test: the decoder stays as it is and the labels of the test rows are permuted inside their strata.
///
/// - Returns: nil where the training rows hold fewer than two classes, or there are no test rows.
public func transferDecoding<Value: ActivationValue>(
  train: DecodingRows<Value>, test: DecodingRows<Value>, permutations: DecodingPermutations? = nil
) -> DecodingScore? {
  guard let decoder = LogisticDecoder(train) else { return nil }
  let predictions = decoder.predictions(test)
  guard let accuracy = balancedAccuracy(labels: test.labels, predictions: predictions) else { return nil }
  return DecodingScore(
    accuracy: accuracy, auc: decoder.auc(test), chance: 1 / Double(decoder.classCount),
    pValue: permutations.flatMap { permutationPValue(predictions, labels: test.labels, strata: test.strata, $0) })
}

/// Cross-validates the same decoder: each fold is predicted by a decoder trained on the others.
///
/// Accuracy is taken over the predictions of all folds together, the area under the curve is the mean of the folds'. For the p-value every
/// permutation is cross-validated anew, with decoders that stop after their first step (`DecodingPermutationTest`): permuting the labels
/// that fixed decoders are tested on would not do, since each label also trains the other folds' decoders.
///
/// - Parameter folds: the fold of each row, from 0.
/// - Returns: nil where a fold's training rows hold fewer classes than the rows as a whole.
public func crossValidatedDecoding<Value: ActivationValue>(
  _ rows: DecodingRows<Value>, folds: [Int], permutations: DecodingPermutations? = nil
) -> DecodingScore? {
  let classCount = Set(rows.labels).count
  var predictions = [Int](repeating: 0, count: rows.count)
  var areas: [Double] = []
  for fold in Set(folds).sorted() {
    let heldOut = folds.indices.filter { folds[$0] == fold }
    let test = rows.selecting(heldOut)
    guard let decoder = LogisticDecoder(rows.selecting(folds.indices.filter { folds[$0] != fold })), decoder.classCount == classCount else {
      return nil
    }
    for (row, prediction) in zip(heldOut, decoder.predictions(test)) { predictions[row] = prediction }
    if let area = decoder.auc(test) { areas.append(area) }
  }
  guard classCount >= 2, let accuracy = balancedAccuracy(labels: rows.labels, predictions: predictions) else { return nil }
  let test = permutations.flatMap {
    DecodingPermutationTest(
      values: rows.values, features: rows.features, labels: rows.labels, folds: folds, strata: rows.strata, permutations: $0.count,
      stream: $0.stream)
  }
  return DecodingScore(
    accuracy: accuracy, auc: areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count), chance: 1 / Double(classCount),
    pValue: test?.pValue)
}

/// Logistic regression behind the standardisation of its training rows.
private struct LogisticDecoder {
  let standardisation: Standardisation
  let model: LogisticRegression

  init?<Value: ActivationValue>(_ rows: DecodingRows<Value>) {
    standardisation = Standardisation(fittedTo: rows.values, features: rows.features)
    guard
      let model = LogisticRegression(
        fittedTo: standardisation.applied(to: rows.values), features: rows.features, labels: rows.labels, c: 1)
    else { return nil }
    self.model = model
  }

  var classCount: Int { model.classes.count }

  func predictions<Value: ActivationValue>(_ rows: DecodingRows<Value>) -> [Int] {
    model.predictions(standardisation.applied(to: rows.values))
  }

  /// In favour of the second of two classes; nil for more.
  func auc<Value: ActivationValue>(_ rows: DecodingRows<Value>) -> Double? {
    guard model.classes.count == 2 else { return nil }
    let values = standardisation.applied(to: rows.values)
    // The logit orders rows as the probability does, and does not saturate.
    let scores = (0..<rows.count).map { row in
      (0..<rows.features).reduce(model.intercepts[0]) { $0 + model.weights[$1] * values[row * rows.features + $1] }
    }
    return areaUnderROC(isPositive: rows.labels.map { $0 == model.classes[1] }, scores: scores)
  }
}

/// p = (b + 1) / (N + 1), b of N permutations of the labels inside strata with at least the balanced accuracy of the labels as they are.
/// Nil without permutations, or where no stratum holds two classes.
private func permutationPValue(
  _ predictions: [Int], labels: [Int], strata: [Int]?, _ permutations: DecodingPermutations
) -> Double? {
  guard permutations.count > 0 else { return nil }
  let groups = Dictionary(grouping: labels.indices) { strata?[$0] ?? 0 }.sorted { $0.key < $1.key }.map(\.value)
  let varying = groups.filter { group in group.contains { labels[$0] != labels[group[0]] } }
  guard !varying.isEmpty else { return nil }
  // A permutation keeps the size of each class, so balanced accuracy is a sum of a weight per row predicted right.
  let classes = Set(labels).sorted()
  let number = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
  let codes = labels.map { number[$0] ?? 0 }
  let predicted = predictions.map { number[$0] ?? -1 }
  var sizes = classes.map { _ in 0 }
  for code in codes { sizes[code] += 1 }
  func score(_ codes: [Int]) -> Double {
    var right = classes.map { _ in 0 }
    for row in codes.indices where codes[row] == predicted[row] { right[codes[row]] += 1 }
    return zip(right, sizes).reduce(0) { $0 + Double($1.0) / Double($1.1) }
  }
  var count = ExtremeCount(observed: score(codes), tolerance: 1e-12)
  var stream = permutations.stream
  var permuted = codes
  for _ in 0..<permutations.count {
    for group in varying {
      for last in stride(from: group.count - 1, to: 0, by: -1) {
        permuted.swapAt(group[last], group[stream.uniform(below: last + 1)])
      }
    }
    count.add(score(permuted))
  }
  return count.pValue
}
