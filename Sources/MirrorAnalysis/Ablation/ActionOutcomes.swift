import ActivationRecording
import DenseNetwork

/// What a network does on a set of rows, summed by phase and label: mean outputs, chosen actions, hits.
struct ActionOutcomes: Sendable {
  private struct Sums: Sendable {
    var rows = 0
    var outputs: [Double]
    var chosen: [Int]
    /// Rows and hits by label.
    var labelled: [Int]
    var hits: [Int]

    mutating func merge(_ other: Sums) {
      rows += other.rows
      for action in outputs.indices {
        outputs[action] += other.outputs[action]
        chosen[action] += other.chosen[action]
        labelled[action] += other.labelled[action]
        hits[action] += other.hits[action]
      }
    }
  }

  /// One per phase, then that of all rows.
  private var sums: [Sums]
  private let hasLabels: Bool

  /// - Parameters:
  ///   - outputs: `[rows × actions]`.
  ///   - labels: of the same rows; nil leaves out accuracies.
  init(outputs: [Float], phases: [Phase], labels: [UInt8]?, actionCount: Int) {
    let none = Array(repeating: 0, count: actionCount)
    let empty = Sums(outputs: none.map { Double($0) }, chosen: none, labelled: none, hits: none)
    var sums = Array(repeating: empty, count: Phase.allCases.count + 1)
    let chosen = chosenActions(outputs: outputs, outputCount: actionCount)
    for (row, phase) in phases.enumerated() {
      let index = Int(phase.rawValue)
      sums[index].rows += 1
      for action in 0..<actionCount { sums[index].outputs[action] += Double(outputs[row * actionCount + action]) }
      sums[index].chosen[Int(chosen[row])] += 1
      if let label = labels.map({ Int($0[row]) }), label < actionCount {
        sums[index].labelled[label] += 1
        if Int(chosen[row]) == label { sums[index].hits[label] += 1 }
      }
    }
    for phase in Phase.allCases { sums[Phase.allCases.count].merge(sums[Int(phase.rawValue)]) }
    self.sums = sums
    hasLabels = labels != nil
  }

  /// The value of an outcome in a phase, nil for all rows; nil where it has no rows.
  func value(_ outcome: ActionOutcome, in phase: Phase?) -> Double? {
    let sums = sums[phase.map { Int($0.rawValue) } ?? Phase.allCases.count]
    func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
    switch outcome {
    case .meanOutput(let action): return sums.rows > 0 ? sums.outputs[action] / Double(sums.rows) : nil
    case .chosen(let action): return share(sums.chosen[action], of: sums.rows)
    case .accuracy: return share(sums.hits.reduce(0, +), of: sums.labelled.reduce(0, +))
    case .accuracyOfLabel(let action): return share(sums.hits[action], of: sums.labelled[action])
    }
  }

  /// Rows that an outcome rests on.
  func rowCount(_ outcome: ActionOutcome, in phase: Phase?) -> Int {
    let sums = sums[phase.map { Int($0.rawValue) } ?? Phase.allCases.count]
    switch outcome {
    case .meanOutput, .chosen: return sums.rows
    case .accuracy: return sums.labelled.reduce(0, +)
    case .accuracyOfLabel(let action): return sums.labelled[action]
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
