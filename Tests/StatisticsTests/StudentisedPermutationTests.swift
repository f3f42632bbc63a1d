import Foundation
import Testing

@testable import Statistics

/// Against numpy, which lists every arrangement (Fixtures/Statistics/studentised.py).
@Suite("Studentised permutations")
struct StudentisedPermutationTests {
  struct Oracle: Decodable, Sendable {
    let design: String
    let groups: [UInt8]
    let blocks: [Int32]?
    let values: [Double]
    let units: Int
    let t, varianceErrors: [Double]
    let arrangements: Int
    let greater, less, twoSided, maximum: [Double]

    static let all: [Oracle] =
      (try? JSONDecoder().decode(
        [Oracle].self,
        from: Data(
          contentsOf: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/Statistics/studentised.json")))) ?? []

    func exchange() throws -> Exchangeability { try Exchangeability(groups: groups, groupCount: 2, blocks: blocks) }

    /// - Parameter deviation: of all units as they are told to the test: from a small one on, values are taken from their mean.
    func counts<Value: MatrixScalar>(_ type: Value.Type, threads: Int = 1, deviation: Double? = nil) throws -> StudentisedCounts {
      let spreads = (0..<units).map { unit in
        let spread = spread(of: stride(from: unit, to: values.count, by: units).map { values[$0] })
        return UnitSpread(mean: spread.mean, deviation: deviation ?? spread.deviation, low: spread.low, high: spread.high)
      }
      return try studentisedPermutations(
        values.map { Value($0) }, spreads: spreads, rows: Array(0..<Int32(groups.count)), of: exchange(), permutations: 6000, seed: 9,
        purpose: "test", threads: threads)
    }
  }

  @Test("There is an oracle for every design") func oracles() { #expect(Oracle.all.map(\.design) == ["free", "within", "whole"]) }

  @Test("The observed t is Welch's or the cluster-robust one, in doubles to 1e-9 and in floats to 1e-4", arguments: Oracle.all)
  func observed(oracle: Oracle) throws {
    #expect(try oracle.exchange().design?.rawValue == oracle.design)
    for (ours, theirs) in zip(try oracle.counts(Double.self).observed, oracle.t) {
      #expect(abs(ours - theirs) <= 1e-9 * max(1, abs(theirs)))
    }
    for (ours, theirs) in zip(try oracle.counts(Float.self).observed, oracle.t) {
      #expect(abs(ours - theirs) <= 1e-4 * max(1, abs(theirs)))
    }
  }

  @Test("The error of the pooled variance is that of its blocks, and there is none where rows are free", arguments: Oracle.all)
  func varianceErrors(oracle: Oracle) throws {
    for (counts, precision) in [(try oracle.counts(Double.self), 1e-9), (try oracle.counts(Float.self), 1e-4)] {
      #expect(counts.varianceErrors.count == oracle.varianceErrors.count)
      for (ours, theirs) in zip(counts.varianceErrors, oracle.varianceErrors) { #expect(abs(ours - theirs) <= precision * theirs) }
    }
  }

  @Test("p's are the shares of all arrangements within Monte-Carlo error, one-sided, two-sided and of the largest", arguments: Oracle.all)
  func pValues(oracle: Oracle) throws {
    for counts in [try oracle.counts(Double.self), try oracle.counts(Float.self)] {
      for (ours, theirs) in [
        (counts.pValues(.greater), oracle.greater), (counts.pValues(.less), oracle.less), (counts.pValues(.twoSided), oracle.twoSided),
        (counts.maximumPValues, oracle.maximum),
      ] {
        for (p, share) in zip(ours, theirs) {
          #expect(abs(try #require(p) - share) <= 5 * (share * (1 - share) / 6000).squareRoot() + 1e-3)
        }
      }
    }
  }

  @Test("Threads, the order of units and what values are counted from change no count", arguments: Oracle.all)
  func invariance(oracle: Oracle) throws {
    let counts = try oracle.counts(Double.self)
    #expect(try oracle.counts(Double.self, threads: 2) == counts)
    let moved = try oracle.counts(Double.self, deviation: 1e-3)
    #expect(moved.greater == counts.greater && moved.twoSided == counts.twoSided)
  }

  @Test("Layers put together are one: the largest is that of all units")
  func appending() throws {
    let oracle = Oracle.all[0]
    let whole = try oracle.counts(Double.self)
    var parts: StudentisedCounts?
    for unit in 0..<3 {
      let column = stride(from: unit, to: oracle.values.count, by: 3).map { oracle.values[$0] }
      let part = try studentisedPermutations(
        column, spreads: [spread(of: column)], rows: Array(0..<Int32(oracle.groups.count)), of: oracle.exchange(),
        permutations: 6000, seed: 9, purpose: "test", threads: 1)
      if parts == nil { parts = part } else { parts?.append(part) }
    }
    #expect(parts?.greater == whole.greater && parts?.maximumPValues == whole.maximumPValues)
  }

  @Test("Fewer permutations are the first of many, and another seed deals others")
  func beginning() throws {
    let values = noise(rows: 200, units: 5, seed: 1)
    let exchange = try Exchangeability(groups: (0..<200).map { $0 % 2 }, groupCount: 2, blocks: (0..<200).map { $0 % 3 })
    func largest(_ permutations: Int, seed: UInt64) throws -> [Double] {
      try studentisedPermutations(
        values, spreads: [UnitSpread](repeating: spread(of: values.map { Double($0) }), count: 5), rows: Array(0..<200), of: exchange,
        permutations: permutations, seed: seed, purpose: "test", threads: 2
      ).largest
    }
    let many = try largest(100, seed: 5)
    let few = try largest(33, seed: 5)
    #expect(many.count == 100 && many.starts(with: few))
    #expect(try largest(100, seed: 6) != many)
  }

  @Test("Without an effect p is uniform over units")
  func uniform() throws {
    let values = noise(rows: 60, units: 400, seed: 77)
    let counts = try studentisedPermutations(
      values, spreads: [UnitSpread](repeating: spread(of: values.map { Double($0) }), count: 400), rows: Array(0..<60),
      of: Exchangeability(groups: (0..<60).map { $0 < 25 ? 1 : 0 }, groupCount: 2, blocks: nil), permutations: 499, seed: 2,
      purpose: "test", threads: 2)
    for alternative in [Alternative.greater, .twoSided] {
      let p = counts.pValues(alternative).compactMap { $0 }.sorted()
      #expect(p.count == 400)
      // Kolmogorov's distance from the uniform distribution; 1.63/√n is its 1 % point.
      let distance = p.enumerated().map { max(abs($1 - Double($0) / 400), abs($1 - Double($0 + 1) / 400)) }.max() ?? 1
      #expect(distance <= 1.63 / 20 + 1.0 / 500)
    }
  }

  @Test("A unit that stops early has h / l, l the permutation that is extreme for the h-th time; one that does not has the p of all")
  func stopping() throws {
    let (rows, units, most, enough) = (60, 90, 700, 9)
    let values = noise(rows: rows, units: units, seed: 78).enumerated().map { place, value in
      // A third of the units rise in every other row.
      place % units < 30 && place / units % 2 == 1 ? value + 1 : value
    }
    for blocks in [nil, (0..<60).map { Int32($0 / 10) }] {
      let exchange = try Exchangeability(groups: (0..<60).map { UInt8($0 % 2) }, groupCount: 2, blocks: blocks)
      func counts(_ permutations: Int, stopsAfter: Int? = nil, threads: Int = 1) throws -> StudentisedCounts {
        try studentisedPermutations(
          values, spreads: [UnitSpread](repeating: spread(of: values.map { Double($0) }), count: units), rows: Array(0..<60), of: exchange,
          permutations: permutations, seed: 6,
          purpose: "test", stopsAfter: stopsAfter, threads: threads)
      }
      let stopped = try counts(most, stopsAfter: enough)
      #expect(try counts(most, stopsAfter: enough, threads: 3) == stopped)
      #expect(stopped.maximumPValues.allSatisfy { $0 == nil })
      let all = try counts(most)
      var (early, late) = (0, 0)
      for alternative in [Alternative.greater, .less, .twoSided] {
        for (unit, (p, full)) in zip(stopped.pValues(alternative), all.pValues(alternative)).enumerated() {
          let (p, full) = (try #require(p), try #require(full))
          // So many are extreme among all.
          guard (full * Double(most + 1)).rounded() - 1 >= Double(enough) else {
            #expect(p == full)
            late += 1
            continue
          }
          early += 1
          guard unit % 11 == 0 else { continue }
          let last = Int((Double(enough) / p).rounded())
          // (h + 1) / (l + 1) of the first l, and h / l of the first l - 1: the l-th is the h-th extreme one.
          #expect(abs((try counts(last).pValues(alternative)[unit] ?? 0) - Double(enough + 1) / Double(last + 1)) < 1e-12)
          #expect(abs((try counts(last - 1).pValues(alternative)[unit] ?? 0) - Double(enough) / Double(last)) < 1e-12)
        }
      }
      #expect(early > 100 && late > 20)
    }
  }

  @Test("Without an effect a p that stops early is at most .05 in no more than .05 of the units")
  func stoppingLevel() throws {
    let (rows, units) = (40, 3000)
    let values = noise(rows: rows, units: units, seed: 79)
    let exchange = try Exchangeability(groups: (0..<rows).map { UInt8($0 % 2) }, groupCount: 2, blocks: nil)
    let counts = try studentisedPermutations(
      values, spreads: [UnitSpread](repeating: spread(of: values.map { Double($0) }), count: units), rows: Array(0..<40), of: exchange,
      permutations: 999, seed: 7,
      purpose: "test", stopsAfter: 20, threads: 2)
    for (level, margin) in [(0.05, 0.008), (0.3, 0.017)] {
      let rejected = Double(counts.pValues(.greater).count { ($0 ?? 1) <= level }) / Double(units)
      #expect(abs(rejected - level) <= margin, "\(rejected)")
    }
  }

  @Test("A permutation that deals the observed labels ties with them")
  func ties() throws {
    // Four rows have six arrangements: one in six is the observed one, which has the largest t.
    let values: [Float] = [0.1, 0.07, 1e-7, 3.3e-3]
    let counts = try studentisedPermutations(
      values, spreads: [spread(of: values.map { Double($0) })], rows: [0, 1, 2, 3],
      of: Exchangeability(groups: [1, 1, 0, 0], groupCount: 2, blocks: nil, choice: .free), permutations: 3000, seed: 1, purpose: "test",
      threads: 1)
    #expect(abs(Double(counts.greater[0]) - 500) <= 4.5 * (3000.0 / 6 * 5 / 6).squareRoot())
  }

  @Test("A constant unit and an empty group have no p")
  func undefined() throws {
    let values: [Float] = [1, 5, 2, 5, 3, 5, 4, 5]
    for (groups, hasP) in [([1, 1, 0, 0] as [UInt8], true), ([1, 1, 1, 1], false)] {
      let counts = try studentisedPermutations(
        values, spreads: [spread(of: [1, 2, 3, 4]), spread(of: [5, 5, 5, 5])], rows: [0, 1, 2, 3],
        of: Exchangeability(groups: groups, groupCount: 2, blocks: nil), permutations: 50, seed: 1, purpose: "test", threads: 1)
      let p = counts.pValues(.twoSided)
      #expect((p[0] != nil) == hasP && p[1] == nil)
    }
  }

  /// Share of data sets without an effect that are rejected at .05, one-sided, of one unit each in `trials` columns.
  private func rejection(
    groups: [UInt8], blocks: [Int32]?, trials: Int, _ value: (_ row: Int, inout RandomStream) -> Double
  ) throws -> Double {
    var stream = RandomStream(seed: 11, purpose: "level")
    var values: [Float] = []
    for row in groups.indices { for _ in 0..<trials { values.append(Float(value(row, &stream))) } }
    let counts = try studentisedPermutations(
      values, spreads: [UnitSpread](repeating: spread(of: values.map { Double($0) }), count: trials), rows: Array(0..<Int32(groups.count)),
      of: Exchangeability(groups: groups, groupCount: 2, blocks: blocks), permutations: 199, seed: 2, purpose: "level", threads: 2)
    return Double(counts.pValues(.greater).count { ($0 ?? 1) <= 0.05 }) / Double(trials)
  }

  @Test("With nine times the variance and a third of the rows in one group the level nearly holds, where plain differences reject a fifth")
  func unequalVariances() throws {
    let groups = [UInt8](repeating: 0, count: 120) + [UInt8](repeating: 1, count: 60)
    let rate = try rejection(groups: groups, blocks: nil, trials: 400) { row, stream in (row < 120 ? 1 : 3) * stream.normal() }
    // .05 + 2 standard errors of 400 trials, and .01 for a test that holds in the limit of many rows.
    #expect(rate <= 0.05 + 2 * 0.0109 + 0.01 && rate >= 0.025)
  }

  @Test("Whole blocks of correlated rows keep the level, where free rows would reject a third", arguments: [true, false])
  func wholeBlocks(knowsBlocks: Bool) throws {
    let blocks: [Int32] = (0..<400).map { Int32($0 / 10) }
    let groups: [UInt8] = blocks.map { UInt8($0 % 2) }
    var effects: [Double] = []
    var last = -1
    var column = 0
    let rate = try rejection(groups: groups, blocks: knowsBlocks ? blocks : nil, trials: 300) { row, stream in
      if row != last { (last, column) = (row, 0) }
      if row % 10 == 0 {
        if column == 0 { effects = [] }
        effects.append(stream.normal())
      }
      defer { column += 1 }
      return (effects[column] + stream.normal()) * 0.5.squareRoot()
    }
    #expect(knowsBlocks ? rate <= 0.05 + 2 * 0.0126 : rate > 0.2)
  }
}

@Suite("Quantiles of Student's t")
struct StudentQuantileTests {
  @Test(
    "Quantiles are scipy.stats.t.isf's",
    arguments: [
      (0.025, 1.0, 12.706204736174705), (0.025, 4.0, 2.7764451051977943), (0.05, 30.0, 1.6972608865939574),
      (0.0001, 2.5, 34.86796932111477),
      (0.975, 7.0, -2.364624251592785), (0.025, 1e6, 1.9599663568141072),
    ])
  func quantile(p: Double, degrees: Double, expected: Double) {
    let found = StudentTDistribution(degreesOfFreedom: degrees).upperQuantile(p)
    #expect(abs(found - expected) <= 1e-8 * abs(expected))
  }
}

/// Range, mean and standard deviation (ddof 1) of numbers as far apart as doubles hold.
func spread(of values: [Double]) -> UnitSpread {
  let (low, high) = (values.min() ?? 0, values.max() ?? 0)
  let scale = max(high - low, .leastNormalMagnitude)
  let mean = low + values.reduce(0) { $0 + ($1 - low) / Double(values.count) }
  let variance = values.reduce(0) { $0 + ($1 - mean) / scale * (($1 - mean) / scale) } / Double(values.count - 1)
  return UnitSpread(mean: mean, deviation: variance.squareRoot() * scale, low: low, high: high)
}
