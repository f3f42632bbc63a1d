import DenseNetwork
import Foundation
import FrogAndToad
import MirrorAnalysis

/// What a run came to, in a screenful.
struct RunSummary {
  let folder: String
  let seed: UInt64
  let outcomes: [TrainingOutcome]
  /// Of all recordings, those of one network after those of another, by epoch.
  let moments: [RecordingMoments]
  /// What the first network does in play.
  let behaviour: [String]

  var lines: [String] {
    var lines = ["", "Results in \(folder), seed \(seed)"]
    for outcome in outcomes { lines += network(outcome) }
    if !behaviour.isEmpty { lines += [""] + behaviour }
    return lines
  }

  private func recordings(of outcome: TrainingOutcome) -> [RecordingMoments] {
    moments.filter { $0.name.hasPrefix("recordings/\(outcome.shape.name)/") }
  }

  private func network(_ outcome: TrainingOutcome) -> [String] {
    let recorded = recordings(of: outcome)
    let name = outcome.shape.name
    var lines = [""]
    lines.append(
      "\(name): best epoch \(outcome.state.best?.epoch ?? 0), accuracy \(rounded(outcome.bestMeasures?.accuracy, 4)) on the \(outcome.measuredSet) set, "
        + "validation loss \(rounded(outcome.state.best?.validationLoss, 4))")
    if let measures = outcome.bestMeasures { lines += confusion(measures) }
    lines += trajectory(recorded)
    if let last = recorded.last { lines += topUnits(last) }
    return lines
  }

  private func confusion(_ measures: ClassificationMeasures) -> [String] {
    let names = Action.allCases.map(\.description)
    var lines = ["  label \\ chosen" + names.map { padded($0, 8) }.joined()]
    for (label, row) in measures.confusion.enumerated() {
      lines.append(padded(names[label], 16) + row.map { padded(String($0), 8) }.joined())
    }
    return lines
  }

  private func trajectory(_ recorded: [RecordingMoments]) -> [String] {
    var lines = ["  epoch    CMNI   hidden  standardised  validation loss"]
    for moments in recorded {
      let index = { (variant: CMNIVariant) in CMNI(variant, of: moments.layers)?.value }
      lines.append(
        padded(moments.model.epoch.map(String.init) ?? "", 7) + padded(rounded(index(.author), 5), 9)
          + padded(rounded(index(.hidden), 5), 9) + padded(rounded(index(.standardised), 4), 11)
          + padded(rounded(moments.model.validationLoss, 4), 15))
    }
    return lines
  }

  private func topUnits(_ moments: RecordingMoments) -> [String] {
    let units = moments.layers.flatMap { layer in
      (layer.contrasts ?? []).enumerated().map { (name: "\(layer.name) unit \($0)", contrast: $1) }
    }
    let top = units.enumerated().sorted {
      ($0.element.contrast.mirrorNeuronScore, $1.offset) > ($1.element.contrast.mirrorNeuronScore, $0.offset)
    }.prefix(5).map(\.element)
    return ["  highest mirror-neuron scores at epoch \(moments.model.epoch ?? 0):"]
      + top.map { unit in
        "    \(unit.name): \(rounded(unit.contrast.mirrorNeuronScore, 5)) "
          + "(self \(signed(unit.contrast.deltaSelf)), other \(signed(unit.contrast.deltaOther)))"
      }
  }

  private func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + rounded(value, 5) }

  private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
