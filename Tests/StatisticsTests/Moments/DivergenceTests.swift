import Foundation
import Statistics
import Testing

struct Decoding: Decodable {
  struct Divergence: Decodable {
    let p, q: [Float]
    let low, high, kl: Double
    let counts, otherCounts: [Int]
  }
  struct EdgeCase: Decodable {
    let values: [Double]
    let low, high: Double
    let counts: [Int]
  }
  struct Fit: Decodable {
    let features: Int
    let c: Double
    let values: [Float]
    let labels: [Int]
    let means, deviations, weights, intercepts, probabilities: [Double]
    let accuracy, balancedAccuracy: Double
  }
  struct Area: Decodable {
    let positive: [Bool]
    let scores: [Double]
    let auc: Double
  }
  let divergences: [Divergence]
  let edgeCase: EdgeCase
  let fits: [Fit]
  let areas: [Area]
}

@Suite("Divergence")
struct DivergenceTests {
  /// The histogram of one unit and group.
  private func histogram(_ values: [Double], _ range: ClosedRange<Double>) throws -> Histogram {
    var histograms = GroupedHistograms(ranges: [range], groups: 1, bins: 50)
    try values.withUnsafeBufferPointer { try histograms.add($0, groupOfRow: values.map { _ in 0 }[...]) }
    return histograms.histogram(unit: 0, group: 0)
  }

  @Test("Histograms agree with numpy.histogram and divergences with scipy.stats.entropy")
  func oracle() throws {
    for row in try fixture("decoding", as: Decoding.self).divergences {
      let p = try histogram(doubles(row.p), row.low...row.high)
      let q = try histogram(doubles(row.q), row.low...row.high)
      #expect(p.counts == row.counts)
      #expect(q.counts == row.otherCounts)
      #expect(agrees(klDivergence(p, from: q, smoothing: .densities), row.kl, relative: 1e-9))
    }
  }

  @Test("Values on an edge, and next to one, fall where numpy puts them")
  func edges() throws {
    let row = try fixture("decoding", as: Decoding.self).edgeCase
    #expect(try histogram(row.values, row.low...row.high).counts == row.counts)
  }

  @Test("Histograms of many units and groups are those of each alone, merged in any order or not")
  func grouping() throws {
    let values = noise(rows: 600, units: 3, seed: 8)
    let groupOfRow = (0..<600).map { UInt8([0, 1, 2, 255][$0 % 4]) }
    let ranges = [-2.0...2.0, -9...9, 0...0]
    func part(_ rows: Range<Int>) throws -> GroupedHistograms {
      var histograms = GroupedHistograms(ranges: ranges, groups: 3, bins: 50)
      try Array(values[rows.lowerBound * 3..<rows.upperBound * 3]).withUnsafeBufferPointer {
        try histograms.add($0, groupOfRow: groupOfRow[rows])
      }
      return histograms
    }
    var merged = try part(250..<600)
    try merged.merge(part(0..<250))
    let whole = try part(0..<600)
    for unit in 0..<3 {
      for group in 0..<3 {
        let alone = try histogram((0..<600).filter { groupOfRow[$0] == group }.map { Double(values[$0 * 3 + unit]) }, ranges[unit])
        #expect(alone.total > 0 || unit == 2)
        #expect(whole.histogram(unit: unit, group: group) == alone)
        #expect(merged.histogram(unit: unit, group: group) == alone)
      }
    }
  }

  @Test(
    "Where values are too large or too close for bins of any width there is no divergence, and nothing traps",
    arguments: [
      (1e16, 1e16), (0.9999999999999999, 1), (-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude),
    ])
  func withoutWidth(_ low: Double, _ high: Double) throws {
    let (p, q) = (try histogram([low, low], low...high), try histogram([high], low...high))
    #expect(!p.hasWidth)
    #expect(klDivergence(p, from: q) == nil)
  }

  @Test("An empty histogram has no divergence, equal ones have 0; NaN and values outside are left out")
  func undefined() throws {
    let constant = try histogram([0, 0], 0...0)
    #expect(constant.total == 2)
    #expect(klDivergence(constant, from: constant) == 0)
    #expect(try klDivergence(constant, from: histogram([], 0...0)) == nil)
    #expect(try histogram([.nan, 7, -1, .infinity], 0...1).total == 0)
  }

  @Test("Equal shapes have 0 whatever their numbers of values, and one value more has not")
  func equalShapes() throws {
    let values = [0.1, 0.1, 0.3, 0.7, 0.75, 0.9, 0.95]
    let few = try histogram(values, 0...1)
    for times in [3, 7, 1001] {
      let repeated = Array(repeatElement(values, count: times).joined())
      let many = try histogram(repeated, 0...1)
      #expect(klDivergence(few, from: many) == 0 && klDivergence(many, from: few) == 0)
      #expect(try klDivergence(few, from: histogram(repeated + [0.3], 0...1)) ?? 0 > 0)
    }
  }

  @Test("The common positive divergence is the smaller of two, and only for a unit that rises in both phases")
  func common() {
    #expect(commonPositiveDivergence(noneFromSelf: 0.3, noneFromOther: 0.2, deltaSelf: 1, deltaOther: 1) == 0.2)
    #expect(commonPositiveDivergence(noneFromSelf: 0.3, noneFromOther: 0.2, deltaSelf: 1, deltaOther: 0) == 0)
    #expect(commonPositiveDivergence(noneFromSelf: 0.3, noneFromOther: nil, deltaSelf: 1, deltaOther: 1) == nil)
    #expect(commonPositiveDivergence(noneFromSelf: 0.3, noneFromOther: 0.2, deltaSelf: .nan, deltaOther: 1) == nil)
  }
}
