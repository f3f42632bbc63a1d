import ActivationRecording
import Foundation
import Statistics
import Testing

@testable import MirrorAnalysis

/// direction.json (Fixtures/MirrorAnalysis/direction.py).
private struct DirectionOracle: Decodable {
  struct Numbers: Decodable {
    let cosine, normRatio, t: Double
    let interval: [Double]
    let angles: [String: [Double]]
  }
  struct Design: Decodable {
    let phase: [UInt8]
    let strata: [Int32]?
    let first: [Bool]
    let values: [Double]
    let expected: Numbers
  }
  struct Axes: Decodable {
    let phase: [UInt8]
    let first: [Bool]
    let values: [Double]
    let units: Int
    let sharedVariance, sharedNull: Double
    let angles: [Double]
  }
  let designs: [String: Design]
  let axes: Axes

  static func read() throws -> DirectionOracle { try Fixture.json(DirectionOracle.self, "MirrorAnalysis/direction.json") }
}

/// Opens a recording of one layer that is written just for it.
private func recording(
  phase: [UInt8], strata: [Int32]? = nil, values: [Double], units: Int, asFloats: Bool = false
) throws -> RecordingView {
  let path = try write(phase: phase, strata: strata, values: values, units: units, asFloats: asFloats)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try RecordingView(path: path)
}

private func write(phase: [UInt8], strata: [Int32]?, values: [Double], units: Int, asFloats: Bool) throws -> String {
  let path = FileManager.default.temporaryDirectory.appending(path: "direction-\(UUID().uuidString).h5").path
  let file = try HandMadeFile(path: path, phases: phase)
  if let strata { _ = try file.root.write("stratum", strata) }
  if asFloats {
    try file.write("dense_1", values.map { Float($0) }, units: units)
  } else {
    try file.write("dense_1", values, units: units)
  }
  try file.finish()
  return path
}

@Suite("Directions of self and other, against numpy")
struct DirectionTests {
  @Test(
    "Cosine, ratio of lengths and Fieller's interval are numpy's, rows free, in blocks and whole", arguments: ["free", "within", "whole"])
  func cosine(design: String) throws {
    let oracle = try #require(try DirectionOracle.read().designs[design])
    let view = try recording(phase: oracle.phase, strata: oracle.strata, values: oracle.values, units: 6)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let row = try #require(try DirectionAnalysis(permutations: 39).rows(of: view, using: index, in: AnalysisContext()).first)
    #expect(relativeError(row.cosine, oracle.expected.cosine) <= 1e-8)
    #expect(relativeError(row.normRatio, oracle.expected.normRatio) <= 1e-8)
    let interval = try #require(row.interval)
    #expect(relativeError(interval.lowerBound, oracle.expected.interval[0]) <= 1e-7)
    #expect(relativeError(interval.upperBound, oracle.expected.interval[1]) <= 1e-7)
    #expect(row.exchange?.rawValue == design && row.pValue != nil && row.rowCount == oracle.phase.count)
    // Axes that are as they happen to be: angles where they are separated.
    if !row.angles.isEmpty {
      for (angle, expected) in zip(row.angles, oracle.expected.angles["3"] ?? []) { #expect(abs(angle - expected) <= 1e-5) }
    }
  }

  @Test(
    "The statistic of the labels as they are is numpy's, and p counts deals that are at least as large",
    arguments: ["free", "within", "whole"])
  func permutations(design: String) throws {
    let oracle = try #require(try DirectionOracle.read().designs[design])
    let view = try recording(phase: oracle.phase, strata: oracle.strata, values: oracle.values, units: 6)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let layer = view.layers[0]
    let read = try view.indexLayer(layer, rows: index, threads: 1, as: Double.self)
    let units = try DirectionUnits(read.rows, of: index, threads: 1)
    let deals = try DirectionDeals(index)
    #expect(deals.reason == nil)
    let tested = DirectionPermutations(units, deals: deals, permutations: 60, in: AnalysisContext(threads: 2, seed: 5))
    let all = try tested.all()
    #expect(all.count == 61)
    #expect(relativeError(all[0].t[0], oracle.expected.t) <= 1e-7 && relativeError(all[0].t[1], oracle.expected.t) <= 1e-7)
    // The same deals by hand.
    let order = index.places.indices.filter { index.places[$0] >= 0 }.sorted { index.places[$0] < index.places[$1] }
    let rows = order.map { row in (0..<6).map { oracle.values[row * 6 + $0] - (($0 == 1) ? 1e6 : 0) } }
    var marks = [UInt8](repeating: 0, count: index.count)
    for number in [1, 17, 60] {
      marks.withUnsafeMutableBufferPointer { deals.marks(number, seed: 5, into: $0) }
      for deal in 0..<2 {
        let labels = index.phase.indices.map { row -> Int in
          let kept = 2 - deal
          if Int(index.phase[row]) == kept { return kept }
          let half = Int(index.halfPhase[row]) / 3
          return (marks[row] >> UInt8(2 * deal + half)) & 1 == 1 ? deal + 1 : 0
        }
        // Numbers of rows of a phase stay as they are in each half, but for blocks that differ in size.
        for half in 0..<2 {
          func count(_ labels: [Int]) -> [Int] {
            (0..<3).map { label in labels.indices.count { labels[$0] == label && Int(index.halfPhase[$0]) / 3 == half } }
          }
          #expect(count(labels) == count(index.phase.map { Int($0) }))
        }
        let expected = studentised(rows, labels: labels, half: index.halfPhase.map { Int($0) / 3 }, blocks: index.blocks)
        #expect(relativeError(all[number].t[deal], expected) <= 1e-6, "deal \(deal) of \(number)")
      }
    }
  }

  /// Plainly: the product of contrasts across halves over its standard error.
  private func studentised(_ rows: [[Double]], labels: [Int], half: [Int], blocks: [Int32]?) -> Double {
    let units = rows[0].count
    func mean(_ h: Int, _ label: Int) -> [Double] {
      let own = rows.indices.filter { half[$0] == h && labels[$0] == label }
      return (0..<units).map { unit in own.reduce(0) { $0 + rows[$1][unit] } / Double(own.count) }
    }
    func contrast(_ h: Int, _ label: Int) -> [Double] { zip(mean(h, label), mean(h, 0)).map { $0 - $1 } }
    let (a, b) = ((0..<2).map { contrast($0, 1) }, (0..<2).map { contrast($0, 2) })
    var variance = 0.0
    for h in 0..<2 {
      let (own, other) = (b[1 - h].map { $0 / 2 }, a[1 - h].map { $0 / 2 })
      let values = rows.indices.map { row in
        labels[row] == 1 ? dot(rows[row], own) : labels[row] == 2 ? dot(rows[row], other) : dot(rows[row], own) + dot(rows[row], other)
      }
      let error = PhaseContrastError(
        values, phase: labels.indices.map { half[$0] == h ? UInt8(labels[$0]) : UInt8.max }, blocks: blocks)
      variance += (error?.standardError ?? .nan) * (error?.standardError ?? .nan)
    }
    return 0.5 * (dot(a[0], b[1]) + dot(a[1], b[0])) / variance.squareRoot()
  }

  @Test("Shared variance and angles are numpy's", arguments: [false, true])
  func axes(asFloats: Bool) throws {
    let oracle = try DirectionOracle.read().axes
    let view = try recording(phase: oracle.phase, values: oracle.values, units: oracle.units, asFloats: asFloats)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let row = try #require(try DirectionAnalysis().rows(of: view, using: index, in: AnalysisContext(threads: 2)).first)
    #expect(row.axisCount == 3)
    #expect(relativeError(row.sharedVariance, oracle.sharedVariance) <= 1e-5)
    #expect(relativeError(row.sharedNull, oracle.sharedNull) <= 1e-5)
    #expect(row.angles.count == 3)
    for (angle, expected) in zip(row.angles, oracle.angles) { #expect(abs(angle - expected) <= 1e-4) }
  }

  @Test("Axes are found among many of nearly equal variance, whatever the number of threads")
  func manyAxes() throws {
    // Variances 1, 0.99, 0.98…: slow for plain iteration.
    let (rows, units) = (220, 150)
    var stream = RandomStream(seed: 3, purpose: "many axes")
    let values = (0..<rows).flatMap { _ in (0..<units).map { unit in stream.normal() * (1 - 0.004 * Double(unit)) } }
    let spreads = (0..<units).map { _ in UnitSpread(mean: 0, deviation: 1, low: -5, high: 5) }
    let scaled = try ScaledRows(values, spreads: spreads, threads: 1)
    let numbers = (0..<Int32(rows)).map { $0 }
    let one = try scaled.principalAxes(of: numbers, count: 4, seed: 1, threads: 1)
    let other = try scaled.principalAxes(of: numbers, count: 4, seed: 1, threads: 3)
    #expect(one.hasSettled && one.axes == other.axes && one.variances == other.variances)
    let again = try scaled.principalAxes(of: numbers, count: 4, seed: 2, threads: 1)
    #expect(PrincipalAxes.angles(one.axes, again.axes, count: 4).allSatisfy { $0 < 1e-4 })
    let squares = try scaled.squares(of: numbers, along: one.axes, threads: 2)
    for (square, variance) in zip(squares.along, one.variances) { #expect(relativeError(square / Double(rows - 1), variance) <= 1e-10) }
    #expect(PrincipalAxes.angles(one.axes, one.axes, count: 4).allSatisfy { $0 < 1e-6 })
  }

  @Test("Digits depend on no number of threads, and joined recordings are one", arguments: [false, true])
  func sameDigits(asFloats: Bool) throws {
    var stream = RandomStream(seed: 4, purpose: "joined")
    let (rows, units) = (150, 40)
    let phase = (0..<rows).map { UInt8($0 % 3) }
    let values = (0..<rows * units).map { _ in stream.normal() + 0.3 }
    let whole = try recording(phase: phase, values: values, units: units, asFloats: asFloats)
    let analysis = DirectionAnalysis(permutations: 40)
    let cells = try analysis.rows(of: whole, in: AnalysisContext(threads: 1, seed: 9)).map(\.cells)
    #expect(try analysis.rows(of: whole, in: AnalysisContext(threads: 3, seed: 9)).map(\.cells) == cells)
    let cut = 61
    let parts = [(0, cut), (cut, rows)].map { low, high in
      (Array(phase[low..<high]), Array(values[low * units..<high * units]))
    }
    let paths = try parts.map { try write(phase: $0.0, strata: nil, values: $0.1, units: units, asFloats: asFloats) }
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    let joined = try RecordingView(of: paths.map { try Recording(path: $0) })
    #expect(try analysis.rows(of: joined, in: AnalysisContext(threads: 2, seed: 9)).map(\.cells) == cells)
  }

  @Test("What cannot be had is empty, with its reason")
  func reasons() throws {
    let phase: [UInt8] = (0..<24).map { UInt8($0 % 3) }
    func row(_ values: [Double], units: Int, strata: [Int32]? = nil) throws -> DirectionRow {
      let view = try recording(phase: phase, strata: strata, values: values, units: units)
      return try #require(try DirectionAnalysis(permutations: 19).rows(of: view, in: AnalysisContext()).first)
    }
    let constant = try row([Double](repeating: 2, count: 48), units: 2)
    #expect(constant.cosine == nil && constant.interval == nil && constant.sharedVariance == nil && constant.angles.isEmpty)
    #expect(constant.reason?.contains("no length above noise") == true)
    // One stratum a phase: no halves.
    let few = try row((0..<24).map { Double(($0 * 7) % 5) }, units: 1, strata: phase.map { Int32($0) })
    #expect(few.cosine == nil && few.pValue == nil && few.reason?.contains("too few strata for two halves") == true)
    // Values that are the same in all rows of a phase leave nothing to measure noise by.
    let steps = try row(phase.map { [0, 1, 2][Int($0)] }, units: 1)
    #expect(steps.cosine == 1 && steps.interval == nil && steps.normRatio == 2)
    #expect(steps.reason?.contains("do not vary within phases") == true)
    let large = try row(phase.indices.map { 1e300 * (Double(phase[$0]) + 0.01 * Double($0 % 5)) }, units: 1)
    #expect(abs((large.cosine ?? 0) - 1) <= 1e-4)
  }

  @Test("Mean directions have length 1 and stand in the middle")
  func meanDirection() throws {
    let mean = try #require(LayerDirections(deltaSelf: [2, 0], deltaOther: [0, 1e-3]).mean)
    #expect(abs(mean[0] - 0.5.squareRoot()) <= 1e-15 && abs(mean[1] - 0.5.squareRoot()) <= 1e-15)
    #expect(LayerDirections(deltaSelf: [1, 0], deltaOther: [-3, 0]).mean == nil)
    #expect(LayerDirections(deltaSelf: [0, 0], deltaOther: [-3, 0]).mean == nil)
    #expect(LayerDirections(deltaSelf: [1e300, 0], deltaOther: [1e300, 0]).mean == [1, 0])
  }
}

/// Made-up recordings whose truth is known, with fixed seeds: what of the larger runs of docs/analyses/direction.md a test has time for.
@Suite("Calibration of directions")
struct DirectionCalibrationTests {
  /// - Parameters:
  ///   - shift: of self and of other in each unit.
  private func share(
    rows: [Int], units: Int, spread: [Double] = [1, 1, 1], perBlock: Int? = nil, sets: Int, cosine: Double? = nil,
    shift: (_ unit: Int) -> (Double, Double)
  ) throws -> (rejected: Double, covered: Double, intervals: Double) {
    let phase = rows.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    let strata = perBlock.map { size in phase.indices.map { Int32($0 / size) } }
    var (rejected, covered, intervals) = (0.0, 0.0, 0.0)
    for set in 0..<sets {
      var stream = RandomStream(seed: 11, purpose: "calibration", index: UInt64(set))
      let offsets = (0..<phase.count * units).map { _ in perBlock == nil ? 0 : stream.normal() }
      let values = phase.indices.flatMap { row in
        (0..<units).map { unit in
          let (own, other) = shift(unit)
          return [0, own, other][Int(phase[row])] + stream.normal() * spread[Int(phase[row])]
            + (strata.map { offsets[Int($0[row]) * units + unit] } ?? 0)
        }
      }
      let view = try recording(phase: phase, strata: strata, values: values, units: units, asFloats: true)
      let analysis = DirectionAnalysis(permutations: 39, axes: 1)
      let row = try #require(try analysis.rows(of: view, in: AnalysisContext(threads: 2, seed: UInt64(set))).first)
      rejected += try #require(row.pValue) <= 0.05 ? 1 : 0
      if let cosine, let interval = row.interval {
        intervals += 1
        covered += interval.contains(cosine) ? 1 : 0
      }
    }
    return (rejected / Double(sets), intervals > 0 ? covered / intervals : 0, intervals / Double(sets))
  }

  @Test("Effects square to each other are no evidence, and their interval holds 0")
  func square() throws {
    let found = try share(rows: [40, 40, 40], units: 8, sets: 60, cosine: 0) { $0 < 4 ? (1, 0) : (0, 1) }
    #expect(found.rejected <= 0.15 && found.covered >= 0.88 && found.intervals > 0.9, "\(found)")
  }

  @Test("An effect of self alone is none, where none varies three times as much too, and in whole blocks")
  func oneAlone() throws {
    let unequal = try share(rows: [40, 40, 40], units: 8, spread: [3, 1, 1], sets: 60) { _ in (1, 0) }
    let whole = try share(rows: [60, 60, 60], units: 8, perBlock: 5, sets: 60) { _ in (1, 0) }
    #expect(unequal.rejected <= 0.15 && whole.rejected <= 0.15, "\(unequal) \(whole)")
  }

  @Test("One direction is found, and its interval holds 1")
  func same() throws {
    let found = try share(rows: [40, 40, 40], units: 8, sets: 30, cosine: 1) { _ in (0.7, 0.7) }
    #expect(found.rejected >= 0.9 && found.covered >= 0.85 && found.intervals > 0.9, "\(found)")
  }
}
