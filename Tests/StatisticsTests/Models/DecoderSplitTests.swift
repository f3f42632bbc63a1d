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
