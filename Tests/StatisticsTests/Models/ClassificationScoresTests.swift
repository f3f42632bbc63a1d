import Statistics
import Testing

@Suite("Scores of a classifier")
struct ClassificationScoresTests {
  @Test("The area under the ROC curve agrees with scikit-learn, with ties")
  func area() throws {
    for row in try fixture("decoding", as: Decoding.self).areas {
      #expect(agrees(areaUnderROC(isPositive: row.positive, scores: row.scores), row.auc, relative: 1e-12))
    }
  }

  @Test("Balanced accuracy weighs classes equally, however rare")
  func balanced() {
    #expect(balancedAccuracy(labels: [0, 0, 0, 1], predictions: [0, 0, 0, 0]) == 0.5)
    #expect(accuracy(labels: [0, 0, 0, 1], predictions: [0, 0, 0, 0]) == 0.75)
  }

  @Test("No rows, one class or NaN give no score")
  func undefined() {
    #expect(accuracy(labels: [], predictions: []) == nil)
    #expect(balancedAccuracy(labels: [], predictions: []) == nil)
    #expect(areaUnderROC(isPositive: [true, true], scores: [1, 2]) == nil)
    #expect(areaUnderROC(isPositive: [true, false], scores: [1, .nan]) == nil)
    #expect(areaUnderROC(isPositive: [true, false], scores: [1, 1]) == 0.5)
  }
}
