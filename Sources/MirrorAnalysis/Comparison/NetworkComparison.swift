import Parallelism
import Statistics
import Tabular

/// Outcomes over networks: of each condition location and interval over its seeds, and the difference from a baseline with its p.
///
/// Networks are the replicates: there is one number a seed, and what is resampled, flipped or dealt anew are seeds.
public struct NetworkComparison: Sendable {
  /// The columns of the conditions, typed by what they hold.
  public let columns: [Column]
  /// By outcome, then by condition.
  public let rows: [ComparisonRow]

  /// - Parameters:
  ///   - tables: rows of networks; see `ComparisonPlan`.
  ///   - networks: what is known of each network, for columns that the tables do not have.
  ///   - plan: what is compared, over what.
  ///   - finished: gets how many outcomes of conditions are done, of how many, from any thread.
  /// - Throws: `ComparisonError` where tables do not hold what is asked for; what `checkCancellation` throws.
  public init(
    of tables: [TextTable], networks: TextTable? = nil, plan: ComparisonPlan,
    finished: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws {
    let own = Set(ComparisonRow.schema.columns.map(\.name))
    if let taken = plan.conditions.first(where: own.contains) {
      throw ComparisonError(
        .notThere, "The column '\(taken)' can be no condition: the table that is written has one of that name. Call it otherwise.")
    }
    let samples = try NetworkSamples(NetworkRows(tables, networks: networks, plan: plan), plan: plan)
    let values = plan.conditions.indices.map { column in Set(samples.conditions.map { $0[column] }).sorted() }
    let areNumbers = values.map { $0.allSatisfy { $0.number != nil || $0.text.isEmpty } }
    columns = zip(plan.conditions, zip(values, areNumbers)).map { name, column in
      let (values, areNumbers) = column
      let kind: Column.Kind = !areNumbers ? .string : values.allSatisfy { $0.text.isEmpty || Int($0.text) != nil } ? .integer : .number
      return Column(name, kind, "Part of the condition")
    }
    let baseline: ComparisonBaseline? =
      try plan.baseline.map { try ComparisonBaseline($0, columns: plan.conditions, values: values) } ?? (plan.trend == nil ? nil : .zero)
    if let baseline, plan.trend == nil || plan.baseline != nil,
      !samples.conditions.contains(where: { own in
        baseline.condition(for: own).map { $0 != own && samples.contains($0) } ?? false
      })
    {
      throw ComparisonError(
        .notThere, "No condition has the baseline \(baseline.text(plan.conditions)) with its other columns alike.", .chooseBaseline)
    }
    let cells = samples.outcomes.flatMap { outcome in samples.conditions.map { (outcome: outcome, condition: $0) } }
    let steps = WorkShare { finished(Int(($0 * Double(cells.count)).rounded()), cells.count) }.steps(cells.count)
    var rows = try mapBlocks(count: cells.count, threads: plan.threads) { index in
      defer { steps.done() }
      let (outcome, condition) = cells[index]
      let shown = zip(condition, areNumbers).map { $0.cell(isNumber: $1) }
      var row = ComparisonRow(condition: shown, outcome: outcome, trend: plan.trend)
      let sample = samples.sample(condition, outcome)
      row.describe(sample, plan: plan)
      if let baseline { row.compare(sample, of: condition, with: baseline, in: samples, plan: plan) }
      return row
    }
    for outcome in samples.outcomes {
      let family = rows.indices.filter { rows[$0].outcome == outcome }
      for (index, p) in zip(family, holm(family.map { rows[$0].pValue })) { rows[index].pHolm = p }
    }
    self.rows = rows
  }

  public var schema: TableSchema { ComparisonRow.schema(by: columns) }
}

extension ComparisonRow {
  fileprivate static let fewest = PercentileInterval.fewestResampled

  /// Location over seeds and its interval: expanded percentiles (see `PercentileInterval.init(_:resampled:level:)`) of the interquartile means of
  /// resampled seeds. It covers the interquartile mean that networks of this condition have over all seeds, given what all of them share.
  fileprivate mutating func describe(_ sample: NetworkSamples.Sample, plan: ComparisonPlan) {
    let values = sample.values.values.sorted()
    (seeds, missing) = (values.count, sample.missing)
    mean = Statistics.mean(ofSorted: values)
    interquartileMean = Statistics.interquartileMean(ofSorted: values)
    guard !values.isEmpty else { return reasons.append("no seed has a value") }
    guard plan.replicates > 0 else { return }
    guard seeds >= Self.fewest else {
      _ = range(of: [], resampled: seeds, "the interval")
      return
    }
    let bootstrap = SampleBootstrap(replicates: plan.replicates, seed: plan.seed)
    interval = range(
      of: bootstrap.replicates(of: values, .interquartileMean, purpose: "seeds of a condition"), resampled: seeds, "the interval")
  }

  /// Difference, interval and p against the baseline.
  fileprivate mutating func compare(
    _ sample: NetworkSamples.Sample, of condition: [ConditionValue], with baseline: ComparisonBaseline, in samples: NetworkSamples,
    plan: ComparisonPlan
  ) {
    var other = NetworkSamples.Sample()
    if let target = baseline.condition(for: condition) {
      guard target != condition else { return reasons.append("it is the baseline") }
      guard samples.contains(target) else {
        return reasons.append("there is no \(target.text(plan.conditions)) to compare with")
      }
      other = samples.sample(target, outcome)
    } else {
      other.values = sample.values.mapValues { _ in 0 }
    }
    self.baseline = baseline.text(plan.conditions)
    improvement = probabilityOfImprovement(Array(sample.values.values), over: Array(other.values.values))
    guard !sample.values.isEmpty else { return }
    guard !other.values.isEmpty else { return reasons.append("the baseline has no value") }
    let common = sample.values.compactMap { seed, value in other.values[seed].map { (value: value, baseline: $0) } }
    if common.isEmpty {
      setUnpaired(sample.values.values.sorted(), other.values.values.sorted(), plan: plan)
    } else {
      setPaired(common, plan: plan)
    }
  }

  private mutating func setPaired(_ common: [(value: Double, baseline: Double)], plan: ComparisonPlan) {
    pairs = common.count
    guard common.count > 1 else { return reasons.append("one seed in common, and a difference needs two") }
    let differences = common.map { $0.value - $0.baseline }.sorted()
    guard differences.allSatisfy(\.isFinite) else { return reasons.append(Self.tooLarge) }
    difference = Statistics.mean(ofSorted: differences)
    let flips = "sign flips of seeds"
    differenceInterval = ArrangementTest.signFlipInterval(differences, draws: plan.draws, seed: plan.seed, purpose: flips)
    if differenceInterval == nil { reasons.append("the interval of the difference needs 6 pairs, and there are \(common.count)") }
    let rounding = common.map { max(abs($0.value), abs($0.baseline)).ulp }.max() ?? 0
    take(
      .signFlips(differences, rounding: 2 * rounding, draws: plan.draws, seed: plan.seed, purpose: flips), .exactFlips,
      .drawnFlips)
    // p counts what rounding alone tells from a tie; the interval knows no rounding, so an end beside 0 is taken to it.
    if let interval = differenceInterval, let pValue, pValue > 0.05 {
      differenceInterval = min(interval.lowerBound, 0)...max(interval.upperBound, 0)
    }
  }

  private mutating func setUnpaired(_ values: [Double], _ others: [Double], plan: ComparisonPlan) {
    guard min(values.count, others.count) > 1 else {
      return reasons.append("no seed in common and a single one on a side, and a difference needs two on each")
    }
    guard let mean, let other = Statistics.mean(ofSorted: others), (mean - other).isFinite else { return reasons.append(Self.tooLarge) }
    difference = mean - other
    let bootstrap = SampleBootstrap(replicates: plan.replicates, seed: plan.seed)
    if plan.replicates > 0 {
      let replicates = bootstrap.differences(of: values, from: others, purpose: "differences without pairs")
      differenceInterval = range(of: replicates, resampled: min(values.count, others.count), "the interval of the difference")
    }
    take(
      .permutation(values, others, draws: plan.draws, seed: plan.seed, purpose: "permutations of seeds"), .exactPermutation,
      .drawnPermutation)
  }

  private static let tooLarge = "values differ by more than a double can hold"

  private mutating func range(of replicates: [Double], resampled: Int, _ what: String) -> ClosedRange<Double>? {
    guard resampled >= Self.fewest else {
      let reason = "\(what) needs \(Self.fewest) seeds, and there \(resampled == 1 ? "is 1" : "are \(resampled)")"
      reasons.append(reason)
      return nil
    }
    guard !replicates.contains(where: \.isNaN), let interval = PercentileInterval(replicates, resampled: resampled) else {
      reasons.append(Self.tooLarge)
      return nil
    }
    return interval.lower...max(interval.lower, interval.upper)
  }

  private mutating func take(_ test: ArrangementTest?, _ exact: Test, _ drawn: Test) {
    guard let test else { return reasons.append(Self.tooLarge) }
    guard test.arrangements >= ArrangementTest.fewestArrangements else {
      return reasons.append(
        "p: so few seeds have \(Int(test.arrangements)) arrangements, and a p needs \(Int(ArrangementTest.fewestArrangements))")
    }
    self.test = test.drawn == nil ? exact : drawn
    pValue = test.pValue
  }
}
