import Foundation
import Statistics
import Tabular
import Testing

@testable import ActivationRecording
@testable import MirrorAnalysis

/// Rows of a small network with two layers, float32 and float64, cut into shards in whatever way.
private struct ShardedRows {
  let phases: [UInt8]
  let strata: [Int32]
  let first: [Float]
  let second: [Double]
  /// Rows of each shard.
  let cuts: [Range<Int>]

  static let firstUnits = 5
  static let secondUnits = 3

  /// - Parameter blocks: how strata lie: none at all (0), of several phases (1), of one phase each (2).
  init(seed: UInt64, blocks: Int = 0, most: Int = 120) {
    var stream = RandomStream(seed: seed, purpose: "rows in shards")
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
    let count = draw(40...most)
    var phases: [UInt8] = []
    // Runs of one phase, so that shards lack phases.
    while phases.count < count {
      let phase = UInt8(draw(0...3))
      phases += Array(repeating: phase, count: min(draw(1...(blocks == 1 ? 2 : 20)), count - phases.count))
    }
    for (place, phase) in [0, 1, 2, 0, 1, 2, 0, 1, 2].enumerated() { phases[place * 4 % count] = UInt8(phase) }
    self.phases = phases
    var strata: [Int32] = []
    for row in 0..<count {
      let isNew = row == 0 || (blocks == 2 ? phases[row] != phases[row - 1] || row % 3 == 0 : row % 6 == 0)
      strata.append(isNew ? (strata.last ?? 90) - 1 : strata[row - 1])
    }
    self.strata = strata
    func value(_ row: Int, _ unit: Int) -> Double {
      let effect = [0, 0.8, 0.5, 0.3][Int(phases[row])] * Double(unit % 3)
      return unit == 4 ? 2 : max(0, stream.normal() + effect)
    }
    first = (0..<count).flatMap { row in (0..<Self.firstUnits).map { Float(value(row, $0)) } }
    second = (0..<count).flatMap { row in (0..<Self.secondUnits).map { 1e6 + value(row, $0) / 3 } }
    var ends = Set([count])
    for _ in 0..<draw(0...5) { ends.insert(draw(1...count)) }
    if draw(0...2) == 0 { ends.formUnion([1, 2]) }
    var start = 0
    cuts = ends.sorted().map { end in
      defer { start = end }
      return start..<end
    }
  }

  func write(_ rows: Range<Int>, to path: String, hasStrata: Bool = false, pairs: [Int32]? = nil) throws {
    let file = try HandMadeFile(path: path, phases: Array(phases[rows]))
    try file.write("dense_1", Array(first[rows.lowerBound * Self.firstUnits..<rows.upperBound * Self.firstUnits]), units: Self.firstUnits)
    try file.write(
      "dense_2", Array(second[rows.lowerBound * Self.secondUnits..<rows.upperBound * Self.secondUnits]), units: Self.secondUnits,
      isOutput: true)
    if hasStrata { _ = try file.root.write("stratum", Array(strata[rows])) }
    if let pairs { _ = try file.root.write("pair", Array(pairs[rows])) }
    try file.finish()
  }
}

/// A folder that goes away with the value.
private final class Folder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "shards-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A table as it is written.
private func csv<Row: TableRow>(_ rows: [Row], without left: Set<String> = []) throws -> String {
  var text = ""
  let kept = Row.schema.columns.indices.filter { !left.contains(Row.schema.columns[$0].name) }
  let schema = TableSchema(name: "t", title: "t", columns: kept.map { Row.schema.columns[$0] })
  var writer = try TableWriter(schema: schema, format: .csv) { text += $0 }
  try writer.write(rows.map { row in kept.map { row.cells[$0] } })
  try writer.finish()
  return text
}

/// What each place adds, stored and read back, merged in order.
private func merged<A: AccumulatedAnalysis>(
  _ analysis: A, _ views: [RecordingView], as kind: AccumulatorPlace.Kind, count: Int, threads: Int = 1, seed: UInt64 = 1
) throws -> (sums: A.Sums, header: AccumulatorHeader) {
  var result: (sums: A.Sums, header: AccumulatorHeader)?
  for number in 1...count {
    let place = AccumulatorPlace(kind, number, of: count)
    let view = kind == .shard ? views[number - 1] : views[0]
    var arrays = AccumulatorArrays()
    try analysis.sums(of: view, as: place, in: AnalysisContext(threads: threads, seed: seed)).write(to: &arrays)
    let header = try AccumulatorHeader(
      of: view, analysis, as: place, seed: seed, program: "test",
      files: [AccumulatedFile(name: "\(number)", sha256: "\(number)", rowCount: 1)])
    let next = try A.Sums(arrays, of: header)
    if result == nil { result = (next, header) } else { try result?.sums.merge(next) }
  }
  return try #require(result)
}

@Suite("What machines add to a table")
struct AccumulationTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func table<A: AccumulatedAnalysis>(_ analysis: A, _ shards: [RecordingView], without left: Set<String> = []) throws -> String {
    let (sums, header) = try merged(analysis, shards, as: .shard, count: shards.count)
    return try csv(A(accumulated: header).rows(of: sums, header, in: AnalysisContext()), without: left)
  }

  @Test(
    "Shards, however rows are cut, give the digits of one machine that joins them, and those of one file but for rounding", arguments: 0..<4
  )
  func shards(quarter: Int) throws {
    for seed in (0..<25).map({ UInt64(quarter * 25 + $0) }) {
      let rows = ShardedRows(seed: seed)
      let paths = rows.cuts.indices.map { folder.file("\(seed)-\($0).h5") }
      for (path, cut) in zip(paths, rows.cuts) { try rows.write(cut, to: path) }
      let recordings = try paths.map { try Recording(path: $0) }
      let shards = try recordings.map { try RecordingView(of: [$0]) }
      let joined = try RecordingView(of: recordings)
      let (one, two) = (AnalysisContext(threads: 1), AnalysisContext(threads: 2))
      let note: Comment = "seed \(seed), cuts \(rows.cuts)"

      let stats = try csv(StatsAnalysis().rows(of: joined, in: two))
      #expect(try table(StatsAnalysis(), shards) == stats, note)

      let units = UnitsAnalysis(test: .welch)
      #expect(try table(units, shards) == csv(units.rows(of: joined, in: one)), note)

      var cmni = CMNIAnalysis()
      cmni.byLayer = seed % 2 == 0
      // What is of halves of all rows is not there.
      let halves: Set = ["cmni_crossfit", "ci_low", "ci_high", "exchange", "n_blocks", "reason"]
      #expect(try table(cmni, shards, without: halves) == csv(cmni.rows(of: joined, in: two), without: halves), note)

      let correlation = CorrelationAnalysis(.within([.all, .phase(.own)]), acrossLayers: seed % 3 == 0)
      if joined.rowCount > 1, try joined.phases.count(.own) > 1 {
        #expect(try table(correlation, shards) == csv(correlation.rows(of: joined, in: two)), note)
      }

      var divergence = DivergenceAnalysis(bins: 7, range: seed % 2 == 0 ? .layer : .unit)
      let firstPass = try merged(StatsAnalysis(), shards, as: .shard, count: shards.count)
      divergence.firstPass = DivergenceRanges(firstPass.sums, of: [], header: firstPass.header)
      #expect(try table(divergence, shards) == csv(divergence.rows(of: joined, in: one)), note)

      guard seed % 10 == 0 else { continue }
      let whole = folder.file("\(seed).h5")
      try rows.write(0..<rows.phases.count, to: whole)
      let alone = try RecordingView(path: whole)
      try expectClose(stats, csv(StatsAnalysis().rows(of: alone, in: one)), note)
      try expectClose(table(cmni, shards, without: halves), csv(cmni.rows(of: alone, in: one), without: halves), note)
      try expectClose(
        csv(correlation.rows(of: joined, in: one)), csv(correlation.rows(of: alone, in: one)), note)
    }
  }

  @Test("Means of pairs merge to the digits of joined recordings, p-values and references included", arguments: 0..<4)
  func pairs(quarter: Int) throws {
    for seed in (0..<25).map({ UInt64(quarter * 25 + $0) }) {
      let rows = ShardedRows(seed: 500 + seed, blocks: Int(seed % 2))
      var stream = RandomStream(seed: seed, purpose: "pairs in shards")
      // Items of a few rows each, in no order; those of even number have no none version where `isBare`.
      let isBare = seed % 3 == 0
      let pairs = rows.phases.indices.map { row -> Int32 in
        if Int.random(in: 0...9, using: &stream) == 0 || isBare && rows.phases[row] == 0 { return -1 }
        return Int32(40 - row / 6 % 37)
      }
      let (hasPairs, hasStrata) = (seed % 5 != 0, seed % 4 != 1 || seed % 5 == 0)
      let paths = rows.cuts.indices.map { folder.file("p\(seed)-\($0).h5") }
      for (path, cut) in zip(paths, rows.cuts) {
        try rows.write(cut, to: path, hasStrata: hasStrata, pairs: hasPairs ? pairs : nil)
      }
      let recordings = try paths.map { try Recording(path: $0) }
      var selection = RecordingSelection()
      selection.numbersGroups = true
      let shards = try recordings.map { try RecordingView(of: [$0], selection: selection) }
      let overlap = OverlapAnalysis(permutations: 25)
      let joined = try overlap.rows(of: RecordingView(of: recordings), in: AnalysisContext(threads: 2))
      if recordings.count > 1 {
        #expect(try table(overlap, shards) == csv(joined), "seed \(seed), cuts \(rows.cuts)")
      }
    }
  }

  /// The same table, numbers within 1e-12 of their size (of 1 where they are smaller).
  private func expectClose(_ first: String, _ second: String, _ note: Comment) throws {
    let cells = [first, second].map { $0.split(whereSeparator: { $0 == "," || $0 == "\n" }) }
    try #require(cells[0].count == cells[1].count, note)
    for (a, b) in zip(cells[0], cells[1]) where a != b {
      let (x, y) = (try #require(Double(a), note), try #require(Double(b), note))
      #expect(abs(x - y) <= 1e-12 * max(1, abs(y)), note)
    }
  }

  @Test("Blocks of rows end where a shard ends, for any number of threads")
  func blocks() throws {
    // More rows than a block has.
    let (count, cut) = (10_000, 4_500)
    var stream = RandomStream(seed: 3, purpose: "long shards")
    let values = (0..<count).map { _ in Float(stream.normal()) * 1e3 }
    let phases = (0..<count).map { UInt8($0 % 3) }
    let paths = try [0..<cut, cut..<count].map { part in
      let path = folder.file("long-\(part.lowerBound).h5")
      let file = try HandMadeFile(path: path, phases: Array(phases[part]))
      try file.write("dense_1", Array(values[part]), units: 1, isOutput: true)
      try file.finish()
      return path
    }
    let recordings = try paths.map { try Recording(path: $0) }
    let joined = try RecordingView(of: recordings)
    let expected = try table(StatsAnalysis(), recordings.map { try RecordingView(of: [$0]) })
    for threads in [1, 2, 3] {
      #expect(try csv(StatsAnalysis().rows(of: joined, in: AnalysisContext(threads: threads))) == expected)
    }
  }

  @Test("Shares of the permutations, however many, give the digits of one machine that takes them all", arguments: 0..<4)
  func shares(quarter: Int) throws {
    for seed in (0..<25).map({ UInt64(quarter * 25 + $0) }) {
      let blocks = Int(seed % 3)
      let rows = ShardedRows(seed: 1000 + seed, blocks: blocks, most: 60)
      let path = folder.file("share-\(seed).h5")
      try rows.write(0..<rows.phases.count, to: path, hasStrata: blocks > 0)
      let view = try RecordingView(path: path)
      var stream = RandomStream(seed: seed, purpose: "shares")
      let (permutations, count) = (Int.random(in: 20...160, using: &stream), Int.random(in: 1...5, using: &stream))
      let note: Comment = "seed \(seed): \(permutations) permutations in \(count) shares"
      func expectSame<A: AccumulatedAnalysis>(_ analysis: A) throws {
        let context = AnalysisContext(threads: 2, seed: seed)
        let (sums, header) = try merged(analysis, [view], as: .share, count: count, threads: 1, seed: seed)
        #expect(try csv(A(accumulated: header).rows(of: sums, header, in: context)) == csv(analysis.rows(of: view, in: context)), note)
      }
      let choice: ExchangeDesign? = blocks == 1 ? .within : nil
      try expectSame(UnitsAnalysis(permutations: permutations, exchange: choice))
      var cmni = CMNIAnalysis(permutations: permutations)
      (cmni.byLayer, cmni.exchange) = (seed % 2 == 0, choice)
      try expectSame(cmni)
      try expectSame(DivergenceAnalysis(bins: 6, permutations: permutations, exchange: choice))
      try expectSame(DirectionAnalysis(permutations: permutations, exchange: choice))
    }
  }

  @Test("Shares are whole blocks of 64 permutations of one machine's waves, each in one share")
  func grains() {
    for (waves, count) in [([0..<1000], 3), ([0..<100, 100..<200, 200..<251], 4), ([0..<64], 5), ([0..<1, 1..<2], 2)] {
      let parts = (1...count).map { PermutationShare($0, of: count).part(of: waves) }
      #expect(parts.flatMap { Array($0.numbers) } == Array(0..<waves[waves.count - 1].upperBound))
      #expect(parts.flatMap { $0.waves.flatMap { $0 } } == Array(0..<waves[waves.count - 1].upperBound))
      for part in parts {
        for wave in part.waves {
          #expect(
            waves.contains {
              $0.contains(wave.lowerBound) && (wave.lowerBound - $0.lowerBound) % 64 == 0 && $0.upperBound >= wave.upperBound
            })
        }
      }
    }
  }

  @Test("A shard beyond the first pass's range is refused, and so is a share of what stops early")
  func obstacles() throws {
    let rows = ShardedRows(seed: 5)
    let (path, other) = (folder.file("a.h5"), folder.file("b.h5"))
    try rows.write(0..<rows.phases.count, to: path)
    try ShardedRows(seed: 6).write(0..<10, to: other)
    let (view, few) = (try RecordingView(path: path), try RecordingView(path: other))
    var divergence = DivergenceAnalysis()
    let place = AccumulatorPlace(.shard, 1, of: 2)
    #expect(divergence.obstacle(to: place)?.contains("first pass") == true)
    divergence.firstPass = DivergenceRanges(
      try StatsAnalysis().sums(of: few, as: place, in: AnalysisContext()), of: ["x"],
      header: try AccumulatorHeader(of: few, StatsAnalysis(), as: place, seed: 1, program: "test", files: []))
    #expect(divergence.obstacle(to: place) == nil)
    let error = #expect(throws: RecordingError.self) { try divergence.sums(of: view, as: place, in: AnalysisContext()) }
    #expect(error?.description.contains("beyond the range of the first pass, which was over other rows.") == true)
    #expect(UnitsAnalysis(stopsEarly: true).obstacle(to: AccumulatorPlace(.share, 1, of: 2)) != nil)
    #expect(UnitsAnalysis(stopsEarly: false).obstacle(to: AccumulatorPlace(.share, 1, of: 2)) == nil)
  }

  @Test("Shares that found other numbers for the labels as they are do not go together")
  func otherObserved() throws {
    let views = try ([11, 12] as [UInt64]).map { seed in
      let path = folder.file("\(seed).h5")
      try ShardedRows(seed: seed, most: 60).write(0..<40, to: path)
      return try RecordingView(path: path)
    }
    func sums<A: AccumulatedAnalysis>(_ analysis: A) throws -> [A.Sums] {
      try zip(views, 1...2).map { try analysis.sums(of: $0, as: AccumulatorPlace(.share, $1, of: 2), in: AnalysisContext()) }
    }
    func expectRefused<A: AccumulatedAnalysis>(_ analysis: A) throws {
      var all = try sums(analysis)
      let next = all.removeLast()
      let fault = #expect(throws: AccumulatorFault.self) { try all[0].merge(next) }
      #expect(fault?.text.contains("other numbers for the labels as they are") == true)
    }
    try expectRefused(UnitsAnalysis(permutations: 200))
    try expectRefused(CMNIAnalysis(permutations: 200))
    try expectRefused(DivergenceAnalysis(permutations: 200))
    try expectRefused(DirectionAnalysis(permutations: 200))
  }
}
