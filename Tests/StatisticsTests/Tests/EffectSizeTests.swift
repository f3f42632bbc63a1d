import Statistics
import Testing

@Suite("Effect sizes")
struct EffectSizeTests {
  let oracle: TwoSamples

  init() throws { oracle = try fixture("two_samples", as: TwoSamples.self) }

  @Test("d with both poolings, g and its variance agree with numpy's arithmetic")
  func numpy() throws {
    for row in oracle.samples {
      let (treated, reference) = row.summaries
      #expect(agrees(cohensD(treated: treated, reference: reference, pooling: .sample), row.dSample, relative: 1e-9))
      #expect(agrees(cohensD(treated: treated, reference: reference, pooling: .population), row.dPopulation, relative: 1e-9))
      let hedges = try #require(HedgesG(treated: treated, reference: reference))
      #expect(agrees(hedges.g, row.g, relative: 1e-9))
      #expect(agrees(hedges.variance, row.gVariance, relative: 1e-9))
    }
  }

  @Test("Hedges' correction agrees with mpmath's gamma functions to 1e-14")
  func correction() {
    for row in oracle.corrections {
      #expect(agrees(hedgesCorrection(degreesOfFreedom: row.m), row.j, relative: 1e-14))
    }
    #expect(hedgesCorrection(degreesOfFreedom: 1) == nil)
  }

  @Test("A unit without spread has no effect size, nor has an empty sample")
  func undefined() {
    let constant = SampleSummary([2, 2, 2])
    #expect(cohensD(treated: constant, reference: SampleSummary([1, 1]), pooling: .population) == nil)
    #expect(HedgesG(treated: constant, reference: constant) == nil)
    #expect(cohensD(treated: SampleSummary([]), reference: constant, pooling: .sample) == nil)
    #expect(cohensD(treated: SampleSummary([1, .infinity]), reference: constant, pooling: .sample) == nil)
  }
}
