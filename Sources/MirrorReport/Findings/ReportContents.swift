import ActivationRecording
import MirrorAnalysis

/// Everything that a report tells: the networks of the recordings that were given, in their order.
public struct ReportContents: Sendable {
  let networks: [NetworkFindings]

  /// - Parameters:
  ///   - recordings: paths; each inner list is taken as one recording.
  ///   - training: losses over the epochs of the one network of which several checkpoints are given.
  ///   - starts: called with how many recordings will be gone through in full.
  /// - Throws: what `ReportAnalyses.findings(of:)` throws; `TrainingHistory.Fault.notOneCurve` before anything is computed.
  public init(
    of recordings: [[String]], by analyses: ReportAnalyses, training: TrainingHistory? = nil, starts: (Int) -> Void = { _ in }
  ) throws {
    let checkpoints = try recordings.map { paths in
      // Structure and attributes alone are read.
      let model = try Recording(path: paths[0], layers: analyses.isChosen, needsPhase: false).description.model
      return RecordedCheckpoint(paths: paths, network: model.network, epoch: model.epoch, validationLoss: model.validationLoss)
    }
    let groups = RecordedCheckpoint.groups(checkpoints)
    let curves = groups.count { $0.count > 1 }
    if let training, curves != 1 { throw TrainingHistory.Fault.notOneCurve(table: training.path, curves: curves) }
    starts(groups.count)
    networks = try groups.map { group in
      let choice = RecordedCheckpoint.detailed(of: group)
      var network = NetworkFindings(detailed: try analyses.findings(of: group[choice?.index ?? 0].paths))
      guard let choice else { return network }
      (network.givenCount, network.choice, network.training) = (group.count, choice.reason, training)
      do {
        let rows = try analyses.indices(of: group.map(\.paths))
        network.checkpoints = group.compactMap { checkpoint in
          guard let epoch = checkpoint.epoch, let identity = rows.first(where: { $0.identity.recording == checkpoint.paths[0] })?.identity
          else {
            return nil
          }
          let own = rows.filter { $0.identity == identity }.map(\.row)
          return .init(identity: identity, epoch: epoch, validationLoss: checkpoint.validationLoss, index: own)
        }
      } catch let error as RecordingError {
        guard case .notEnoughRows = error else { throw error }
        network.curvesReason = error.description
      }
      return network
    }
  }
}
