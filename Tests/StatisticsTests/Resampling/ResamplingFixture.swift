import Statistics

/// Quantiles and bootstrap intervals by numpy and scipy (Fixtures/Statistics/resampling.py).
struct Resampling: Decodable {
  struct Quantile: Decodable {
    let values: [Double]
    let q, expected: Double
  }
  struct Interval: Decodable {
    let values: [Float]
    let lower, upper: Double
  }
  let quantiles: [Quantile]
  let bootstrap: Interval
}

/// Standard normal values [rows × units].
func noise(rows: Int, units: Int, seed: UInt64) -> [Float] {
  var stream = RandomStream(seed: seed, purpose: "test noise")
  return (0..<rows * units).map { _ in Float(stream.normal()) }
}
