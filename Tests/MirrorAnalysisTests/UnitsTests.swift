import ActivationRecording
import Statistics
import Testing

@testable import MirrorAnalysis

/// Against scipy, statsmodels and numpy (Fixtures/MirrorAnalysis/inference.py).
@Suite("Tests of units")
struct UnitsTests {
  @Test(
    "Effect sizes, their intervals, Welch's p and q values are scipy's and statsmodels' to 1e-9",
    arguments: InferenceOracle.recordings.dropLast())
  func closedForms(name: String) throws {
    let expected = try InferenceOracle.of(name).units
    let rows = try recordingAndMoments(name).1.unitsRows()
    #expect(rows.count == expected.count)
    for (row, unit) in zip(rows, expected) {
      guard let unit else {
        #expect(
          row.reason != nil && row.contrast == nil && row.pSelf == nil && row.qValue == nil && row.unitClass == nil
            && row.authorClass == nil)
        continue
      }
      #expect(relativeError(row.effectSelf, unit.g[0], floor: 1e-6) <= 1e-9)
      #expect(relativeError(row.effectOther, unit.g[1], floor: 1e-6) <= 1e-9)
      for (contrast, interval) in zip([row.own, row.other], unit.interval) {
        #expect(relativeError(contrast.low, interval[0], floor: 1e-6) <= 1e-9)
        #expect(relativeError(contrast.high, interval[1], floor: 1e-6) <= 1e-9)
      }
      #expect(relativeError(row.pSelf, unit.welch[0], floor: 1e-300) <= 1e-9)
      #expect(relativeError(row.pOther, unit.welch[1], floor: 1e-300) <= 1e-9)
      #expect(relativeError(row.qValue, unit.q, floor: 1e-300) <= 1e-9)
    }
  }

  @Test(
    "Permutation p's are near Welch's where rows are many and free, the same for any number of threads",
    arguments: InferenceOracle.recordings)
  func permutation(name: String) throws {
    let (recording, moments) = try recordingAndMoments(name)
    let analysis = UnitsAnalysis(permutations: 2000, exchange: .free)
    let rows = try analysis.rows(of: recording, in: AnalysisContext(threads: 1))
    for (row, welch) in zip(rows, try moments.unitsRows()) {
      #expect(row.contrast == welch.contrast && row.effectSelf == welch.effectSelf && row.authorClass == welch.authorClass)
      for (ours, theirs) in [(row.pSelf, welch.pSelf), (row.pOther, welch.pOther)] {
        guard let ours, let theirs else { continue }
        #expect(abs(ours - theirs) <= 5 * (theirs * (1 - theirs) / 2000).squareRoot() + 0.02)
      }
    }
    #expect(try analysis.rows(of: recording, in: AnalysisContext(threads: 2)).map(\.cells) == rows.map(\.cells))
  }
}

@Suite("Groups of layers")
struct LayerGroupsTests {
  @Test("Layers of one type are together while they have room, and a larger one is alone")
  func groups() {
    func groups(_ layers: [(Double, Bool)], _ bytes: Double, units: Int = 100) -> [Range<Int>] {
      LayerGroups(bytes: bytes, units: units).groups(
        layers.map { LayerGroups.Layer(unitCount: 2, bytes: $0.0, storesDoubles: $0.1) })
    }
    #expect(groups([], 10) == [])
    #expect(groups([(1, false), (2, false), (3, false)], 10) == [0..<3])
    #expect(groups([(1, false), (20, false), (3, false), (7, false), (1, false)], 10) == [0..<1, 1..<2, 2..<4, 4..<5])
    #expect(groups([(1, false), (1, true), (1, true), (1, false)], 10) == [0..<1, 1..<3, 3..<4])
    #expect(groups([(1, false), (1, false)], 0) == [0..<1, 1..<2])
    #expect(groups([(1, false), (1, false), (1, false)], 10, units: 5) == [0..<2, 2..<3])
  }

  @Test(
    "Units have the same p's, to the last digit, whichever layers are permuted together", arguments: InferenceOracle.recordings,
    [false, true])
  func units(name: String, stopsEarly: Bool) throws {
    let (recording, moments) = try recordingAndMoments(name)
    let tables = try [0, 1000].map { (units: Int) in
      let permuted = try UnitPermutations(
        of: recording, layers: recording.layers, moments: moments, permutations: 300, choice: nil, stopsEarly: stopsEarly,
        together: LayerGroups(units: units), context: AnalysisContext(threads: 2, seed: 4))
      return try moments.unitsRows(criteria: UnitCriteria(), permuted: permuted.permuted).map(\.cells)
    }
    #expect(tables[0] == tables[1] && !tables[0].isEmpty)
  }
}

@Suite("Classes of units")
struct UnitClassTests {
  @Test("The paper's Table 4 gives the author's mirror and differentiating units")
  func table4() {
    // none, self, other of layer 1.
    let means: [[Double]] = [
      [0.04241, 0.04540, 0.03790], [0.04103, 0.04391, 0.03649], [0.02176, 0.01813, 0.01120], [0.00471, 0.04827, 0.03987],
      [0.04203, 0.04507, 0.03736], [0.04147, 0.04441, 0.03698], [0.04151, 0.04446, 0.03696], [0.00270, 0.05432, 0.03930],
      [0.02266, 0.02641, 0.01465], [0.02035, 0.01283, 0.07424], [0.04099, 0.04384, 0.03644], [0.03000, 0.03451, 0.09562],
      [0.02022, 0.06299, 0.03550], [0.01653, 0.05898, 0.03298], [0.04242, 0.04546, 0.03784], [0.02233, 0.01585, 0.01294],
      [0.04096, 0.04375, 0.03639],
    ]
    let classes = unitClasses(means.map { PhaseContrast(deltaSelf: $0[1] - $0[0], deltaOther: $0[2] - $0[0]) })
    #expect(classes.indices.filter { classes[$0] == .mirror } == [3, 7, 12, 13])
    #expect(classes.indices.filter { classes[$0] == .differentiating } == [9, 11])
  }

  @Test("A layer in which nothing moves has low-sensitivity units only")
  func nothingMoves() {
    #expect(unitClasses([PhaseContrast(deltaSelf: 0, deltaOther: 0)]) == [.lowSensitivity])
    #expect(PhaseContrast(deltaSelf: 0, deltaOther: 0).selectivity == nil)
  }
}

/// 2,000 units with known effects, tested by permutation and by Welch's t.
@Suite("Calibration of the tests of units")
struct CalibrationTests {
  /// Moments of units with standard normal activations, shifted in self and other by the given effects.
  private func moments(units: Int, rows: Int, own: Float, other: Float, seed: UInt64) throws -> LayerMoments {
    let phases = try [Float(0), own, other, 0].enumerated().map { phase, shift in
      var stream = RandomStream(seed: seed, purpose: "calibration", index: UInt64(phase))
      var moments = UnitMoments(unitCount: units)
      let values = (0..<rows * units).map { _ in Float(stream.normal()) + shift }
      try values.withUnsafeBufferPointer { block throws(NonFiniteValue) in
        try moments.add(block, indices: (0..<rows).map { Int32($0) })
      }
      return moments
    }
    return LayerMoments(name: "layer", isOutput: false, unitCount: units, phases: phases)
  }

  private func rows(_ layer: LayerMoments, count: Int) throws -> [UnitsRow] {
    let phases = Phase.allCases.flatMap { Array(repeating: $0, count: count) }
    return try RecordingMoments(name: "calibration", rows: PhaseRows(phases: phases), layers: [layer]).unitsRows()
  }

  private func conjunction(_ row: UnitsRow) -> Double { max(row.pSelf ?? 1, row.pOther ?? 1) }

  @Test("Without an effect the conjunction at 0.05 rejects at most 5 % of 2,000 units, and q at 0.05 none")
  func noEffect() throws {
    let rows = try rows(moments(units: 2000, rows: 100, own: 0, other: 0, seed: 1), count: 100)
    #expect(rows.count { conjunction($0) <= 0.05 } <= 120)
    #expect(rows.count { ($0.qValue ?? 1) <= 0.05 } <= 2)
    // Each one-sided test alone keeps its level: 5 % ± 1 %.
    #expect(abs(Double(rows.count { ($0.pSelf ?? 1) <= 0.05 }) / 2000 - 0.05) <= 0.01)
  }

  @Test("Units that rise for self alone, the least favourable case, are rejected in at most 5 % (+ 1 %) and not called mirror")
  func selfOnly() throws {
    let rows = try rows(moments(units: 2000, rows: 500, own: 1, other: 0, seed: 2), count: 500)
    let rejected = Double(rows.count { conjunction($0) <= 0.05 }) / 2000
    #expect(rejected <= 0.06 && rejected >= 0.03)
    #expect(rows.count { $0.unitClass == .mirror } == 0)
    #expect(rows.count { $0.unitClass == .differentiating } >= 1900)
  }

  @Test("Planted mirror units of g = 0.5 with 1,000 rows a phase are found at q 0.05 with a power above 0.95")
  func power() throws {
    let rows = try rows(moments(units: 200, rows: 1000, own: 0.5, other: 0.5, seed: 3), count: 1000)
    #expect(Double(rows.count { ($0.qValue ?? 1) <= 0.05 }) / 200 > 0.95)
    #expect(rows.allSatisfy { $0.unitClass == .mirror && $0.authorClass != nil })
  }
}
