import ActivationRecording
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Games
import MirrorAnalysis
import Tabular
import Terminal

/// What is known of one network of a sweep at one epoch, beside its options.
struct SweepMeasures: Sendable {
  var epoch: Int?
  var validationLoss: Double?
  var accuracy: Double?
  var helpShare: Double?
  var hiddenUnits: Int
  var liveUnits: Int?
  var statesSHA256: String?
  var testStates: Int?
  /// Of the author's index and of the standardised one.
  var author: CMNIRow?
  var standardised: CMNIRow?
  /// Over all self and other rows; nil where that is not asked for.
  var standardisedAllRows: CMNIRow?
  /// What it does when it plays; empty where it does not.
  var games: [PlayOutcome: Double] = [:]
  var reason: String?

  init(_ network: SweepNetwork, statesSHA256: String? = nil, testStates: Int? = nil, reason: String? = nil) {
    hiddenUnits = network.shape.hidden.reduce(0, +)
    (self.statesSHA256, self.testStates, self.reason) = (statesSHA256, testStates, reason)
  }
}

/// Trains one network of a sweep and measures it.
struct SweepMeasurement: Sendable {
  let plan: SweepPlan
  let states: SweepStates
  let folder: String
  let keep: SweepKeep

  /// A signal ended the work.
  struct Interrupted: Error {}

  /// A network at an epoch.
  private struct Stage {
    let network: Network
    let epoch: Int
    let validationLoss: Double
    let validationAccuracy: Double
    var isBest: Bool
  }

  /// - Throws: `Interrupted`, and what reading and writing throw. States that cannot be made are a result: they would not be the next time.
  func result(of network: SweepNetwork) throws -> SweepResult {
    let start = Date()
    var result = SweepResult(of: network)
    do {
      let data = try states.data(for: network)
      let test = try states.test(for: network)
      let (stages, divergence) = try stages(of: network, data)
      for (number, stage) in stages.enumerated() {
        let isMeasured = plan.file.epochs == .kept ? stage.isBest : number == stages.lastIndex { $0.isBest }
        let isKept = keeps(stage, of: stages)
        guard isMeasured || isKept else { continue }
        try measure(network, stage, data, test, divergence, isMeasured: isMeasured, isKept: isKept, into: &result)
      }
      if result.networks.isEmpty {
        add(SweepMeasures(network, statesSHA256: data.statesSHA256, testStates: test.set.rowCount, reason: divergence), to: &result)
      }
    } catch let error as GenerationError {
      add(SweepMeasures(network, reason: "its states cannot be made: \(error.description)"), to: &result)
    } catch let error as Failure where error.status == .notEnoughData {
      add(SweepMeasures(network, reason: error.sentence), to: &result)
    }
    result.seconds = Date().timeIntervalSince(start)
    return result
  }

  private func add(_ measures: SweepMeasures, to result: inout SweepResult) {
    result.networks.append(measures.cells.mapValues(\.text))
  }

  /// The epochs that may be measured or kept, in order.
  private func stages(of network: SweepNetwork, _ data: TrainingData) throws -> (stages: [Stage], divergence: String?) {
    var hyperparameters = network.hyperparameters
    if network.kind == .untrained { hyperparameters.maximumEpochs = 0 }
    let trainer = try Trainer(hyperparameters: hyperparameters, training: data.training, validation: data.validation)
    var stages: [Stage] = []
    let needsAll = plan.file.epochs == .kept || keep == .all
    let initial = try trainer.untrained(hidden: network.shape.hidden)
    let isCancelled = { Interruption.shared.isRequested }
    do {
      let (_, ending) = try trainer.train(from: initial, isCancelled: isCancelled) { report in
        let isBest = report.isBest || network.kind == .untrained
        if !needsAll, isBest { stages.removeAll { $0.isBest } }
        if let last = stages.last, !last.isBest { stages.removeLast() }
        if isBest || (keep == .last && report.epoch > 0) {
          stages.append(
            Stage(
              network: report.network, epoch: report.epoch, validationLoss: report.record.validationLoss,
              validationAccuracy: report.record.validationAccuracy, isBest: isBest))
        }
      }
      if ending == .cancelled { throw Interrupted() }
    } catch NetworkError.diverged(let epoch) {
      return (stages, "the loss was no number after epoch \(epoch)")
    }
    return (stages, nil)
  }

  private func keeps(_ stage: Stage, of stages: [Stage]) -> Bool {
    switch keep {
    case .none, .networks: false
    case .best: stage.epoch == stages.last { $0.isBest }?.epoch
    case .last: stage.epoch == stages.last?.epoch
    case .all: true
    }
  }

  private func measure(
    _ network: SweepNetwork, _ stage: Stage, _ data: TrainingData, _ test: SweepStates.Test, _ divergence: String?, isMeasured: Bool,
    isKept: Bool,
    into result: inout SweepResult
  ) throws {
    let checkpoint = Checkpoint(
      network: stage.network, hyperparameters: network.hyperparameters, epoch: stage.epoch, validationLoss: stage.validationLoss,
      validationAccuracy: stage.validationAccuracy, statesSHA256: data.statesSHA256, game: data.game, createdUTC: currentUTC(),
      commandLine: commandLine)
    let file = checkpointName(epoch: stage.epoch)
    let name = "recordings/\(network.name)/\(file)"
    let path = isKept ? folder + "/" + name : folder + "/\(SweepFolder.work)/\(network.name)-\(file)"
    if isKept || keep == .networks {
      try makeFolder(folder + "/networks/" + network.name)
      if isKept { try makeFolder(folder + "/recordings/" + network.name) }
      try checkpoint.write(to: folder + "/networks/\(network.name)/\(file)", overwrite: true)
    }
    var step = RecordStep()
    (step.overwrite, step.keepsPartials, step.recordsInputs) = (true, false, isKept)
    try step.record(
      checkpoint, at: "\(network.name)/\(file)", to: path, under: network.hyperparameters.veil,
      states: test.file, threads: 1)
    defer { if !isKept { try? FileManager.default.removeItem(atPath: path) } }
    guard isMeasured else { return }

    let evaluation = try stage.network.evaluate(on: test.set, l2: network.hyperparameters.l2)
    var measures = SweepMeasures(network, statesSHA256: data.statesSHA256, testStates: test.set.rowCount, reason: divergence)
    (measures.epoch, measures.validationLoss) = (stage.epoch, stage.validationLoss)
    measures.accuracy = evaluation.measures.accuracy
    measures.helpShare = evaluation.measures.accuracy(ofLabel: Int(Action.help.rawValue))
    measures.liveUnits = try stage.network.liveHiddenUnits(on: test.set.states)
    let rows = try index(of: path, name: name, partnerFilter: true, network)
    result.cmni += rows.map { RecordingRow(identity(name, network, stage), $0).cells.map(\.text) }
    (measures.author, measures.standardised) = (
      rows.first { $0.index.variant == .author }, rows.first { $0.index.variant == .standardised }
    )
    if plan.file.measuresAllRows {
      let rows = try index(of: path, name: name, partnerFilter: false, network)
      result.cmniAllRows += rows.map { RecordingRow(identity(name, network, stage), $0).cells.map(\.text) }
      measures.standardisedAllRows = rows.first { $0.index.variant == .standardised }
    }
    measures.games = try games(of: stage.network, network)
    add(measures, to: &result)
  }

  /// Outcomes of the same games for all networks: Toad acts at random, energy and flies are shown as in training.
  private func games(of played: Network, _ network: SweepNetwork) throws -> [PlayOutcome: Double] {
    guard plan.file.games > 0 else { return [:] }
    var games = GamesPlan()
    (games.games, games.controls, games.replicates) = (plan.file.games, 0, 0)
    games.options = PlayOptions(
      turns: plan.file.turns, couplings: network.game.couplings.couplings, showsRedrawn: true, seed: plan.file.testSeed)
    let experiment = GamesExperiment(played, veil: network.hyperparameters.veil, partner: .random, plan: games, threads: 1)
    let subject = GamesSubject(checkpoint: network.name, network: network.name, epoch: nil, partner: "random")
    return Dictionary(
      try experiment.rows(of: subject).compactMap { row in row.value.map { (row.outcome, $0) } }, uniquingKeysWith: { $1 })
  }

  private func identity(_ recording: String, _ network: SweepNetwork, _ stage: Stage) -> RecordingIdentity {
    RecordingIdentity(recording: recording, network: network.name, epoch: stage.epoch)
  }

  private func index(of path: String, name: String, partnerFilter: Bool, _ network: SweepNetwork) throws -> [CMNIRow] {
    var selection = RecordingSelection()
    selection.partnerFilter = partnerFilter
    let view = try RecordingView(of: [Recording(path: path)], name: name, selection: selection)
    let analysis = CMNIAnalysis(permutations: plan.file.permutations)
    // Seeds of permutations that differ between networks: their errors do not add up over a study.
    let seed = UInt64(network.identity.prefix(16), radix: 16) ?? 1
    return try analysis.rows(of: view, in: AnalysisContext(threads: 1, seed: seed))
  }
}

/// Which networks and recordings a sweep leaves in its folder beside the tables.
enum SweepKeep: String, CaseIterable, Sendable, Codable {
  case none
  /// Checkpoints of the measured epochs, and no recordings.
  case networks
  case best, last, all
}

extension Network {
  /// Hidden units whose activation is not the same for all rows.
  func liveHiddenUnits(on rows: [UInt8]) throws -> Int {
    var lowest = layers.dropLast().map { [Float](repeating: .infinity, count: $0.unitCount) }
    var highest = layers.dropLast().map { [Float](repeating: -.infinity, count: $0.unitCount) }
    try forward(rows: rows) { block in
      for layer in lowest.indices {
        let (values, width) = (block.activations[layer], lowest[layer].count)
        for index in values.indices {
          let unit = index % width
          lowest[layer][unit] = min(lowest[layer][unit], values[index])
          highest[layer][unit] = max(highest[layer][unit], values[index])
        }
      }
    }
    return zip(lowest, highest).reduce(0) { $0 + zip($1.0, $1.1).count { $0 < $1 } }
  }
}
