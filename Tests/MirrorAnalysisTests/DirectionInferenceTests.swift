import ActivationRecording
import Foundation
import Statistics
import Testing

@testable import MirrorAnalysis

/// Plainly: the product of contrasts across halves, and over its standard error.
private struct PlainDirection {
  let product, root, t: Double

  /// - Parameters:
  ///   - labels: of each row, 0 none, 1 self, 2 other.
  ///   - half: of each row.
  init(_ rows: [[Double]], labels: [Int], half: [Int], blocks: [Int32]?) {
    let units = rows[0].count
    func contrast(_ h: Int, _ label: Int) -> [Double] {
      func mean(_ label: Int) -> [Double] {
        let own = rows.indices.filter { half[$0] == h && labels[$0] == label }
        return (0..<units).map { unit in own.reduce(0) { $0 + rows[$1][unit] } / Double(own.count) }
      }
      return zip(mean(label), mean(0)).map { $0 - $1 }
    }
    let (a, b) = ((0..<2).map { contrast($0, 1) }, (0..<2).map { contrast($0, 2) })
    var variance = 0.0
    for h in 0..<2 {
      let (own, other) = (b[1 - h].map { $0 / 2 }, a[1 - h].map { $0 / 2 })
      let values = rows.indices.map { row in
        labels[row] == 1 ? dot(rows[row], own) : labels[row] == 2 ? dot(rows[row], other) : dot(rows[row], own) + dot(rows[row], other)
      }
      let error = PhaseContrastError(values, phase: labels.indices.map { half[$0] == h ? UInt8(labels[$0]) : UInt8.max }, blocks: blocks)
      variance += (error?.standardError ?? .nan) * (error?.standardError ?? .nan)
    }
    let size = rows.reduce(0) { max($0, $1.reduce(0) { max($0, abs($1)) }) }
    product = 0.5 * (dot(a[0], b[1]) + dot(a[1], b[0]))
    root = (dot(a[0], a[1]) * dot(b[0], b[1])).squareRoot()
    let sign = abs(product) <= 1e-12 * size * size ? 0 : product
    t = variance.squareRoot() > 1e-12 * size * size ? sign / variance.squareRoot() : sign == 0 ? 0 : sign > 0 ? .infinity : -.infinity
  }
}

@Suite("p of directions, by hand")
struct DirectionInferenceTests {
  /// What p and null_mean are made of: every deal as the marks have it.
  ///
  /// - Parameter values: `[rows × units]`, of the recording.
  private func byHand(
    _ index: IndexRows, values: [Double], units: Int, permutations: Int, seed: UInt64
  ) throws -> (observed: PlainDirection, dealt: [[PlainDirection]]) {
    let order = index.places.indices.filter { index.places[$0] >= 0 }.sorted { index.places[$0] < index.places[$1] }
    let rows = order.map { row in (0..<units).map { values[row * units + $0] } }
    let half = index.halfPhase.map { Int($0) / 3 }
    let deals = try DirectionDeals(index)
    #expect(deals.reason == nil)
    var marks = [UInt8](repeating: 0, count: index.count)
    let dealt = (1...permutations).map { number in
      marks.withUnsafeMutableBufferPointer { deals.marks(number, seed: seed, into: $0) }
      return (0..<2).map { deal in
        let labels = index.phase.indices.map { row -> Int in
          let kept = 2 - deal
          if Int(index.phase[row]) == kept { return kept }
          return (marks[row] >> UInt8(2 * deal + half[row])) & 1 == 1 ? deal + 1 : 0
        }
        // Numbers of rows of a phase stay as they are in each half.
        for h in 0..<2 {
          func count(_ labels: [Int]) -> [Int] {
            (0..<3).map { label in labels.indices.count { labels[$0] == label && half[$0] == h } }
          }
          #expect(count(labels) == count(index.phase.map { Int($0) }))
        }
        return PlainDirection(rows, labels: labels, half: half, blocks: index.blocks)
      }
    }
    return (PlainDirection(rows, labels: index.phase.map { Int($0) }, half: half, blocks: index.blocks), dealt)
  }

  /// Each deal's p, (b + 1)/(N + 1), ties counted.
  private func pValues(_ hand: (observed: PlainDirection, dealt: [[PlainDirection]])) -> [Double] {
    (0..<2).map { deal in
      let tie = hand.observed.t.isFinite ? 1e-9 * abs(hand.observed.t) : 0
      return Double(hand.dealt.count { $0[deal].t >= hand.observed.t - tie } + 1) / Double(hand.dealt.count + 1)
    }
  }

  @Test("Statistics, p and null_mean are those of every deal by hand", arguments: ["free", "within", "whole"])
  func deals(design: String) throws {
    let oracle = try #require(try DirectionOracle.read().designs[design])
    let view = try directionRecording(phase: oracle.phase, strata: oracle.strata, values: oracle.values, units: 6)
    let index = try IndexRows(of: view, choice: nil, seed: 1, firstHalf: oracle.first)
    let read = try view.indexLayer(view.layers[0], rows: index, threads: 1, as: Double.self)
    let units = try DirectionUnits(.held(read.rows), of: index, threads: 1)
    let context = AnalysisContext(threads: 2, seed: 5)
    let all = try DirectionPermutations(units, read.rows, deals: try DirectionDeals(index), permutations: 60, in: context).all()
    #expect(all.count == 61)
    #expect(relativeError(all[0].t[0], oracle.expected.t) <= 1e-7 && relativeError(all[0].t[1], oracle.expected.t) <= 1e-7)
    let near = oracle.values.indices.map { oracle.values[$0] - ($0 % 6 == 1 ? 1e6 : 0) }
    let hand = try byHand(index, values: near, units: 6, permutations: 60, seed: 5)
    for number in 1...60 {
      for deal in 0..<2 { #expect(relativeError(all[number].t[deal], hand.dealt[number - 1][deal].t) <= 1e-6, "deal \(deal) of \(number)") }
    }
    let row = try #require(try DirectionAnalysis(permutations: 60).rows(of: view, using: index, in: context).first)
    let p = pValues(hand)
    #expect(row.pValue == p.max())
    let deal = p[0] >= p[1] ? 0 : 1
    let mean = hand.dealt.reduce(0) { $0 + $1[deal].product } / 60 / hand.observed.root
    #expect(relativeError(row.nullMean, mean) <= 1e-6)
  }

  @Test("Rows that are read piece by piece give what those in memory give, whatever the pieces", arguments: [7, 50, 10_000])
  func pieces(pieceRows: Int) throws {
    var stream = RandomStream(seed: 12, purpose: "pieces of directions")
    let rows = 360
    let phase = (0..<rows).map { UInt8(($0 * 7) % 3) }
    var values: [Double] = []
    for row in 0..<rows {
      for unit in 0..<6 { values.append(stream.normal() * Double(1 + unit) + Double(phase[row]) + 1e3) }
    }
    let view = try directionRecording(phase: phase, strata: (0..<rows).map { Int32($0 / 9) }, values: values, units: 6)
    let index = try IndexRows(of: view, choice: nil, seed: 1)
    let layer = view.layers[0]
    let read = try view.indexLayer(layer, rows: index, threads: 1, as: Double.self)
    func numbers(_ rows: DirectionRows<Double>) throws -> [Double] {
      let units = try DirectionUnits(rows, of: index, threads: 2)
      var row = DirectionRow(layer: layer.name, rows: index)
      try units.fill(&row, threads: 2)
      try units.fillAxes(&row, axes: 2, seed: 3, threads: 2)
      let found = [row.cosine, row.normRatio, row.interval?.lowerBound, row.interval?.upperBound, row.sharedVariance, row.sharedNull]
      return found.map { $0 ?? .nan } + row.angles
    }
    let held = try numbers(.held(read.rows))
    let pieces = try numbers(.read(view, layer, spreads: read.moments.spreads, pieceRows: pieceRows))
    #expect(held.count == 9 && held.allSatisfy(\.isFinite) && pieces.count == 9)
    for (one, other) in zip(held, pieces) { #expect(abs(one - other) <= 1e-9 * max(1, abs(one))) }
  }

  @Test("The larger of two p's that differ is taken, with the null_mean of its deal")
  func larger() throws {
    var largest: [Int] = []
    for set in 1...8 {
      var stream = RandomStream(seed: 12, purpose: "larger p", index: UInt64(set))
      let phase = (0..<60).map { UInt8($0 % 3) }
      // Self or other has the larger effect, and both a faint one.
      let values = phase.flatMap { phase in
        (0..<3).map { _ in stream.normal() + (phase == 0 ? 0 : phase == UInt8(1 + set % 2) ? 0.9 : 0.3) }
      }
      let view = try directionRecording(phase: phase, values: values, units: 3)
      let context = AnalysisContext(seed: 7)
      let index = try IndexRows(of: view, choice: nil, seed: 7)
      let hand = try byHand(index, values: values, units: 3, permutations: 80, seed: 7)
      let row = try #require(try DirectionAnalysis(permutations: 80).rows(of: view, using: index, in: context).first)
      let p = pValues(hand)
      #expect(row.pValue == p.max(), "\(p)")
      let deal = p[0] >= p[1] ? 0 : 1
      if p[0] != p[1], row.cosine != nil {
        largest.append(deal)
        #expect(relativeError(row.nullMean, hand.dealt.reduce(0) { $0 + $1[deal].product } / 80 / hand.observed.root) <= 1e-6)
      }
    }
    #expect(Set(largest) == [0, 1], "\(largest)")
  }

  @Test(
    "Deals that tie are counted, in floats too: numbers of few values, none within phases, and no effect at all", arguments: [false, true])
  func ties(asFloats: Bool) throws {
    let phase = (0..<15).map { UInt8($0 % 3) }
    let few = phase.indices.map { (row: Int) -> Double in Double(((row * 5) % 7) % 3) + Double(phase[row]) }
    let zero = phase.indices.flatMap { (row: Int) -> [Double] in [0.1 * Double((row / 3) % 2), 0] }
    for (name, values) in [("few values", few), ("steps", phase.map { [0.1, 0.4, 0.9][Int($0)] }), ("zero", zero)] {
      let units = values.count / phase.count
      let view = try directionRecording(phase: phase, values: values, units: units, asFloats: asFloats)
      let index = try IndexRows(of: view, choice: nil, seed: 3)
      let hand = try byHand(index, values: asFloats ? values.map { Double(Float($0)) } : values, units: units, permutations: 200, seed: 3)
      let row = try #require(try DirectionAnalysis(permutations: 200).rows(of: view, using: index, in: AnalysisContext(seed: 3)).first)
      #expect(row.pValue == pValues(hand).max(), "\(name)")
    }
  }

  @Test("Where the three phases have no design there is no p and no interval, and the row and a note say why")
  func noDesign() throws {
    // Strata 0 to 39 hold a row of self and one of other each, none lies in strata of its own.
    let phase = (0..<120).map { UInt8($0 < 40 ? 1 : $0 < 80 ? 2 : 0) }
    let strata = (0..<120).map { Int32($0 < 80 ? $0 % 40 : $0 - 40) }
    var stream = RandomStream(seed: 14, purpose: "no design")
    let values = phase.flatMap { phase in (0..<5).map { _ in stream.normal() + (phase == 0 ? 0 : 1) } }
    let view = try directionRecording(phase: phase, strata: strata, values: values, units: 5)
    let notes = TakenNotes()
    let row = try #require(
      try DirectionAnalysis(permutations: 40).rows(of: view, in: AnalysisContext(note: { notes.add($0) })).first)
    #expect(row.exchange == nil && row.blockCount == nil && row.pValue == nil && row.nullMean == nil && row.interval == nil)
    #expect(row.cosine != nil && row.reason?.contains("40 of 80 strata or items hold two phases") == true)
    #expect(notes.all.count == 1 && notes.all[0].contains("40 of 80 strata or items hold two phases"))
    let chosen = try #require(try DirectionAnalysis(permutations: 40, exchange: .free).rows(of: view, in: AnalysisContext()).first)
    #expect(chosen.exchange == .free && chosen.blockCount == 120 && chosen.pValue != nil && chosen.interval != nil)
  }

  @Test("One row of a phase in a half has neither interval nor p, with the reason")
  func fewRows() throws {
    let phase = (0..<60).map { UInt8($0 < 30 ? 0 : $0 < 32 ? 1 : 2) }
    var stream = RandomStream(seed: 15, purpose: "few rows")
    let values = phase.flatMap { phase in (0..<5).map { _ in 0.1 * stream.normal() + Double(phase) } }
    let view = try directionRecording(phase: phase, values: values, units: 5)
    let row = try #require(try DirectionAnalysis(permutations: 40).rows(of: view, in: AnalysisContext()).first)
    #expect(row.cosine != nil && row.interval == nil && row.pValue == nil && row.exchange == .free)
    #expect(row.reason?.contains("a phase has fewer than two rows in a half") == true)
    #expect(row.reason?.contains("no axes: a half of self or other has fewer than two rows") == true && row.axisCount == nil)
  }

  @Test("Scale changes nothing, beside a unit of a single value too", arguments: [1, 1e-30, 1e-200, 1e200])
  func scales(scale: Double) throws {
    var stream = RandomStream(seed: 16, purpose: "scales")
    let phase = (0..<90).map { UInt8($0 % 3) }
    let values = phase.flatMap { phase in (0..<4).map { _ in stream.normal() + Double(phase) } }
    func row(_ scale: Double, constant: Double?, asFloats: Bool) throws -> DirectionRow {
      let scaled = phase.indices.flatMap { row in (0..<4).map { values[row * 4 + $0] * scale } + (constant.map { [$0] } ?? []) }
      let view = try directionRecording(phase: phase, values: scaled, units: constant == nil ? 4 : 5, asFloats: asFloats)
      return try #require(try DirectionAnalysis(permutations: 99).rows(of: view, in: AnalysisContext(seed: 2)).first)
    }
    for asFloats in [false, true] where !asFloats || abs(log10(scale)) < 35 {
      let plain = try row(1, constant: nil, asFloats: asFloats)
      for constant in [nil, 1.0, 0, 1e30] {
        let found = try row(scale, constant: constant, asFloats: asFloats)
        #expect(relativeError(found.cosine, try #require(plain.cosine)) <= 1e-5)
        #expect(relativeError(found.normRatio, try #require(plain.normRatio)) <= 1e-5)
        #expect(found.pValue == plain.pValue && found.pValue != nil && found.nullMean != nil)
        #expect(relativeError(found.interval?.lowerBound, try #require(plain.interval).lowerBound) <= 1e-4)
        #expect(relativeError(found.sharedVariance, try #require(plain.sharedVariance)) <= 1e-5)
        #expect(relativeError(found.sharedNull, try #require(plain.sharedNull)) <= 1e-5)
      }
    }
  }
}

/// Made-up recordings whose truth is known, with fixed seeds: what of docs/calibration.md a test has time for.
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
      let view = try directionRecording(phase: phase, strata: strata, values: values, units: units, asFloats: true)
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

  /// α and two standard errors of a share of so many.
  private func most(_ sets: Int) -> Double { 0.05 + 2 * (0.05 * 0.95 / Double(sets)).squareRoot() }

  @Test("Effects square to each other are no evidence, and their interval holds 0")
  func square() throws {
    let found = try share(rows: [40, 40, 40], units: 8, sets: 160, cosine: 0) { $0 < 4 ? (1, 0) : (0, 1) }
    #expect(found.rejected <= most(160) && found.covered >= 0.93 && found.intervals > 0.9, "\(found)")
  }

  @Test("An effect of self alone is none, where none varies three times as much too, and in whole blocks")
  func oneAlone() throws {
    let unequal = try share(rows: [40, 40, 40], units: 8, spread: [3, 1, 1], sets: 160) { _ in (1, 0) }
    let whole = try share(rows: [60, 60, 60], units: 8, perBlock: 5, sets: 160) { _ in (1, 0) }
    #expect(unequal.rejected <= most(160) && whole.rejected <= most(160), "\(unequal) \(whole)")
  }

  @Test("One direction is found, and its interval holds 1")
  func same() throws {
    let found = try share(rows: [40, 40, 40], units: 8, sets: 60, cosine: 1) { _ in (0.7, 0.7) }
    #expect(found.rejected >= 0.9 && found.covered >= 0.93 && found.intervals > 0.9, "\(found)")
  }
}
