internal import CBLAS

/// Rows that decoders are trained on and rows that they are tested on: what decoders of any labels have in common.
///
/// Features are standardised on the training rows, a block of them at a time. Of fewer features than training rows the standardised rows
/// are kept; of more, their Gram matrix, and decoders are made in the dual: the same numbers to rounding, in rows² for features² of memory.
public struct DecoderSplit: Sendable {
  enum Form: Sendable { case primal, dual }

  let matrix: FeatureMatrix
  let training: [Int]
  let test: [Int]
  let form: Form
  let standardisation: Standardisation
  /// Primal: the training rows [rows × features]; dual: their Gram matrix [rows × rows].
  private let values: [Double]

  /// - Parameters:
  ///   - training: numbers of rows of the matrix to train on.
  ///   - test: of the rows to test on.
  /// - Returns: nil where a training row holds a value that isn't finite.
  public init?(_ matrix: FeatureMatrix, training: [Int], test: [Int]) {
    self.init(matrix, training: training, test: test, form: matrix.features > training.count ? .dual : .primal)
  }

  init?(_ matrix: FeatureMatrix, training: [Int], test: [Int], form: Form) {
    self.matrix = matrix
    self.training = training
    self.test = test
    self.form = form
    mirrorscope_blas_threads(1)
    let standardisation = matrix.standardisation(fittedTo: training)
    self.standardisation = standardisation
    switch form {
    case .primal: values = matrix.standardised(training, columns: 0..<matrix.features, by: standardisation)
    case .dual:
      let count = training.count
      var gram = [Double](repeating: 0, count: count * count)
      for columns in matrix.columnBlocks {
        let block = matrix.standardised(training, columns: columns, by: standardisation)
        addGram(of: block, rows: count, columns: columns.count, to: &gram)
      }
      mirrorLowerTriangle(&gram, size: count)
      values = gram
    }
    // One value that isn't finite leaves none of its feature finite.
    guard values.allSatisfy(\.isFinite) else { return nil }
  }

  /// L2 logistic regression on the standardised features.
  ///
  /// - Parameter labels: one per training row.
  /// - Returns: nil for fewer than two classes among them.
  func logistic(_ labels: [Int], c: Double = 1) -> LogisticRegression? {
    switch form {
    case .primal: LogisticRegression(fittedTo: values, features: matrix.features, labels: labels, c: c)
    case .dual:
      LogisticRegression(gram: values, labels: labels, c: c, features: matrix.features) { coefficients, outputs in
        matrix.columnBlocks.reduce(into: [Double](repeating: 0, count: outputs * matrix.features)) { weights, columns in
          let block = matrix.standardised(training, columns: columns, by: standardisation)
          let part = matrixProduct(
            coefficients, transposed: true, rows: outputs, depth: training.count, block, columns: columns.count)
          for output in 0..<outputs {
            for (position, column) in columns.enumerated() {
              weights[output * matrix.features + column] = part[output * columns.count + position]
            }
          }
        }
      }
    }
  }

  /// What a decoder trained on the split gives the test rows before it chooses: the logit of the second of two classes, a score for each of
  /// more, [test rows × outputs].
  func scores(_ model: LogisticRegression) -> [Double] {
    let outputs = model.intercepts.count
    var scores = [Double](repeating: 0, count: test.count * outputs)
    for row in test.indices {
      for output in 0..<outputs { scores[row * outputs + output] = model.intercepts[output] }
    }
    for columns in matrix.columnBlocks {
      let block = matrix.standardised(test, columns: columns, by: standardisation)
      var weights = [Double](repeating: 0, count: columns.count * outputs)
      for output in 0..<outputs {
        for (position, column) in columns.enumerated() {
          weights[position * outputs + output] = model.weights[output * model.features + column]
        }
      }
      let part = matrixProduct(block, rows: test.count, depth: columns.count, weights, columns: outputs)
      cblas_daxpy(Int32(part.count), 1, part, 1, &scores, 1)
    }
    return scores
  }

  /// Bytes that a split takes beside the matrix, with its logistic regression.
  ///
  /// - Parameter training: at most so many rows.
  public static func bytes(training: Double, test: Double, features: Double, classes: Int) -> Double {
    let outputs = Double(classes <= 2 ? 1 : classes)
    // Means, deviations and weights; a block of features of both sets of rows.
    let vectors = features * (5 + 2 * outputs) + (outputs + Double(FeatureMatrix.blockColumns)) * (training + test)
    // The Gram matrix, one that is to be factorised and the factor.
    if features > training { return 8 * (3 * training * training + 8 * training * outputs + vectors) }
    // Standardised rows, the design made of them and one that is weighted; then the matrix of a step and its factor.
    return 8 * (3 * training * features + 3 * features * features + vectors)
  }
}
