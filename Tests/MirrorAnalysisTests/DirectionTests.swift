import ActivationRecording
import Foundation
import Statistics
import Testing

@testable import MirrorAnalysis

/// direction.json (Fixtures/MirrorAnalysis/direction.py).
struct DirectionOracle: Decodable {
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
func directionRecording(
  phase: [UInt8], strata: [Int32]? = nil, values: [Double], units: Int, asFloats: Bool = false
) throws -> RecordingView {
  let path = try writeDirectionRecording(phase: phase, strata: strata, values: values, units: units, asFloats: asFloats)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try RecordingView(path: path)
}

func writeDirectionRecording(phase: [UInt8], strata: [Int32]?, values: [Double], units: Int, asFloats: Bool) throws -> String {
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
    let view = try directionRecording(phase: oracle.phase, strata: oracle.strata, values: oracle.values, units: 6)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let row = try #require(try DirectionAnalysis(permutations: 39).rows(of: view, using: index, in: AnalysisContext()).first)
    #expect(relativeError(row.cosine, oracle.expected.cosine) <= 1e-8)
    #expect(relativeError(row.normRatio, oracle.expected.normRatio) <= 1e-8)
    let interval = try #require(row.interval)
    #expect(relativeError(interval.lowerBound, oracle.expected.interval[0]) <= 1e-7)
    #expect(relativeError(interval.upperBound, oracle.expected.interval[1]) <= 1e-7)
    #expect(row.exchange?.rawValue == design && row.pValue != nil && row.rowCount == oracle.phase.count)
  }

  @Test("Shared variance and angles are numpy's", arguments: [false, true])
  func axes(asFloats: Bool) throws {
    let oracle = try DirectionOracle.read().axes
    let view = try directionRecording(phase: oracle.phase, values: oracle.values, units: oracle.units, asFloats: asFloats)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let row = try #require(try DirectionAnalysis().rows(of: view, using: index, in: AnalysisContext(threads: 2)).first)
    #expect(row.axisCount == 3)
    #expect(relativeError(row.sharedVariance, oracle.sharedVariance) <= 1e-5)
    #expect(relativeError(row.sharedNull, oracle.sharedNull) <= 1e-5)
    #expect(row.angles.count == 3)
    for (angle, expected) in zip(row.angles, oracle.angles) { #expect(abs(angle - expected) <= 1e-4) }
    // Units that say nothing change nothing: random axes are those of units that vary.
    let silent = oracle.phase.indices.flatMap { row -> [Double] in
      oracle.values[row * oracle.units..<(row + 1) * oracle.units] + [7, 0, -1e9]
    }
    let wider = try directionRecording(phase: oracle.phase, values: silent, units: oracle.units + 3, asFloats: asFloats)
    let again = try #require(try DirectionAnalysis().rows(of: wider, using: index, in: AnalysisContext(threads: 2)).first)
    #expect(
      relativeError(again.sharedNull, oracle.sharedNull) <= 1e-5 && relativeError(again.sharedVariance, oracle.sharedVariance) <= 1e-5)
    for (angle, expected) in zip(again.angles, oracle.angles) { #expect(abs(angle - expected) <= 1e-4) }
  }

  @Test("Axes beside one of ten million million times their variance are right, or none", arguments: [3e6, 1e4, 1e9])
  func unequalScales(largest: Double) throws {
    let (rows, units) = (600, 100)
    var stream = RandomStream(seed: 5, purpose: "unequal scales")
    let factors = (0..<units).map { $0 == 0 ? largest : $0 < 3 ? 2 : 1 }
    let values = (0..<rows).flatMap { _ in factors.map { stream.normal() * $0 } }
    let spreads = factors.map { UnitSpread(mean: 0, deviation: $0, low: -5 * $0, high: 5 * $0) }
    let scaled = try ScaledRows(values, spreads: spreads, threads: 1)
    let numbers = (0..<Int32(rows)).map { $0 }
    let found = try (1...3).map { try scaled.principalAxes(of: numbers, count: 3, seed: $0, threads: 2) }
    // What doubles hold of the smaller ones is enough up to here.
    #expect(found.allSatisfy { $0.hasSettled } || largest > 3e6, "\(found.map(\.hasSettled))")
    for axes in found where axes.hasSettled {
      // The second and third axis lie in units 1 and 2, as far as noise has it.
      for axis in 1..<3 {
        #expect(axes.axes[axis * units + 1] * axes.axes[axis * units + 1] + axes.axes[axis * units + 2] * axes.axes[axis * units + 2] > 0.5)
      }
      #expect(PrincipalAxes.angles(axes.axes, found[0].axes, count: 3).allSatisfy { $0 < 1e-4 } || !found[0].hasSettled)
    }
    guard largest == 3e6 else { return }
    let phase = (0..<rows).map { UInt8($0 % 3) }
    let view = try directionRecording(phase: phase, values: values, units: units)
    let angles = try (1...2).map { try #require(try DirectionAnalysis().rows(of: view, in: AnalysisContext(threads: 2, seed: $0)).first) }
    for row in angles { #expect(row.angles.count == 3 || row.reason?.contains("no angles") == true) }
    if angles.allSatisfy({ $0.angles.count == 3 }) {
      for (one, other) in zip(angles[0].angles, angles[1].angles) { #expect(abs(one - other) < 1e-3) }
    }
  }

  @Test("Axes that no variance has left are none, and say so")
  func fewDirections() throws {
    // Two directions in ten units.
    var stream = RandomStream(seed: 6, purpose: "few directions")
    let phase = (0..<90).map { UInt8($0 % 3) }
    let values = phase.flatMap { _ in
      let (a, b) = (stream.normal(), stream.normal())
      return (0..<10).map { a * Double($0 + 1) + b * Double(($0 * 3) % 7) }
    }
    let view = try directionRecording(phase: phase, values: values, units: 10)
    let row = try #require(try DirectionAnalysis().rows(of: view, in: AnalysisContext()).first)
    #expect(row.sharedVariance == nil && row.sharedNull == nil && row.angles.isEmpty)
    #expect(row.reason?.contains("no shared_variance: the first 3 axes of self and other do not settle") == true)
    #expect(row.reason?.contains("no angles: the first 3 axes of self do not settle") == true)
    let two = try #require(try DirectionAnalysis(axes: 2).rows(of: view, in: AnalysisContext()).first)
    #expect(abs((two.sharedVariance ?? 0) - 1) <= 1e-9 && two.axisCount == 2)
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
    let whole = try directionRecording(phase: phase, values: values, units: units, asFloats: asFloats)
    let analysis = DirectionAnalysis(permutations: 40)
    let cells = try analysis.rows(of: whole, in: AnalysisContext(threads: 1, seed: 9)).map(\.cells)
    #expect(try analysis.rows(of: whole, in: AnalysisContext(threads: 3, seed: 9)).map(\.cells) == cells)
    let cut = 61
    let parts = [(0, cut), (cut, rows)].map { low, high in
      (Array(phase[low..<high]), Array(values[low * units..<high * units]))
    }
    let paths = try parts.map { try writeDirectionRecording(phase: $0.0, strata: nil, values: $0.1, units: units, asFloats: asFloats) }
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    let joined = try RecordingView(of: paths.map { try Recording(path: $0) })
    #expect(try analysis.rows(of: joined, in: AnalysisContext(threads: 2, seed: 9)).map(\.cells) == cells)
  }

  @Test("What cannot be had is empty, with its reason")
  func reasons() throws {
    let phase: [UInt8] = (0..<24).map { UInt8($0 % 3) }
    func row(_ values: [Double], units: Int, strata: [Int32]? = nil) throws -> DirectionRow {
      let view = try directionRecording(phase: phase, strata: strata, values: values, units: units)
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
    #expect(
      steps.reason?.contains("do not vary within phases") == true && steps.reason?.contains("no angles: fewer than two units vary") == true)
    // Two units have one angle, and the cells of the others say why they are empty.
    let pair = try row(
      (0..<48).map { (place: Int) -> Double in Double((place * 7) % 11) + Double(place % 2) * Double((place * 5) % 13) }, units: 2)
    #expect(pair.reason?.contains("1 angle only: 2 units vary") == true)
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
