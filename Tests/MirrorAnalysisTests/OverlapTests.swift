import ActivationRecording
import Foundation
import Statistics
import Testing

@testable import MirrorAnalysis

/// A design of overlap.json (Fixtures/MirrorAnalysis/overlap.py).
private struct OverlapOracle: Decodable {
  struct Numbers: Decodable {
    let nPairs, nBlocks: Int
    let selfOther, selfSelf, otherOther, nullMean: Double
    let none, interval: [Double]
    let exchange: String
    let wordingOnly: Double?
  }
  let phase: [UInt8]
  let pair, strata: [Int32]?
  let values: [Double]
  let units: Int
  let expected: [String: Numbers]

  static func of(_ design: String) throws -> OverlapOracle {
    try #require(try Fixture.json([String: OverlapOracle].self, "MirrorAnalysis/overlap.json")[design])
  }
}

private func write(
  phase: [UInt8], pairs: [Int32]?, strata: [Int32]?, values: [Double], units: Int, asFloats: Bool = false
) throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "overlap-\(UUID().uuidString).h5").path
  let file = try HandMadeFile(path: path, phases: phase)
  if let strata { _ = try file.root.write("stratum", strata) }
  if let pairs { _ = try file.root.write("pair", pairs) }
  if asFloats {
    try file.write("dense_1", values.map { Float($0) }, units: units)
  } else {
    try file.write("dense_1", values, units: units)
  }
  try file.finish()
  return path
}

/// Opens a recording of one layer that is written just for it.
private func recording(
  phase: [UInt8], pairs: [Int32]? = nil, strata: [Int32]? = nil, values: [Double], units: Int, asFloats: Bool = false
) throws -> RecordingView {
  let path = try write(phase: phase, pairs: pairs, strata: strata, values: values, units: units, asFloats: asFloats)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try RecordingView(path: path)
}

@Suite("Self-other overlap, against numpy and scipy")
struct OverlapTests {
  @Test(
    "Every number is scipy's: pairs inside wordings, pairs alone, and strata in their place", arguments: ["wordings", "items", "strata"])
  func numbers(design: String) throws {
    let oracle = try OverlapOracle.of(design)
    let view = try recording(phase: oracle.phase, pairs: oracle.pair, strata: oracle.strata, values: oracle.values, units: oracle.units)
    let rows = try OverlapAnalysis().rows(of: view, in: AnalysisContext())
    #expect(rows.count == 3)
    for row in rows {
      let expected = try #require(oracle.expected[row.measure.rawValue])
      #expect(row.pairCount == expected.nPairs && row.blockCount == expected.nBlocks && row.exchange?.rawValue == expected.exchange)
      for (value, known) in [
        (row.selfOther, expected.selfOther), (row.selfSelf, expected.selfSelf), (row.otherOther, expected.otherOther),
        (row.noneSelf, expected.none[0]), (row.noneOther, expected.none[1]), (row.nullMean, expected.nullMean),
        (row.interval?.lowerBound, expected.interval[0]), (row.interval?.upperBound, expected.interval[1]),
      ] {
        #expect(relativeError(value, known) <= 1e-10, "\(row.measure)")
      }
      #expect(row.excess == (try #require(row.selfOther)) - (try #require(row.nullMean)))
      if let wording = expected.wordingOnly {
        #expect(relativeError(row.wordingOnly, wording) <= 1e-9 && row.reason == nil)
      } else {
        #expect(row.wordingOnly == nil && row.reason?.contains("no wording_only") == true)
      }
      #expect(row.pValue == nil)
    }
  }

  @Test("p counts pairings with a mean distance at most as large, and their mean is null_mean", arguments: ["wordings", "items"])
  func permutations(design: String) throws {
    let oracle = try OverlapOracle.of(design)
    let view = try recording(phase: oracle.phase, pairs: oracle.pair, strata: oracle.strata, values: oracle.values, units: oracle.units)
    let permutations = 300
    let row = try #require(
      try OverlapAnalysis(measures: [.mse], permutations: permutations).rows(of: view, in: AnalysisContext(threads: 2, seed: 6)).first)
    // By hand, from the means of pairs.
    let pairs = try OverlapPairs(of: view)
    let means = try view.stratumMeans(of: view.layers, by: pairs.indices, threads: 1)
    let pairing = OverlapPairing(strata: pairs.strata, isUsed: pairs.pairs.map { _ in true }, choice: nil)
    let units = oracle.units
    func distance(_ own: Int, _ other: Int) -> Double {
      (0..<units).reduce(0) { sum, unit in
        let difference = means[0].values[own * units + unit] - means[1].values[other * units + unit]
        return sum + difference * difference / Double(units)
      } / Double(pairs.pairs.count)
    }
    var (extreme, total) = (0, 0.0)
    let observed = pairs.pairs.indices.reduce(0) { $0 + distance($1, $1) }
    let moving = Set(pairing.groups.joined())
    for number in 1...permutations {
      var stream = RandomStream(seed: 6, purpose: "overlap: pairing", index: UInt64(number))
      var sum = pairs.pairs.indices.reduce(0) { $0 + (moving.contains($1) ? 0 : distance($1, $1)) }
      for group in pairing.groups {
        for (place, other) in Array(group.indices).shuffled(using: &stream).enumerated() { sum += distance(group[place], group[other]) }
      }
      extreme += sum <= observed + 1e-12 ? 1 : 0
      total += sum / Double(permutations)
    }
    #expect(relativeError(row.pValue, Double(extreme + 1) / Double(permutations + 1)) <= 1e-12)
    #expect(relativeError(row.nullMean, total) <= 0.1)
  }

  @Test(
    "Digits depend on no number of threads, joined recordings are one, and the order of rows leaves all but the last digits",
    arguments: [false, true])
  func sameDigits(asFloats: Bool) throws {
    var stream = RandomStream(seed: 8, purpose: "overlap")
    let (count, units) = (40, 21)
    let phase = (0..<3 * count).map { UInt8($0 % 3) }
    let pairs = (0..<3 * count).map { Int32($0 / 3) }
    let strata = (0..<3 * count).map { Int32($0 / 12) }
    let values = (0..<3 * count * units).map { _ in stream.normal() + 0.3 }
    let analysis = OverlapAnalysis(permutations: 99)
    func view(_ order: [Int]) throws -> RecordingView {
      try recording(
        phase: order.map { phase[$0] }, pairs: order.map { pairs[$0] }, strata: order.map { strata[$0] },
        values: order.flatMap { values[$0 * units..<($0 + 1) * units] }, units: units, asFloats: asFloats)
    }
    let all = Array(phase.indices)
    let cells = try analysis.rows(of: view(all), in: AnalysisContext(threads: 1, seed: 2)).map(\.cells)
    #expect(try analysis.rows(of: view(all), in: AnalysisContext(threads: 3, seed: 2)).map(\.cells) == cells)
    // A row a pair and phase: means are the rows, in whatever order.
    #expect(try analysis.rows(of: view(all.shuffled(using: &stream)), in: AnalysisContext(threads: 2, seed: 2)).map(\.cells) == cells)
    // Cut between pairs and strata: apart or together they are the same.
    let paths = try [all[..<48], all[48...]].map { rows in
      try write(
        phase: rows.map { phase[$0] }, pairs: rows.map { pairs[$0] }, strata: rows.map { strata[$0] },
        values: rows.flatMap { values[$0 * units..<($0 + 1) * units] }, units: units, asFloats: asFloats)
    }
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    let joined = try RecordingView(of: paths.map { try Recording(path: $0) })
    #expect(try analysis.rows(of: joined, in: AnalysisContext(threads: 2, seed: 2)).map(\.cells) == cells)
  }

  @Test("What cannot be had is empty, with its reason; without pairs and strata there is no overlap")
  func reasons() throws {
    let phase: [UInt8] = (0..<12).map { $0 % 2 == 0 ? 1 : 2 }
    let pairs = (0..<12).map { Int32($0 / 2) }
    var values = (0..<24).map { Double(($0 * 7) % 11) + 1 }
    // A silent pair has no direction.
    for place in 0..<4 { values[place] = 0 }
    let rows = try OverlapAnalysis(permutations: 19).rows(
      of: recording(phase: phase, pairs: pairs, values: values, units: 2), in: AnalysisContext())
    #expect(rows.map(\.pairCount) == [6, 5, 0])
    #expect(rows[2].reason?.contains("correlation needs 3 units") == true && rows[2].selfOther == nil)
    #expect(rows.allSatisfy { $0.noneSelf == nil && $0.reason?.contains("no rows of none") == true })
    #expect(rows[0].exchange == .free && rows[0].pValue != nil)
    let three = try OverlapAnalysis(permutations: 19).rows(
      of: recording(phase: Array(phase[..<6]), pairs: Array(pairs[..<6]), values: Array(values[..<12]), units: 2), in: AnalysisContext())
    #expect(three[0].pValue == nil && three[0].reason?.contains("fewer than 20 ways") == true)
    #expect(throws: RecordingError.self) {
      try OverlapAnalysis().rows(of: recording(phase: phase, values: values, units: 2), in: AnalysisContext())
    }
    let apart = try OverlapAnalysis().rows(
      of: recording(phase: phase, pairs: (0..<12).map { Int32($0) }, values: values, units: 2), in: AnalysisContext())
    #expect(apart.allSatisfy { $0.pairCount == 0 && $0.reason == "no pair has rows of self and of other" })
    let large = try OverlapAnalysis(measures: [.cosine]).rows(
      of: recording(phase: phase, pairs: pairs, values: values.map { $0 * 1e300 }, units: 2), in: AnalysisContext())
    #expect(relativeError(large[0].selfOther, try #require(rows[1].selfOther)) <= 1e-9)
  }

  /// Made-up recordings whose truth is known: what of the runs of docs/analyses/overlap.md a test has time for.
  @Test("Wordings alone are no evidence, pairs are, and the interval holds the true distance")
  func level() throws {
    let (wordings, each, units, sets) = (6, 4, 6, 60)
    let phase = (0..<2 * wordings * each).map { UInt8($0 % 2 + 1) }
    let pairs = phase.indices.map { Int32($0 / 2) }
    let strata = pairs.map { $0 / Int32(each) }
    func share(item: Double) throws -> (rejected: Double, covered: Double) {
      var (rejected, covered) = (0.0, 0.0)
      for set in 0..<sets {
        var stream = RandomStream(seed: 21, purpose: "calibration", index: UInt64(set))
        let ofWording = (0..<wordings * units).map { _ in stream.normal() }
        let ofItem = (0..<wordings * each * units).map { _ in item * stream.normal() }
        let values = phase.indices.flatMap { row in
          (0..<units).map { unit in
            ofWording[Int(strata[row]) * units + unit] + ofItem[Int(pairs[row]) * units + unit] + 0.7 * stream.normal()
          }
        }
        let view = try recording(phase: phase, pairs: pairs, strata: strata, values: values, units: units, asFloats: true)
        let row = try #require(
          try OverlapAnalysis(measures: [.mse], permutations: 39).rows(of: view, in: AnalysisContext(threads: 2, seed: UInt64(set))).first)
        rejected += try #require(row.pValue) <= 0.05 ? 1 : 0
        covered += try #require(row.interval).contains(2 * 0.49) ? 1 : 0
      }
      return (rejected / Double(sets), covered / Double(sets))
    }
    let (none, some) = (try share(item: 0), try share(item: 0.7))
    #expect(none.rejected <= 0.15 && none.covered >= 0.85, "\(none)")
    #expect(some.rejected >= 0.9 && some.covered >= 0.85, "\(some)")
  }
}
