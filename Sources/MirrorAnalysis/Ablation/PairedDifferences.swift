import DenseNetwork

/// What an ablation changes in each row: outputs, chosen actions, and whether the label is hit.
struct PairedDifferences: Sendable {
  /// `[rows × width]`: a column per action for its output, a column per action for being chosen, one for the hit.
  let values: [Double]
  let width: Int
  private let actionCount: Int

  init(intact: [Double], ablated: [Double], labels: [UInt8]?, actionCount: Int) {
    self.actionCount = actionCount
    width = 2 * actionCount + 1
    let before = chosenActions(outputs: intact, outputCount: actionCount)
    let after = chosenActions(outputs: ablated, outputCount: actionCount)
    var values = [Double](repeating: 0, count: before.count * width)
    for row in before.indices {
      for action in 0..<actionCount {
        values[row * width + action] = ablated[row * actionCount + action] - intact[row * actionCount + action]
      }
      if before[row] != after[row] {
        values[row * width + actionCount + Int(before[row])] = -1
        values[row * width + actionCount + Int(after[row])] = 1
        if let label = labels?[row] {
          values[row * width + 2 * actionCount] = (after[row] == label ? 1 : 0) - (before[row] == label ? 1 : 0)
        }
      }
    }
    self.values = values
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
