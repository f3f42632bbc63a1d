import ActivationRecording
import MirrorAnalysis
import Testing

/// Networks in which unit u adds 2ᵘ to the first output, so that an effect says which set was ablated.
@Suite("Control sets of ablation")
struct AblationControlsTests {
  /// Rows in four phases; the first `mirror` units rise in distress.
  private static func recording(units: Int, mirror: Int) throws -> RecordingView {
    let phases = (0..<40).map { Phase.allCases[$0 % 4] }
    let hidden = phases.map { phase in (0..<units).map { $0 < mirror && phase != .neither ? Float(2 + $0) : 1 } }
    return try HandMadeRecording(
      hidden: hidden, kernel: (0..<units).map { [Float(sign: .plus, exponent: $0, significand: 1), 0] }, phases: phases
    ).open()
  }

  private static func rows(
    _ recording: RecordingView, _ selection: AblationSelection, controls: Int = 200, seed: UInt64 = 1, threads: Int = 1
  ) throws -> [AblationRow] {
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates) = ([selection], controls, 0)
    return try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: threads, seed: seed))
  }

  /// The units of each control set, read from what it does in the none phase, where every unit has activation 1.
  private static func sets(_ rows: [AblationRow]) throws -> [[Int]] {
    let row = try #require(rows.first { $0.phase == .neither && $0.outcome == "mean:0" })
    return row.controlEffects.map { effect in (0..<30).filter { Int(-effect) >> $0 & 1 == 1 } }
  }

  @Test("A layer of three units has two controls for one of them, so p is at least a third")
  func fewSets() throws {
    let rows = try Self.rows(Self.recording(units: 3, mirror: 1), .top(1))
    #expect(rows.allSatisfy { $0.units == [0] && $0.controlEffects.count == 2 && $0.reason == "only 2 other sets of that size" })
    #expect(try Self.sets(rows) == [[1], [2]])
    let strongest = try Self.rows(Self.recording(units: 3, mirror: 1), .units(layer: "dense_1", [2]))
    #expect(strongest.compactMap(\.pValue).min() == 1.0 / 3)
  }

  @Test("Of 715 sets 200 are drawn, each once, the same for any number of threads and others for another seed")
  func distinct() throws {
    let recording = try Self.recording(units: 17, mirror: 4)
    let rows = try Self.rows(recording, .top(4))
    #expect(rows.allSatisfy { $0.units == [0, 1, 2, 3] && $0.controlEffects.count == 200 && $0.reason == nil })
    let sets = try Self.sets(rows)
    #expect(Set(sets).count == 200 && sets.allSatisfy { $0.count == 4 && $0.allSatisfy { (4..<17).contains($0) } })
    #expect(try Self.rows(recording, .top(4), threads: 2).map(\.cells) == rows.map(\.cells))
    #expect(try Self.sets(Self.rows(recording, .top(4), seed: 2)) != sets)
  }

  @Test("Asked for all sets but one, all but one are drawn, the most unlike too; asked for more, all are taken")
  func nearlyAll() throws {
    let recording = try Self.recording(units: 17, mirror: 4)
    let most = try Self.sets(Self.rows(recording, .top(4), controls: 714))
    #expect(most.count == 714 && Set(most).count == 714)
    let all = try Self.rows(recording, .top(4), controls: 10_000)
    #expect(Set(try Self.sets(all)).count == 715 && all[0].reason == "only 715 other sets of that size")
  }

  @Test("A target of most units is compared with sets that share some of its units, never with itself")
  func overlapping() throws {
    let recording = try Self.recording(units: 5, mirror: 5)
    let sets = try Self.sets(Self.rows(recording, .units(layer: "dense_1", [0, 1, 2])))
    #expect(sets.count == 9 && Set(sets).count == 9 && !sets.contains([0, 1, 2]) && sets.allSatisfy { $0.count == 3 })
    let single = try Self.rows(recording, .units(layer: "dense_1", [0, 1, 2, 3]), controls: 1)
    #expect(try Self.sets(single).count == 1 && single[0].reason == "a single control has no standard deviation")
    let pair = try Self.rows(Self.recording(units: 2, mirror: 1), .top(1))
    #expect(try Self.sets(pair) == [[1]] && pair[0].reason == "only 1 other set of that size: no standard deviation")
    #expect(pair[0].controlMean != nil && pair[0].controlDeviation == nil)
  }

  /// The effects of control sets on both outputs in the none phase. The outliers drive the second output and are far from the other units in
  /// both traits; unit u of the others adds u to the first.
  private static func effects(outliers: Int, target: [Int]) throws -> (first: [Double], second: [Double]) {
    let phases = (0..<12).map { Phase.allCases[$0 % 4] }
    let recording = try HandMadeRecording(
      hidden: phases.map { _ in (0..<2400).map { $0 < outliers ? 1000 : 1 } },
      kernel: (0..<2400).map { $0 < outliers ? [0, 1e6] : [Float($0), 0] }, phases: phases
    ).open()
    let rows = try rows(recording, .units(layer: "dense_1", target), controls: 50)
    func effects(_ outcome: String) throws -> [Double] {
      try #require(rows.first { $0.phase == .neither && $0.outcome == outcome }).controlEffects
    }
    return try (effects("mean:0"), effects("mean:1"))
  }

  @Test("A unit that is far from all others draws its partner among all of them, not always the last")
  func outlyingUnit() throws {
    let effects = try Self.effects(outliers: 1, target: [0, 1])
    #expect(effects.first.count == 50 && effects.second.allSatisfy { $0 == 0 })
    #expect(effects.first.count { -$0 < 2400 } > 10)
  }

  @Test("The second of two far units draws among all that are left once the only one near them is taken")
  func secondOutlyingUnit() throws {
    let effects = try Self.effects(outliers: 3, target: [0, 1])
    // Unit 2 is in every set, beside another each time.
    #expect(effects.second.allSatisfy { $0 == -1e9 })
    #expect(Set(effects.first).count == 50 && effects.first.count { -$0 < 1200 } > 10)
  }
}
