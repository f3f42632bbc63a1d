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

  @Test("An expanded interval takes scipy's quantiles for as many things as were resampled; of fewer than five there is none")
  func expanded() throws {
    // 100,001 equally spaced values: the quantile is the share. norm.cdf(t.ppf(.025, n − 1) sqrt(n / (n − 1))) by scipy 1.17.
    let values = (0...100_000).map { Double($0) / 100_000 }
    for (n, tail) in [
      (5, 0.0009541005518824885), (10, 0.00855063902440636), (50, 0.02117941121137754), (1_000_000, 0.024999804077554123),
    ] {
      let interval = try #require(PercentileInterval(values, resampled: n))
      #expect(abs(interval.lower - tail) <= 1e-9 && abs(interval.upper - (1 - tail)) <= 1e-9, "\(n)")
    }
    #expect(PercentileInterval(values, resampled: 4) == nil)
  }
}
