import Statistics
import Testing

private struct ExactColumn: Decodable {
  let name: String
  let values: [Double]
  let mean: Double
  let variance, skewness, kurtosis: Double?
}

@Suite("Moments of doubles")
struct ExactMomentsTests {
  private static func moments(_ values: [Double], blockRows: Int) throws -> UnitMoments {
    var result = UnitMoments(unitCount: 1)
    for start in stride(from: 0, to: values.count, by: blockRows) {
      let block = Array(values[start..<min(start + blockRows, values.count)])
      try block.withUnsafeBufferPointer { rows throws(NonFiniteValue) in try result.add(rows, indices: block.indices.map { Int32($0) }) }
    }
    return result
  }

  @Test("They are those of exact rational arithmetic to 1e-9, whatever the values and blocks", arguments: [1, 7, 50, 64, 300])
  func rational(blockRows: Int) throws {
    for column in try fixture("exact_moments", as: [ExactColumn].self) {
      let moments = try Self.moments(column.values, blockRows: blockRows)
      // To the rounding of the largest value: those of both signs cancel.
      let size = column.values.map { abs($0) }.max() ?? 0
      #expect(abs(moments.mean[0] - column.mean) <= 4e-15 * size, "\(column.name): \(moments.mean[0])")
      #expect(agrees(moments.variance(0), column.variance, relative: 1e-12), "\(column.name): \(moments.variance(0) ?? .nan)")
      // Skewness may be near 0 where third powers cancel.
      let (skewness, kurtosis) = (moments.skewness(0), moments.kurtosis(0))
      #expect((skewness == nil) == (column.skewness == nil), "\(column.name)")
      if let skewness, let expected = column.skewness {
        #expect(abs(skewness - expected) <= 1e-9 * max(0.1, abs(expected)), "\(column.name): \(skewness), exactly \(expected)")
      }
      #expect((kurtosis == nil) == (column.kurtosis == nil), "\(column.name)")
      if let kurtosis, let expected = column.kurtosis {
        #expect(abs(kurtosis - expected) <= 1e-9 * max(1, abs(expected)), "\(column.name): \(kurtosis), exactly \(expected)")
      }
    }
  }

  @Test("Parts that were added apart are merged as well")
  func merge() throws {
    for column in try fixture("exact_moments", as: [ExactColumn].self) where column.values.count == 200 {
      var merged = try Self.moments(Array(column.values[..<3]), blockRows: 3)
      try merged.merge(Self.moments(Array(column.values[3..<120]), blockRows: 11))
      try merged.merge(Self.moments(Array(column.values[120...]), blockRows: 1))
      #expect(agrees(merged.variance(0), column.variance, relative: 1e-12), "\(column.name)")
      if let kurtosis = merged.kurtosis(0), let expected = column.kurtosis {
        #expect(abs(kurtosis - expected) <= 1e-9 * max(1, abs(expected)), "\(column.name): \(kurtosis), exactly \(expected)")
      }
    }
  }

  @Test("Means that agree as doubles differ by what they are apart, in tests of two samples too")
  func difference() throws {
    // Of 1000 rows just below 1, 10 and 20 are one unit in the last place lower.
    func phase(_ low: Int) -> [Double] { (0..<1000).map { $0 % 100 < low ? 1 - 0x1p-53 : 1 } }
    let (none, own) = (try Self.moments(phase(2), blockRows: 64), try Self.moments(phase(1), blockRows: 64))
    #expect(agrees(own.meanDifference(from: none, unit: 0), 0.01 * 0x1p-53, relative: 1e-12))
    let (p, q) = (0.01, 0.02)
    let pooled = ((p * (1 - p) * 1000 + q * (1 - q) * 1000) / 1998).squareRoot()
    #expect(agrees(cohensD(treated: own.summary(0), reference: none.summary(0), pooling: .sample), (q - p) / pooled, relative: 1e-12))
    let error = ((p * (1 - p) + q * (1 - q)) / 999).squareRoot()
    #expect(agrees(WelchTest(treated: own.summary(0), reference: none.summary(0))?.t, (q - p) / error, relative: 1e-12))
  }

  @Test("A variance that is too large for a double makes no effect size of the other sample alone")
  func tooLarge() throws {
    let huge = try Self.moments([1e300, -1e300, 0], blockRows: 2)
    let small = try Self.moments([1, 2, 3], blockRows: 2)
    #expect(huge.variance(0) == nil)
    #expect(huge.sampleVariance(0) == nil)
    #expect(cohensD(treated: huge.summary(0), reference: small.summary(0), pooling: .sample) == nil)
    #expect(WelchTest(treated: huge.summary(0), reference: small.summary(0)) == nil)
  }

  @Test("NaN and infinity are named, and a sum that overflows is not taken for one")
  func nonFinite() throws {
    var found: NonFiniteValue?
    do { _ = try Self.moments([1.7e308, .infinity, 1.7e308], blockRows: 3) } catch { found = error as? NonFiniteValue }
    #expect(found?.row == 1)
    #expect(found?.value == .infinity)
    #expect(agrees(try Self.moments([1.7e308, 1.7e308, 1.6e308], blockRows: 3).mean[0], 1.7e308 * (1 - 1 / 51.0), relative: 1e-15))
  }
}
