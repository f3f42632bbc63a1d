import ActivationRecording
import DenseNetwork

/// What a network does on a set of rows, summed by phase and label: mean outputs, chosen actions, hits.
struct ActionOutcomes: Sendable {
  /// Sums of the rows of each phase, of those of no phase, and of all rows, `[phases + 2][actions]`: of the outputs, and counts of rows by
  /// chosen action, by label, and of those labelled that are hit.
  private var outputs: [Double]
  private var chosen: [Int]
  private var labelled: [Int]
  private var hits: [Int]
  private var rows: [Int]
  private let actionCount: Int

  private static let noPhase = Phase.allCases.count
  private static let allRows = noPhase + 1

  /// - Parameters:
  ///   - outputs: `[rows × actions]`.
  ///   - phases: of the same rows; one of no phase counts among all rows alone.
  ///   - labels: of the same rows; nil leaves out accuracies.
  init(outputs values: [Double], phases: [Phase?], labels: [UInt8]?, actionCount: Int) {
    let groups = Self.allRows + 1
    let none = Array(repeating: 0, count: groups * actionCount)
    (outputs, chosen, labelled, hits) = (none.map { Double($0) }, none, none, none)
    rows = Array(repeating: 0, count: groups)
    self.actionCount = actionCount
    let choices = chosenActions(outputs: values, outputCount: actionCount)
    for (row, phase) in phases.enumerated() {
      let group = phase.map { Int($0.rawValue) } ?? Self.noPhase
      let start = group * actionCount
      rows[group] += 1
      for action in 0..<actionCount { outputs[start + action] += values[row * actionCount + action] }
      let choice = Int(choices[row])
      chosen[start + choice] += 1
      if let label = labels.map({ Int($0[row]) }), label < actionCount {
        labelled[start + label] += 1
        if choice == label { hits[start + label] += 1 }
      }
    }
    let all = (groups - 1) * actionCount
    for group in 0..<groups - 1 {
      rows[groups - 1] += rows[group]
      for action in 0..<actionCount {
        outputs[all + action] += outputs[group * actionCount + action]
        chosen[all + action] += chosen[group * actionCount + action]
        labelled[all + action] += labelled[group * actionCount + action]
        hits[all + action] += hits[group * actionCount + action]
      }
    }
  }

  /// The number of a phase's sums; those of all rows for nil.
  private func group(_ phase: Phase?) -> Int { phase.map { Int($0.rawValue) } ?? Self.allRows }

  private func total(_ counts: [Int], _ group: Int) -> Int { counts[group * actionCount..<(group + 1) * actionCount].reduce(0, +) }

  /// The value of an outcome in a phase, nil for all rows; nil where it has no rows.
  func value(_ outcome: ActionOutcome, in phase: Phase?) -> Double? {
    let group = group(phase)
    let start = group * actionCount
    func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
    switch outcome {
    case .meanOutput(let action): return rows[group] > 0 ? outputs[start + action] / Double(rows[group]) : nil
    case .chosen(let action): return share(chosen[start + action], of: rows[group])
    case .accuracy: return share(total(hits, group), of: total(labelled, group))
    case .accuracyOfLabel(let action): return share(hits[start + action], of: labelled[start + action])
    }
  }

  /// Rows that an outcome rests on.
  func rowCount(_ outcome: ActionOutcome, in phase: Phase?) -> Int {
    let group = group(phase)
    switch outcome {
    case .meanOutput, .chosen: return rows[group]
    case .accuracy: return total(labelled, group)
    case .accuracyOfLabel(let action): return labelled[group * actionCount + action]
    }
  }
}

/// Something that a network does, as ablation measures it.
enum ActionOutcome: Sendable, Equatable {
  case meanOutput(Int)
  case chosen(Int)
  case accuracy
  case accuracyOfLabel(Int)

  static func all(actionCount: Int, hasLabels: Bool) -> [ActionOutcome] {
    let actions = 0..<actionCount
    return actions.map { .meanOutput($0) } + actions.map { .chosen($0) }
      + (hasLabels ? [.accuracy] + actions.map { .accuracyOfLabel($0) } : [])
  }

  func name(_ actions: [String]) -> String {
    switch self {
    case .meanOutput(let action): "mean:\(actions[action])"
    case .chosen(let action): "chosen:\(actions[action])"
    case .accuracy: "accuracy"
    case .accuracyOfLabel(let action): "accuracy:\(actions[action])"
    }
  }
}
