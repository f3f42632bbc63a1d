import ActivationRecording
import Statistics

/// From when on a column that tells phases is a leak.
enum LeakRule {
  /// Share of the errors of always guessing the most common phase that the column takes away: λ = (accuracy − chance) / (1 − chance)
  /// (Goodman and Kruskal, 1954), on rows that were not learnt from.
  static let leak = 0.9
  static let nearLeak = 0.5
  /// Most probable that the best of all columns, none of which knows the phase, is as accurate (Bonferroni over columns).
  static let level = 0.01

  /// The least accuracy that chance alone does not explain: k / n with columns × P(Binomial(n, chance) ≥ k) ≤ `level`, n the independent
  /// rows scored on. Nil where not even all n right would do.
  static func significantAccuracy(chance: Double, independentRows n: Int, columns: Int) -> Double? {
    func isSignificant(_ right: Int) -> Bool {
      Double(columns) * binomialUpperTail(successes: right, trials: n, probability: chance) <= level
    }
    guard n > 0, isSignificant(n) else { return nil }
    var (low, high) = (0, n)
    while low < high {
      let middle = (low + high) / 2
      if isSignificant(middle) { high = middle } else { low = middle + 1 }
    }
    return Double(low) / Double(n)
  }
}

extension Audit {
  /// The sets of phases that a column should not tell apart.
  static func leakSubjects(_ rows: PhaseRows) -> [[Phase]] {
    [Phase.allCases.filter { rows.count($0) > 0 }, [.neither, .own], [.neither, .other], [.own, .other]]
  }

  /// Does one input column say the phase? Value: its accuracy on rows that were not learnt from.
  mutating func checkLeak(_ inputs: InputAudit?, rows: PhaseRows) {
    let check = "label leak"
    for (number, phases) in Self.leakSubjects(rows).enumerated() {
      let subject = phases.map(\.name).joined(separator: "/")
      guard let inputs else {
        add(check, subject, nil, .notMeasured, "The recording has no /inputs; record what the network sees.")
        continue
      }
      let contest = inputs.leak.contests[number]
      guard let best = contest.best else {
        add(
          check, subject, nil, .notMeasured,
          "The two halves of the rows, no stratum in both, do not each hold all of these phases; record more rows or strata.")
        continue
      }
      let significant = LeakRule.significantAccuracy(
        chance: contest.chance, independentRows: contest.independentCount, columns: inputs.columns)
      guard let significant else {
        add(
          check, subject, nil, .notMeasured,
          "\(contest.independentCount) independent rows to score on cannot tell a leak from chance among \(inputs.columns) columns; record more."
        )
        continue
      }
      func level(_ share: Double) -> Double { max(significant, contest.chance + share * (1 - contest.chance)) }
      let (leak, near) = (level(LeakRule.leak), level(LeakRule.nearLeak))
      let finding =
        "input column \(best.column) alone tells these phases in \(rounded(best.accuracy)) of \(contest.scoredCount) rows not learnt from "
        + "(chance \(rounded(contest.chance)))"
      switch best.accuracy {
      case leak...: add(check, subject, best.accuracy, threshold: near, .fail, "Leak: \(finding); record without that column.")
      case near...: add(check, subject, best.accuracy, threshold: near, .caution, "Nearly a leak: \(finding).")
      default: add(check, subject, best.accuracy, threshold: near, .ok, "No leak: at best \(finding).")
      }
    }
  }
}
