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
    let isGram = features > rows
    let side = isGram ? rows / 2 : features
    let lanes = NearestMeans.lanesAtATime(
      min(NearestMeans.lanes(classes: classes), max(0, permutations) + 1), training: Int(min(rows, 1e9)) / 2,
      factor: Int(min(side, 1e9)), classes: classes)
    let columns = Double(lanes * classes)
    let pool = 8 * rows * min(rows, features)
    // Training and test rows of the pool, the matrix that is factorised and its factor; weights, means, solutions and scores of some lanes.
    return (pool, pool + 16 * side * side + 8 * columns * (rows + (isGram ? rows : 2 * features)))
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

  /// Labelings of a turn: enough that a factor's way through the cache is worth its while.
  static func lanes(classes: Int) -> Int { max(16, 512 / max(1, classes - 1)) }

  /// Of the lanes of a turn how many are computed together: where the factor is small, so many that the weights of the rows stay in the cache.
  static func lanesAtATime(_ lanes: Int, training: Int, factor: Int, classes: Int) -> Int {
    guard factor <= 256 else { return lanes }
    return min(lanes, max(16, (1 << 17) / max(1, training * classes) / 16 * 16))
  }

  private static let curvature = 0.25

  private let training: [UInt32]
  private let test: [UInt32]
  private let map: Map

  /// - Parameters:
  ///   - training: positions in the pool.
  ///   - test: positions in the pool of the rows that are predicted.
  /// - Returns: nil where rounding leaves no factor.
  init?(_ pool: PooledRows, training: [Int], test: [Int]) {
    (self.training, self.test) = (training.map { UInt32($0) }, test.map { UInt32($0) })
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

  private var factorSize: Int {
    switch map {
    case .features(let factor, _, _), .gram(let factor, _): factor.size
    }
  }

  /// Balanced accuracy on the test rows under each labeling, 1 / classes where training or test lacks a class.
  ///
  /// - Parameters:
  ///   - train: the label of each class in training, at most 255 of them; other labels are left out.
  ///   - tests: the label of each class in the test, for each test.
  /// - Returns: [tests][labelings]
  func accuracies(_ labelings: LabelLanes, train: [UInt8], tests: [[UInt8]]) -> [[Double]] {
    let classes = train.count
    guard classes > 1, !tests.isEmpty else { return tests.map { _ in [Double](repeating: 1, count: labelings.count) } }
    var result = tests.map { _ in [Double]() }
    let size = Self.lanesAtATime(labelings.count, training: training.count, factor: factorSize, classes: classes)
    var memory = Memory()
    for first in stride(from: 0, to: labelings.count, by: max(1, size)) {
      let block = labelings.block(first..<min(first + size, labelings.count))
      let sizes = block.sizes(of: train, rows: training)
      block.weigh(sizes, of: train, rows: training, into: &memory.weights)
      let thresholds = score(lanes: block.count, classes: classes, in: &memory)
      let right = block.matches(memory.scores, thresholds, of: tests, rows: test)
      for (number, groups) in tests.enumerated() {
        let tested = block.sizes(of: groups, rows: test)
        for lane in 0..<block.count {
          var (sum, hasAll) = (0.0, true)
          for cell in stride(from: lane, to: sizes.count, by: block.count) {
            hasAll = hasAll && sizes[cell] > 0 && tested[cell] > 0
            sum += Double(right[number * sizes.count + cell]) / Double(max(1, tested[cell]))
          }
          result[number].append(hasAll ? sum / Double(classes) : 1 / Double(classes))
        }
      }
    }
    return result
  }

  /// What is computed for some lanes, kept from one block of them to the next.
  private struct Memory {
    /// [training rows × classes × lanes]
    var weights: [Double] = []
    /// [features × classes × lanes], by features
    var means: [Double] = []
    /// [training rows × (classes − 1) × lanes], by the Gram matrix
    var solutions: [Double] = []
    /// [training rows or features × (classes − 1) × lanes]
    var differences: [Double] = []
    /// [test rows × (classes − 1) × lanes]
    var scores: [Double] = []
  }

  /// Scores of the test rows from the training rows' weights.
  ///
  /// - Returns: thresholds, [(classes − 1) × lanes]
  private func score(lanes: Int, classes: Int, in memory: inout Memory) -> [Double] {
    let columns = (classes - 1) * lanes
    switch map {
    case .features(let factor, let trained, let tested):
      matrixProduct(
        trained, transposed: true, rows: factor.size, depth: training.count, memory.weights, columns: classes * lanes, into: &memory.means)
      let thresholds = contrast(memory.means, lanes: lanes, classes: classes, into: &memory.differences) { differences in
        factor.solve(&differences, columns: columns)
      }
      matrixProduct(tested, rows: test.count, depth: factor.size, memory.differences, columns: columns, into: &memory.scores)
      return thresholds
    case .gram(let factor, let cross):
      let thresholds = contrast(memory.weights, lanes: lanes, classes: classes, into: &memory.differences) { differences in
        var solved = differences
        factor.solve(&solved, columns: columns)
        for index in differences.indices { differences[index] = (differences[index] - solved[index]) / Self.curvature }
        memory.solutions = solved
      }
      matrixProduct(cross, rows: test.count, depth: factor.size, memory.solutions, columns: columns, into: &memory.scores)
      return thresholds
    }
  }

  /// The images S d of d = m_k − m_0 and ½ (m_k + m_0)ᵀ S d.
  ///
  /// - Parameter means: [rows × classes × lanes]
  private func contrast(
    _ means: [Double], lanes: Int, classes: Int, into differences: inout [Double], _ map: (inout [Double]) -> Void
  ) -> [Double] {
    let outputs = classes - 1
    let rows = means.count / (classes * lanes)
    resize(&differences, to: rows * outputs * lanes)
    means.withUnsafeBufferPointer { means in
      differences.withUnsafeMutableBufferPointer { differences in
        for row in 0..<rows {
          let (from, to) = (row * classes * lanes, row * outputs * lanes)
          for output in 0..<outputs {
            for lane in 0..<lanes {
              differences[to + output * lanes + lane] = means[from + (output + 1) * lanes + lane] - means[from + lane]
            }
          }
        }
      }
    }
    map(&differences)
    var thresholds = [Double](repeating: 0, count: outputs * lanes)
    means.withUnsafeBufferPointer { means in
      differences.withUnsafeBufferPointer { images in
        thresholds.withUnsafeMutableBufferPointer { thresholds in
          for row in 0..<rows {
            let (from, to) = (row * classes * lanes, row * outputs * lanes)
            for output in 0..<outputs {
              for lane in 0..<lanes {
                let sum = means[from + (output + 1) * lanes + lane] + means[from + lane]
                thresholds[output * lanes + lane] += sum * images[to + output * lanes + lane] / 2
              }
            }
          }
        }
      }
    }
    return thresholds
  }
}
