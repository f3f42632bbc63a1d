import ActivationRecording
import Foundation
import Tabular

/// What recordings say of their networks, as a table with a row for each: who the network is, how it was trained, and its outcomes.
public struct RecordedOutcomes: Sendable {
  /// The columns that are outcomes: the author's index and its cross-fitted estimate, the standardised index and its excess over units that
  /// have no more in common than chance gives, and the validation loss of the checkpoint.
  public static let names = ["cmni", "cmni_crossfit", "cmni_standardised", "least_overlap_excess", "validation_loss"]

  /// One for each recording, in order.
  public let table: TextTable

  /// Takes the index of each recording.
  ///
  /// - Parameters:
  ///   - recordings: paths, one of each network and epoch.
  ///   - permutations: of the null from which `least_overlap_excess` counts; 0 leaves it out.
  ///   - runner: that reads them.
  /// - Throws: what `AnalysisRunner.run` throws.
  public init(of recordings: [String], permutations: Int, runner: AnalysisRunner) throws {
    var analysis = CMNIAnalysis(permutations: permutations)
    analysis.variants = [.author, .standardised]
    var found: [[RecordingRow<CMNIRow>]] = []
    try runner.run(analysis, on: recordings.map { [$0] }) { found.append($0) }
    var lines: [[String: String]] = []
    var names: Set<String> = []
    for (path, rows) in zip(recordings, found) {
      let description = try Recording(path: path, layers: runner.isChosen, needsPhase: false).description
      var line = Self.origin(description)
      func set(_ name: String, _ value: Double?) { line[name] = value.map { $0.isFinite ? "\($0)" : "" } }
      line["recording"] = path
      set("validation_loss", description.model.validationLoss)
      for row in rows.map(\.row) {
        switch row.index.variant {
        case .author:
          set("cmni", row.index.value)
          set("cmni_crossfit", row.inference.crossFit)
        case .standardised:
          set("cmni_standardised", row.index.value)
          set("least_overlap_excess", row.inference.leastOverlapExcess)
        default: break
        }
      }
      lines.append(line)
      names.formUnion(line.keys)
    }
    let first = ["recording", "network", "epoch", "kind", "seed"]
    let columns = first + names.subtracting(first + Self.names).sorted() + Self.names
    table = TextTable(
      name: recordings.count == 1 ? recordings[0] : "the \(recordings.count) recordings", columns: columns,
      rows: lines.map { line in columns.map { line[$0] ?? "" } })
  }

  /// Network, epoch, seed, hyperparameters (single values and lists of them) and provenance.
  private static func origin(_ description: RecordingDescription) -> [String: String] {
    var line = description.provenance
    if let text = description.model.hyperparameters,
      let entries = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    {
      for (name, value) in entries {
        if let list = value as? [Any] {
          line[name] = list.map { "\($0)" }.joined(separator: ",")
        } else if !(value is [String: Any]) {
          line[name] = "\(value)"
        }
      }
    }
    line["seed"] = description.seed.map { "\($0)" } ?? line["seed"]
    line["network"] = description.model.network
    line["epoch"] = description.model.epoch.map { "\($0)" }
    line["kind"] = description.model.epoch.map { $0 > 0 ? "trained" : "untrained" }
    return line
  }
}
