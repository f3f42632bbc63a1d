import Testing

@testable import Statistics

@Suite("Decoders of one split")
struct DecoderSplitTests {
  /// Values with a mean and a scale of their own for each feature, and one that is constant.
  private static func matrix(rows: Int, features: Int, seed: UInt64) -> FeatureMatrix {
    var stream = RandomStream(seed: seed, purpose: "decoder split tests")
    let values = (0..<rows * features).map { index in
      let feature = index % features
      return feature == 1 ? 3 : Double(feature) + Double(1 + feature % 5) * stream.normal()
    }
    return FeatureMatrix(values, features: features)
  }

  /// Labels that a few features decide in part.
  private static func labels(rows: Int, classes: Int, seed: UInt64) -> [Int] {
    var stream = RandomStream(seed: seed, purpose: "decoder split labels")
    return (0..<rows).map { stream.uniform() < 0.5 ? $0 % classes : stream.uniform(below: classes) }
  }

  private static let cases = [(60, 20, 2), (60, 59, 2), (60, 59, 3), (45, 90, 2), (80, 150, 4)]

  @Test("In the dual the optimum of logistic regression and its scores are those in the primal to 1e-9", arguments: cases)
  func logistic(rows: Int, features: Int, classes: Int) throws {
    let matrix = Self.matrix(rows: rows + 20, features: features, seed: 3)
    let labels = Self.labels(rows: rows, classes: classes, seed: 4)
    let (training, test) = (Array(0..<rows), Array(rows..<rows + 20))
    let splits = try [DecoderSplit.Form.primal, .dual].map {
      try #require(DecoderSplit(matrix, training: training, test: test, form: $0))
    }
    // The primal of features as they are, whatever their number.
    let standardised = matrix.standardised(training, columns: 0..<features, by: splits[0].standardisation)
    let objective = LogisticObjective(values: standardised, features: features, labels: labels, classes: classes, c: 1)
    let optimum = objective.minimise(maximumIterations: 100)
    let dual = try #require(splits[1].logistic(labels))
    #expect(dual.converged && optimum.converged)
    let parameters = dual.intercepts.indices.flatMap {
      Array(dual.weights[$0 * features..<($0 + 1) * features]) + [dual.intercepts[$0]]
    }
    #expect(largestDifference(parameters, optimum.parameters) <= 1e-9)
    if features <= rows {
      let primal = try #require(splits[0].logistic(labels))
      #expect(largestDifference(splits[0].scores(primal), splits[1].scores(dual)) <= 1e-9)
    }
  }

  @Test("Decoders of one step give the same scores from features², rows² and by way of the weights, to 1e-9", arguments: cases)
  func oneStep(rows: Int, features: Int, classes: Int) throws {
    let matrix = Self.matrix(rows: rows + 20, features: features, seed: 5)
    let (training, test) = (Array(20..<rows + 20), Array(0..<20))
    let outputs = classes == 2 ? 1 : classes
    var stream = RandomStream(seed: 6, purpose: "decoder split tests")
    let indicators = (0..<rows * outputs * 3).map { _ in stream.uniform() < 0.4 ? 1.0 : 0 }
    let decoders = try [DecoderSplit.Form.primal, .dual].map { form -> OneStepDecoder in
      let split = try #require(DecoderSplit(matrix, training: training, test: test, form: form))
      return try #require(split.oneStep(classes: classes))
    }
    let scores = decoders.map { $0.scores(indicators, columns: outputs * 3) }
    #expect(scores[0].contains { abs($0) > 0.01 })
    #expect(largestDifference(scores[0], scores[1]) <= 1e-9)
  }

  @Test("A p-value is the same number whether it is computed in the primal or in the dual, of floats and of doubles")
  func forms() throws {
    let rows = 100
    let labels = Self.labels(rows: rows, classes: 2, seed: 7)
    // 80 training rows a fold: 81 features take the dual.
    var floats = noise(rows: rows, units: 81, seed: 8)
    for index in floats.indices where index % 81 < 3 && labels[index / 81] == 1 { floats[index] += 1 }
    let folds = (0..<rows).map { $0 % 5 }
    func test(_ matrix: FeatureMatrix) throws -> DecodingPermutationTest {
      try #require(
        DecodingPermutationTest(
          matrix, rows: Array(0..<rows), labels: labels, folds: folds, strata: nil, permutations: 199,
          stream: RandomStream(seed: 9, purpose: "test")))
    }
    let one = try test(FeatureMatrix(floats, features: 81))
    let other = try test(FeatureMatrix(doubles(floats), features: 81))
    #expect(one == other)
    #expect(one.accuracy > 0.5)
  }

  @Test("Rows that are not finite, a class or no rows make no decoder")
  func undefined() {
    let matrix = FeatureMatrix([1, 2, .nan, 4, 5, 6] as [Double], features: 1)
    #expect(DecoderSplit(matrix, training: [0, 1, 2], test: [3]) == nil)
    #expect(DecoderSplit(matrix, training: [0, 1], test: [3])?.logistic([1, 1]) == nil)
    #expect(transferDecoding(matrix, train: [0, 1], trainLabels: [0, 1], test: [2], testLabels: [0]) == nil)
    #expect(transferDecoding(matrix, train: [0, 1], trainLabels: [0, 1], test: [], testLabels: []) == nil)
    #expect(crossValidatedDecoding(matrix, rows: [0, 1, 3], labels: [0, 0, 1], folds: [0, 1, 1]) == nil)
    let wide = FeatureMatrix([Double](repeating: .infinity, count: 12), features: 4)
    #expect(DecoderSplit(wide, training: [0, 1], test: [2]) == nil)
  }
}
