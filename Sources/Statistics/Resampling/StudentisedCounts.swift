/// How often permuted labels give a studentised difference as extreme as the observed one, unit by unit, and the largest of each
/// permutation.
public struct StudentisedCounts: Sendable, Equatable {
  public let permutations: Int
  /// t of the labels as they are; NaN for a unit that does not vary.
  public let observed: [Double]
  /// Permutations with t at least as large.
  public private(set) var greater: [Int]
  /// Permutations with t at most as large.
  public private(set) var less: [Int]
  /// Permutations with |t| at least as large.
  public private(set) var twoSided: [Int]
  /// The largest t over all units of each permutation (Westfall and Young, 1993); −∞ without units.
  public private(set) var largest: [Double]
  /// By how much of max(1, |t|) a tie may be missed.
  public let tolerance: Double

  /// Nothing counted yet.
  init(observed: [Double], permutations: Int, tolerance: Double) {
    let none = [Int](repeating: 0, count: observed.count)
    (self.observed, self.permutations, self.tolerance) = (observed, permutations, tolerance)
    (greater, less, twoSided) = (none, none, none)
    largest = [Double](repeating: -.infinity, count: permutations)
  }

  /// (b + 1) / (N + 1) of each unit; nil where there is no t.
  public func pValues(_ alternative: Alternative) -> [Double?] {
    observed.indices.map { unit in
      guard !observed[unit].isNaN else { return nil }
      return switch alternative {
      case .greater: permutationPValue(extreme: greater[unit], of: permutations)
      case .less: permutationPValue(extreme: less[unit], of: permutations)
      case .twoSided: permutationPValue(extreme: twoSided[unit], of: permutations)
      }
    }
  }

  /// Units of another layer, under the same permutations, behind these.
  public mutating func append(_ other: StudentisedCounts) {
    var result = StudentisedCounts(
      observed: observed + other.observed, permutations: permutations, tolerance: max(tolerance, other.tolerance))
    (result.greater, result.less, result.twoSided) = (greater + other.greater, less + other.less, twoSided + other.twoSided)
    result.largest = zip(largest, other.largest).map { max($0, $1) }
    self = result
  }

  /// The p of each unit that bounds the chance of even one false rejection among all of them: the share of permutations whose largest t is at
  /// least the unit's (max-T; Westfall and Young, 1993).
  public var maximumPValues: [Double?] {
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
  private let units: Range<Int>
  private var greater, less, twoSided: [Int32]
  private var largest: [Double]

  /// - Parameters:
  ///   - t: `[permutations × units]`
  ///   - observed: of all units.
  init(_ t: [Double], permutations: Range<Int>, units: Range<Int>, observed: [Double], tolerance: Double) {
    (self.permutations, self.units) = (permutations, units)
    let width = units.count
    let own = Array(observed[units])
    let bounds = own.map { tolerance * max(1, $0.isFinite ? abs($0) : 1) }
    var (greater, less, twoSided) = (
      [Int32](repeating: 0, count: width), [Int32](repeating: 0, count: width), [Int32](repeating: 0, count: width)
    )
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
  }

  func add(to counts: inout StudentisedCounts) {
    counts.add(greater: greater, less: less, twoSided: twoSided, largest: largest, permutations: permutations, units: units)
  }
}

extension StudentisedCounts {
  fileprivate mutating func add(
    greater: [Int32], less: [Int32], twoSided: [Int32], largest: [Double], permutations: Range<Int>, units: Range<Int>
  ) {
    for (place, unit) in units.enumerated() {
      self.greater[unit] += Int(greater[place])
      self.less[unit] += Int(less[place])
      self.twoSided[unit] += Int(twoSided[place])
    }
    for (place, permutation) in permutations.enumerated() {
      self.largest[permutation] = max(self.largest[permutation], largest[place])
    }
  }
}
