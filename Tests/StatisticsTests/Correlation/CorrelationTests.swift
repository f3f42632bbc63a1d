import Statistics
import Testing

struct Correlations: Decodable {
  struct Case: Decodable {
    let leftUnits, rightUnits: Int
    let left, right: [Float]
    let within, between, spearman, ranks: [Double]
    let cka, rsa: Double
    let correlationDistances, euclideanDistances: [Double]
  }
  let cases: [Case]
}

func doubles(_ values: [Float]) -> [Double] { values.map { Double($0) } }

/// The largest difference of two lists; NaN where only one of them is NaN.
func largestDifference(_ first: [Double], _ second: [Double]) -> Double {
  guard first.count == second.count else { return .nan }
  return zip(first, second).reduce(0) { $1.0.isNaN && $1.1.isNaN ? $0 : ($0.isNaN ? .nan : max(abs($1.0 - $1.1), $0)) }
}

@Suite("Correlation in memory")
struct CorrelationTests {
  @Test("Pearson's and Spearman's matrices agree with numpy and scipy")
  func numpy() throws {
    for row in try fixture("correlation", as: Correlations.self).cases {
      let (left, right) = (doubles(row.left), doubles(row.right))
      let between = pearsonMatrix(left, leftUnits: row.leftUnits, right, rightUnits: row.rightUnits)
      #expect(largestDifference(between, row.between) <= 1e-12)
      let ranks = try columnRanks(row.left, units: row.leftUnits, threads: 2)
      #expect(ranks.doubles == row.ranks)
      let ranked = try columnRanks(row.right, units: row.rightUnits, threads: 1).doubles
      let rho = pearsonMatrix(ranks.doubles, leftUnits: row.leftUnits, ranked, rightUnits: row.rightUnits)
      #expect(largestDifference(rho, row.spearman) <= 1e-12)
    }
  }

  @Test("r is nil for constants, without values and for NaN; infinities have ranks but no r")
  func undefined() {
    #expect(pearson([1, 2, 3], [0.1, 0.1, 0.1]) == nil)
    #expect(pearson([], []) == nil)
    #expect(pearson([1], [2]) == nil)
    #expect(pearson([1, .nan, 3], [1, 2, 3]) == nil)
    #expect(pearson([1, .infinity, 3], [1, 2, 3]) == nil)
    #expect(agrees(spearman([1, .infinity, 3], [1, 3, 2]), 1, relative: 1e-15))
    #expect(spearman([1, .nan, 3], [1, 3, 2]) == nil)
    #expect(agrees(pearson([1, 2, 3], [-2, -4, -6]), -1, relative: 1e-15))
  }

  @Test("Equal values share the mean of their ranks, and −0 equals 0")
  func ranks() throws {
    #expect(averageRanks([3, 1, 3, -.infinity]) == [3.5, 2, 3.5, 1])
    #expect(averageRanks([]) == [])
    #expect(averageRanks([0, -0.0, -1, .infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]) == [3.5, 3.5, 1, 6, 5, 2])
    #expect(averageRanks([1, .nan]).allSatisfy { $0.isNaN })
    let column = try columnRanks([0, 5, -0.0, 5, -7, .nan, -1e-30, 5] as [Float], units: 2, threads: 1).doubles
    #expect(stride(from: 0, to: 8, by: 2).map { column[$0] } == [3.5, 3.5, 1, 2])
    #expect(column[1].isNaN && column[7].isNaN)
  }
  @Test("Ranks of many values are where they stand among the sorted ones, ties and signs and sizes mixed")
  func manyRanks() {
    var stream = RandomStream(seed: 4, purpose: "test ranks")
    let values = (0..<5000).map { index -> Double in
      switch index % 5 {
      case 0: Double(stream.uniform(below: 40)) - 20
      case 1: stream.normal() * 1e300
      case 2: stream.normal() * 1e-300 * 1e-10
      case 3: index % 2 == 0 ? -0.0 : 0
      default: stream.normal()
      }
    }
    let ranks = averageRanks(values)
    for (value, rank) in zip(values, ranks).prefix(300) {
      let below = values.count { $0 < value }
      let equal = values.count { $0 == value }
      #expect(rank == Double(below) + Double(equal + 1) / 2)
    }
    #expect(ranks.reduce(0, +) == 5000 * 5001 / 2)
  }
}
