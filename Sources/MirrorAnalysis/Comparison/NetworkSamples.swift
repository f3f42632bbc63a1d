import Tabular

/// The numbers that are compared: of each outcome and condition one of each seed.
struct NetworkSamples: Sendable {
  /// Of one outcome in one condition.
  struct Sample: Sendable {
    var values: [[ConditionValue]: Double] = [:]
    /// Seeds without a value.
    var missing = 0
  }

  /// Sorted.
  let conditions: [[ConditionValue]]
  let outcomes: [String]
  private let samples: [Key: Sample]
  private let known: Set<[ConditionValue]>

  private struct Key: Hashable {
    let condition: [ConditionValue]
    let outcome: String
    /// Empty for all seeds.
    let seed: [ConditionValue]
  }

  func contains(_ condition: [ConditionValue]) -> Bool { known.contains(condition) }

  func sample(_ condition: [ConditionValue], _ outcome: String) -> Sample {
    samples[Key(condition: condition, outcome: outcome, seed: [])] ?? Sample()
  }

  /// - Throws: `ComparisonError` where several rows are of one seed, condition and outcome (with a trend: of one value of its column, too).
  init(_ rows: NetworkRows, plan: ComparisonPlan) throws(ComparisonError) {
    var groups: [Key: [NetworkRows.Number]] = [:]
    // In the order of the rows, so that of several faults the first is told.
    var keys: [Key] = []
    for number in rows.numbers {
      let key = Key(condition: number.row.condition, outcome: number.outcome, seed: number.row.seed)
      if groups[key] == nil { keys.append(key) }
      groups[key, default: []].append(number)
    }
    var samples: [Key: Sample] = [:]
    for key in keys {
      let numbers = groups[key] ?? []
      let value: Double?
      if plan.trend != nil {
        value = try rows.slope(numbers, plan: plan)
      } else if numbers.count > 1 {
        throw rows.ambiguity(numbers, plan: plan)
      } else {
        value = numbers[0].value
      }
      let ofAllSeeds = Key(condition: key.condition, outcome: key.outcome, seed: [])
      if let value {
        samples[ofAllSeeds, default: Sample()].values[key.seed] = value
      } else {
        samples[ofAllSeeds, default: Sample()].missing += 1
      }
    }
    known = Set(rows.numbers.map(\.row.condition))
    conditions = known.sorted { $0.precedes($1) }
    outcomes = rows.outcomes
    self.samples = samples
  }
}
