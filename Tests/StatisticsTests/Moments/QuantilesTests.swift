import Statistics
import Testing

@Suite("Quantiles")
struct QuantilesTests {
  @Test("Quantiles agree with numpy.quantile to the last digit")
  func numpy() throws {
    for row in try fixture("resampling", as: Resampling.self).quantiles {
      #expect(quantile(row.values, row.q) == row.expected)
    }
  }

  @Test("No values and NaN have no quantile; an interval leaves NaN out")
  func undefined() {
    #expect(quantile([], 0.5) == nil)
    #expect(quantile([1, .nan, 2], 0.5) == nil)
    #expect(PercentileInterval([.nan]) == nil)
    #expect(PercentileInterval([.nan, 2, 2])?.replicates == 2)
    #expect(PercentileInterval([1, 3, 2], level: 0)?.lower == 2)
  }
}
