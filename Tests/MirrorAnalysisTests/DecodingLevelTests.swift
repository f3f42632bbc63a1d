import ActivationRecording
import Foundation
import MirrorAnalysis
import Statistics
import Testing

@Suite("Level of decoding")
struct DecodingLevelTests {
  enum Design: CaseIterable {
    /// Rows are independent.
    case free
    /// Strata of all phases, half of the variance theirs.
    case within
    /// Strata of one phase each, half of the variance theirs.
    case whole
    /// Items of all phases and no strata, half of the variance theirs.
    case items
  }

  /// `MIRRORSCOPE_SIMULATED_SETS` asks for more data sets than the tests need.
  private static let sets = ProcessInfo.processInfo.environment["MIRRORSCOPE_SIMULATED_SETS"].flatMap(Int.init) ?? 20

  @Test("Of 60 rows without information at most one p in twenty is 0.05 or less, and the interval holds chance", arguments: Design.allCases)
  func noInformation(design: Design) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "level-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (rows, units) = (60, 4)
    var rejected = [Int](repeating: 0, count: 4)
    var (tests, covered) = (rejected, rejected)
    for set in 0..<Self.sets {
      var stream = RandomStream(seed: 31, purpose: "decoding level", index: UInt64(set))
      let strata = (0..<rows).map { design == .within ? $0 / 6 : design == .items ? $0 / 4 : $0 / 3 }
      let codes = (0..<rows).map { row -> UInt8 in [0, 0, 1, 2][(design == .whole ? strata[row] : row) % 4] }
      let effects = (0..<rows * units).map { _ in design == .free ? 0 : stream.normal() }
      let values = (0..<rows * units).map { Float(stream.normal() + effects[strata[$0 / units] * units + $0 % units]) }
      let file = try HandMadeFile(path: path, phases: codes)
      try file.write("dense_1", values, units: units)
      if design != .free { _ = try file.root.write(design == .items ? "pair" : "stratum", strata.map { Int32($0) }) }
      try file.finish()
      var plan = DecodingPlan()
      (plan.permutations, plan.folds, plan.halves) = (39, 3, Self.sets > 20 ? 10 : 3)
      let decoded = try DecodingAnalysis(plan).rows(
        of: RecordingView(path: path), in: AnalysisContext(threads: 2, seed: UInt64(set)))
      for (number, row) in decoded.prefix(4).enumerated() {
        guard let score = row.score, let p = score.pValue else { continue }
        tests[number] += 1
        if p <= 0.05 { rejected[number] += 1 }
        if let low = score.accuracyLow, let high = score.accuracyHigh, low <= 0.5, high >= 0.5 { covered[number] += 1 }
      }
    }
    if Self.sets > 20 { print("level, \(design): rejected \(rejected), chance inside \(covered), of \(tests)") }
    for number in 0..<4 {
      let n = Double(tests[number])
      // Four standard errors of so few, of which there are sixteen counts.
      #expect(
        Double(rejected[number]) <= 0.05 * n + (Self.sets > 20 ? 2 : 4) * (0.05 * 0.95 * n).squareRoot(),
        "\(design) \(rejected) of \(tests)")
    }
    #expect(tests.reduce(0, +) >= 2 * Self.sets, "\(design) \(tests)")
  }
}
