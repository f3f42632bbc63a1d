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
  private func histogram(_ values: [Double], _ range: ClosedRange<Double>) -> Histogram {
    var histogram = Histogram(range: range)
    for value in values { histogram.add(value) }
    return histogram
  }

  @Test("Histograms agree with numpy.histogram and divergences with scipy.stats.entropy")
  func oracle() throws {
    for row in try fixture("decoding", as: Decoding.self).divergences {
      let p = histogram(doubles(row.p), row.low...row.high)
      let q = histogram(doubles(row.q), row.low...row.high)
      #expect(p.counts == row.counts)
      #expect(q.counts == row.otherCounts)
      #expect(agrees(klDivergence(p, from: q), row.kl, relative: 1e-9))
    }
  }

  @Test("Values on an edge, and next to one, fall where numpy puts them")
  func edges() throws {
    let row = try fixture("decoding", as: Decoding.self).edgeCase
    #expect(histogram(row.values, row.low...row.high).counts == row.counts)
  }

  @Test("A merged histogram is that of all values, in any order")
  func merge() {
    let values = doubles(noise(rows: 500, units: 1, seed: 3))
    var first = histogram(Array(values[..<200]), -2...2)
    first.merge(histogram(Array(values[200...]), -2...2))
    #expect(first == histogram(values.reversed(), -2...2))
  }

  @Test("An empty histogram has no divergence, equal ones have 0; NaN and values outside are left out")
  func undefined() {
    let constant = histogram([0, 0], 0...0)
    #expect(constant.total == 2)
    #expect(klDivergence(constant, from: constant) == 0)
    #expect(klDivergence(constant, from: Histogram(range: 0...0)) == nil)
    #expect(histogram([.nan, 7, -1, .infinity], 0...1).total == 0)
  }

  @Test("Equal shapes have 0 whatever their numbers of values, and one value more has not")
  func equalShapes() {
    let few = histogram([0.1, 0.1, 0.3, 0.7, 0.75, 0.9, 0.95], 0...1)
    for times in [3, 7, 1001] {
      var many = few
      for _ in 1..<times { many.merge(few) }
      #expect(klDivergence(few, from: many) == 0 && klDivergence(many, from: few) == 0)
      many.add(0.3)
      #expect(klDivergence(few, from: many) ?? 0 > 0)
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
