import ActivationRecording
import MirrorAnalysis
import Testing

private struct Case: Decodable {
  let layer, mode: String
  let units: [Int]
  let baseline, ablated: [String: [String: Double]]
  /// Ends and standard deviation of the bootstrap's effects.
  let interval: [String: [String: [Double]]]?
}

/// Against numpy in float64 (Fixtures/MirrorAnalysis/ablate.py).
@Suite("Ablation")
struct AblationTests {
  private static func recording(_ name: String) throws -> RecordingView {
    try RecordingView(path: Fixture.path("MirrorAnalysis/\(name)"))
  }

  private static func rows(
    _ recording: RecordingView, _ plan: AblationPlan, threads: Int = 1, seed: UInt64 = 1
  ) throws -> [AblationRow] {
    try AblationAnalysis(plan).rows(of: recording, in: AnalysisContext(threads: threads, seed: seed))
  }

  private static func plan(_ selections: [AblationSelection], controls: Int = 0, replicates: Int = 0) -> AblationPlan {
    var plan = AblationPlan()
    (plan.selections, plan.controls, plan.replicates) = (selections, controls, replicates)
    return plan
  }

  @Test(
    "Outcomes of the intact and the ablated network are numpy's to 1e-9, whatever the recording's precision",
    arguments: ["planted.h5", "deep.h5", "chain.h5", "chain_doubles.h5", "chain_halves.h5", "../Golden/recording_2x17_epoch10.h5"])
  func outcomes(name: String) throws {
    let cases = try #require(try Fixture.json([String: [Case]].self, "MirrorAnalysis/ablate.json")[name])
    for expected in cases {
      var plan = Self.plan([.units(layer: expected.layer, expected.units)])
      plan.mode = expected.mode == "zero" ? .zero : .mean(nil)
      plan.sameRows = name.contains("Golden")
      let rows = try Self.rows(Self.recording(name), plan)
      #expect(rows.count == 5 * 13)
      for row in rows {
        guard let baseline = expected.baseline[row.phase?.name ?? "all"]?[row.outcome],
          let ablated = expected.ablated[row.phase?.name ?? "all"]?[row.outcome]
        else {
          #expect(row.baseline == nil && row.ablated == nil && row.effect == nil && row.rowCount == 0)
          #expect(row.reason?.hasPrefix("no evaluate rows") == true)
          continue
        }
        #expect(relativeError(row.baseline, baseline, floor: 1e-3) <= 1e-9, "\(row.outcome)")
        #expect(relativeError(row.ablated, ablated, floor: 1e-3) <= 1e-9, "\(row.outcome)")
        #expect(row.areSameRows == plan.sameRows && row.reason == nil)
      }
    }
  }

  @Test(
    "Intervals of paired effects are those of numpy's bootstrap, of strata drawn whole (deep.h5) and of rows, within Monte-Carlo error",
    arguments: ["deep.h5", "chain.h5"])
  func intervals(name: String) throws {
    let expected = try #require(try Fixture.json([String: [Case]].self, "MirrorAnalysis/ablate.json")[name]?.first)
    let plan = Self.plan([.units(layer: expected.layer, expected.units)], replicates: 2000)
    for row in try Self.rows(Self.recording(name), plan, threads: 2) {
      let interval = try #require(expected.interval?[row.phase?.name ?? "all"]?[row.outcome])
      // A 2.5 % quantile has a standard error of about 0.06 of the spread; a share moves in steps of a row.
      let tolerance = 0.4 * interval[2] + (row.outcome.hasPrefix("mean:") ? 0 : 1 / Double(row.rowCount))
      #expect(abs(try #require(row.interval).lower - interval[0]) <= tolerance, "\(row.phase?.name ?? "all") \(row.outcome)")
      #expect(abs(try #require(row.interval).upper - interval[1]) <= tolerance, "\(row.phase?.name ?? "all") \(row.outcome)")
    }
  }

  @Test("Ablating the top two by score, which alone drive help, destroys it; no two other units have such weights, so there is no p")
  func plantedCircuit() throws {
    let rows = try Self.rows(Self.recording("planted.h5"), Self.plan([.top(2)], controls: 200, replicates: 200), threads: 2)
    #expect(rows.allSatisfy { $0.layer == "dense_1" && $0.units == [2, 5] })
    let help = try #require(rows.first { $0.phase == nil && $0.outcome == "accuracy:help" })
    #expect(try #require(help.baseline) == 1)
    #expect(try #require(help.ablated) == 0)
    #expect(help.controlEffects.count > 19 && help.pValue == nil && help.differences.count == 2)
    #expect(try #require(help.differences.last) > 0.25)
    #expect(help.reason?.hasPrefix("matching failed: ") == true && help.reason?.contains("outgoing norm by ") == true)
    #expect(try #require(help.interval).upper == -1)
  }

  @Test("The decoy has the largest contrast and is a mirror unit, and ablating it does nothing")
  func decoy() throws {
    let recording = try Self.recording("planted.h5")
    let top = try Self.rows(recording, Self.plan([.top(3)]))
    #expect(top[0].units == [2, 5, 7])
    let moments = try RecordingMoments(of: recording, threads: 1)
    let contrasts = try #require(moments.layers[0].contrasts)
    #expect(contrasts.indices.max { contrasts[$0].magnitude < contrasts[$1].magnitude } == 7)
    let classes = unitClasses(contrasts)
    #expect([2, 5, 7].allSatisfy { classes[$0] == .mirror })
    let rows = try Self.rows(recording, Self.plan([.units(layer: "dense_1", [7])], controls: 50))
    #expect(rows.allSatisfy { $0.effect == 0 || $0.effect == nil })
    #expect(rows.allSatisfy { $0.pValue == nil && ($0.baseline == nil || $0.reason?.contains("a p needs 19") == true) })
  }

  @Test("Each, a dose and a class make their targets")
  func targets() throws {
    let recording = try Self.recording("deep.h5")
    let each = try Self.rows(recording, Self.plan([.each]))
    #expect(each.count == (6 + 5) * 65)
    let dose = try Self.rows(Self.recording("planted.h5"), Self.plan([.dose(3)]))
    #expect(stride(from: 0, to: dose.count, by: 65).map { dose[$0].units.count } == [1, 2, 3])
    for choice in [UnitClassChoice.evidence(.mirror), .author(.mirror)] {
      let mirror = try Self.rows(Self.recording("planted.h5"), Self.plan([.unitClass(choice)]))
      #expect(mirror[0].units == [2, 5, 7], "\(choice.name)")
    }
    #expect(throws: RecordingError.self) {
      try Self.rows(Self.recording("planted.h5"), Self.plan([.unitClass(.evidence(.opposite))]))
    }
  }

  @Test(
    "Every mode gives the same digits for one thread and two, and random ones change with the seed",
    arguments: [
      AblationMode.zero, .mean(nil), .mean(.own), .resample, .noise,
    ])
  func reproducible(mode: AblationMode) throws {
    let recording = try Self.recording("deep.h5")
    func rows(threads: Int, seed: UInt64) throws -> [[String]] {
      var plan = Self.plan([.top(2)], controls: 40, replicates: 50)
      plan.mode = mode
      return try Self.rows(recording, plan, threads: threads, seed: seed).map { row in row.cells.map { "\($0)" } }
    }
    let one = try rows(threads: 1, seed: 1)
    #expect(try rows(threads: 2, seed: 1) == one)
    #expect(try rows(threads: 2, seed: 2) != one)
  }

  @Test("A layer that leaves no other set has no controls, and says why")
  func noControls() throws {
    let plan = Self.plan([.units(layer: "dense_2", Array(0..<5))], controls: 3)
    for row in try Self.rows(Self.recording("deep.h5"), plan) {
      #expect(row.controlEffects.isEmpty && row.controlMean == nil && row.pValue == nil)
      #expect(row.reason == "5 units of a layer of 5 have no reference set; a p needs 19")
    }
    let single = Self.plan([.units(layer: "dense_2", [0])], controls: 1)
    let row = try #require(try Self.rows(Self.recording("deep.h5"), single).first)
    #expect(
      row.controlMean != nil && row.controlDeviation == nil
        && row.reason == "1 reference set was asked for; a p needs 19 and a standard deviation 2")
  }

  @Test("Four of seventeen units that are alike but for what they lead to: p is at its floor where they alone do it, and not elsewhere")
  func floor() throws {
    let phases = (0..<40).map { Phase.allCases[$0 % 4] }
    let recording = try HandMadeRecording(
      hidden: phases.map { _ in Array(repeating: 1, count: 17) }, kernel: (0..<17).map { $0 < 4 ? [1, 0] : [0, 1] }, phases: phases
    ).open()
    let rows = try Self.rows(recording, Self.plan([.units(layer: "dense_1", [0, 1, 2, 3])], controls: 5000))
    let row = try #require(rows.first { $0.phase == nil && $0.outcome == "mean:0" })
    #expect(row.effect == -4 && row.controlEffects.count == 2379 && row.pValue == 1.0 / 2380 && row.reason == "only 2379 reference sets")
    let other = try #require(rows.first { $0.phase == nil && $0.outcome == "mean:1" })
    #expect(other.effect == 0 && other.pValue == 1)
    #expect(row.differences == [0, 0])
  }

  @Test("The primary outcome is the accuracy on the rarest label that the network chooses on the select rows, or as asked for")
  func primary() throws {
    func primaries(_ recording: RecordingView, _ outcome: String? = nil) throws -> [AblationRow] {
      var plan = Self.plan([.each])
      plan.outcome = outcome
      return try Self.rows(recording, plan).filter(\.isPrimary)
    }
    // Unit 0 drives a, unit 1 b, unit 2 c, and c is never chosen; labels b and c are rarer than a, and d is no output.
    let phases = (0..<80).map { Phase.allCases[$0 % 4] }
    let labels: [UInt8] = (0..<80).map { $0 % 10 == 0 ? 2 : $0 % 10 < 4 ? 1 : $0 % 10 == 9 ? 3 : 0 }
    func recording(labelled: Bool) throws -> RecordingView {
      try HandMadeRecording(
        hidden: (0..<80).map { $0 % 10 < 3 ? [1, 2, 0] : [2, 1, 0] }, kernel: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        actions: ["a", "b", "c", "d"], phases: phases, labels: labelled ? labels : nil
      ).open()
    }
    let rows = try primaries(recording(labelled: true))
    #expect(rows.map(\.outcome) == Array(repeating: "accuracy:b", count: 3) && rows.allSatisfy { $0.phase == nil && $0.qValue == nil })
    // Without labels actions have no names.
    #expect(try Set(primaries(recording(labelled: false)).map(\.outcome)) == ["chosen:1"])
    #expect(try Set(primaries(recording(labelled: true), "mean:c").map(\.outcome)) == ["mean:c"])
    let error = #expect(throws: RecordingError.self) { try primaries(recording(labelled: true), "accuracy:d") }
    #expect(error?.description.contains(" has no outcome 'accuracy:d'; it has mean:a, mean:b, mean:c, chosen:a, ") == true)
  }

  @Test("q is Benjamini and Hochberg's over all rows of the recording that have a p, but for the primary ones")
  func qValues() throws {
    let rows = try Self.rows(
      Self.recording("references.h5"),
      Self.plan(
        [.units(layer: "dense_1", [6, 8, 10, 13]), .units(layer: "dense_1", [1, 2, 5, 7, 10]), .units(layer: "dense_1", [5])], controls: 99)
    )
    let tested = rows.filter { !$0.isPrimary && $0.pValue != nil }
    #expect(tested.count > 60 && rows.filter(\.isPrimary).map(\.units.count) == [4, 5, 1])
    for row in rows {
      guard let p = row.pValue, !row.isPrimary else {
        #expect(row.qValue == nil)
        continue
      }
      // q by its definition: the least share of false discoveries at any threshold that lets p through.
      let least = tested.compactMap(\.pValue).filter { $0 >= p }.map { threshold in
        threshold * Double(tested.count) / Double(tested.count { ($0.pValue ?? 2) <= threshold })
      }.min()
      #expect(try abs(#require(row.qValue) - min(1, #require(least))) <= 1e-12)
    }
  }

  @Test(
    "Random modes average over draws: the standard error is that of the draws' spread, and shrinks as their root",
    arguments: [AblationMode.resample, .noise])
  func draws(mode: AblationMode) throws {
    let recording = try Self.recording("references.h5")
    func row(draws: Int, seed: UInt64) throws -> AblationRow {
      var plan = Self.plan([.units(layer: "dense_1", [0, 3, 7])], replicates: 0)
      (plan.mode, plan.draws) = (mode, draws)
      return try #require(try Self.rows(recording, plan, seed: seed).first { $0.phase == nil && $0.outcome == "mean:c" })
    }
    let single = try (1...60).map { try row(draws: 1, seed: UInt64($0)) }
    #expect(single.allSatisfy { $0.drawError == nil && $0.draws == 1 && $0.reason == "a single draw has no standard error" })
    let values = single.compactMap(\.ablated)
    let mean = values.reduce(0, +) / 60
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 59).squareRoot()
    let many = try row(draws: 200, seed: 99)
    // Standard errors of a standard deviation of 60 and of 200: 9 and 5 %.
    #expect(try abs(#require(many.drawError) / (deviation / 200.0.squareRoot()) - 1) < 0.4)
    #expect(try abs(#require(many.ablated) - mean) < 4 * deviation * (1.0 / 60 + 1.0 / 200).squareRoot())
    #expect(many.draws == 200 && many.reason == nil)
    #expect(try Self.rows(recording, Self.plan([.units(layer: "dense_1", [0])])).allSatisfy { $0.draws == nil && $0.drawError == nil })
  }

  @Test("What stands in for a unit has the mean of its source", arguments: [AblationMode.mean(.neither), .resample])
  func replacement(mode: AblationMode) throws {
    // Unit 2 drives help with weight 1: help falls by what the unit's mean falls by, from about 1 in distress to its mean without.
    var plan = Self.plan([.units(layer: "dense_1", [2])])
    plan.mode = mode
    let recording = try Self.recording("planted.h5")
    let rows = try Self.rows(recording, plan)
    for (phase, mean) in [(Phase.neither, 0.0), (.own, -0.98), (.other, -0.98), (.both, -0.98)] {
      let help = try #require(rows.first { $0.phase == phase && $0.outcome == "mean:help" })
      #expect(abs(try #require(help.effect) - mean) <= 0.01)
    }
  }

  @Test("A recording without kernels is refused by the name of the part")
  func missingKernel() throws {
    let error = #expect(throws: RecordingError.self) {
      try Self.rows(Self.recording("small.h5"), Self.plan([.top(2)]))
    }
    #expect(error?.description.contains("has no /layers/dense_2/kernel") == true)
  }

  @Test("A layer or unit that is not there is named")
  func unknownTarget() throws {
    for (layer, units, fault) in [
      ("dense_9", [0], "has no hidden layer 'dense_9' to ablate; it has dense_1, dense_2."),
      ("dense_1", [6], "layer dense_1 has units 0 to 5, not 6."),
    ] {
      let error = #expect(throws: RecordingError.self) {
        try Self.rows(Self.recording("deep.h5"), Self.plan([.units(layer: layer, units)]))
      }
      #expect(error?.description.hasSuffix(fault) == true)
    }
  }

  @Test("More outputs than bytes can number are refused; as many are not")
  func manyOutputs() throws {
    func rows(outputs: Int) throws -> [AblationRow] {
      let phases = (0..<16).map { Phase.allCases[$0 % 4] }
      let recording = try HandMadeRecording(
        hidden: phases.map { _ in [1, 2] }, kernel: (0..<2).map { unit in (0..<outputs).map { Float($0 * unit) } }, phases: phases
      ).open()
      return try Self.rows(recording, Self.plan([.units(layer: "dense_1", [1])]))
    }
    #expect(try !rows(outputs: 256).isEmpty)
    let error = #expect(throws: RecordingError.self) { try rows(outputs: 257) }
    #expect(
      error?.description.hasSuffix(
        "layer dense_2 has 257 outputs, but /label and /prediction number at most 256 actions. Record a network with fewer.") == true)
  }

  @Test("Too few rows to halve are said to be so, without naming a /split that is not there")
  func tooFewRowsToHalve() throws {
    let recording = try HandMadeRecording(hidden: [[1]], kernel: [[1, 0]], phases: [.neither]).open()
    let error = #expect(throws: RecordingError.self) { try EvaluationRows(of: recording, sameRows: false, seed: 1) }
    let description = try #require(error?.description)
    #expect(!description.contains("/split") && description.contains("1 row leaves none to "), "\(description)")
  }
}
