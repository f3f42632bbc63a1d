import Statistics
import Tabular
import Testing

@testable import MirrorAnalysis

/// Simulated studies whose truth is known: each study is a condition of its own, compared with its own baseline.
@Suite("Comparison of networks: level, coverage, power")
struct CompareLevelTests {
  /// Rows of `studies` studies: what is compared, and its baseline, each with so many seeds.
  ///
  /// - Parameter draw: a value of what is compared (true) or of the baseline, with what all networks of a seed share.
  private static func table(
    studies: Int, seeds: Int, baselineSeeds: Int, paired: Bool, seed: UInt64,
    draw: (Bool, Double, inout RandomStream) -> Double
  ) -> TextTable {
    var rows: [[String]] = []
    for study in 0..<studies {
      var stream = RandomStream(seed: seed, purpose: "simulated study", index: UInt64(study))
      let shared = (0..<max(seeds, baselineSeeds)).map { _ in stream.normal() }
      for number in 0..<seeds { rows.append(["\(study)", "new", "\(number)", "\(draw(true, shared[number], &stream))"]) }
      for number in 0..<baselineSeeds {
        rows.append(["\(study)", "old", "\(number + (paired ? 0 : 1000))", "\(draw(false, shared[number], &stream))"])
      }
    }
    return TextTable(name: "simulated", columns: ["study", "kind", "seed", "y"], rows: rows)
  }

  private static func compare(_ table: TextTable, replicates: Int = 0) throws -> [ComparisonRow] {
    var plan = ComparisonPlan(by: ["study", "kind"])
    (plan.outcomes, plan.baseline, plan.replicates, plan.threads) = (["y"], "old", replicates, 2)
    return try NetworkComparison(of: [table], plan: plan).rows.filter { $0.baseline != nil }
  }

  private static func rejections(_ rows: [ComparisonRow]) -> Double {
    Double(rows.count { ($0.pValue ?? 1) <= 0.05 }) / Double(rows.count)
  }

  /// Three standard errors of a share of .05 among 400.
  private let margin = 3 * (0.05 * 0.95 / 400).squareRoot()

  @Test("Paired differences without an effect have p ≤ .05 in at most 5 % of studies, whatever their spread", arguments: [6, 8, 10])
  func pairedLevel(seeds: Int) throws {
    let table = Self.table(studies: 400, seeds: seeds, baselineSeeds: seeds, paired: true, seed: UInt64(seeds)) { isNew, shared, stream in
      2 * shared + (isNew ? 3 : 1) * stream.normal()
    }
    let share = Self.rejections(try Self.compare(table))
    #expect(share <= 0.05 + margin && share >= 0.01, "\(share)")
  }

  @Test("Without common seeds, of unequal numbers and spreads too", arguments: [1.0, 3.0])
  func unpairedLevel(spread: Double) throws {
    let table = Self.table(studies: 400, seeds: 5, baselineSeeds: 7, paired: false, seed: 31) { isNew, _, stream in
      (isNew ? spread : 1) * stream.normal()
    }
    let rows = try Self.compare(table)
    #expect(rows.allSatisfy { $0.test == .exactPermutation && $0.pairs == nil })
    let share = Self.rejections(rows)
    // Exact where spreads are equal; three times as wide about right.
    #expect(share <= 0.05 + margin + (spread == 1 ? 0 : 0.03) && share >= 0.01, "\(share)")
  }

  @Test("Holm's p is at most .05 somewhere in at most 5 % of families without an effect")
  func familyLevel() throws {
    var families = 0
    for family in 0..<60 {
      let table = Self.table(studies: 8, seeds: 9, baselineSeeds: 9, paired: true, seed: 1000 + UInt64(family)) { _, shared, stream in
        shared + stream.normal()
      }
      if try Self.compare(table).contains(where: { ($0.pHolm ?? 1) <= 0.05 }) { families += 1 }
    }
    #expect(Double(families) / 60 <= 0.05 + 3 * (0.05 * 0.95 / 60).squareRoot(), "\(families)")
  }

  @Test("Intervals cover the interquartile mean and the mean difference in 93 % of studies or more", arguments: [6, 10])
  func coverage(seeds: Int) throws {
    let table = Self.table(studies: 400, seeds: seeds, baselineSeeds: seeds, paired: true, seed: 77) { isNew, shared, stream in
      shared + stream.normal() + (isNew ? 0.7 : 0)
    }
    let rows = try Self.compare(table, replicates: 300)
    let location = Double(rows.count { $0.interval?.contains(0.7) ?? false }) / 400
    let difference = Double(rows.count { $0.differenceInterval?.contains(0.7) ?? false }) / 400
    // Two standard errors below .93; that of paired differences has its level by construction, .969 of six pairs and .951 of ten.
    #expect(location >= 0.905 && location < 1, "\(location)")
    #expect(difference >= 0.92 && difference < 0.99, "\(difference)")
  }

  @Test("Ten seeds find an effect of 1.5 standard deviations of the differences, and pairing takes out what seeds share")
  func power() throws {
    let table = Self.table(studies: 200, seeds: 10, baselineSeeds: 10, paired: true, seed: 5) { isNew, shared, stream in
      5 * shared + stream.normal() + (isNew ? 1.5 * 2.0.squareRoot() : 0)
    }
    let share = Self.rejections(try Self.compare(table))
    #expect(share > 0.95, "\(share)")
  }
}
