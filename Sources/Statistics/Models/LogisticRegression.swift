internal import CBLAS

/// Logistic regression with an L2 penalty, for two classes (sigmoid) or more (softmax).
///
/// It minimises ½ Σ w² + C Σ −ln P(label of the row), intercepts not penalised: the optimum of scikit-learn's `LogisticRegression(C:)`.
/// The optimum is found by Newton's method in Double with backtracking, on one thread: steps by Cholesky factorisation, of many parameters
/// by preconditioned conjugate gradients; of more features than rows in the dual, by the rows' Gram matrix. Thanks to the penalty it exists for separable classes too; a constant feature gets weight 0 (when
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
    if features > labels.count {
      var gram = [Double](repeating: 0, count: labels.count * labels.count)
      mirrorscope_blas_threads(1)
      addGram(of: values, rows: labels.count, columns: features, to: &gram)
      mirrorLowerTriangle(&gram, size: labels.count)
      let dual = LogisticRegression(gram: gram, labels: labels, c: c, features: features, maximumIterations: maximumIterations) {
        matrixProduct($0, transposed: true, rows: $1, depth: labels.count, values, columns: features)
      }
      guard let dual else { return nil }
      self = dual
      return
    }
    let objective = LogisticObjective(
      values: values, features: features, labels: Self.codes(labels, classes), classes: classes.count, c: c)
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

  /// In the dual.
  ///
  /// - Parameters:
  ///   - gram: [rows × rows], finite, both triangles.
  ///   - weights: makes Xᵀ β, [outputs × features], of β [rows × outputs].
  /// - Returns: nil for fewer than two classes among the labels.
  init?(
    gram: [Double], labels: [Int], c: Double, features: Int, maximumIterations: Int = 100, weights: ([Double], _ outputs: Int) -> [Double]
  ) {
    let classes = Set(labels).sorted()
    guard classes.count >= 2 else { return nil }
    let dual = DualLogistic(gram: gram, labels: Self.codes(labels, classes), classes: classes.count, c: c)
    guard let optimum = dual.minimise(maximumIterations: maximumIterations) else { return nil }
    self.features = features
    self.classes = classes
    self.weights = weights(optimum.coefficients, optimum.intercepts.count)
    intercepts = optimum.intercepts
    converged = optimum.converged
    iterations = optimum.iterations
  }

  /// The position of each label among the classes.
  private static func codes(_ labels: [Int], _ classes: [Int]) -> [Int] {
    let number = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
    return labels.map { number[$0] ?? 0 }
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
      classes[largest(probabilities[start..<start + classes.count])]
    }
  }

  /// The class of each row by its scores before they become probabilities, [rows × outputs]: of equal ones the smallest.
  func predictions(scores: [Double]) -> [Int] {
    guard intercepts.count > 1 else { return scores.map { $0 > 0 ? classes[1] : classes[0] } }
    return stride(from: 0, to: scores.count, by: classes.count).map { start in classes[largest(scores[start..<start + classes.count])] }
  }

  private func largest(_ values: ArraySlice<Double>) -> Int {
    var best = values.startIndex
    for index in values.indices where values[index] > values[best] { best = index }
    return best - values.startIndex
  }
}
