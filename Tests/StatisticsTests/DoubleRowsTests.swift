import Statistics
import Testing

/// Doubles that a Float cannot tell apart, beside the whole numbers that they stand for: what is right for these, whose oracles are in the
/// other tests, is right for those.
private struct Disguise: CustomTestStringConvertible, Sendable {
  let name: String
  /// x = origin + step × whole number, without rounding.
  let origin: Double
  let step: Double

  var testDescription: String { name }

  func callAsFunction(_ whole: [Float]) -> [Double] { whole.map { origin + step * Double($0) } }

  static let all = [
    Disguise(name: "just below 1", origin: 1, step: -0x1p-53),
    Disguise(name: "above 2²⁴", origin: 1e9, step: 1),
    Disguise(name: "1e300 in its last digits", origin: 0x1p1000, step: 0x1p948),
    Disguise(name: "huge", origin: 0, step: 0x1p1015),
    Disguise(name: "tiny", origin: 0, step: 0x1p-990),
  ]

  /// Those whose distances Pearson's products hold.
  static let moderate = all.filter { abs($0.step) < 0x1p200 && abs($0.step) > 0x1p-200 }
}

/// Whole numbers from 0 to 63, [rows × units].
private func wholeNumbers(rows: Int, units: Int, seed: UInt64) -> [Float] {
  var stream = RandomStream(seed: seed, purpose: "whole numbers")
  return (0..<rows * units).map { _ in Float(stream.uniform(below: 64)) }
}

@Suite("Rows of doubles")
struct DoubleRowsTests {
  @Test("Permutations of doubles are those of what they differ by", arguments: Disguise.all)
  fileprivate func permutations(disguise: Disguise) throws {
    let (rows, units) = (60, 3)
    let whole = wholeNumbers(rows: rows, units: units, seed: 1)
    let values = disguise(whole)
    // Two of three rows, in four strata or in none.
    let chosen = (0..<Int32(rows)).filter { $0 % 3 < 2 }
    for blocks in [nil, chosen.map { $0 % 4 }] {
      let exchange = try Exchangeability(groups: chosen.map { $0 % 3 == 0 ? 1 : 0 }, groupCount: 2, blocks: blocks)
      func counts(_ values: [Double], threads: Int) throws -> StudentisedCounts {
        let spreads = (0..<units).map { unit in spread(of: chosen.map { values[Int($0) * units + unit] }) }
        return try studentisedPermutations(
          values, spreads: spreads, rows: chosen, of: exchange, permutations: 200, seed: 3, purpose: "test", threads: threads)
      }
      let (plain, disguised) = (try counts(whole.map { Double($0) }, threads: 1), try counts(values, threads: 2))
      let isReversed = disguise.step < 0
      #expect(disguised.pValues(.greater) == plain.pValues(isReversed ? .less : .greater))
      #expect(disguised.pValues(.less) == plain.pValues(isReversed ? .greater : .less))
      #expect(disguised.pValues(.twoSided) == plain.pValues(.twoSided))
      for unit in 0..<units {
        let expected = isReversed ? -plain.observed[unit] : plain.observed[unit]
        #expect(abs(disguised.observed[unit] - expected) <= 1e-12 * max(1, abs(expected)))
      }
    }
  }

  @Test("Bootstrap means of doubles differ as what they stand for does", arguments: Disguise.all)
  fileprivate func bootstrap(disguise: Disguise) throws {
    let (rows, units) = (90, 2)
    let whole = wholeNumbers(rows: rows, units: units, seed: 2)
    func means(_ values: [some BinaryFloatingPoint & Sendable]) throws -> BootstrapMeans {
      try bootstrapMeans(
        values, units: units, groupOfRow: (0..<rows).map { $0 % 4 - 1 }, groups: 3, replicates: 50, seed: 5, purpose: "test", threads: 2)
    }
    let (plain, disguised) = (try means(whole), try means(disguise(whole)))
    for replicate in 0..<50 {
      for unit in 0..<units {
        let expected = disguise.step * plain.difference(replicate: replicate, group: 1, from: 0, unit: unit)
        let found = disguised.difference(replicate: replicate, group: 1, from: 0, unit: unit)
        #expect(abs(found - expected) <= 1e-12 * abs(disguise.step))
        let mean = disguise.origin + disguise.step * plain.mean(replicate: replicate, group: 2, unit: unit)
        #expect(agrees(disguised.mean(replicate: replicate, group: 2, unit: unit), mean, relative: 1e-15))
      }
    }
  }

  @Test("Standardised doubles and their decoders are those of what they differ by", arguments: Disguise.all)
  fileprivate func decoding(disguise: Disguise) throws {
    let (rows, features) = (120, 3)
    let whole = wholeNumbers(rows: rows, units: features, seed: 3)
    let values = disguise(whole)
    let plain = Standardisation(fittedTo: whole, features: features).applied(to: whole)
    let disguised = Standardisation(fittedTo: values, features: features)
    let sign: Double = disguise.step < 0 ? -1 : 1
    #expect(zip(disguised.applied(to: values), plain).allSatisfy { abs($0 - sign * $1) <= 1e-12 })
    let deviations = Standardisation(fittedTo: whole, features: features).deviations
    #expect(zip(disguised.deviations, deviations).allSatisfy { agrees($0 / abs(disguise.step), $1, relative: 1e-12) })
    let labels = (0..<rows).map { whole[$0 * features] + whole[$0 * features + 1] > 70 - Float($0 % 13) ? 1 : 0 }
    let groups = labels.map { UInt8($0) }
    let exchange = try Exchangeability(groups: groups, groupCount: 2, blocks: nil)
    let deals = try #require(
      DecodingDeals(
        groups: groups, rows: Array(0..<rows), values: [0, 1], exchange: exchange, permutations: 99, seed: 1, purpose: "test"))
    func test(_ matrix: FeatureMatrix) throws -> DecodingPermutationTest? {
      let pool = try #require(PooledRows(matrix, rows: Array(0..<rows)))
      let half = try #require(HalfDecoders(pool, isTraining: (0..<rows).map { $0 % 2 == 0 }))
      return DecodingPermutationTest(half.accuracies(deals, train: [0, 1], tests: [[0, 1]]))
    }
    let one = try #require(try test(FeatureMatrix(whole, features: features)))
    let other = try #require(try test(FeatureMatrix(values, features: features)))
    #expect(abs(one.accuracy - other.accuracy) <= 1e-12)
    #expect(one.pValue == other.pValue)
  }

  @Test("Correlations of doubles are those of what they differ by, in any cutting", arguments: Disguise.moderate)
  fileprivate func correlation(disguise: Disguise) throws {
    let (rows, units) = (20_000, 3)
    var whole = wholeNumbers(rows: rows, units: units, seed: 4)
    for row in 0..<rows { whole[row * units + 1] = (whole[row * units + 1] + whole[row * units] / 2).rounded() }
    let memory = pearsonMatrix(doubles(whole), leftUnits: units, doubles(whole), rightUnits: units)
    for precision in [ProductPrecision.single, .double] {
      var results: [[Double]] = []
      for chunk in [rows, 777] {
        var accumulator = CorrelationAccumulator(units: units, precision: precision)
        for start in stride(from: 0, to: rows, by: chunk) {
          try accumulator.add(disguise(Array(whole[start * units..<min(rows, start + chunk) * units])), threads: 2)
        }
        let moments = try accumulator.finish(threads: 2)
        #expect(agrees(moments.leftMeans[0], disguise.origin + disguise.step * 31.5, relative: 1e-2))
        results.append(moments.correlations())
      }
      #expect(results[0] == results[1])
      #expect(largestDifference(results[0], memory) <= (precision == .single ? 1e-6 : 1e-12))
      var between = CorrelationAccumulator(leftUnits: 1, rightUnits: 2, precision: precision)
      let left = stride(from: 0, to: whole.count, by: units).map { whole[$0] }
      let right = (0..<rows).flatMap { whole[$0 * units + 1...$0 * units + 2] }
      try between.add(left: disguise(left), right: disguise(right), threads: 1)
      #expect(
        try largestDifference(between.finish(threads: 1).correlations(), Array(memory[1...2])) <= (precision == .single ? 1e-6 : 1e-12))
    }
  }

  @Test("Co-moments of doubles that were added apart merge; floats among them are taken as doubles")
  func merging() throws {
    let whole = wholeNumbers(rows: 500, units: 2, seed: 6)
    let values = Disguise.all[0](whole)
    let memory = pearsonMatrix(doubles(whole), leftUnits: 2, doubles(whole), rightUnits: 2)
    func moments(_ part: ArraySlice<Double>) throws -> CoMoments {
      var accumulator = CorrelationAccumulator(units: 2, precision: .double)
      try accumulator.add(Array(part), threads: 1)
      return try accumulator.finish(threads: 1)
    }
    var merged = try moments(values[..<300])
    try merged.merge(moments(values[300...]))
    #expect(largestDifference(merged.correlations(), memory) <= 1e-12)
    for floatsFirst in [true, false] {
      var mixed = CorrelationAccumulator(units: 2, precision: .double)
      if floatsFirst { try mixed.add(Array(whole[..<200]), threads: 1) }
      try mixed.add(doubles(Array(floatsFirst ? whole[200...] : whole[..<700])), threads: 1)
      if !floatsFirst { try mixed.add(Array(whole[700...]), threads: 1) }
      let result = try mixed.finish(threads: 1)
      #expect(result.count == 500)
      #expect(largestDifference(result.correlations(), memory) <= 1e-12)
    }
  }

  @Test("Doubles are ranked as doubles")
  func ranks() throws {
    let ranks = try columnRanks([1, 1, 1 + 0x1p-52, 1 + 0x1p-52, .nan, 1 - 0x1p-53, 2, 3], units: 2, threads: 1).doubles
    #expect(stride(from: 0, to: 8, by: 2).map { ranks[$0] }.allSatisfy { $0.isNaN })
    #expect(stride(from: 1, to: 8, by: 2).map { ranks[$0] } == [2, 3, 1, 4])
  }

  @Test("Confident units of double precision: p is scipy.stats.permutation_test's, the smallest there is")
  func confident() throws {
    var stream = RandomStream(seed: 5, purpose: "confident")
    let values = (0..<200).map { 1 - 1e-8 + 1e-9 * stream.normal() + ($0 % 2 == 1 ? 2e-9 : 0) }
    let exchange = try Exchangeability(groups: (0..<200).map { $0 % 2 == 1 ? 1 : 0 }, groupCount: 2, blocks: nil)
    let counts = try studentisedPermutations(
      values, spreads: [spread(of: values)], rows: Array(0..<200), of: exchange, permutations: 999, seed: 1, purpose: "test", threads: 1)
    #expect(counts.pValues(.greater) == [1.0 / 1000])
  }

  @Test("What no double holds is refused by unit and value, with a sentence")
  func refused() throws {
    let error = StatisticsError.tooLarge(unit: 1, value: 1.7e308, limit: .greatestFiniteMagnitude)
    #expect(throws: error) {
      try bootstrapMeans(
        [0, -1e308, 1, 1.7e308], units: 2, groupOfRow: [0, 0], groups: 1, replicates: 9, seed: 1, purpose: "test", threads: 1)
    }
    #expect(
      error.description
        == "unit 1 holds 1.7e+308, which is too large: values may differ by up to 1.7976931348623157e+308. Scale the unit, or leave it out."
    )
    var accumulator = CorrelationAccumulator(units: 2, precision: .double)
    #expect(throws: StatisticsError.tooLarge(unit: 1, value: 1e80, limit: 0x1p240)) {
      try accumulator.add([0, 1, 2, 1e80], threads: 1)
    }
  }
}
