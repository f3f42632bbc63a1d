import ActivationRecording

/// What a network does in each of several draws of what takes the ablated units' place; in one where nothing is drawn.
struct DrawnOutcomes: Sendable {
  private let draws: [ActionOutcomes]

  init(_ draws: [ActionOutcomes]) {
    self.draws = draws
  }

  private func values(_ outcome: ActionOutcome, _ phase: Phase?) -> [Double] { draws.compactMap { $0.value(outcome, in: phase) } }

  /// The mean over the draws; nil where the outcome has no rows.
  func value(_ outcome: ActionOutcome, in phase: Phase?) -> Double? {
    let values = values(outcome, phase)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The standard error of that mean: the draws' standard deviation (ddof 1) over the root of their number; nil for fewer than two.
  func standardError(_ outcome: ActionOutcome, in phase: Phase?) -> Double? { meanStandardError(values(outcome, phase)) }
}

/// Sample standard deviation (ddof 1) over the root of the count; nil for fewer than two values.
func meanStandardError(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let (count, mean) = (Double(values.count), values.reduce(0, +) / Double(values.count))
  return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count).squareRoot()
}
