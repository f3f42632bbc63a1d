import ActivationRecording
import Crypto
import Foundation
import MirrorAnalysis
import Statistics
import Tabular
import Testing

/// A hand-made network whose ablations are run twice: by `ablate`, and arm by arm as a plan says, by arithmetic of the test's own.
private final class PlannedNetwork {
  private let path = FileManager.default.temporaryDirectory.appending(path: "planned-\(UUID().uuidString).h5").path
  let recording: RecordingView
  let hidden: [[Float]]
  let kernel: [[Float]]
  let labels: [UInt8]

  /// 17 relu units of correlated activations with effects of the phase, and three outputs.
  init(seed: UInt64, rows: Int = 240, strata: Bool = false, pairs: Bool = false, effect: Double = 0.6) throws {
    var stream = RandomStream(seed: seed, purpose: "planned network")
    let phases = (0..<rows).map { Phase.allCases[$0 % 4] }
    let shifts = (0..<4).map { _ in (0..<17).map { _ in effect * stream.normal() } }
    hidden = (0..<rows).map { row in
      let common = stream.normal()
      return (0..<17).map { Float(max(0, 1 + 0.3 * common + shifts[row % 4][$0] + stream.normal())) }
    }
    kernel = (0..<17).map { _ in (0..<3).map { _ in Float(stream.normal()) } }
    labels = (0..<rows).map { _ in UInt8(stream.uniform(below: 3)) }
    try HandMadeRecording(
      hidden: hidden, kernel: kernel, actions: ["a", "b", "c"], phases: phases, labels: labels,
      strata: strata ? (0..<rows).map { Int32($0 / 12) } : nil, pairs: pairs ? (0..<rows).map { Int32($0 / 4) } : nil
    ).write(to: path)
    recording = try RecordingView(path: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private struct Arm: Decodable {
    let id: String
    let layer: String?
    let units: [Int]?
    let values: [Double]?
    let direction: [Double]?
    let draw: Int?
  }

  private struct Arms: Decodable {
    struct Example: Decodable {
      let example: String
      let rows: [Int]
    }
    let examples: [Example]
    let donors: [[Int]]?
    let arms: [Arm]
  }

  /// Outcomes of every arm: mean outputs, chosen outputs, hits of all rows, and of the rows of each label.
  func outcomes(ofPlan text: String) throws -> TextTable {
    let plan = try JSONDecoder().decode(Arms.self, from: Data(text.utf8))
    var rows: [[String]] = []
    for arm in plan.arms {
      for (index, example) in plan.examples.enumerated() {
        let row = example.rows[0]
        var values = hidden[row].map { Double($0) }
        for (place, unit) in (arm.units ?? []).enumerated() {
          if let draw = arm.draw, let donors = plan.donors {
            values[unit] = Double(hidden[donors[draw - 1][index]][unit])
          } else {
            values[unit] = arm.values?[place] ?? 0
          }
        }
        if let direction = arm.direction {
          let length = zip(values, direction).reduce(0) { $0 + $1.0 * $1.1 }
          values = zip(values, direction).map { $0 - length * $1 }
        }
        let outputs = (0..<3).map { output in zip(values, kernel).reduce(0.0) { $0 + $1.0 * Double($1.1[output]) } }
        let choice = outputs.indices.max { outputs[$0] < outputs[$1] } ?? 0
        let label = Int(labels[row])
        var outcomes = [("accuracy", choice == label ? 1.0 : 0), ("accuracy:\(["a", "b", "c"][label])", choice == label ? 1 : 0)]
        for (action, name) in ["a", "b", "c"].enumerated() {
          outcomes += [("mean:\(name)", outputs[action]), ("chosen:\(name)", choice == action ? 1 : 0)]
        }
        rows += outcomes.map { [arm.id, example.example, $0.0, "\($0.1)"] }
      }
    }
    return TextTable(name: "outcomes.csv", columns: ["arm", "example", "outcome", "value"], rows: rows)
  }

  /// The text of a plan, and the plan as it is read.
  func plan(_ options: AblationPlan, seed: UInt64 = 1) throws -> (text: String, plan: InterventionPlan, targets: [PlannedTargetRow]) {
    let path = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString).json").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let text = PlanSink()
    let targets = try PlanAnalysis(options).write(of: recording, in: AnalysisContext(threads: 2, seed: seed)) { text.text += $0 }
    try text.text.write(toFile: path, atomically: true, encoding: .utf8)
    return (text.text, try InterventionPlan(path: path), targets)
  }
}

private final class PlanSink {
  var text = ""
}

@Suite("Plan and judge")
struct PlanTests {
  private static func options(_ mode: AblationMode, _ selections: [AblationSelection] = [.top(4), .units(layer: "dense_1", [3, 9])])
    -> AblationPlan
  {
    var options = AblationPlan()
    (options.mode, options.selections, options.controls, options.replicates, options.draws) = (mode, selections, 60, 200, 3)
    options.outcome = "mean:a"
    return options
  }

  @Test(
    "What judge makes of arms that are run elsewhere is what ablate makes of the recording: effects, references, p, q and intervals",
    arguments: [AblationMode.zero, .mean(nil), .mean(.own), .resample, .direction], [false, true])
  func sameAsAblate(mode: AblationMode, strata: Bool) throws {
    let network = try PlannedNetwork(seed: 7, strata: strata)
    let options = Self.options(mode)
    let expected = try AblationAnalysis(options).rows(of: network.recording, in: AnalysisContext(threads: 2, seed: 1))
    let (text, plan, _) = try network.plan(options)
    let judgement = try PlanJudgement(of: plan, outcomes: network.outcomes(ofPlan: text), replicates: 200, threads: 2)
    let judged = try judgement.rows().map(\.row)
    func key(_ row: AblationRow) -> String {
      "\(row.units) \(row.direction?.rawValue ?? "") \(row.phase?.name ?? "all") \(row.outcome)"
    }
    let byKey = Dictionary(uniqueKeysWithValues: judged.map { (key($0), $0) })
    #expect(judged.count == expected.count && expected.contains { $0.pValue != nil })
    // Directions are written as floats.
    let tolerance = mode == .direction ? 1e-6 : 1e-9
    func equal(_ first: Double?, _ second: Double?, _ tolerance: Double) -> Bool {
      guard let first, let second else { return first == nil && second == nil }
      return abs(first - second) <= tolerance * max(1, abs(second))
    }
    for row in expected {
      let other = try #require(byKey[key(row)])
      #expect(equal(other.baseline, row.baseline, tolerance) && equal(other.ablated, row.ablated, tolerance), "\(key(row))")
      #expect(equal(other.controlMean, row.controlMean, tolerance) && equal(other.controlDeviation, row.controlDeviation, tolerance))
      #expect(other.pValue == row.pValue && equal(other.qValue, row.qValue, 1e-12), "\(key(row))")
      #expect(other.rowCount == row.rowCount && other.isPrimary == row.isPrimary && other.mode == row.mode)
      #expect(other.draws == row.draws && equal(other.drawError, row.drawError, tolerance))
      #expect(equal(other.differences.first, row.differences.first, 1e-9) && other.differences.count == row.differences.count)
      // Outcomes of all rows are resampled by the same draws.
      if row.outcome.hasPrefix("mean") || row.outcome.hasPrefix("chosen") {
        #expect(equal(other.interval?.lower, row.interval?.lower, tolerance), "\(key(row))")
        #expect(equal(other.interval?.upper, row.interval?.upper, tolerance), "\(key(row))")
      }
    }
  }

  @Test("A plan is the same bytes for any number of threads, another with another seed, and says what it will need")
  func reproducible() throws {
    let network = try PlannedNetwork(seed: 3)
    func text(_ threads: Int, _ seed: UInt64, _ mode: AblationMode) throws -> String {
      let sink = PlanSink()
      _ = try PlanAnalysis(Self.options(mode)).write(of: network.recording, in: AnalysisContext(threads: threads, seed: seed)) {
        sink.text += $0
      }
      return sink.text
    }
    for mode in [AblationMode.resample, .direction] {
      #expect(try text(1, 1, mode) == text(2, 1, mode))
      #expect(try text(1, 1, mode) != text(1, 2, mode))
    }
    let (_, plan, targets) = try network.plan(Self.options(.resample))
    #expect(plan.arms.count == targets.reduce(1) { $0 + $1.arms } && targets.map(\.target.references).allSatisfy { $0 > 19 })
    #expect(Set(plan.examples.flatMap(\.rows)).isDisjoint(with: try EvaluationRows(of: network.recording, sameRows: false, seed: 1).select))
  }

  @Test("Directions are unit vectors of the select rows' contrasts; references have length 1 and their own labels")
  func directions() throws {
    let network = try PlannedNetwork(seed: 11, rows: 2000, effect: 2)
    let (text, plan, _) = try network.plan(Self.options(.direction))
    struct Arms: Decodable {
      struct Arm: Decodable {
        let id: String
        let direction: [Double]?
      }
      let arms: [Arm]
    }
    let arms = try JSONDecoder().decode(Arms.self, from: Data(text.utf8)).arms.filter { $0.direction != nil }
    #expect(arms.count == 3 * 61 && plan.targets.allSatisfy { $0.exchange == "free" })
    let select = try EvaluationRows(of: network.recording, sameRows: false, seed: 1).select
    func mean(_ phase: Int) -> [Double] {
      let rows = select.filter { $0 % 4 == phase }
      return (0..<17).map { unit in rows.reduce(0) { $0 + Double(network.hidden[$1][unit]) } / Double(rows.count) }
    }
    func unit(_ vector: [Double]) -> [Double] {
      let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return vector.map { $0 / length }
    }
    let contrasts = [1, 2].map { phase in zip(mean(phase), mean(0)).map { $0 - $1 } }
    let expected = [contrasts[0], contrasts[1], zip(unit(contrasts[0]), unit(contrasts[1])).map { $0 + $1 }].map(unit)
    for (target, expected) in zip([0, 61, 122], expected) {
      #expect(zip(try #require(arms[target].direction), expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }
    #expect(arms.compactMap(\.direction).allSatisfy { abs($0.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6 })
    #expect(Set(arms.compactMap(\.direction)).count == arms.count)
  }

  /// Recordings in which phases do nothing.
  enum NullDesign: String, CaseIterable {
    case free, few, within, wholeEpisodes, items
  }

  @Test(
    "Where phases do nothing, directions found in them have p ≤ .05 no more often than by chance: few rows, strata with effects and uneven phases",
    arguments: NullDesign.allCases)
  func level(design: NullDesign) throws {
    var values: [Double] = []
    for seed in 0..<100 {
      var stream = RandomStream(seed: UInt64(seed), purpose: "direction level \(design.rawValue)")
      var (phases, strata): ([Phase], [Int32]) = ([], [])
      func add(_ phase: Phase, _ stratum: Int, _ count: Int = 1) {
        phases += Array(repeating: phase, count: count)
        strata += Array(repeating: Int32(stratum), count: count)
      }
      let kinds: [Phase] = [.neither, .own, .other]
      switch design {
      case .free: for row in 0..<72 { add(kinds[row % 3], row) }
      case .few: for row in 0..<24 { add(kinds[row % 3], row) }
      case .within:
        for stratum in 0..<20 {
          // Uneven shares, and some strata of one phase: labels move in the others.
          for phase in 0..<3 where stratum < 14 || phase == stratum % 3 { add(kinds[phase], stratum, 1 + stream.uniform(below: 4)) }
        }
      case .wholeEpisodes: for stratum in 0..<24 { add(kinds[stratum % 3], stratum, 3) }
      case .items: for row in 0..<72 { add(kinds[row % 3], row / 3) }
      }
      let hasStrata = design == .within || design == .wholeEpisodes
      let shifts = (0..<24).map { _ in (0..<9).map { _ in hasStrata || design == .items ? 2 * stream.normal() : 0 } }
      let recording = try HandMadeRecording(
        hidden: strata.map { stratum in (0..<9).map { Float(5 + shifts[Int(stratum) % 24][$0] + stream.normal()) } },
        kernel: (0..<9).map { _ in [Float(stream.normal()), 0] }, phases: phases, strata: hasStrata ? strata : nil,
        pairs: design == .items ? strata : nil
      ).open()
      var options = Self.options(.direction)
      (options.controls, options.replicates, options.directions, options.outcome) = (19, 0, [.own, .shared], "mean:0")
      let rows = try AblationAnalysis(options).rows(of: recording, in: AnalysisContext(threads: 2, seed: UInt64(seed)))
      // Outcomes of one direction are not independent: the primary one alone counts.
      values += rows.filter(\.isPrimary).compactMap(\.pValue)
      let expected = design == .within || design == .items ? ExchangeDesign.within : design == .wholeEpisodes ? .whole : .free
      #expect(rows.allSatisfy { $0.exchange == expected && $0.blockCount ?? 0 > 0 })
    }
    #expect(values.count > 190)
    let level = Double(values.count { $0 <= 0.05 }) / Double(values.count)
    #expect(level <= 0.05 + 3 * (0.05 * 0.95 / 100).squareRoot(), "\(level)")
    let median = values.sorted()[values.count / 2]
    #expect((0.3...0.7).contains(median), "\(median)")
  }

  @Test("Without a kernel above, units are matched on mean activation alone, and a note says so")
  func noKernel() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "no-kernel-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var stream = RandomStream(seed: 5, purpose: "no kernel")
    let recorder = try Recorder(
      path: path, layers: [LayerDescription(name: "encoder.0", unitCount: 40, activationFunction: "gelu", isOutput: false)],
      columns: Recorder.Columns(), description: RecordingDescription())
    try recorder.append(
      RowBatch(
        phases: (0..<80).map { Phase.allCases[$0 % 4] }, activations: [(0..<3200).map { _ in Float(stream.normal()) }]))
    try recorder.finish()
    let notes = Notes()
    let targets = try PlanAnalysis(Self.options(.zero, [.units(layer: "encoder.0", [1, 2, 3])])).write(
      of: RecordingView(path: path), in: AnalysisContext(note: { notes.add($0) })
    ) { _ in }
    #expect(targets.count == 1 && targets[0].target.references == 60 && targets[0].target.smdNorm == nil)
    #expect(targets[0].target.smdActivation != nil && notes.all.contains { $0.contains("matched on mean activation alone") })
  }

  @Test("Units that are all active are matched on mean activation alone by finer bins")
  func activeUnits() throws {
    var stream = RandomStream(seed: 9, purpose: "active units")
    let means = (0..<400).map { _ in stream.normal() }
    let active = means.indices.sorted { means[$0] > means[$1] }.prefix(60)
    var balanced = 0
    for number in 0..<20 {
      let target = Array(active.shuffled(using: &stream).prefix(4))
      let sets = ReferenceSets(
        for: target, in: UnitBins(activations: means, norms: nil, size: 4), count: 40, seed: 1, index: UInt64(number))
      balanced += sets.obstacle == nil ? 1 : 0
    }
    #expect(balanced >= 16, "\(balanced) of 20")
  }

  @Test("Examples that have rows of an item in common are resampled together, whatever other items they have")
  func severalItems() throws {
    let network = try PlannedNetwork(seed: 5, rows: 192)
    var options = Self.options(.zero, [.units(layer: "dense_1", [1, 2])])
    options.controls = 20
    let (text, plan, _) = try network.plan(options)
    let outcomes = try network.outcomes(ofPlan: text)
    func intervals(_ items: (Int) -> [Int]) throws -> [PercentileInterval] {
      var changed = plan
      for number in changed.examples.indices {
        let items = items(number)
        changed.examples[number].pair = items.count == 1 ? items[0] : nil
        changed.examples[number].pairs = items.count == 1 ? nil : items
      }
      return try PlanJudgement(of: changed, outcomes: outcomes, replicates: 200).rows().compactMap(\.row.interval)
    }
    let fours = try intervals { [$0 / 4] }
    // 0 and 1 share an item, 1 and 2 another, 2 and 3 a third.
    #expect(try intervals { [1000 + $0 / 4 * 4 + max(0, $0 % 4 - 1), 1000 + $0 / 4 * 4 + $0 % 4] } == fours)
    #expect(try intervals { [$0, 1000 + $0] } == intervals { [$0] })
    #expect(try intervals { [$0, 1000 + $0] } != fours && !fours.isEmpty)
    #expect(try intervals { _ in [] } == intervals { [$0] })
  }

  @Test("Outcomes that are not the plan's are refused, each in one sentence")
  func refusals() throws {
    let network = try PlannedNetwork(seed: 2, rows: 96)
    var options = Self.options(.zero, [.units(layer: "dense_1", [1, 2])])
    options.controls = 20
    let (text, plan, _) = try network.plan(options)
    let table = try network.outcomes(ofPlan: text)
    let rows = (0..<table.rowCount).map { row in (0..<4).map { table.text(row: row, column: $0) } }
    func fault(_ rows: [[String]], outcome: String? = nil, columns: [String] = ["arm", "example", "outcome", "value"]) -> String? {
      do {
        _ = try PlanJudgement(
          of: plan, outcomes: TextTable(name: "o.csv", columns: columns, rows: rows), outcome: outcome)
        return nil
      } catch {
        return error.description
      }
    }
    #expect(fault(rows) == nil)
    #expect(fault(rows, outcome: "mean:b")?.contains("fixed before any effect was seen") == true)
    #expect(fault(rows, columns: ["arm", "example", "outcome", "number"])?.contains("has no column 'value'") == true)
    #expect(fault(rows + [rows[0]])?.contains("a second value of") == true)
    #expect(fault(Array(rows.dropLast(48 * 8)))?.contains("1 of 22 arms have no outcomes") == true)
    #expect(fault(Array(rows.dropLast(1)))?.contains("An outcome is of the same examples in every arm") == true)
    func changed(_ column: Int, _ value: String) -> [[String]] {
      var rows = rows
      rows[5][column] = value
      return rows
    }
    #expect(fault(changed(0, "0123456789ab/intact"))?.contains("is of another plan") == true)
    #expect(fault(changed(0, plan.planID + "/t9"))?.contains("which the plan has not") == true)
    #expect(fault(changed(1, "x"))?.contains("of example 'x', which the plan has not") == true)
    #expect(fault(changed(3, "nan"))?.contains("finite numbers") == true)
    #expect(fault(changed(3, "1e999"))?.contains("finite numbers") == true)
    #expect(fault(changed(3, "1e305"))?.contains("finite numbers") == true)
    #expect(fault(rows.filter { $0[1] != rows[0][1] })?.contains("1 of 48 examples have no outcome in any arm") == true)
    #expect(fault(rows + (0..<257).map { [rows[0][0], rows[0][1], "o\($0)", "1"] })?.contains("that a table may have") == true)
    #expect(fault(changed(2, ""))?.contains("names no outcome") == true)
  }

  @Test("A plan that was changed is refused, wherever a byte is flipped or the end is cut; so is one that does not fit together")
  func damagedPlans() throws {
    let network = try PlannedNetwork(seed: 2, rows: 96)
    var options = Self.options(.zero, [.units(layer: "dense_1", [1, 2])])
    options.controls = 20
    let text = try network.plan(options).text
    let path = FileManager.default.temporaryDirectory.appending(path: "damaged-\(UUID().uuidString).json").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    func fault(_ bytes: [UInt8]) throws -> String? {
      try Data(bytes).write(to: URL(filePath: path))
      do {
        _ = try InterventionPlan(path: path)
        return nil
      } catch {
        return error.description
      }
    }
    var stream = RandomStream(seed: 1, purpose: "flips")
    let bytes = Array(text.utf8)
    #expect(try fault(bytes) == nil)
    for _ in 0..<300 {
      var changed = bytes
      changed[stream.uniform(below: bytes.count)] ^= 1 << UInt8(stream.uniform(below: 8))
      let fault = try #require(try fault(changed))
      #expect(fault.hasPrefix(path) && !fault.contains("\n"))
    }
    for _ in 0..<20 { #expect(try fault(Array(bytes.prefix(stream.uniform(below: bytes.count - 1)))) != nil) }
    #expect(try fault(Array("{}".utf8))?.contains("is no plan of 'mirrorscope plan'") == true)
    let newer = text.replacingOccurrences(of: "\"schema_version\": \"1.0\"", with: "\"schema_version\": \"2.0\"")
    #expect(try fault(Array(newer.utf8)) != nil)
    /// Somebody who takes the hash again, as the schema says.
    func rehashed(_ old: String, _ new: String) -> [UInt8] {
      let changed = text.replacingOccurrences(of: old, with: new)
      #expect(changed != text)
      let body = changed.components(separatedBy: ",\n\"content_sha256\"")[0]
      let hash = SHA256.hash(data: Data(body.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      return Array("\(body),\n\"content_sha256\": \"\(hash)\"\n}\n".utf8)
    }
    #expect(try fault(rehashed("\"primary_outcome\": \"mean:a\"", "\"primary_outcome\": null")) == nil)
    for (old, new, part) in [
      ("\"references\":20", "\"references\":9223372036854775807", "has 9223372036854775807 references"),
      ("\"references\":20", "\"references\":-1", "has -1 references"),
      ("\"references\":20", "\"references\":19", "are missing or not numbered"),
      ("\"reference\":7,", "\"reference\":8,", "are missing or not numbered"),
      ("\"draws\": 1", "\"draws\": 0", "it has 0 draws"), ("\"mode\": \"zero\"", "\"mode\": \"resample\"", "are missing or not numbered"),
      ("\"kind\":\"intact\"", "\"kind\":\"target\"", "it needs one intact arm"),
      ("\"target\":\"t1\"", "\"target\":\"t9\"", "has no target"), ("\"seed\": 1", "\"seed\": -1", "is damaged"),
    ] {
      let found = try fault(rehashed(old, new))
      #expect(found?.contains(part) == true, "\(found ?? "taken"): \(new)")
    }
  }
}

private final class Notes: @unchecked Sendable {
  private let lock = NSLock()
  private var notes: [String] = []
  var all: [String] { lock.withLock { notes } }
  func add(_ note: String) { lock.withLock { notes.append(note) } }
}
