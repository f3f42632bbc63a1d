/// Rows whose labels are permuted, standardised together, whatever their labels: the features of each row where these are at most as many as
/// the rows, else the rows' Gram matrix.
public struct PooledRows: Sendable {
  enum Form: Sendable {
    /// [rows × features]
    case features([Double])
    /// [rows × rows]
    case gram([Double])
  }

  public let count: Int
  let features: Int
  let form: Form

  /// - Parameter rows: numbers of rows of the matrix.
  /// - Returns: nil where a row holds a value that isn't finite.
  public init?(_ matrix: FeatureMatrix, rows: [Int]) {
    self.init(matrix, rows: rows, gram: matrix.features > rows.count)
  }

  init?(_ matrix: FeatureMatrix, rows: [Int], gram isGram: Bool) {
    (count, features) = (rows.count, matrix.features)
    let standardisation = matrix.standardisation(fittedTo: rows)
    var values: [Double]
    if isGram {
      values = [Double](repeating: 0, count: rows.count * rows.count)
      for columns in matrix.columnBlocks {
        addGram(
          of: matrix.standardised(rows, columns: columns, by: standardisation), rows: rows.count, columns: columns.count, to: &values)
      }
      mirrorLowerTriangle(&values, size: rows.count)
    } else {
      values = matrix.standardised(rows, columns: 0..<matrix.features, by: standardisation)
    }
    guard values.allSatisfy(\.isFinite) else { return nil }
    form = isGram ? .gram(values) : .features(values)
  }

  /// Bytes of so many rows, and of the decoders of one half of them.
  public static func bytes(rows: Double, features: Double, classes: Int, permutations: Int) -> (pool: Double, half: Double) {
    let lanes = min(NearestMeans.lanes(classes: classes), max(0, permutations) + 1)
    let columns = Double(lanes * max(1, classes - 1))
    let pool = 8 * rows * min(rows, features)
    // Training and test rows of the pool, the matrix that is factorised and its factor; labels, sums, solutions and scores of a turn.
    let side = features > rows ? rows / 2 : features
    return (pool, pool + 16 * side * side + 8 * columns * (3 * rows + 2 * side))
  }
}

/// Linear discriminants with equal priors, of some rows of a pool and any labels of them: a row goes to the class whose training mean m_k is
/// nearest in the metric S = (X'X/4 + 1)⁻¹, X the standardised training rows of all labels. The score of class k over class 0 is
///
///     xᵀS (m_k − m_0) − ½ (m_k + m_0)ᵀS (m_k − m_0)
///
/// S is the metric of ridge regression with the weight that a Newton step from 0 of logistic regression (C = 1) gives rows. It does not know the
/// labels, so one factor serves all of them: by Gram matrices K, X S Xᵀ r = 4 (r − z) with z = (1 + K/4)⁻¹ r.
struct NearestMeans {
  private enum Map {
    case features(CholeskyFactor, training: [Double], test: [Double])
    /// [test rows × training rows] of the Gram matrix.
    case gram(CholeskyFactor, cross: [Double])
  }

  /// Labelings at a time: enough that a factor's way through the cache is worth its while.
  static func lanes(classes: Int) -> Int { max(16, 512 / max(1, classes - 1)) }

  private static let curvature = 0.25

  private let training: Int
  private let test: Int
  private let map: Map

  /// - Parameters:
  ///   - training: positions in the pool.
  ///   - test: positions in the pool of the rows that are predicted.
  /// - Returns: nil where rounding leaves no factor.
  init?(_ pool: PooledRows, training: [Int], test: [Int]) {
    (self.training, self.test) = (training.count, test.count)
    let (rows, features) = (training.count, pool.features)
    switch pool.form {
    case .gram(let gram):
      func part(_ left: [Int]) -> [Double] {
        gram.withUnsafeBufferPointer { gram in left.flatMap { row in training.map { gram[row * pool.count + $0] } } }
      }
      var regularised = part(training).map { Self.curvature * $0 }
      for row in 0..<rows { regularised[row * rows + row] += 1 }
      guard let factor = CholeskyFactor(regularised, size: rows) else { return nil }
      map = .gram(factor, cross: part(test))
    case .features(let values):
      func part(_ rows: [Int]) -> [Double] { rows.flatMap { values[$0 * features..<($0 + 1) * features] } }
      let trained = part(training)
      var regularised = matrixProduct(trained, transposed: true, rows: features, depth: rows, trained, columns: features)
      for index in regularised.indices { regularised[index] *= Self.curvature }
      for feature in 0..<features { regularised[feature * features + feature] += 1 }
      guard let factor = CholeskyFactor(regularised, size: features) else { return nil }
      map = .features(factor, training: trained, test: part(test))
    }
  }

  /// Predictions of the test rows for each labeling of the training rows.
  ///
  /// - Parameter labelings: of each training row its class below `classes`, or a greater number for one that is left out.
  /// - Returns: nil for a labeling that lacks a class.
  func predictions(_ labelings: [[UInt8]], classes: Int) -> [[UInt8]?] {
    let outputs = max(1, classes - 1)
    let columns = labelings.count * outputs
    var differences = [Double](repeating: 0, count: training * columns)
    let sizes = labelings.map { labels in
      labels.reduce(into: [Double](repeating: 0, count: classes)) { sizes, label in
        if Int(label) < classes { sizes[Int(label)] += 1 }
      }
    }
    differences.withUnsafeMutableBufferPointer { differences in
      forEachMember(labelings, sizes, outputs) { row, column, weight, isFirst in
        differences[row * columns + column] = isFirst ? -weight : weight
      }
    }
    let (scores, images) = scores(differences, columns: columns)
    var thresholds = [Double](repeating: 0, count: columns)
    images.withUnsafeBufferPointer { images in
      forEachMember(labelings, sizes, outputs) { row, column, weight, _ in
        thresholds[column] += weight * images[row * columns + column] / 2
      }
    }
    return labelings.indices.map { lane in
      guard sizes[lane].allSatisfy({ $0 > 0 }) else { return nil }
      return scores.withUnsafeBufferPointer { scores in
        (0..<test).map { row in
          var (largest, predicted) = (0.0, UInt8(0))
          for output in 0..<outputs {
            let column = lane * outputs + output
            let score = scores[row * columns + column] - thresholds[column]
            if score > largest { (largest, predicted) = (score, UInt8(clamping: output + 1)) }
          }
          return predicted
        }
      }
    }
  }

  /// Each row that a column's difference of means holds, with 1 over the size of its class.
  private func forEachMember(
    _ labelings: [[UInt8]], _ sizes: [[Double]], _ outputs: Int,
    _ body: (_ row: Int, _ column: Int, _ weight: Double, _ isFirst: Bool) -> Void
  ) {
    for (lane, labels) in labelings.enumerated() {
      let weights = sizes[lane].map { $0 > 0 ? 1 / $0 : 0 }
      for (row, label) in labels.enumerated() where Int(label) < weights.count {
        if label > 0 {
          body(row, lane * outputs + Int(label) - 1, weights[Int(label)], false)
        } else {
          for output in 0..<outputs { body(row, lane * outputs + output, weights[0], true) }
        }
      }
    }
  }

  /// X_test S Xᵀ and X S Xᵀ times [training rows × columns].
  private func scores(_ right: [Double], columns: Int) -> (test: [Double], training: [Double]) {
    switch map {
    case .gram(let factor, let cross):
      let solved = factor.solve(right, columns: columns)
      let images = zip(right, solved).map { ($0 - $1) / Self.curvature }
      return (matrixProduct(cross, rows: test, depth: training, solved, columns: columns), images)
    case .features(let factor, let trained, let tested):
      let sums = matrixProduct(trained, transposed: true, rows: factor.size, depth: training, right, columns: columns)
      let weights = factor.solve(sums, columns: columns)
      return (
        matrixProduct(tested, rows: test, depth: factor.size, weights, columns: columns),
        matrixProduct(trained, rows: training, depth: factor.size, weights, columns: columns)
      )
    }
  }
}
