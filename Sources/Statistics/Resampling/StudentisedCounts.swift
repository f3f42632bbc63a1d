/// How often permuted labels give a studentised difference as extreme as the observed one, unit by unit, and the largest of each
/// permutation.
public struct StudentisedCounts: Sendable, Equatable {
  /// Of the whole test.
  public let permutations: Int
  /// Which of them are counted here: all, or those of a share.
  public private(set) var numbers: Range<Int>
  /// t of the labels as they are; NaN for a unit that does not vary.
  public let observed: [Double]
  /// Var(s²)/s⁴ of each unit's pooled variance (`StudentisedDifferences.pooledVarianceErrors`); empty where rows are free.
  public let varianceErrors: [Double]
  /// Permutations with t at least as large.
  public private(set) var greater: [Int]
  /// Permutations with t at most as large.
  public private(set) var less: [Int]
  /// Permutations with |t| at least as large.
  public private(set) var twoSided: [Int]
  /// The largest t over all units of each permutation of `numbers` (Westfall and Young, 1993); −∞ without units.
  public private(set) var largest: [Double]
  /// By how much of max(1, |t|) a tie may be missed.
  public let tolerance: Double
  /// After how many extreme permutations a unit needs no more; nil where all are counted.
  public let stopsAfter: Int?
  /// The permutation, from 1, that was the last one needed, for each alternative; 0 where it has not come. Empty without stopping.
  private(set) var stops: [[Int]] = []

  /// Nothing counted yet.
  init(
    observed: [Double], varianceErrors: [Double] = [], permutations: Int, numbers: Range<Int>? = nil, tolerance: Double,
    stopsAfter: Int? = nil
  ) {
    let none = [Int](repeating: 0, count: observed.count)
    (self.observed, self.permutations, self.tolerance, self.stopsAfter) = (observed, permutations, tolerance, stopsAfter)
    self.varianceErrors = varianceErrors
    self.numbers = numbers ?? 0..<permutations
    (greater, less, twoSided) = (none, none, none)
    largest = [Double](repeating: -.infinity, count: self.numbers.count)
    if stopsAfter != nil { stops = [none, none, none] }
  }

  /// What was counted on another machine.
  ///
  /// - Throws: `StatisticsError.shape` where there is not a count for each unit and a largest t for each permutation.
  public init(
    observed: [Double], varianceErrors: [Double], greater: [Int], less: [Int], twoSided: [Int], largest: [Double], numbers: Range<Int>,
    permutations: Int, tolerance: Double
  ) throws(StatisticsError) {
    if !varianceErrors.isEmpty { try require(varianceErrors.count, observed.count, "errors of the units' variances") }
    for counts in [greater, less, twoSided] { try require(counts.count, observed.count, "counts of the units") }
    try require(largest.count, numbers.count, "largest statistics of the permutations")
    self.init(
      observed: observed, varianceErrors: varianceErrors, permutations: permutations, numbers: numbers, tolerance: tolerance)
    (self.greater, self.less, self.twoSided, self.largest) = (greater, less, twoSided, largest)
  }

  /// Joins the counts of the share that follows this one.
  ///
  /// - Throws: `StatisticsError.shape` for other units, and where permutations lie between the two, or are in both.
  public mutating func merge(_ next: StudentisedCounts) throws(StatisticsError) {
    try require(next.observed.count, observed.count, "units of the counts to be merged")
    try require(next.numbers.lowerBound, numbers.upperBound, "number of the first permutation of the next share")
    greater = zip(greater, next.greater).map { $0 + $1 }
    less = zip(less, next.less).map { $0 + $1 }
    twoSided = zip(twoSided, next.twoSided).map { $0 + $1 }
    largest += next.largest
    numbers = numbers.lowerBound..<next.numbers.upperBound
  }

  /// (b + 1) / (N + 1) of each unit, b of N permutations being extreme; nil where there is no t. Where permutations stop after h extreme ones
  /// and l were needed for that, h / l (Besag and Clifford, 1991).
  public func pValues(_ alternative: Alternative) -> [Double?] {
    let (number, extreme) =
      switch alternative {
      case .greater: (0, greater)
      case .less: (1, less)
      case .twoSided: (2, twoSided)
      }
    return observed.indices.map { unit in
      guard !observed[unit].isNaN else { return nil }
      if let stopsAfter, stops[number][unit] > 0 { return Double(stopsAfter) / Double(stops[number][unit]) }
      return permutationPValue(extreme: extreme[unit], of: permutations)
    }
  }

  /// Whether no alternative of a unit needs more permutations.
  func hasStopped(_ unit: Int) -> Bool { observed[unit].isNaN || (stopsAfter != nil && stops.allSatisfy { $0[unit] > 0 }) }

  /// Units of another layer, under the same permutations, behind these.
  public mutating func append(_ other: StudentisedCounts) {
    var result = StudentisedCounts(
      observed: observed + other.observed, varianceErrors: varianceErrors + other.varianceErrors, permutations: permutations,
      numbers: numbers, tolerance: max(tolerance, other.tolerance),
      stopsAfter: stopsAfter)
    result.stops = zip(stops, other.stops).map { $0 + $1 }
    (result.greater, result.less, result.twoSided) = (greater + other.greater, less + other.less, twoSided + other.twoSided)
    result.largest = zip(largest, other.largest).map { max($0, $1) }
    self = result
  }

  /// The p of each unit that bounds the chance of even one false rejection among all of them: the share of permutations whose largest t is at
  /// least the unit's (max-T; Westfall and Young, 1993). Nil of all where permutations stop early, since then no largest t is of all units.
  public var maximumPValues: [Double?] {
    guard stopsAfter == nil else { return observed.map { _ in nil } }
    let sorted = largest.sorted()
    return observed.map { t in
      guard !t.isNaN else { return nil }
      let bound = t - tolerance * max(1, t.isFinite ? abs(t) : 1)
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[middle] < bound { low = middle + 1 } else { high = middle }
      }
      return permutationPValue(extreme: sorted.count - low, of: permutations)
    }
  }
}

/// Counts of some permutations and units.
struct StudentisedTally: Sendable {
  private let permutations: Range<Int>
  /// Numbers of the units.
  private let units: [Int]
  private var greater, less, twoSided: [Int32]
  private var largest: [Double]
  private var stops: [[Int32]] = []

  /// - Parameters:
  ///   - t: `[permutations × units]`
  ///   - counts: of the permutations before these.
  init(_ t: [Double], permutations: Range<Int>, units: [Int], counts: StudentisedCounts) {
    (self.permutations, self.units) = (permutations, units)
    let width = units.count
    let own = units.map { counts.observed[$0] }
    let bounds = own.map { counts.tolerance * max(1, $0.isFinite ? abs($0) : 1) }
    let none = [Int32](repeating: 0, count: width)
    var (greater, less, twoSided) = (none, none, none)
    var largest = [Double](repeating: -.infinity, count: permutations.count)
    t.withUnsafeBufferPointer { t in
      for permutation in 0..<permutations.count {
        var most = -Double.infinity
        for unit in 0..<width {
          // Nothing compares with NaN, neither the observed nor the permuted.
          let (t, known, bound) = (t[permutation * width + unit], own[unit], bounds[unit])
          if t > most, !known.isNaN { most = t }
          greater[unit] += t >= known - bound ? 1 : 0
          less[unit] += t <= known + bound ? 1 : 0
          twoSided[unit] += abs(t) >= abs(known) - bound ? 1 : 0
        }
        largest[permutation] = most
      }
    }
    (self.greater, self.less, self.twoSided, self.largest) = (greater, less, twoSided, largest)
    guard let stopsAfter = counts.stopsAfter else { return }
    func stops(_ before: [Int], _ stopped: [Int], _ isExtreme: (_ t: Double, _ known: Double, _ bound: Double) -> Bool) -> [Int32] {
      units.indices.map { place in
        let unit = units[place]
        guard stopped[unit] == 0 else { return 0 }
        var count = before[unit]
        for permutation in 0..<permutations.count where isExtreme(t[permutation * width + place], own[place], bounds[place]) {
          count += 1
          if count == stopsAfter { return Int32(truncatingIfNeeded: permutations.lowerBound + permutation + 1) }
        }
        return 0
      }
    }
    self.stops = [
      stops(counts.greater, counts.stops[0]) { $0 >= $1 - $2 }, stops(counts.less, counts.stops[1]) { $0 <= $1 + $2 },
      stops(counts.twoSided, counts.stops[2]) { abs($0) >= abs($1) - $2 },
    ]
  }

  func add(to counts: inout StudentisedCounts) {
    counts.add(greater: greater, less: less, twoSided: twoSided, largest: largest, stops: stops, permutations: permutations, units: units)
  }
}

extension StudentisedCounts {
  fileprivate mutating func add(
    greater: [Int32], less: [Int32], twoSided: [Int32], largest: [Double], stops: [[Int32]], permutations: Range<Int>, units: [Int]
  ) {
    for (place, unit) in units.enumerated() {
      self.greater[unit] += Int(greater[place])
      self.less[unit] += Int(less[place])
      self.twoSided[unit] += Int(twoSided[place])
      for (number, stop) in stops.enumerated() where stop[place] > 0 { self.stops[number][unit] = Int(stop[place]) }
    }
    for (place, permutation) in permutations.enumerated() {
      let own = permutation - numbers.lowerBound
      self.largest[own] = max(self.largest[own], largest[place])
    }
  }
}
