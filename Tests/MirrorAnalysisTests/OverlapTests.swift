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

  @Test("p counts pairings that are studentised at least as close, and their mean distance is null_mean", arguments: ["wordings", "items"])
  func permutations(design: String) throws {
    let oracle = try OverlapOracle.of(design)
    let view = try recording(phase: oracle.phase, pairs: oracle.pair, strata: oracle.strata, values: oracle.values, units: oracle.units)
    let permutations = 300
    let row = try #require(
      try OverlapAnalysis(measures: [.mse], permutations: permutations).rows(of: view, in: AnalysisContext(threads: 2, seed: 6)).first)
    // By hand, from the means of pairs.
    let pairs = try OverlapPairs(of: view)
    let means = try view.stratumMeans(of: view.layers, by: pairs.indices, threads: 1)
    let pairing = OverlapPairing(pairs, isUsed: pairs.pairs.map { _ in true }, choice: nil)
    let units = oracle.units
    func vector(_ version: Int, _ pair: Int) -> [Double] { Array(means[version].values[pair * units..<(pair + 1) * units]) }
    func less(_ vector: [Double], _ others: [[Double]]) -> [Double] {
      (0..<units).map { unit in vector[unit] - others.reduce(0) { $0 + $1[unit] } / Double(others.count) }
    }
    func distance(_ own: Int, _ other: Int) -> Double {
      zip(vector(0, own), vector(1, other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(units * pairs.pairs.count)
    }
    func product(_ group: [Int], _ own: Int, _ other: Int) -> Double {
      dot(less(vector(0, own), group.map { vector(0, $0) }), less(vector(1, other), group.map { vector(1, $0) }))
    }
    func studentised(_ orders: [[Int]]) -> Double {
      let products = zip(pairing.groups, orders).flatMap { group, order in order.indices.map { product(group, group[$0], group[order[$0]]) }
      }
      return products.reduce(0, +) / products.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let observed = studentised(pairing.groups.map { Array($0.indices) })
    let moving = Set(pairing.groups.joined())
    var (extreme, total) = (0, 0.0)
    for number in 1...permutations {
      var stream = RandomStream(seed: 6, purpose: "overlap: pairing", index: UInt64(number))
      let orders = pairing.groups.map { Array($0.indices).shuffled(using: &stream) }
      extreme += studentised(orders) >= observed - 1e-9 * abs(observed) ? 1 : 0
      total += pairs.pairs.indices.reduce(0) { $0 + (moving.contains($1) ? 0 : distance($1, $1)) }
      for (group, order) in zip(pairing.groups, orders) {
        for (place, other) in order.enumerated() { total += distance(group[place], group[other]) }
      }
    }
    #expect(row.pValue == Double(extreme + 1) / Double(permutations + 1))
    #expect(relativeError(row.nullMean, total / Double(permutations)) <= 0.1)
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
    #expect(rows[..<2].allSatisfy { $0.noneSelf == nil && $0.reason?.contains("no rows of none") == true })
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
    // Units that no double holds the squares of: cosines are as before, and there is no mse, which is not 0 either.
    for scale in [1e300, 1e-200] {
      let scaled = try OverlapAnalysis(permutations: 19).rows(
        of: recording(phase: phase, pairs: pairs, values: values.map { $0 * scale }, units: 2), in: AnalysisContext())
      #expect(relativeError(scaled[1].selfOther, try #require(rows[1].selfOther)) <= 1e-9 && scaled[1].pValue == rows[1].pValue)
      #expect(scaled[0].selfOther == nil && scaled[0].reason?.contains("beyond what a double can hold") == true)
    }
    for scale in [1e150, 1e-150] {
      let scaled = try OverlapAnalysis(measures: [.mse], permutations: 19).rows(
        of: recording(phase: phase, pairs: pairs, values: values.map { $0 * scale }, units: 2), in: AnalysisContext())
      #expect(relativeError(scaled[0].selfOther, try #require(rows[0].selfOther) * scale * scale) <= 1e-9)
      #expect(relativeError(scaled[0].nullMean, try #require(rows[0].nullMean) * scale * scale) <= 1e-9)
      #expect(scaled[0].pValue == rows[0].pValue && scaled[0].interval != nil)
    }
  }

  @Test("Pairs that are left out are said, and none without a direction gives no distance, with the reason")
  func leftOut() throws {
    // Pair 6 has no other version, pair 7 no self; none is silent, and one self version of pair 0.
    let phase: [UInt8] = (0..<18).map { UInt8($0 % 3) } + [1, 2]
    let pairs = (0..<18).map { Int32($0 / 3) } + [6, 7]
    let values = phase.indices.flatMap { row in (0..<4).map { phase[row] == 0 || row == 1 ? 0 : Double((row * 7 + $0 * 3) % 11) + 1 } }
    let notes = TakenNotes()
    let rows = try OverlapAnalysis(permutations: 19).rows(
      of: recording(phase: phase, pairs: pairs, values: values, units: 4), in: AnalysisContext(note: { notes.add($0) }))
    #expect(rows.map(\.pairCount) == [6, 5, 5])
    #expect(rows[0].noneSelf != nil && rows[0].reason?.contains("none_self") != true)
    for row in rows[1...] {
      #expect(row.noneSelf == nil && row.noneOther == nil)
      #expect(row.reason?.contains("no none_self: no pair has both with a direction; no none_other: ") == true, "\(row.reason ?? "")")
    }
    #expect(notes.all.count == 3 && notes.all[0].contains("2 of 8 pairs have rows of self alone or of other alone, and are left out."))
    #expect(notes.all[1].contains("dense_1: 1 of 6 pairs have a version without a direction, and are left out of cosine."))
  }

  @Test("Only other versions of as many rows change places; where none are, there is no p, with the reason")
  func unequalRows() throws {
    // Eight pairs in two wordings; their other versions have one or two rows, then all another number.
    func rows(_ counts: [Int], notes: TakenNotes) throws -> (rows: [OverlapRow], pairing: OverlapPairing) {
      let pairs = counts.enumerated().flatMap { [Int32](repeating: Int32($0), count: 1 + $1) }
      let phase = counts.flatMap { (count: Int) -> [UInt8] in [1] + [UInt8](repeating: 2, count: count) }
      let values = (0..<4 * phase.count).map { (place: Int) -> Double in Double((place * 7) % 13) + Double(place % 4) }
      let view = try recording(phase: phase, pairs: pairs, strata: pairs.map { $0 / 4 }, values: values, units: 4)
      let found = try OverlapAnalysis(permutations: 19).rows(of: view, in: AnalysisContext(note: { notes.add($0) }))
      let all = try OverlapPairs(of: view)
      return (found, OverlapPairing(all, isUsed: all.pairs.map { _ in true }, choice: nil))
    }
    let some = TakenNotes()
    let found = try rows([1, 2, 1, 2, 1, 1, 1, 2], notes: some)
    #expect(found.pairing.groups == [[0, 2], [1, 3], [4, 5, 6]] && found.pairing.blockCount == 2 && found.pairing.unmatchedCount == 1)
    #expect(found.rows.allSatisfy { $0.exchange == .within && $0.blockCount == 2 && $0.pValue != nil && $0.nullMean != nil })
    #expect(some.all.count == 1 && some.all[0].contains("1 of 8 pairs have an other version of as many rows as no other one"))
    let none = try rows([1, 2, 3, 4, 1, 2, 3, 4], notes: TakenNotes())
    #expect(none.pairing.groups.isEmpty && none.pairing.unmatchedCount == 8)
    for row in none.rows {
      #expect(row.pValue == nil && row.nullMean == nil && row.excess == nil && row.blockCount == 0 && row.selfOther != nil)
      #expect(row.reason?.contains("pairs of as many rows can be arranged in fewer than 20 ways") == true)
    }
  }

  /// Made-up recordings whose truth is known: what of the runs of docs/analyses/overlap.md a test has time for.
  @Test(
    "Wordings alone are no evidence, pairs are, and the interval holds the true distance", arguments: [1, 8], [OverlapMeasure.mse, .cosine])
  func level(rows: Int, measure: OverlapMeasure) throws {
    let (wordings, each, units, sets) = (6, 4, 6, 240)
    // Every other pair has several rows of either version.
    let counts = (0..<wordings * each).map { $0 % 2 == 0 ? 1 : rows }
    let pairs = counts.enumerated().flatMap { [Int32](repeating: Int32($0), count: 2 * $1) }
    let phase = counts.flatMap { [UInt8](repeating: 1, count: $0) + [UInt8](repeating: 2, count: $0) }
    let strata = pairs.map { $0 / Int32(each) }
    let distance = counts.reduce(0) { $0 + 2 * 0.49 / Double($1) } / Double(counts.count)
    func share(item: Double) throws -> (rejected: Double, covered: Double, wording: Double) {
      var (rejected, covered, wording) = (0.0, 0.0, 0.0)
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
          try OverlapAnalysis(measures: [measure], permutations: 39).rows(of: view, in: AnalysisContext(threads: 2, seed: UInt64(set)))
            .first)
        rejected += try #require(row.pValue) <= 0.05 ? 1 : 0
        covered += try #require(row.interval).contains(measure == .mse ? distance : row.selfOther ?? -1) ? 1 : 0
        wording += try #require(row.wordingOnly)
      }
      return (rejected / Double(sets), covered / Double(sets), wording / Double(sets))
    }
    let (none, some) = (try share(item: 0), try share(item: 0.7))
    // α and two standard errors.
    let most = 0.05 + 2 * (0.05 * 0.95 / Double(sets)).squareRoot()
    // wording_only is the share of the variance that pairs of one wording have in common.
    #expect(none.rejected <= most && none.covered >= 0.93 && abs(none.wording - 1) < 0.05, "\(none)")
    #expect(some.rejected >= 0.9 && some.covered >= 0.93 && abs(some.wording - 1 / 1.49) < (measure == .mse ? 0.03 : 0.1), "\(some)")
  }
}
