import Statistics
import Testing

@Suite("Accumulators that cannot be merged")
struct MergingTests {
  @Test("Moments of other units are refused, and leave what was there")
  func moments() throws {
    var moments = UnitMoments(unitCount: 2)
    try [Float(1), 2, 3, 4].withUnsafeBufferPointer { try moments.add($0, indices: [0, 1]) }
    let before = moments
    #expect(throws: StatisticsError.shape(what: "units of the moments to be merged", expected: 2, found: 3)) {
      try moments.merge(UnitMoments(unitCount: 3))
    }
    #expect(moments == before)
  }

  @Test("So are co-moments of other units, and those within a set with those between two")
  func coMoments() throws {
    func empty(_ units: Int) throws -> CoMoments { try CorrelationAccumulator(units: units, precision: .double).finish(threads: 1) }
    var within = try empty(2)
    #expect(throws: StatisticsError.shape(what: "left units of the co-moments to be merged", expected: 2, found: 3)) {
      try within.merge(empty(3))
    }
    let between = try CorrelationAccumulator(leftUnits: 2, rightUnits: 2, precision: .double).finish(threads: 1)
    #expect(throws: StatisticsError.shape(what: "sets of units of the co-moments to be merged", expected: 1, found: 2)) {
      try within.merge(between)
    }
  }

  @Test("So are histograms of other units, groups, bins and edges, and rows without a group each")
  func histograms() throws {
    var histograms = GroupedHistograms(ranges: [0...1, 0...2], groups: 2, bins: 4)
    for (other, what, found) in [
      (GroupedHistograms(ranges: [0...1], groups: 2, bins: 4), "units", 1),
      (GroupedHistograms(ranges: [0...1, 0...2], groups: 3, bins: 4), "groups", 3),
      (GroupedHistograms(ranges: [0...1, 0...2], groups: 2, bins: 5), "bins", 5),
    ] {
      let expected = what == "bins" ? 4 : 2
      #expect(throws: StatisticsError.shape(what: "\(what) of the histograms to be merged", expected: expected, found: found)) {
        try histograms.merge(other)
      }
    }
    let error = StatisticsError.otherBins(unit: 1)
    #expect(throws: error) { try histograms.merge(GroupedHistograms(ranges: [0...1, 0...3], groups: 2, bins: 4)) }
    #expect(error.description == "the histograms of unit 1 have bins with other edges, so their counts can't be added.")
    #expect(throws: StatisticsError.shape(what: "values of the rows that have a group", expected: 2, found: 3)) {
      try [Float(1), 2, 3].withUnsafeBufferPointer { try histograms.add($0, groupOfRow: [0]) }
    }
  }

  @Test("Products of rows need rows that there are, and as many in every set")
  func grams() throws {
    func gram(_ values: [Double]) throws -> CentredGram {
      try values.withUnsafeBufferPointer { try CentredGram($0, units: 2, groups: nil, precision: .double, threads: 1) }
    }
    let (two, one) = (try gram([1, 2, 3, 4]), try gram([1, 2]))
    let error = StatisticsError.noSuchRow(2, rows: 2)
    #expect(throws: error) { try AlignmentSums([two, two], rows: [0, 2], isWithin: true, threads: 1) }
    #expect(error.description == "row 2 is asked for, and there are 2.")
    #expect(throws: StatisticsError.shape(what: "rows of the sets of units", expected: 2, found: 1)) {
      try AlignmentSums([two, one], rows: [0], isWithin: true, threads: 1)
    }
  }
}
