import DenseNetwork

/// What an ablation changes in each row, averaged over draws: outputs, chosen actions, and whether the label is hit.
struct PairedDifferences: Sendable {
  /// `[rows × width]`: a column per action for its output, a column per action for being chosen, one for the hit.
  private(set) var values: [Double]
  let width: Int
  private let actionCount: Int
  private let intact: [Double]
  private let labels: [UInt8]?

  init(intact: [Double], labels: [UInt8]?, actionCount: Int) {
    self.actionCount = actionCount
    width = 2 * actionCount + 1
    (self.intact, self.labels) = (intact, labels)
    values = Array(repeating: 0, count: intact.count / max(1, actionCount) * width)
  }

  /// Adds one of so many draws.
  mutating func add(ablated: [Double], of draws: Int) {
    let before = chosenActions(outputs: intact, outputCount: actionCount)
    let after = chosenActions(outputs: ablated, outputCount: actionCount)
    let weight = 1 / Double(draws)
    for row in before.indices {
      for action in 0..<actionCount {
        values[row * width + action] += weight * (ablated[row * actionCount + action] - intact[row * actionCount + action])
      }
      if before[row] != after[row] {
        values[row * width + actionCount + Int(before[row])] -= weight
        values[row * width + actionCount + Int(after[row])] += weight
        if let label = labels?[row] {
          values[row * width + 2 * actionCount] += weight * ((after[row] == label ? 1 : 0) - (before[row] == label ? 1 : 0))
        }
      }
    }
  }

  /// The last column, `[rows]`: all that accuracy by label looks at.
  var hits: [Double] { stride(from: 2 * actionCount, to: values.count, by: width).map { values[$0] } }

  func column(of outcome: ActionOutcome) -> Int {
    switch outcome {
    case .meanOutput(let action): action
    case .chosen(let action): actionCount + action
    case .accuracy, .accuracyOfLabel: 2 * actionCount
    }
  }
}
