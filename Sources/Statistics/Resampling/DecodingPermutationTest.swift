internal import CBLAS

/// What labels that are permuted say of a cross-validated decoder.
public struct DecodingPermutationTest: Sendable, Equatable {
  /// Balanced accuracy over all folds of the decoder that is tested, labels as they are.
  public let accuracy: Double
  /// (b + 1) / (N + 1), b of N permutations with at least that accuracy (Phipson and Smyth, 2010).
  public let pValue: Double

  /// Permutes the labels and cross-validates anew each time.
  ///
  /// Each permutation needs a decoder per fold. They are those of one Newton step from 0 of logistic regression with C = 1 on features
  /// standardised on the training rows, which costs one matrix for all permutations: with K classes and n training rows,
  /// w_a = (X̃ᵀX̃ h + 1)⁻¹ X̃ᵀ y_a and intercept (n_a/n − 1/K)/h, with h = 1/4 and a logit for the second of two classes, h = 1/K and a score
  /// per class for more. Ridge regression on the labels, in other words; the same for the labels as they are. The test is exact
  /// for this statistic: labels move inside pairs of a fold and a stratum, which keeps the sizes of classes in every training set, and
  /// under the null hypothesis rows of a pair are exchangeable.
  ///
  /// - Parameters:
  ///   - values: [rows × features], floats or doubles.
  ///   - folds: of each row, from 0; each fold's rows are predicted from the others.
  /// - Returns: nil without permutations, for fewer than two classes, a value that isn't finite, where labels vary in no pair of a fold
  ///   and a stratum, and without a label, a fold and a stratum per row.
  public init?(
    values: [some BinaryFloatingPoint & Sendable], features: Int, labels: [Int], folds: [Int], strata: [Int]?, permutations: Int,
    stream: RandomStream
  ) {
    guard features >= 0, values.count == labels.count * features, folds.count == labels.count,
      strata.map({ $0.count == labels.count }) ?? true
    else { return nil }
    let classes = Set(labels).sorted()
    let groups = Dictionary(grouping: labels.indices) { [folds[$0], strata?[$0] ?? 0] }
      .sorted { ($0.key[0], $0.key[1]) < ($1.key[0], $1.key[1]) }.map(\.value)
    let varying = groups.filter { group in group.contains { labels[$0] != labels[group[0]] } }
    guard permutations > 0, classes.count >= 2, !varying.isEmpty else { return nil }
    // A value that isn't finite leaves none of its feature finite.
    let standardised = Standardisation(fittedTo: values, features: features).applied(to: values)
    guard standardised.allSatisfy(\.isFinite) else { return nil }
    mirrorscope_blas_threads(1)
    let number = Dictionary(uniqueKeysWithValues: zip(classes, 0...))
    let codes = labels.map { number[$0] ?? 0 }
    guard let decoder = OneStepDecoder(standardised, features: features, codes: codes, classes: classes.count, folds: folds) else {
      return nil
    }

    var stream = stream
    var permuted = codes
    let observed = decoder.scores([codes])[0]
    var count = ExtremeCount(observed: observed, tolerance: 1e-12)
    for first in stride(from: 0, to: permutations, by: OneStepDecoder.lanes) {
      let labelings = (first..<min(first + OneStepDecoder.lanes, permutations)).map { _ in
        permuted.withUnsafeMutableBufferPointer { permuted in
          for group in varying {
            group.withUnsafeBufferPointer { group in
              var last = group.count - 1
              while last > 0 {
                permuted.swapAt(group[last], group[stream.uniform(below: last + 1)])
                last -= 1
              }
            }
          }
        }
        return permuted
      }
      count.add(contentsOf: decoder.scores(labelings))
    }
    guard let p = count.pValue else { return nil }
    accuracy = observed
    pValue = p
  }

  /// Bytes that it keeps beside the rows: a factor per fold, and for the labelings of one turn what `scores` holds of features and rows.
  public static func bytes(rows: Double, features: Double, classes: Int, folds: Int, permutations: Int) -> Double {
    guard permutations > 0 else { return 0 }
    let (folds, columns) = (Double(folds), Double(min(permutations, OneStepDecoder.lanes) * (classes <= 2 ? 1 : classes)))
    // The classes' sums of each fold and of all, a gradient, its solution and the weights; indicators and logits of the rows of a fold.
    return 8 * (folds * features * features + columns * ((folds + 4) * features + 2 * rows / folds))
  }
}

/// The decoders of all folds, for many labelings at a time.
private struct OneStepDecoder {
  /// Labelings at a time.
  static let lanes = 64

  private struct Fold {
    /// Row numbers.
    let rows: [Int]
    /// [rows × features], standardised over all rows.
    let values: [Double]
    /// Of the training rows.
    let means: [Double]
    /// 1 / standard deviation; 0 for a feature that does not vary in training.
    let scales: [Double]
    let factor: CholeskyFactor
    /// Per output.
    let intercepts: [Double]
    /// Training rows of the class of each output.
    let counts: [Double]
  }

  private let features: Int
  private let classes: Int
  private let outputs: Int
  private let sizes: [Double]
  private let folds: [Fold]

  /// - Parameter whole: [rows × features], standardised over all rows.
  init?(_ whole: [Double], features: Int, codes: [Int], classes: Int, folds foldOfRow: [Int]) {
    outputs = classes == 2 ? 1 : classes
    self.features = features
    self.classes = classes
    var sizes = [Double](repeating: 0, count: classes)
    for code in codes { sizes[code] += 1 }
    self.sizes = sizes
    let curvature = classes == 2 ? 0.25 : 1 / Double(classes)
    var folds: [Fold] = []
    for fold in Set(foldOfRow).sorted() {
      let rows = codes.indices.filter { foldOfRow[$0] == fold }
      let training = codes.indices.filter { foldOfRow[$0] != fold }
      let n = Double(training.count)
      guard n > 0 else { return nil }
      var standardised = training.flatMap { whole[$0 * features..<($0 + 1) * features] }
      var means = [Double](repeating: 0, count: features)
      var scales = means
      for feature in 0..<features {
        let column = stride(from: feature, to: standardised.count, by: features)
        let origin = standardised[feature]
        means[feature] = origin + column.reduce(0) { $0 + (standardised[$1] - origin) } / n
        let variance = column.reduce(0) { $0 + (standardised[$1] - means[feature]) * (standardised[$1] - means[feature]) } / n
        let varies = column.contains { standardised[$0] != origin }
        scales[feature] = varies && variance > 0 ? 1 / variance.squareRoot() : 0
        for index in column { standardised[index] = (standardised[index] - means[feature]) * scales[feature] }
      }
      var matrix = [Double](repeating: 0, count: features * features)
      cblas_dsyrk(
        CblasRowMajor, CblasLower, CblasTrans, Int32(features), Int32(training.count), curvature, standardised, Int32(features), 0, &matrix,
        Int32(features))
      for feature in 0..<features { matrix[feature * features + feature] += 1 }
      guard let factor = CholeskyFactor(matrix, size: features) else { return nil }
      let outputClasses = classes == 2 ? [1] : Array(0..<classes)
      let counts = outputClasses.map { output in Double(training.count { codes[$0] == output }) }
      folds.append(
        Fold(
          rows: rows, values: rows.flatMap { whole[$0 * features..<($0 + 1) * features] }, means: means, scales: scales, factor: factor,
          intercepts: counts.map { ($0 / n - 1 / Double(classes)) / curvature }, counts: counts))
    }
    self.folds = folds
  }

  /// Cross-validated balanced accuracy of each labeling. Each has as many rows of a class in a fold as the labels as they are.
  func scores(_ labelings: [[Int]]) -> [Double] {
    let columns = labelings.count * outputs
    // Σ of the rows of each class, fold by fold: what is left out of one fold's training set is in the others'.
    let sums = folds.map { fold -> [Double] in
      var indicators = [Double](repeating: 0, count: fold.rows.count * columns)
      let first = outputs == 1 ? 1 : 0
      indicators.withUnsafeMutableBufferPointer { indicators in
        for (lane, codes) in labelings.enumerated() {
          var start = lane * outputs - first
          for row in fold.rows {
            let code = codes[row]
            if code >= first { indicators[start + code] = 1 }
            start += columns
          }
        }
      }
      return product(fold.values, transposed: true, rows: features, depth: fold.rows.count, indicators, columns: columns)
    }
    var total = [Double](repeating: 0, count: features * columns)
    for sum in sums { cblas_daxpy(Int32(total.count), 1, sum, 1, &total, 1) }

    var right = [[Double]](repeating: [Double](repeating: 0, count: classes), count: labelings.count)
    for (fold, own) in zip(folds, sums) {
      let (weights, offsets) = weights(of: fold, sums: total, own: own, columns: columns)
      let logits = product(fold.values, transposed: false, rows: fold.rows.count, depth: features, weights, columns: columns)
      logits.withUnsafeBufferPointer { logits in
        for (lane, codes) in labelings.enumerated() {
          var start = lane * outputs
          let offset = offsets[start..<start + outputs]
          for row in fold.rows {
            var predicted = 0
            if outputs == 1 {
              predicted = logits[start] + offset[offset.startIndex] > 0 ? 1 : 0
            } else {
              var largest = -Double.infinity
              for output in 0..<outputs {
                let score = logits[start + output] + offset[offset.startIndex + output]
                if score > largest { (largest, predicted) = (score, output) }
              }
            }
            if predicted == codes[row] { right[lane][predicted] += 1 }
            start += columns
          }
        }
      }
    }
    return right.map { right in zip(right, sizes).reduce(0) { $0 + $1.0 / $1.1 } / Double(classes) }
  }

  /// Weights [features × columns] on the features standardised over all rows, and what is added to their sum, of the decoders that predict a
  /// fold.
  private func weights(of fold: Fold, sums: [Double], own: [Double], columns: Int) -> (weights: [Double], offsets: [Double]) {
    var gradient = sums
    for feature in 0..<features {
      for column in 0..<columns {
        let index = feature * columns + column
        gradient[index] = (sums[index] - own[index] - fold.means[feature] * fold.counts[column % outputs]) * fold.scales[feature]
      }
    }
    var weights = fold.factor.solve(gradient, columns: columns)
    var offsets = (0..<columns).map { fold.intercepts[$0 % outputs] }
    for feature in 0..<features {
      for column in 0..<columns {
        weights[feature * columns + column] *= fold.scales[feature]
        offsets[column] -= fold.means[feature] * weights[feature * columns + column]
      }
    }
    return (weights, offsets)
  }

  /// A B or Aᵀ B, [rows × columns], A [rows × depth] or [depth × rows].
  private func product(
    _ left: [Double], transposed: Bool, rows: Int, depth: Int, _ right: [Double], columns: Int
  ) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    guard rows > 0, depth > 0, columns > 0 else { return result }
    cblas_dgemm(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(depth), 1, left,
      Int32(transposed ? rows : depth), right, Int32(columns), 0, &result, Int32(columns))
    return result
  }
}
