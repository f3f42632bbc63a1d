import ActivationRecording
import Foundation
import HDF5
import Statistics
import Tabular
import Testing

@testable import MirrorAnalysis

/// A design of crossfit.json (Fixtures/MirrorAnalysis/crossfit.py).
private struct CrossFitOracle: Decodable {
  struct Numbers: Decodable {
    let index, crossFit, standardError: Double
  }
  /// Of a random direction, of other orders of the units, of other signs, and of a random direction about the units' mean.
  struct Overlap: Decodable {
    let p, excess: [Double]
  }
  let phase: [UInt8]
  let strata: [Int32]?
  let first: [Bool]
  let hidden, output: [Double]
  let expected: [String: Numbers]
  let overlap: [String: Overlap]
}

/// Opens a recording of doubles, or of floats, that is written just for it.
private func recording(
  phase: [UInt8], strata: [Int32]? = nil, pairs: [Int32]? = nil, asFloats: Bool = false, layers: [(values: [Double], units: Int)]
) throws -> RecordingView {
  let path = FileManager.default.temporaryDirectory.appending(path: "cmni-\(UUID().uuidString).h5").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  let file = try HandMadeFile(path: path, phases: phase)
  if let strata { _ = try file.root.write("stratum", strata) }
  if let pairs { _ = try file.root.write("pair", pairs) }
  for (number, layer) in layers.enumerated() {
    let isOutput = layers.count > 1 && number == layers.count - 1
    if asFloats {
      try file.write("dense_\(number + 1)", layer.values.map { Float($0) }, units: layer.units, isOutput: isOutput)
    } else {
      try file.write("dense_\(number + 1)", layer.values, units: layer.units, isOutput: isOutput)
    }
  }
  try file.finish()
  return try RecordingView(path: path)
}

@Suite("Inference on the index, against numpy")
struct CMNIOracleTests {
  @Test(
    "A layer that is read some units at a time gives the index and interval of one that is read at once",
    arguments: ["free", "within", "whole"], [true, false])
  func someUnitsAtATime(design: String, asFloats: Bool) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")[design])
    let view = try recording(
      phase: oracle.phase, strata: oracle.strata, asFloats: asFloats, layers: [(oracle.hidden, 4), (oracle.output, 2)])
    var (parts, whole) = ([CMNIRow](), [CMNIRow]())
    for byLayer in [false, true] {
      // One unit at a time, and three of the four.
      for bytes in [1, 3 * oracle.phase.count * (asFloats ? 4 : 8)] {
        var analysis = CMNIAnalysis()
        analysis.byLayer = byLayer
        whole += try analysis.rows(of: view, in: AnalysisContext(seed: 3))
        analysis.heldBytes = bytes
        parts += try analysis.rows(of: view, in: AnalysisContext(seed: 3))
      }
    }
    #expect(parts.count == whole.count && !parts.isEmpty)
    for (one, other) in zip(parts, whole) {
      for (cell, expected) in zip(one.cells, other.cells) {
        guard case .number(let value) = cell, case .number(let known) = expected else {
          #expect(cell == expected)
          continue
        }
        #expect(abs(value - known) <= 1e-12 * max(1, abs(known)))
      }
    }
  }

  @Test(
    "Layers that are read one by one give the same p's and excesses, to the last digit, as those that are in memory together",
    arguments: ["free", "within", "whole"], [true, false])
  func layersTogether(design: String, asFloats: Bool) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")[design])
    let view = try recording(
      phase: oracle.phase, strata: oracle.strata, asFloats: asFloats,
      layers: [(oracle.hidden, 4), (oracle.output, 2), (oracle.hidden, 4), (oracle.output, 2)])
    for byLayer in [false, true] {
      var tables: [[[Cell]]] = []
      // Each alone; the first two and the others; and all together.
      for units in [0, 7, 100] {
        var analysis = CMNIAnalysis(permutations: 99)
        (analysis.byLayer, analysis.together.units) = (byLayer, units)
        tables.append(try analysis.rows(of: view, in: AnalysisContext(threads: 2, seed: 3)).map(\.cells))
      }
      #expect(tables[0] == tables[1] && tables[0] == tables[2] && !tables[0].isEmpty)
    }
  }

  @Test(
    "The index, its cross-fitted value and standard error are numpy's, rows free, in blocks and whole",
    arguments: ["free", "within", "whole"])
  func crossFit(design: String) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")[design])
    let view = try recording(phase: oracle.phase, strata: oracle.strata, layers: [(oracle.hidden, 4), (oracle.output, 2)])
    let rows = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let table = try CMNIAnalysis(permutations: 19).rows(of: view, using: rows, in: AnalysisContext())
    #expect(table.count == 5)
    for row in table {
      let expected = try #require(oracle.expected[row.index.variant.rawValue])
      #expect(relativeError(row.index.value, expected.index) <= 1e-8, "\(row.index.variant)")
      #expect(relativeError(row.inference.crossFit, expected.crossFit) <= 1e-8, "\(row.index.variant)")
      #expect(relativeError(row.inference.standardError, expected.standardError) <= 1e-8, "\(row.index.variant)")
      #expect(row.inference.exchange?.rawValue == design)
      let interval = try #require(row.inference.interval)
      #expect(abs((interval.lowerBound + interval.upperBound) / 2 - expected.crossFit) <= 1e-8)
    }
  }

  @Test(
    "p_overlap is the largest p of numpy's four nulls, with the excess over that one, and the least excess of the first three",
    arguments: ["free", "within", "whole"])
  func overlap(design: String) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")[design])
    let view = try recording(phase: oracle.phase, strata: oracle.strata, layers: [(oracle.hidden, 4), (oracle.output, 2)])
    let rows = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let permutations = 4000
    let table = try CMNIAnalysis(permutations: permutations).rows(of: view, using: rows, in: AnalysisContext(threads: 2, seed: 5))
    #expect(table.count == 5)
    for row in table {
      let expected = try #require(oracle.overlap[row.index.variant.rawValue])
      let largest = try #require(expected.p.max())
      // Four standard errors, of an order of the units twice those of a p of half the size.
      let bound = 4 * 2 * (largest / 2 * (1 - largest / 2) / Double(permutations)).squareRoot() + 2 / Double(permutations)
      let p = try #require(row.inference.pOverlap)
      #expect(abs(p - largest) <= bound, "\(row.index.variant): \(p), \(largest)")
      let (excess, least) = try (#require(row.inference.overlapExcess), #require(row.inference.leastOverlapExcess))
      let close = zip(expected.p, expected.excess).filter { $0.0 >= largest - bound }.map(\.1)
      #expect(close.contains { abs($0 - excess) <= 0.008 }, "\(row.index.variant): \(excess), \(close)")
      #expect(try abs(least - #require(expected.excess.dropLast().min())) <= 0.008, "\(row.index.variant): \(least)")
    }
  }

  @Test("A unit that does not vary is none of those about whose mean random directions lie", arguments: [false, true])
  func deadUnit(byLayer: Bool) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")["free"])
    func sums(_ values: [Double], units: Int) throws -> IndexSums {
      let view = try recording(phase: oracle.phase, layers: [(values, units), (oracle.output, 2)])
      let rows = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
      var analysis = CMNIAnalysis(permutations: 50)
      analysis.byLayer = byLayer
      return try #require(try analysis.outputs(of: view, using: rows, in: AnalysisContext(seed: 5)).outputs.first).sums
    }
    let live = try sums(oracle.hidden, units: 4)
    let padded = oracle.phase.indices.flatMap { Array(oracle.hidden[$0 * 4..<$0 * 4 + 4]) + [0.25] }
    let withDead = try sums(padded, units: 5)
    #expect(
      live.around == withDead.around && live.direction == withDead.direction
        && live.around[0][1..<50].contains { $0[0] != live.around[0][0][0] })
  }

  @Test("Without a row more than phases in a half there is no standard deviation, and no overlap, with a reason")
  func tooFewForHalves() throws {
    let view = try recording(phase: [0, 0, 1, 1, 2, 2], layers: [([0.1, 0.5, 0.9, 0.2, 0.6, 1.1], 1)])
    for row in try CMNIAnalysis(permutations: 19).rows(of: view, in: AnalysisContext()) {
      #expect(row.inference.pOverlap == nil && row.inference.leastOverlapExcess == nil)
      #expect(row.inference.reason?.contains("too few rows for two halves") == true, "\(row.inference.reason ?? "")")
    }
  }

  @Test(
    "The null's mean and spread are those of labels dealt jointly; digits do not depend on threads", arguments: ["free", "within", "whole"])
  func null(design: String) throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")[design])
    // Floats lose what the large mean leaves of digits: 1e6 and a spread of 1.
    let view = try recording(phase: oracle.phase, strata: oracle.strata, layers: [(oracle.hidden, 4), (oracle.output, 2)])
    let permutations = 400
    let one = try CMNIAnalysis(permutations: permutations).rows(of: view, in: AnalysisContext(threads: 1, seed: 3))
    #expect(
      try CMNIAnalysis(permutations: permutations).rows(of: view, in: AnalysisContext(threads: 3, seed: 3)).map(\.cells) == one.map(\.cells)
    )
    // The same deals, index by index.
    let rows = try IndexRows(of: view, choice: nil, seed: 3)
    let order = rows.places.indices.sorted { rows.places[$0] < rows.places[$1] }
    var marks = [UInt8](repeating: 0, count: rows.count)
    var sums = (index: 0.0, own: 0, other: 0)
    let observed = try #require(one.first?.index.value)
    for number in 1...permutations {
      marks.withUnsafeMutableBufferPointer { rows.deals.marks(number, seed: 3, into: $0) }
      func index(_ phase: (UInt8, Int) -> Int) -> Double {
        var total = 0.0
        for unit in 0..<6 {
          var (sum, count) = ([0.0, 0, 0], [0.0, 0, 0])
          for (place, row) in order.enumerated() {
            let group = phase(marks[place], place)
            sum[group] += unit < 4 ? oracle.hidden[row * 4 + unit] : oracle.output[row * 2 + unit - 4]
            count[group] += 1
          }
          let mean = zip(sum, count).map { $0 / $1 }
          total += max(0, min(mean[1] - mean[0], mean[2] - mean[0]))
        }
        return total / 6
      }
      sums.index += index { mark, _ in Int(mark & 3) }
      let own = index { mark, place in rows.phase[place] == 2 ? 2 : Int(mark >> 2 & 1) }
      let other = index { mark, place in rows.phase[place] == 1 ? 1 : Int(mark >> 3 & 1) * 2 }
      sums.own += own >= observed - 1e-9 ? 1 : 0
      sums.other += other >= observed - 1e-9 ? 1 : 0
    }
    let author = try #require(one.first?.inference)
    #expect(relativeError(author.nullMean, sums.index / Double(permutations)) <= 1e-8)
    let p = Double(max(sums.own, sums.other) + 1) / Double(permutations + 1)
    #expect(relativeError(author.pBoth, p) <= 1e-12)
  }

  @Test("Layer by layer an index is that of a recording of the layer alone")
  func byLayer() throws {
    let oracle = try #require(try Fixture.json([String: CrossFitOracle].self, "MirrorAnalysis/crossfit.json")["free"])
    let both = try recording(phase: oracle.phase, asFloats: true, layers: [(oracle.output, 2), (oracle.hidden, 4)])
    let alone = try recording(phase: oracle.phase, asFloats: true, layers: [(oracle.output, 2)])
    var analysis = CMNIAnalysis(permutations: 50)
    let expected = try analysis.rows(of: alone, in: AnalysisContext())
    analysis.byLayer = true
    let rows = try analysis.rows(of: both, in: AnalysisContext())
    // The output layer is none of the variant hidden.
    #expect(rows.map(\.layer) == Array(repeating: "dense_1", count: 5) + Array(repeating: "dense_2", count: 4))
    for (row, same) in zip(rows, expected) where row.index.variant != .hidden { #expect(row.inference == same.inference) }
  }

  @Test("Items that hold all phases are blocks; without none rows in them they are not; what cannot be dealt has its reason")
  func blocks() throws {
    let phase: [UInt8] = Array([[0, 1, 2]].joined()) + Array((0..<19).map { _ in [0, 1, 2] }.joined())
    let items = (0..<60).map { Int32($0 / 3) }
    let values = (0..<60).map { Double(($0 * 37) % 23) }
    func row(_ strata: [Int32]?, _ pairs: [Int32]?, _ choice: ExchangeDesign? = nil) throws -> CMNIInference {
      let view = try recording(phase: phase, strata: strata, pairs: pairs, layers: [(values, 1)])
      var analysis = CMNIAnalysis(permutations: 19)
      analysis.exchange = choice
      return try #require(try analysis.rows(of: view, in: AnalysisContext()).first?.inference)
    }
    let paired = try row(nil, items)
    #expect(paired.exchange == .within && paired.blockCount == 20 && paired.pValue != nil && paired.reason == nil)
    let withoutNone = try row(nil, zip(phase, items).map { $0 == 0 ? -1 : $1 })
    // Self and other go together in their items, which labels dealt to rows of all three phases would not; none is dealt against one of them.
    #expect(withoutNone.exchange == nil && withoutNone.pValue == nil && withoutNone.pBoth != nil, "\(withoutNone)")
    #expect(withoutNone.reason?.contains("20 of 40 strata or items hold two phases") == true, "\(withoutNone.reason ?? "")")
    #expect(try row(nil, zip(phase, items).map { $0 == 0 ? -1 : $1 }, .free).exchange == .free)
    let whole = try row(zip(phase, items).map { Int32($0) * 100 + $1 / 5 }, nil)
    #expect(whole.exchange == .whole && whole.blockCount == 12 && whole.pBoth != nil)
    // One block of each phase.
    let few = try row(phase.map { Int32($0) }, nil)
    #expect(few.pValue == nil && few.pBoth == nil && few.interval == nil && few.crossFit == nil)
    #expect(few.reason?.contains("labels can be arranged in 6 ways only") == true, "\(few.reason ?? "")")
    let freed = try row(phase.map { Int32($0) }, nil, .free)
    #expect(freed.exchange == .free && freed.pValue != nil)
  }

  @Test("Strata that hold two phases for a few rows only leave p empty, with a reason, until the user decides")
  func undecided() throws {
    let phase: [UInt8] = (0..<60).map { UInt8($0 / 4 % 3) }
    var strata = (0..<60).map { Int32($0 / 4) }
    strata[4] = 0
    let values = (0..<60).map { Double(($0 * 37) % 23) }
    let view = try recording(phase: phase, strata: strata, layers: [(values, 1)])
    let inference = try #require(try CMNIAnalysis(permutations: 19).rows(of: view, in: AnalysisContext()).first?.inference)
    #expect(inference.exchange == nil && inference.blockCount == nil && inference.pValue == nil && inference.pBoth == nil)
    #expect(inference.reason?.contains("without a decision") == true && inference.crossFit != nil)
  }
}

/// Made-up recordings whose truth is known, with fixed seeds: what of the larger runs of docs/analyses/cmni.md a test has time for.
@Suite("Calibration of the index")
struct CMNICalibrationTests {
  /// Share of data sets with p ≤ .05 (joint, both, overlap), and of intervals that hold the mean true index of units chosen.
  private func rejected(
    rows: [Int], units: Int, own: Double, other: Double, ownSpread: Double = 1, perBlock: Int? = nil, blocks: Int? = nil, factors: Int = 0,
    sets: Int
  ) throws -> (joint: Double, both: Double, overlap: Double, low: Double, high: Double) {
    var counts = (joint: 0.0, both: 0.0, overlap: 0.0, low: 0.0, high: 0.0)
    let phase = rows.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    // Blocks of rows of one phase, or such that hold all phases.
    let strata =
      perBlock.map { size in phase.indices.map { Int32($0 / size) } } ?? blocks.map { count in phase.indices.map { Int32($0 % count) } }
    for set in 0..<sets {
      var stream = RandomStream(seed: 7, purpose: "calibration", index: UInt64(set))
      let offsets = (0..<phase.count * units).map { _ in strata == nil ? 0 : stream.normal() }
      // Half of the variance of each unit, in other proportions of the factors.
      let loads = (0..<units).map { _ -> [Double] in
        let load = (0..<factors).map { _ in stream.normal() }
        let length = load.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return load.map { $0 / length }
      }
      let values = phase.indices.flatMap { row in
        let shared = (0..<factors).map { _ in stream.normal() }
        return (0..<units).map { unit in
          let shift = phase[row] == 1 ? own : phase[row] == 2 ? other : 0
          let common = zip(loads[unit], shared).reduce(0) { $0 + $1.0 * $1.1 }
          let noise = (stream.normal() + common) * (phase[row] == 1 ? ownSpread : 1)
          guard let strata else { return shift + noise }
          return shift + noise + offsets[Int(strata[row]) * units + unit]
        }
      }
      let view = try recording(phase: phase, strata: strata, asFloats: true, layers: [(values, units)])
      var analysis = CMNIAnalysis(permutations: 59)
      analysis.variants = [.author]
      let inference = try #require(try analysis.rows(of: view, in: AnalysisContext(threads: 2, seed: UInt64(set))).first?.inference)
      counts.joint += try #require(inference.pValue) <= 0.05 ? 1 : 0
      counts.both += try #require(inference.pBoth) <= 0.05 ? 1 : 0
      counts.overlap += try #require(inference.pOverlap) <= 0.05 ? 1 : 0
      if let interval = inference.interval {
        // The estimand lies between 0, where no unit is chosen, and the smaller effect, where all are.
        counts.low += interval.upperBound < 0 ? 1 : 0
        counts.high += interval.lowerBound > min(own, other) ? 1 : 0
      }
    }
    let size = Double(sets)
    return (counts.joint / size, counts.both / size, counts.overlap / size, counts.low / size, counts.high / size)
  }

  /// .05 and three standard errors of as many data sets.
  private func bound(_ sets: Int) -> Double { 0.05 + 3 * (0.05 * 0.95 / Double(sets)).squareRoot() }

  @Test("Without any effect each p keeps its level, rows free or whole episodes that resemble each other", arguments: [nil, 4])
  func noEffect(perBlock: Int?) throws {
    let result = try rejected(rows: [40, 40, 40], units: 20, own: 0, other: 0, perBlock: perBlock, sets: 40)
    #expect(result.joint <= bound(40) && result.both <= bound(40) && result.overlap <= bound(40), "\(result)")
    #expect(result.low + result.high <= 0.1, "\(result)")
  }

  @Test("An effect of self alone is no effect of both and no overlap")
  func selfOnly() throws {
    let result = try rejected(rows: [40, 40, 40], units: 20, own: 0.8, other: 0, sets: 40)
    #expect(result.both <= bound(40) && result.overlap <= bound(40), "\(result)")
  }

  // In eight blocks a unit's standard deviation is known so badly that p would be below .05 in half of the sets, were one estimate in both
  // contrasts; and noise that two factors share would give it in a quarter, were units only put into another order.
  @Test(
    "Units that all answer alike are no evidence of the same units: rows free, few blocks, noise that goes together",
    arguments: [(nil, 0), (8, 0), (nil, 2)])
  func allAlike(blocks: Int?, factors: Int) throws {
    let rows = [Int](repeating: blocks.map { 4 * $0 } ?? 100, count: 3)
    let result = try rejected(rows: rows, units: 38, own: 1, other: 1, blocks: blocks, factors: factors, sets: 60)
    #expect(result.overlap <= bound(60), "\(result)")
  }

  @Test("The least excess is about 0 where units answer to self and other independently, and above it where the same ones answer")
  func leastExcess() throws {
    /// Mean least excess of 20 recordings of 30 units, each of which answers to self and to other with probability ½.
    func mean(together: Bool) throws -> Double {
      let phase = [UInt8](repeating: 0, count: 200) + [UInt8](repeating: 1, count: 200) + [UInt8](repeating: 2, count: 200)
      var sum = 0.0
      for set in 0..<20 {
        var stream = RandomStream(seed: 11, purpose: "least excess", index: UInt64(set))
        let own = (0..<30).map { _ in stream.uniform() < 0.5 ? 0.7 : 0 }
        let other = together ? own : (0..<30).map { _ in stream.uniform() < 0.5 ? 0.7 : 0 }
        let values = phase.flatMap { phase in
          (0..<30).map { stream.normal() + (phase == 1 ? own[$0] : phase == 2 ? other[$0] : 0) }
        }
        let view = try recording(phase: phase, strata: nil, asFloats: true, layers: [(values, 30)])
        var analysis = CMNIAnalysis(permutations: 99)
        analysis.variants = [.standardised]
        let row = try analysis.rows(of: view, in: AnalysisContext(threads: 2, seed: UInt64(set)))[0]
        let least = try #require(row.inference.leastOverlapExcess)
        sum += least / 20
      }
      return sum
    }
    // Without overlap one recording's value spreads by .02; with it it is about half of what a half of the units answers.
    #expect(abs(try mean(together: false)) <= 0.015)
    #expect(try mean(together: true) > 0.12)
  }

  @Test("Mirrors are found")
  func mirrors() throws {
    let result = try rejected(rows: [60, 60, 60], units: 20, own: 0.6, other: 0.6, sets: 10)
    #expect(result.joint == 1 && result.both == 1, "\(result)")
  }
}
