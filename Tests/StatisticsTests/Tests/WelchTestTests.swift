import Statistics
import Testing

struct TwoSamples: Decodable {
  struct Tail: Decodable { let t, nu, p: Double }
  struct Correction: Decodable {
    let m: Int
    let j: Double
  }
  struct Family: Decodable { let p, bh, holm: [Double] }
  struct Pair: Decodable {
    let treated, reference: [Double]
    let t, df, pTwoSided, pGreater, pLess, dSample, dPopulation, g, gVariance: Double
    var summaries: (treated: SampleSummary, reference: SampleSummary) { (SampleSummary(treated), SampleSummary(reference)) }
  }
  let tails: [Tail]
  let samples: [Pair]
  let families: [Family]
  let corrections: [Correction]
}

@Suite("Welch's test")
struct WelchTestTests {
  let oracle: TwoSamples

  init() throws { oracle = try fixture("two_samples", as: TwoSamples.self) }

  @Test("Tails of Student's t agree with mpmath to 1e-12, far out and for many degrees of freedom")
  func tails() {
    for row in oracle.tails {
      let p = StudentTDistribution(degreesOfFreedom: row.nu).upperTail(row.t)
      #expect(agrees(p, row.p, relative: 1e-12), "t \(row.t), ν \(row.nu): \(p)")
    }
  }

  @Test("Student's t approaches the normal distribution and is symmetric")
  func limits() {
    let large = StudentTDistribution(degreesOfFreedom: 1e14).upperTail(5)
    #expect(agrees(large, StudentTDistribution(degreesOfFreedom: .infinity).upperTail(5), relative: 1e-11))
    let distribution = StudentTDistribution(degreesOfFreedom: 4)
    #expect(distribution.upperTail(0) == 0.5)
    #expect(distribution.cumulative(1.5) == distribution.upperTail(-1.5))
    #expect(distribution.upperTail(.infinity) == 0)
    #expect(distribution.upperTail(.nan).isNaN)
    #expect(StudentTDistribution(degreesOfFreedom: 0).upperTail(1).isNaN)
  }

  @Test("t, degrees of freedom and all three p agree with scipy.stats.ttest_ind(equal_var=False)")
  func scipy() throws {
    for row in oracle.samples {
      let test = try #require(WelchTest(treated: row.summaries.treated, reference: row.summaries.reference))
      #expect(agrees(test.t, row.t, relative: 1e-9))
      #expect(agrees(test.degreesOfFreedom, row.df, relative: 1e-9))
      #expect(agrees(test.pTwoSided, row.pTwoSided, relative: 1e-9))
      #expect(agrees(test.pGreater, row.pGreater, relative: 1e-9))
      #expect(agrees(test.pLess, row.pLess, relative: 1e-9))
    }
  }

  @Test("There is no test of one value, of two constants or of NaN")
  func undefined() {
    let sample = SampleSummary(count: 10, mean: 1, variance: 2)
    #expect(WelchTest(treated: SampleSummary([3]), reference: sample) == nil)
    #expect(WelchTest(treated: SampleSummary([]), reference: sample) == nil)
    #expect(WelchTest(treated: SampleSummary([3, 3]), reference: SampleSummary([4, 4, 4])) == nil)
    #expect(WelchTest(treated: SampleSummary([3, .nan]), reference: sample) == nil)
    #expect(WelchTest(treated: SampleSummary([3, 3]), reference: sample) != nil)
  }
}
