/// What labels that are permuted say of a cross-validated decoder.
///
/// Every permutation is cross-validated anew, with decoders of one step (`OneStepDecoder`), for labels as they are and for permuted ones: a
/// matrix per fold serves all of them. The test is exact for this statistic: labels move as `LabelDeal` says, and under the null hypothesis
/// rows that exchange them are exchangeable.
public struct DecodingPermutationTest: Sendable, Equatable {
  /// Balanced accuracy over all folds of the decoder that is tested, labels as they are.
  public let accuracy: Double
  /// (b + 1) / (N + 1), b of N permutations with at least that accuracy (Phipson and Smyth, 2010).
  public let pValue: Double

  /// - Parameters:
  ///   - rows: numbers of the rows of the matrix.
  ///   - labels: one per row of `rows`, as the folds and strata are.
  ///   - folds: from 0; each fold's rows are predicted from the others.
  /// - Returns: nil without permutations, for fewer than two classes or more than 256, for a value that isn't finite, where labels cannot be
  ///   dealt, and without a label, a fold and a stratum per row.
  public init?(
    _ matrix: FeatureMatrix, rows: [Int], labels: [Int], folds: [Int], strata: [Int32]?, exchange: ExchangeDesign? = nil,
    permutations: Int, stream: RandomStream
  ) {
    let classes = LabelCodes(labels)
    guard permutations > 0, rows.count == labels.count, let classes,
      let deal = try? LabelDeal(labels: classes.codes, classes: classes.count, blocks: strata, folds: folds, choice: exchange),
      var labelings = PermutedLabels(classes, deal: deal, permutations: permutations, stream: stream)
    else { return nil }
    for fold in CrossValidationFold.all(folds) {
      guard let split = DecoderSplit(matrix, training: fold.training.map { rows[$0] }, test: fold.test.map { rows[$0] }),
        labelings.test(split, of: fold)
      else { return nil }
    }
    guard let result = labelings.result else { return nil }
    self = result
  }

  init(accuracy: Double, pValue: Double) {
    (self.accuracy, self.pValue) = (accuracy, pValue)
  }
}

/// Positions of the rows that a fold trains on and predicts.
struct CrossValidationFold {
  let training: [Int]
  let test: [Int]

  /// The folds that occur, in ascending order.
  static func all(_ folds: [Int]) -> [CrossValidationFold] {
    Set(folds).sorted().map { fold in
      CrossValidationFold(training: folds.indices.filter { folds[$0] != fold }, test: folds.indices.filter { folds[$0] == fold })
    }
  }
}

/// Labels, numbered from 0 in ascending order.
struct LabelCodes {
  let codes: [UInt8]
  let count: Int

  /// - Returns: nil for fewer than two classes, or more than 256.
  init?(_ labels: [Int]) {
    let classes = Set(labels).sorted()
    guard (2...256).contains(classes.count) else { return nil }
    let number = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
    codes = labels.map { UInt8(clamping: number[$0] ?? 0) }
    count = classes.count
  }

  /// Σ over classes of the share of their rows that is right, over the number of classes.
  func balancedAccuracy(right: [Int32], of labels: [UInt8]) -> Double {
    var sizes = [Int](repeating: 0, count: count)
    for label in labels { sizes[Int(label)] += 1 }
    return balancedAccuracy(right: right, sizes: sizes)
  }

  func balancedAccuracy(right: some Collection<Int32>, sizes: [Int]) -> Double {
    zip(right, sizes).reduce(0) { $0 + ($1.1 > 0 ? Double($1.0) / Double($1.1) : 0) } / Double(count)
  }
}

/// Labels as they are and permuted, and how many rows of each class each labeling has predicted right so far.
struct PermutedLabels {
  private let classes: LabelCodes
  private let deal: LabelDeal
  private let permutations: Int
  private let stream: RandomStream
  /// The permuted labels of every labeling, where they are few enough to be kept; they are dealt anew for each fold else.
  private let kept: [[UInt8]]
  /// [labelings × classes], labels as they are first.
  private var right: [Int32]
  /// Rows of each class in each labeling: where whole blocks move they change with it.
  private var sizes: [Int32]

  /// Bytes of labels that are kept.
  static let mostKept = 1 << 25

  /// - Returns: nil without permutations, and where labels cannot be dealt.
  init?(_ classes: LabelCodes, deal: LabelDeal, permutations: Int, stream: RandomStream) {
    guard permutations > 0, deal.reason == nil else { return nil }
    self.classes = classes
    self.deal = deal
    self.permutations = permutations
    self.stream = stream
    var dealing = stream
    kept = permutations <= Self.mostKept / max(1, classes.codes.count) ? (0..<permutations).map { _ in deal.dealt(&dealing) } : []
    right = [Int32](repeating: 0, count: (permutations + 1) * classes.count)
    sizes = right
  }

  /// Predicts a fold from the others under each labeling.
  ///
  /// - Returns: false where the fold has no decoder.
  mutating func test(_ split: DecoderSplit, of fold: CrossValidationFold) -> Bool {
    guard let decoder = split.oneStep(classes: classes.count) else { return false }
    var stream = stream
    for first in stride(from: 0, through: permutations, by: OneStepDecoder.lanes) {
      let labelings = (first..<min(first + OneStepDecoder.lanes, permutations + 1)).map { number in
        number == 0 ? classes.codes : kept.isEmpty ? deal.dealt(&stream) : kept[number - 1]
      }
      let predictions = decoder.predictions(labelings.map { labels in fold.training.map { labels[$0] } })
      for (lane, predicted) in predictions.enumerated() {
        let start = (first + lane) * classes.count
        for (row, code) in zip(fold.test, predicted) {
          let label = labelings[lane][row]
          sizes[start + Int(label)] += 1
          if label == code { right[start + Int(code)] += 1 }
        }
      }
    }
    return true
  }

  /// Once all folds are tested.
  var result: DecodingPermutationTest? {
    func accuracy(_ labeling: Int) -> Double {
      let range = labeling * classes.count..<(labeling + 1) * classes.count
      return classes.balancedAccuracy(right: right[range], sizes: sizes[range].map { Int($0) })
    }
    var count = ExtremeCount(observed: accuracy(0), tolerance: 1e-12)
    for labeling in 1..<permutations + 1 { count.add(accuracy(labeling)) }
    return count.pValue.map { DecodingPermutationTest(accuracy: accuracy(0), pValue: $0) }
  }
}
