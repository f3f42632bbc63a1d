/// Balanced accuracy over several halves of the same rows, and its interval.
///
/// The accuracy is the mean over halves of A_h = Σ_c (right_hc / n_hc) / K. A row's influence on it is the sum over the halves that it is
/// tested in of G_hc/(G_hc − 1) · (its being right − right_hc / n_hc) / (K n_hc H), G_hc the clusters of rows that hold class c in half h, as if
/// each cluster were left out in turn (the correction CR3 of Bell and McCaffrey, 2002, for a mean). se² = Σ_g (Σ influence)² over clusters, so that
/// a row that several halves test counts once, and rows of a stratum together. From it follows
/// Wilson's (1927) interval for a share, with the effective number of rows A (1 − A) / se² (Korn and Graubard, 1998) for the number, at most
/// the rows that are tested, and as many as there are clusters where se is 0: it neither leaves 0…1 nor shrinks to a point where all is right.
/// In place of the normal quantile stands Student's, of one degree of freedom less than the class of fewest clusters has of them.
///
/// What the interval covers is the accuracy that these decoders, as trained, would have on more rows of the same kind.
public struct AccuracyInterval: Sendable, Equatable {
  public let accuracy: Double
  /// Nil for fewer than two clusters of a class in a half.
  public let low: Double?
  public let high: Double?

  /// What one half tests.
  public struct Half: Sendable {
    let rows: [Int]
    let labels: [Int]
    let predictions: [Int]

    /// - Parameter rows: which rows they are, the same number in every half.
    public init(rows: [Int], labels: [Int], predictions: [Int]) {
      (self.rows, self.labels, self.predictions) = (rows, labels, predictions)
    }

    public var count: Int { rows.count }
  }

  /// - Parameters:
  ///   - cluster: of a row; the row itself where rows are independent.
  ///   - level: of confidence.
  /// - Returns: nil without halves, and for a half without rows.
  public init?(of halves: [Half], cluster: (Int) -> Int, level: Double = 0.95) {
    var influence: [Int: Double] = [:]
    var clustersOfClass: [Int: Set<Int>] = [:]
    var tested: Set<Int> = []
    var mean = 0.0
    var fewestOfHalf = Int.max
    for half in halves {
      guard let accuracy = balancedAccuracy(labels: half.labels, predictions: half.predictions), half.rows.count == half.labels.count else {
        return nil
      }
      mean += accuracy / Double(halves.count)
      var counts: [Int: (rows: Double, right: Double)] = [:]
      var clustersOfHalf: [Int: Set<Int>] = [:]
      for (row, (label, prediction)) in zip(half.rows, zip(half.labels, half.predictions)) {
        clustersOfHalf[label, default: []].insert(cluster(row))
        counts[label, default: (0, 0)].rows += 1
        if label == prediction { counts[label, default: (0, 0)].right += 1 }
      }
      for (row, (label, prediction)) in zip(half.rows, zip(half.labels, half.predictions)) {
        guard let (rows, right) = counts[label] else { continue }
        let number = cluster(row)
        let clusters = Double(clustersOfHalf[label]?.count ?? 0)
        influence[number, default: 0] +=
          clusters / max(1, clusters - 1) * ((label == prediction ? 1 : 0) - right / rows) / (Double(counts.count * halves.count) * rows)
        clustersOfClass[label, default: []].insert(number)
        tested.insert(row)
      }
      fewestOfHalf = min(fewestOfHalf, clustersOfHalf.values.map(\.count).min() ?? 0)
    }
    guard !halves.isEmpty else { return nil }
    accuracy = mean
    let clusters = Double(influence.count)
    guard let fewest = clustersOfClass.values.map(\.count).min(), fewestOfHalf >= 2 else {
      (low, high) = (nil, nil)
      return
    }
    // In ascending order: a dictionary's order changes from run to run, and with it the last digit.
    let square = influence.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
    let spread = mean * (1 - mean)
    let count = spread > 0 && square > 0 ? min(spread / square, Double(tested.count)) : clusters
    let t = StudentTDistribution(degreesOfFreedom: Double(fewest - 1)).upperQuantile((1 - level) / 2)
    let scale = 1 + t * t / count
    let centre = (mean + t * t / (2 * count)) / scale
    let half = t / scale * (spread / count + t * t / (4 * count * count)).squareRoot()
    low = max(0, centre - half)
    high = min(1, centre + half)
  }
}
