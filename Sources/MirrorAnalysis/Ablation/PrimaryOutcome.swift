import ActivationRecording
import DenseNetwork
import Statistics

extension ActionOutcome {
  /// The one outcome, over all evaluate rows, that a recording's targets are judged by: it is fixed before any effect is seen.
  ///
  /// By default the accuracy on the rarest label among those that the intact network chooses at all, both on the select rows: a frequent
  /// action is chosen by habit, and one that is never chosen cannot be lost. Without labels the rarest of the chosen actions takes its
  /// place, by how often it is chosen. The first of equals; nil where there is none.
  ///
  /// - Parameters:
  ///   - outputs: `[rows × actions]` of the intact network on the select rows.
  ///   - labels: of the same rows.
  static func primary(outputs: [Double], labels: [UInt8]?, actionCount: Int) -> ActionOutcome? {
    var chosen = Array(repeating: 0, count: actionCount)
    for action in chosenActions(outputs: outputs, outputCount: actionCount) { chosen[Int(action)] += 1 }
    var counts = chosen
    if let labels {
      counts = counts.map { _ in 0 }
      for label in labels where Int(label) < actionCount { counts[Int(label)] += 1 }
    }
    let candidates = (0..<actionCount).filter { chosen[$0] > 0 && counts[$0] > 0 }
    guard let rarest = candidates.min(by: { (counts[$0], $0) < (counts[$1], $1) }) else { return nil }
    return labels == nil ? .chosen(rarest) : .accuracyOfLabel(rarest)
  }
}

extension AblationRow {
  /// Marks the primary outcome's rows, and gives all others of a recording that have a p their q (Benjamini and Hochberg), across its targets.
  static func judged(_ rows: [AblationRow], primary: String?) -> [AblationRow] {
    var rows = rows
    for index in rows.indices { rows[index].isPrimary = rows[index].phase == nil && rows[index].outcome == primary }
    let qValues = benjaminiHochberg(rows.map { $0.isPrimary ? nil : $0.pValue })
    for index in rows.indices { rows[index].qValue = qValues[index] }
    return rows
  }
}
