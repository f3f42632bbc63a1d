import Statistics
import Testing

@Suite("Multiple comparisons")
struct MultipleComparisonsTests {
  @Test("q-values and Holm's p agree with statsmodels, ties included")
  func statsmodels() throws {
    for family in try fixture("two_samples", as: TwoSamples.self).families {
      for (value, expected) in zip(benjaminiHochberg(family.p), family.bh) { #expect(agrees(value, expected, relative: 1e-12)) }
      for (value, expected) in zip(holm(family.p), family.holm) { #expect(agrees(value, expected, relative: 1e-12)) }
    }
  }

  @Test("Units that were not tested stay without a value and don't count")
  func untested() {
    let some: [Double?] = [0.01, nil, 0.04, .nan, 0.03]
    #expect(benjaminiHochberg(some) == [0.03, nil, 0.04, nil, 0.04])
    #expect(holm(some) == [0.03, nil, 0.06, nil, 0.06])
    #expect(benjaminiHochberg([]) == [])
    #expect(holm([nil]) == [nil])
  }

  @Test("A conjunction is as weak as its weaker half")
  func conjunction() {
    #expect(conjunctionP(0.01, 0.2) == 0.2)
    #expect(conjunctionP(0.01, nil) == nil)
    #expect(conjunctionP(.nan, 0.2) == nil)
  }
}
