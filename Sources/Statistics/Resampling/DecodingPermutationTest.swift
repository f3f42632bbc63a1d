/// Groups of the rows of a pool, dealt anew among the rows that may exchange them. The same deals serve every decoder and every half.
public struct DecodingDeals: Sendable {
  /// Labelings after the one as it is.
  public let permutations: Int
  /// Of each row of the pool.
  private let groups: [UInt8]
  /// Positions in the pool of the rows that exchange groups.
  private let rows: [Int]
  /// Of their numbers in `values`.
  private let exchange: Exchangeability
  private let values: [UInt8]
  private let seed: UInt64
  private let purpose: String
  /// Every turn of labelings, where they are few enough to be kept; they are dealt anew each time else.
  private var kept: [LabelLanes]

  /// Bytes of labels that are kept.
  public static let mostKept = 1 << 25

  /// - Parameters:
  ///   - groups: of each row of the pool.
  ///   - rows: positions of the rows that exchange them; the others keep theirs.
  ///   - values: the groups that are exchanged.
  ///   - exchange: of the numbers in `values` of the groups of `rows`, in their order.
  /// - Returns: nil without permutations, and where groups cannot be exchanged.
  public init?(
    groups: [UInt8], rows: [Int], values: [UInt8], exchange: Exchangeability, permutations: Int, seed: UInt64, purpose: String
  ) {
    guard permutations > 0, exchange.canPermute, exchange.labels.count == rows.count, exchange.groupCount <= values.count else {
      return nil
    }
    (self.permutations, self.groups, self.rows, self.exchange, self.values) = (permutations, groups, rows, exchange, values)
    (self.seed, self.purpose) = (seed, purpose)
    var kept: [LabelLanes] = []
    self.kept = kept
    guard permutations <= Self.mostKept / max(1, groups.count) else { return }
    for turn in 0..<turns { kept.append(dealt(turn)) }
    self.kept = kept
  }

  /// Labelings of a turn.
  private var lanes: Int { NearestMeans.lanes(classes: values.count) }

  var turns: Int { permutations / lanes + 1 }

  /// The labelings of a turn, groups as they are first of all.
  func labelings(_ turn: Int) -> LabelLanes { kept.isEmpty ? dealt(turn) : kept[turn] }

  private func dealt(_ turn: Int) -> LabelLanes {
    var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(turn))
    let first = turn * lanes
    var labelings = LabelLanes(groups, count: min(lanes, permutations + 1 - first))
    for lane in 0..<labelings.count where first + lane > 0 {
      labelings.deal(lane, rows: rows, exchange.dealtRows(stream: &stream), values: values)
    }
    return labelings
  }
}

/// What permuted labels say of decoders that are trained on one half of the rows and tested on the other, over several halves.
///
/// The statistic is the mean over halves of the balanced accuracy of `NearestMeans`. Halves and metrics are made without a look at the
/// labels; each labeling is dealt once and trains and tests the decoders of all halves anew. So the statistic is one function of rows and
/// labels, and its permutation test is exact: under the null hypothesis that the rows which exchange labels are exchangeable,
/// P(p ≤ α) ≤ α, however the halves depend on one another. A half in which training or test lacks a class counts 1 / classes.
public struct HalfDecoders: Sendable {
  private let decoders: NearestMeans

  /// - Parameter isTraining: of each row of the pool; the others are tested on.
  /// - Returns: nil where rounding leaves no decoder.
  public init?(_ pool: PooledRows, isTraining: [Bool]) {
    guard isTraining.count == pool.count,
      let decoders = NearestMeans(
        pool, training: isTraining.indices.filter { isTraining[$0] }, test: isTraining.indices.filter { !isTraining[$0] })
    else { return nil }
    self.decoders = decoders
  }

  /// Balanced accuracies under each labeling, labels as they are first.
  ///
  /// - Parameters:
  ///   - train: the group of each class in training, at most 255 of them.
  ///   - tests: the group of each class in the test, for each test.
  /// - Returns: [tests][1 + permutations]
  public func accuracies(_ deals: DecodingDeals, train: [UInt8], tests: [[UInt8]]) -> [[Double]] {
    var result = tests.map { _ in [Double]() }
    for turn in 0..<deals.turns {
      for (number, accuracies) in decoders.accuracies(deals.labelings(turn), train: train, tests: tests).enumerated() {
        result[number] += accuracies
      }
    }
    return result
  }
}

/// The mean accuracy over halves with labels as they are, and (b + 1) / (N + 1), b of N labelings with at least that (Phipson and Smyth, 2010).
public struct DecodingPermutationTest: Sendable, Equatable {
  public let accuracy: Double
  public let pValue: Double

  /// - Parameter halves: of each half, the accuracy under each labeling, labels as they are first.
  /// - Returns: nil without halves or permutations, and where halves differ in their number.
  public init?(_ halves: [[Double]]) {
    guard let count = halves.first?.count, count > 1, halves.allSatisfy({ $0.count == count }) else { return nil }
    let means = (0..<count).map { labeling in halves.reduce(0) { $0 + $1[labeling] } / Double(halves.count) }
    var extreme = ExtremeCount(observed: means[0], tolerance: 1e-12)
    extreme.add(contentsOf: means.dropFirst())
    guard let pValue = extreme.pValue else { return nil }
    (accuracy, self.pValue) = (means[0], pValue)
  }
}
