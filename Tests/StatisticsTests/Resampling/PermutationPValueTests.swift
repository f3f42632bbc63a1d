import Statistics
import Testing

@Suite("p from permutations")
struct PermutationPValueTests {
  @Test("(b + 1) / (N + 1): never 0, and 1 without permutations")
  func phipsonSmyth() {
    #expect(permutationPValue(extreme: 0, of: 0) == 1)
    #expect(permutationPValue(extreme: 0, of: 999) == 0.001)
    #expect(permutationPValue(extreme: 999, of: 999) == 1)
    #expect(permutationPValue(extreme: .max, of: .max) == 1)
  }

  @Test("Ties count on the side that is asked about, also those that rounding parts, and NaN never does")
  func ties() {
    let statistics = [2, 2 - 1e-13, 2 + 1e-13, 1, -2, -3, .nan]
    func extreme(_ alternative: Alternative, tolerance: Double? = nil, observed: Double = 2) -> Int {
      var count = ExtremeCount(observed: observed, alternative: alternative, tolerance: tolerance)
      count.add(contentsOf: statistics)
      #expect(count.permutations == 7)
      return count.extreme
    }
    #expect(extreme(.greater) == 3)
    #expect(extreme(.greater, tolerance: 0) == 2)
    #expect(extreme(.less) == 6)
    #expect(extreme(.twoSided) == 5)
    #expect(extreme(.twoSided, observed: -2) == 5)
    #expect(ExtremeCount(observed: .nan).pValue == nil)
  }
}
