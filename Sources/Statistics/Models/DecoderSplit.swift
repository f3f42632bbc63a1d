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

  /// Decoders of one Newton step for this split; nil where rounding leaves no factor.
  func oneStep(classes: Int) -> OneStepDecoder? {
    let curvature = classes == 2 ? 0.25 : 1 / Double(classes)
    let (rows, features) = (training.count, matrix.features)
    switch form {
    case .dual:
      var regularised = values.map { curvature * $0 }
      for row in 0..<rows { regularised[row * rows + row] += 1 }
      guard let factor = CholeskyFactor(regularised, size: rows) else { return nil }
      var cross = [Double](repeating: 0, count: rows * test.count)
      for columns in matrix.columnBlocks {
        let trained = matrix.standardised(training, columns: columns, by: standardisation)
        let tested = matrix.standardised(test, columns: columns, by: standardisation)
        addProduct(trained, rows: rows, depth: columns.count, transposed: tested, columns: test.count, to: &cross)
      }
      return OneStepDecoder(classes: classes, training: rows, test: test.count, map: .hat(factor.solve(cross, columns: test.count)))
    case .primal:
      var regularised = [Double](repeating: 0, count: features * features)
      if features > 0, rows > 0 {
        cblas_dsyrk(
          CblasRowMajor, CblasLower, CblasTrans, Int32(features), Int32(rows), curvature, values, Int32(features), 0, &regularised,
          Int32(features))
      }
      for feature in 0..<features { regularised[feature * features + feature] += 1 }
      guard let factor = CholeskyFactor(regularised, size: features) else { return nil }
      let tested = matrix.standardised(test, columns: 0..<features, by: standardisation)
      guard features * (rows + features + test.count) > rows * test.count else {
        return OneStepDecoder(
          classes: classes, training: rows, test: test.count, map: .weights(factor, training: values, test: tested))
      }
      let solved = factor.solve(transposed(tested, rows: test.count, columns: features), columns: test.count)
      return OneStepDecoder(
        classes: classes, training: rows, test: test.count,
        map: .hat(matrixProduct(values, rows: rows, depth: features, solved, columns: test.count)))
    }
  }

  /// Bytes that a split takes beside the matrix, with its logistic regression and, where labels are permuted, its decoders of one step.
  ///
  /// - Parameters:
  ///   - training: at most so many rows.
  ///   - permutations: 0 for none.
  public static func bytes(training: Double, test: Double, features: Double, classes: Int, permutations: Int) -> Double {
    let outputs = Double(classes <= 2 ? 1 : classes)
    let columns = Double(min(permutations, OneStepDecoder.lanes)) * outputs
    // Means, deviations and weights; indicators and scores of the labelings of one turn; a block of features of both sets of rows.
    let vectors = features * (5 + 2 * outputs) + columns * (training + test) + Double(FeatureMatrix.blockColumns) * (training + test)
    let isPermuted = permutations > 0 ? 1.0 : 0
    let labels = min(Double(PermutedLabels.mostKept), Double(permutations) * (training + test + 48))
    if features > training {
      // The Gram matrix, one that is to be factorised and the factor; products with the test rows, and these solved.
      return 8 * (3 * training * training + isPermuted * 2 * training * test + 8 * training * outputs + vectors) + labels
    }
    // Standardised rows, the design made of them and one that is weighted; then the matrix of a step and its factor; the test rows.
    let step = features * (2 * features + test + columns) + min(features, training) * test
    return 8 * (3 * training * features + 3 * features * features + isPermuted * step + vectors) + labels
  }
}

/// Ridge regression on the labels, which is one Newton step from 0 of logistic regression with C = 1: with K classes and n training rows
/// w_a = (X̃ᵀX̃ h + 1)⁻¹ X̃ᵀ y_a and intercept (n_a/n − 1/K)/h, with h = 1/4 and a score for the second of two classes, h = 1/K and a score
/// per class for more. The scores of the test rows are a matrix, the same for all labels, times the labels.
struct OneStepDecoder {
  enum Map {
    /// [training rows × test rows], transposed.
    case hat([Double])
    /// Of few features: labels to weights to scores.
    case weights(CholeskyFactor, training: [Double], test: [Double])
  }

  /// Labelings at a time.
  static let lanes = 64

  let classes: Int
  let training: Int
  let test: Int
  let map: Map

  private var outputs: Int { classes == 2 ? 1 : classes }

  /// Predictions of the test rows for each labeling of the training rows.
  ///
  /// - Parameter labelings: codes 0..<classes, one per training row; at most `lanes` of them.
  func predictions(_ labelings: [[UInt8]]) -> [[UInt8]] {
    let columns = labelings.count * outputs
    let first = outputs == 1 ? 1 : 0
    var indicators = [Double](repeating: 0, count: training * columns)
    var intercepts = [Double](repeating: 0, count: columns)
    indicators.withUnsafeMutableBufferPointer { indicators in
      for (lane, codes) in labelings.enumerated() {
        var start = lane * outputs - first
        for code in codes {
          let code = Int(code)
          if code >= first {
            indicators[start + code] = 1
            intercepts[lane * outputs - first + code] += 1
          }
          start += columns
        }
      }
    }
    let curvature = classes == 2 ? 0.25 : 1 / Double(classes)
    intercepts = intercepts.map { ($0 / Double(training) - 1 / Double(classes)) / curvature }
    let scores = scores(indicators, columns: columns)
    return labelings.indices.map { lane in
      (0..<test).map { row in
        let start = row * columns + lane * outputs
        if outputs == 1 { return scores[start] + intercepts[lane] > 0 ? 1 : 0 }
        var (largest, predicted) = (-Double.infinity, UInt8(0))
        for output in 0..<outputs {
          let score = scores[start + output] + intercepts[lane * outputs + output]
          if score > largest { (largest, predicted) = (score, UInt8(clamping: output)) }
        }
        return predicted
      }
    }
  }

  /// Scores without intercepts, [test rows × columns].
  func scores(_ indicators: [Double], columns: Int) -> [Double] {
    switch map {
    case .hat(let hat): return matrixProduct(hat, transposed: true, rows: test, depth: training, indicators, columns: columns)
    case .weights(let factor, let trained, let tested):
      let sums = matrixProduct(trained, transposed: true, rows: factor.size, depth: training, indicators, columns: columns)
      return matrixProduct(tested, rows: test, depth: factor.size, factor.solve(sums, columns: columns), columns: columns)
    }
  }
}
