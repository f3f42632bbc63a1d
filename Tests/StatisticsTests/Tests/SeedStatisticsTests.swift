import Foundation
import Testing

@testable import Statistics

/// Against scipy and numpy (Fixtures/Statistics/seeds.py).
@Suite("Statistics over a few networks")
struct SeedStatisticsTests {
  struct Case: Decodable, Sendable {
    let x, y: [Double]
    let iqm, mean, improvement: Double
    let interval, unpairedInterval: [Double]
    let permutationP, slope: Double
    let flipsP: Double?
    let pairedInterval: [Double?]?
  }
  struct Trimmed: Decodable {
    let values: [Double]
    let iqm: Double
  }
  struct Many: Decodable {
    let differences: [Double]
    let p: Double
    let interval: [Double]
  }
  struct Oracle: Decodable {
    let seed: UInt64
    let replicates: Int
    let cases: [Case]
    let trimmed: [Trimmed]
    let many: Many
  }

  private let oracle: Oracle

  init() throws { oracle = try fixture("seeds", as: Oracle.self) }

  private func flips(_ differences: [Double], draws: Int = 1000) -> ArrangementTest? {
    .signFlips(differences, draws: draws, seed: 3, purpose: "test")
  }

  private func permutation(_ x: [Double], _ y: [Double], draws: Int = 1000) -> ArrangementTest? {
    .permutation(x, y, draws: draws, seed: 3, purpose: "test")
  }

  @Test("The interquartile mean is scipy.stats.trim_mean(x, 0.25), for 1 to 13 values")
  func interquartileMeans() {
    #expect(oracle.trimmed.count == 13)
    for trimmed in oracle.trimmed {
      #expect(abs((interquartileMean(trimmed.values) ?? .nan) - trimmed.iqm) <= 1e-12)
    }
    #expect(interquartileMean([]) == nil && interquartileMean([1, .nan]) == nil)
    #expect(abs((interquartileMean([1e308, 1.5e308, 1.7e308]) ?? .nan) / 1.4e308 - 1) <= 1e-15)
  }

  @Test("Improvement is Mann–Whitney's U over n·m, slopes are numpy.polyfit's")
  func improvement() {
    #expect(oracle.cases.count == 9)
    for c in oracle.cases {
      #expect(abs((probabilityOfImprovement(c.x, over: c.y) ?? .nan) - c.improvement) <= 1e-12)
      let count = min(c.x.count, c.y.count)
      let slope = leastSquaresSlope(x: Array(c.y.prefix(count)), y: Array(c.x.prefix(count)))
      #expect(abs((slope ?? .nan) - c.slope) <= 1e-9 * max(1, abs(c.slope)))
    }
    #expect(probabilityOfImprovement([], over: [1]) == nil && probabilityOfImprovement([1], over: [.nan]) == nil)
    #expect(leastSquaresSlope(x: [2, 2], y: [1, 3]) == nil && leastSquaresSlope(x: [], y: []) == nil)
    #expect(leastSquaresSlope(x: [1, 2], y: [1]) == nil && leastSquaresSlope(x: [1, 2], y: [1, .infinity]) == nil)
  }

  @Test("Listed sign flips and permutations have scipy's p")
  func exactTests() throws {
    for c in oracle.cases {
      let test = try #require(permutation(c.x, c.y))
      #expect(test.drawn == nil && abs(test.pValue - c.permutationP) <= 1e-12, "\(c.x) \(c.y)")
      guard let expected = c.flipsP else { continue }
      let flipped = try #require(flips(zip(c.x, c.y).map { $0 - $1 }))
      #expect(flipped.drawn == nil && flipped.arrangements == exp2(Double(c.x.count)))
      #expect(abs(flipped.pValue - expected) <= 1e-12, "\(c.x) \(c.y)")
    }
  }

  @Test("Of more than 20 pairs arrangements are drawn, and p is that of all of them within its error")
  func drawnFlips() throws {
    let (draws, p) = (20_000, oracle.many.p)
    let test = try #require(flips(oracle.many.differences, draws: draws))
    #expect(test.drawn == draws && test.arrangements == exp2(24))
    #expect(abs(test.pValue - p) <= 4 * (p * (1 - p) / Double(draws)).squareRoot(), "\(test) \(p)")
    #expect(try #require(flips(oracle.many.differences.map { abs($0) + 10 }, draws: 999)).pValue == 1 / 1000)
  }

  @Test("Permutations that are drawn have the p of those that are listed, within its error")
  func drawnPermutations() throws {
    // 12 of 24 are 2,704,156 arrangements; of normal values Welch's p is near.
    var stream = RandomStream(seed: 5, purpose: "drawn permutations")
    let (x, y) = ((0..<12).map { _ in stream.normal() + 0.8 }, (0..<12).map { _ in stream.normal() })
    let test = try #require(permutation(x, y, draws: 20_000))
    #expect(test.drawn == 20_000 && test.arrangements == 2_704_156)
    let welch = try #require(WelchTest(treated: SampleSummary(x), reference: SampleSummary(y)))
    #expect(abs(test.pValue - welch.pTwoSided) < 0.02, "\(test) \(welch)")
  }

  @Test("Intervals are those of numpy from the same draws")
  func intervals() throws {
    let bootstrap = SampleBootstrap(replicates: oracle.replicates, seed: oracle.seed)
    func holds(_ replicates: [Double], _ n: Int, _ expected: [Double]) throws -> Bool {
      let interval = try #require(PercentileInterval(replicates, resampled: n))
      return abs(interval.lower - expected[0]) <= 1e-9 && abs(interval.upper - expected[1]) <= 1e-9
    }
    for c in oracle.cases {
      #expect(try holds(bootstrap.replicates(of: c.x, .interquartileMean, purpose: "interval"), c.x.count, c.interval))
      let both = bootstrap.differences(of: c.x, from: c.y, purpose: "difference")
      #expect(try holds(both, min(c.x.count, c.y.count), c.unpairedInterval))
    }
  }

  @Test("Intervals of paired differences are Hartigan's typical values, and exclude what sign flips reject")
  func pairedIntervals() throws {
    func interval(_ differences: [Double], draws: Int = 1000) -> ClosedRange<Double>? {
      ArrangementTest.signFlipInterval(differences, draws: draws, seed: 3, purpose: "test")
    }
    for c in oracle.cases {
      guard let expected = c.pairedInterval else { continue }
      let differences = zip(c.x, c.y).map { $0 - $1 }
      guard let low = expected[0], let high = expected[1] else {
        #expect(differences.count < 6 && interval(differences) == nil)
        continue
      }
      let found = try #require(interval(differences))
      #expect(abs(found.lowerBound - low) <= 1e-12 && abs(found.upperBound - high) <= 1e-12, "\(found) \(expected)")
      #expect(interval(differences.reversed()) == found && interval(differences.map { -$0 })?.upperBound == -found.lowerBound)
      let huge = try #require(interval(differences.map { 1e300 * $0 }))
      #expect(abs(huge.lowerBound / 1e300 - low) <= 1e-9)
      for shift in [low - 1e-6, high + 1e-6, low + 1e-6, high - 1e-6] {
        let p = try #require(flips(differences.map { $0 - shift })).pValue
        #expect((p <= 0.05) == (shift < low || shift > high), "\(differences) \(shift)")
      }
    }
    let many = oracle.many.differences
    let drawn = try #require(interval(many, draws: 20_000))
    #expect(abs(drawn.lowerBound - oracle.many.interval[0]) <= 0.03 && abs(drawn.upperBound - oracle.many.interval[1]) <= 0.03, "\(drawn)")
    // Drawn patterns go with the order of the sizes, so that it is 0 that both agree on.
    for shift in stride(from: drawn.lowerBound - 0.02, to: drawn.lowerBound + 0.02, by: 0.002) {
      let moved = many.map { $0 - shift }
      let excludes = try !#require(interval(moved, draws: 2000)).contains(0)
      let p = try #require(flips(moved, draws: 2000)).pValue
      #expect((p <= 0.05) == excludes, "\(shift) \(p)")
    }
    #expect(interval([]) == nil && interval([1, .nan]) == nil && interval(many, draws: 18) == nil)
    #expect(interval([2, 2, 2, 2, 2, 2]) == 2...2)
  }

  @Test("Order, sign and scale change no p; shifted and stretched values have shifted and stretched intervals")
  func invariance() throws {
    let bootstrap = SampleBootstrap(replicates: 200, seed: 1)
    for c in oracle.cases {
      let p = try #require(permutation(c.x, c.y)).pValue
      #expect(permutation(c.x.reversed(), c.y.shuffled())?.pValue == p)
      #expect(permutation(c.x.map { 3 - 0.5 * $0 }, c.y.map { 3 - 0.5 * $0 })?.pValue == p)
      let own = bootstrap.replicates(of: c.x, .interquartileMean, purpose: "a")
      #expect(bootstrap.replicates(of: c.x.reversed(), .interquartileMean, purpose: "a") == own)
      for (moved, replicate) in zip(bootstrap.replicates(of: c.x.map { 4 * $0 + 10 }, .interquartileMean, purpose: "a"), own) {
        #expect(abs(moved - 4 * replicate - 10) <= 1e-12)
      }
      guard let flipsP = c.flipsP else { continue }
      let differences = zip(c.x, c.y).map { $0 - $1 }
      for changed in [
        Array(differences.reversed()), differences.map { -$0 }, differences.map { 1e300 * $0 }, differences.map { 1e-300 * $0 },
      ] {
        #expect(abs((flips(changed)?.pValue ?? .nan) - flipsP) <= 1e-12)
      }
    }
  }

  @Test("What has no test, and what has p = 1")
  func edges() {
    #expect(flips([]) == nil && flips([1, .nan]) == nil && flips([.infinity, 1]) == nil)
    #expect(flips([0, 0, 0])?.pValue == 1)
    #expect(flips([1, 1, 1, 1, 1])?.pValue == 2.0 / 32)
    #expect(flips([1.7e308, 1.7e308, 1.7e308])?.pValue == 2.0 / 8)
    #expect(permutation([1], [2, 3]) == nil && permutation([1, 2], []) == nil && permutation([1, .nan], [2, 3]) == nil)
    #expect(permutation([1, 1, 1], [1, 1])?.pValue == 1)
    // Only the labels as they are, and none other, part the values.
    #expect(permutation([2, 2, 2], [1, 1, 1])?.pValue == 2.0 / 20)
    #expect(permutation([-1.7e308, -1.6e308, -1.7e308], [1.7e308, 1.7e308, 1.6e308])?.pValue == 2.0 / 20)
    let replicates = SampleBootstrap(replicates: 3, seed: 1).replicates(of: [-1.7e308, 1.7e308], .mean, purpose: "a")
    #expect(replicates.count == 3 && replicates.allSatisfy(\.isNaN))
    let none = SampleBootstrap(replicates: 3, seed: 1).replicates(of: [], .mean, purpose: "a")
    #expect(none.count == 3 && none.allSatisfy(\.isNaN))
  }

  @Test("A tie that rounding parts counts where one says how far values are rounded")
  func rounding() {
    // 0.3 − 0.2 and 1.1 − 1.0 are 0.1, but not as doubles.
    let differences = [0.3 - 0.2, -(1.1 - 1.0), 5, 5, 5]
    let exact = ArrangementTest.signFlips(differences, rounding: 2 * 5.0.ulp, draws: 1, seed: 1, purpose: "test")
    #expect(exact?.pValue == 6.0 / 32)
    #expect(exact?.pValue == ArrangementTest.signFlips([0.1, -0.1, 5, 5, 5], draws: 1, seed: 1, purpose: "test")?.pValue)
  }
}
