/// Logistic regression with an L2 penalty, for two classes (sigmoid) or more (softmax).
///
/// It minimises ½ Σ w² + C Σ −ln P(label of the row), intercepts not penalised: the optimum of scikit-learn's `LogisticRegression(C:)`.
/// The optimum is found by Newton's method in Double with backtracking, on one thread: steps by Cholesky factorisation, of many parameters
/// by preconditioned conjugate gradients. Thanks to the penalty it exists for separable classes too; a constant feature gets weight 0 (when
/// it is 0, as `Standardisation` makes it).
public struct LogisticRegression: Sendable, Equatable {
  public let features: Int
  /// The classes that occur among the labels it was fitted to, ascending. Other classes are never predicted.
  public let classes: [Int]
  /// [1 × features] for two classes, in favour of the second; [classes × features] for more, each feature's weights summing to 0.
  public let weights: [Double]
  /// One per row of `weights`.
  public let intercepts: [Double]
  /// Whether the optimum was reached: the Newton decrement fell below 1e-14, or to the limit of rounding.
  public let converged: Bool
  public let iterations: Int

  /// - Parameters:
  ///   - values: [rows × features], best standardised.
  ///   - labels: one per row, any whole numbers.
  ///   - c: C, the inverse strength of the penalty, above 0.
  /// - Returns: nil for fewer than two classes among the labels, a value that isn't finite, C ≤ 0, or where there is not a label per row.
  public init?(fittedTo values: [Double], features: Int, labels: [Int], c: Double, maximumIterations: Int = 100) {
    let classes = Set(labels).sorted()
    guard values.count == labels.count * features, classes.count >= 2, c > 0, c.isFinite, values.allSatisfy(\.isFinite) else { return nil }
    let number = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
    let objective = LogisticObjective(
      values: values, features: features, labels: labels.map { number[$0] ?? 0 }, classes: classes.count, c: c)
    let optimum = objective.minimise(maximumIterations: maximumIterations)
    self.features = features
    self.classes = classes
    let width = features + 1
    let outputs = optimum.parameters.count / width
    weights = (0..<outputs).flatMap { optimum.parameters[$0 * width..<$0 * width + features] }
    intercepts = (0..<outputs).map { optimum.parameters[$0 * width + features] }
    converged = optimum.converged
    iterations = optimum.iterations
  }

  /// The probability of each class of `classes` for each row: [rows × classes]. NaN for a row with a value that isn't finite.
  public func probabilities(_ values: [Double]) -> [Double] {
    var parameters: [Double] = []
    for output in intercepts.indices {
      parameters += weights[output * features..<(output + 1) * features] + [intercepts[output]]
    }
    let rows = features > 0 ? values.count / features : 0
    let objective = LogisticObjective(
      values: values, features: features, labels: [Int](repeating: 0, count: rows), classes: classes.count, c: 1)
    return objective.evaluate(parameters).probabilities
  }

  /// The most probable class of each row; of equally probable ones the smallest.
  public func predictions(_ values: [Double]) -> [Int] {
    let probabilities = probabilities(values)
    return stride(from: 0, to: probabilities.count, by: classes.count).map { start in
      var best = 0
      for index in 1..<classes.count where probabilities[start + index] > probabilities[start + best] { best = index }
      return classes[best]
    }
  }
}
