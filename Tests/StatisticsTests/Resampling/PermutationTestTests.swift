import Foundation
import Statistics
import Testing

struct Resampling: Decodable {
  struct Case: Decodable {
    let values: [Float]
    let treated, strata: [Int]
    let observed, expected, greater, less, twoSided: [Double]
  }
  struct Quantile: Decodable {
    let values: [Double]
    let q, expected: Double
  }
  struct Interval: Decodable {
    let values: [Float]
    let lower, upper: Double
  }
  let cases: [Case]
  let quantiles: [Quantile]
  let bootstrap: Interval
}

/// Standard normal values [rows × units].
func noise(rows: Int, units: Int, seed: UInt64) -> [Float] {
  var stream = RandomStream(seed: seed, purpose: "test noise")
  return (0..<rows * units).map { _ in Float(stream.normal()) }
}

/// The null of values that are all in memory, added in blocks of so many rows.
func permutedMeanDifferences(
  _ values: [Float], units: Int, sides: [ContrastSide], strata: [Int]? = nil, permutations: Int, seed: UInt64, purpose: String,
  threads: Int, blockRows: Int = 1 << 20
) throws -> PermutationNull {
  let labels = strata.map { $0.map { Int32($0) } }
  var sizes = PermutationStrata()
  try sizes.add(sides, strata: labels)
  var magnitudes = [Double](repeating: 0, count: units)
  for row in sides.indices where sides[row] != .neither {
    for unit in 0..<units {
      let size = Double(abs(values[row * units + unit]))
      if size.isNaN || size > magnitudes[unit] { magnitudes[unit] = size }
    }
  }
  let sums = PermutedSums(magnitudes: magnitudes, strata: sizes, permutations: 0..<permutations, seed: seed, purpose: purpose)
  for start in stride(from: 0, to: sides.count, by: blockRows) {
    let rows = start..<min(start + blockRows, sides.count)
    try Array(values[rows.lowerBound * units..<rows.upperBound * units]).withUnsafeBufferPointer { block in
      try sums.add(block, sides: Array(sides[rows]), strata: labels.map { Array($0[rows]) }, threads: threads)
    }
  }
  return sums.finish()
}

@Suite("Permutation test")
struct PermutationTestTests {
  private func sides(_ treated: [Int]) -> [ContrastSide] { treated.map { $0 == 1 ? .treated : .reference } }

  private func null(of rows: Int, units: Int, permutations: Int, seed: UInt64 = 5, threads: Int = 1, blockRows: Int = 1 << 20) throws
    -> PermutationNull
  {
    let sides = (0..<rows).map { [.treated, .reference, .neither, .reference][$0 % 4] as ContrastSide }
    return try permutedMeanDifferences(
      noise(rows: rows, units: units, seed: 1), units: units, sides: sides, strata: (0..<rows).map { $0 % 3 }, permutations: permutations,
      seed: seed, purpose: "test", threads: threads, blockRows: blockRows)
  }

  @Test("p agrees with the enumeration of all relabellings within Monte-Carlo error, with strata and ties")
  func enumeration() throws {
    for row in try fixture("resampling", as: Resampling.self).cases {
      let n = 20_000
      let null = try permutedMeanDifferences(
        row.values, units: 3, sides: sides(row.treated), strata: row.strata, permutations: n, seed: 3, purpose: "test", threads: 2)
      for unit in 0..<3 {
        #expect(abs(null.observed[unit] - row.observed[unit]) <= 1e-10)
        #expect(abs(null.expected[unit] - row.expected[unit]) <= 1e-10)
        for (alternative, p) in [(Alternative.greater, row.greater), (.less, row.less), (.twoSided, row.twoSided)] {
          let error = (p[unit] * (1 - p[unit]) / Double(n)).squareRoot()
          let found = try #require(null.pValues(alternative)[unit])
          #expect(abs(found - p[unit]) <= 4.5 * error + 1 / Double(n), "\(alternative) unit \(unit): \(found), exactly \(p[unit])")
        }
      }
    }
  }

  @Test("All relabellings of four rows come up equally often")
  func uniform() throws {
    let values: [Float] = [1, 2, 4, 8]
    let null = try permutedMeanDifferences(
      values, units: 1, sides: [.treated, .treated, .reference, .reference], permutations: 6000, seed: 9, purpose: "test", threads: 1)
    let counts = Dictionary(grouping: null.differences, by: { $0 }).mapValues(\.count)
    #expect(counts.count == 6)
    for count in counts.values { #expect(abs(Double(count) - 1000) <= 4.5 * (1000.0 * 5 / 6).squareRoot()) }
  }

  @Test("Neither threads nor blocks nor the number of permutations changes a digit, and the seed does")
  func reproducible() throws {
    let one = try null(of: 200, units: 5, permutations: 100)
    #expect(try null(of: 200, units: 5, permutations: 100, blockRows: 7).differences == one.differences)
    #expect(try null(of: 200, units: 5, permutations: 100, threads: 2).differences == one.differences)
    let short = try null(of: 200, units: 5, permutations: 33).differences
    #expect(one.differences.starts(with: short))
    #expect(try null(of: 200, units: 5, permutations: 100, seed: 6).differences != one.differences)
  }

  @Test("Permutations taken in two parts are those taken at once")
  func parts() throws {
    let values = noise(rows: 90, units: 2, seed: 3)
    let sides = (0..<90).map { $0 % 2 == 0 ? ContrastSide.treated : .reference }
    let strata = (0..<90).map { Int32($0 % 10) }
    var sizes = PermutationStrata()
    try sizes.add(sides, strata: strata)
    let nulls = try [0..<70, 0..<33, 33..<70].map { permutations in
      let sums = PermutedSums(magnitudes: [9, 9], strata: sizes, permutations: permutations, seed: 4, purpose: "test")
      try values.withUnsafeBufferPointer { try sums.add($0, sides: sides, strata: strata, threads: 2) }
      return sums.finish()
    }
    #expect(nulls[1].appending(nulls[2]).differences == nulls[0].differences)
  }

  @Test("Strata that are open at the same time are counted, those that have ended are not")
  func openStrata() throws {
    func most(_ strata: [Int32]) throws -> Int {
      var sizes = PermutationStrata()
      try sizes.add(strata.map { _ in .treated }, strata: strata)
      return sizes.mostOpen
    }
    #expect(try most([1, 1, 2, 2, 3, 3]) == 1)
    #expect(try most([1, 2, 1, 3, 2, 3]) == 2)
    #expect(try most([1, 2, 3, 1, 2, 3]) == 3)
    #expect(try most([]) == 1)
  }

  @Test("Rows without a stratum each are refused, and none of them is counted")
  func strataPerRow() throws {
    var sizes = PermutationStrata()
    #expect(throws: StatisticsError.shape(what: "strata of the rows", expected: 2, found: 1)) {
      try sizes.add([.treated, .reference], strata: [1])
    }
    #expect(
      sizes.mostOpen == 1
        && PermutedSums(magnitudes: [1], strata: sizes, permutations: 0..<1, seed: 1, purpose: "none").finish().observed[0].isNaN)
  }

  @Test("The order of rows does not change the observed difference by a digit")
  func rowOrder() throws {
    // Over sixteen orders of magnitude, so that plain sums in Double depend on their order.
    let values = noise(rows: 999, units: 1, seed: 2).map { $0 * exp(6 * $0) }
    let sides = (0..<999).map { $0 % 3 == 0 ? ContrastSide.treated : .reference }
    let forward = try permutedMeanDifferences(values, units: 1, sides: sides, permutations: 0, seed: 1, purpose: "test", threads: 1)
    let backward = try permutedMeanDifferences(
      values.reversed(), units: 1, sides: sides.reversed(), permutations: 0, seed: 1, purpose: "test", threads: 1)
    #expect(forward.observed == backward.observed)
  }

  @Test("A permutation that deals the observed labels ties with them exactly, whatever the values")
  func ties() throws {
    // Three rows have three relabellings: one in three is the observed one, which has the largest difference.
    let values: [Float] = [0.1, 1e-7, 3.3e-3]
    let null = try permutedMeanDifferences(
      values, units: 1, sides: [.treated, .reference, .reference], permutations: 3000, seed: 1, purpose: "test", threads: 1)
    let equal = null.differences.count { $0 == null.observed[0] }
    #expect(abs(Double(equal) - 1000) <= 4.5 * (1000.0 * 2 / 3).squareRoot())
    #expect(null.pValues(.greater) == [Double(equal + 1) / 3001])
  }

  @Test("Under the null p is uniform over units")
  func calibration() throws {
    let units = 400
    let rows = 60
    let sides = (0..<rows).map { $0 < 25 ? ContrastSide.treated : .reference }
    let null = try permutedMeanDifferences(
      noise(rows: rows, units: units, seed: 77), units: units, sides: sides, permutations: 499, seed: 2, purpose: "test", threads: 2)
    for alternative in [Alternative.greater, .twoSided] {
      let p = null.pValues(alternative).compactMap { $0 }.sorted()
      // Kolmogorov's distance from the uniform distribution; 1.63/√n is its 1 % point.
      let distance = p.enumerated().map { max(abs($1 - Double($0) / 400), abs($1 - Double($0 + 1) / 400)) }.max() ?? 1
      #expect(distance <= 1.63 / 20 + 1.0 / 500)
    }
  }

  @Test("A unit with NaN and an empty group have no p, a constant unit has p 1")
  func undefined() throws {
    let values: [Float] = [1, 5, .nan, 2, 5, 1, 3, 5, 2, 4, 5, 1]
    let sides: [ContrastSide] = [.treated, .treated, .reference, .reference]
    let null = try permutedMeanDifferences(values, units: 3, sides: sides, permutations: 50, seed: 1, purpose: "test", threads: 1)
    let p = null.pValues(.twoSided)
    #expect(p[0] != nil)
    #expect(p[1] == 1)
    #expect(p[2] == nil)
    let empty = try permutedMeanDifferences(
      values, units: 3, sides: sides.map { $0 == .treated ? .treated : .neither }, permutations: 5, seed: 1, purpose: "test", threads: 1)
    #expect(empty.pValues(.greater) == [nil, nil, nil])
    #expect(null.differences.count == 150)
  }
}
