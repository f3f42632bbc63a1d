import DenseNetwork
import Foundation
import FrogAndToad
import Tabular
import Terminal

/// Trains one network into a folder of checkpoints.
struct TrainStep: Sendable {
  enum Begin: Sendable {
    /// From untrained weights; an earlier training in the folder is an error or is replaced.
    case anew(replacing: Bool)
    /// From the folder's `state.h5`; from untrained weights where there is no training yet.
    case resume
  }

  let shape: NetworkShape
  let hyperparameters: Hyperparameters
  let folder: String

  /// Seconds between two savings of the state: what a kill can cost.
  private static let saveInterval: TimeInterval = 2

  func run(
    on data: TrainingData, begin: Begin, epochFinished: @escaping (Trainer.EpochReport) -> Void = { _ in }
  ) throws -> TrainingOutcome {
    let trainer = try Trainer(
      hyperparameters: hyperparameters, training: data.training, validation: data.validation, test: data.test)
    let initial = try initialState(begin, trainer: trainer, data: data)
    return try Interruption.shared.gracefully { try train(trainer, from: initial, data: data, epochFinished: epochFinished) }
  }

  private func train(
    _ trainer: Trainer, from initial: TrainingState, data: TrainingData, epochFinished: @escaping (Trainer.EpochReport) -> Void
  ) throws -> TrainingOutcome {
    var best: ClassificationMeasures?
    var lastSaved = Date()
    let isCancelled = { Interruption.shared.isRequested }
    let (state, ending) = try trainer.train(from: initial, isCancelled: isCancelled) { report in
      if report.epoch == 0 || report.isBest {
        let checkpoint = Checkpoint(
          report, hyperparameters: hyperparameters, statesSHA256: data.statesSHA256, game: data.game, createdUTC: currentUTC(),
          commandLine: commandLine)
        try checkpoint.write(to: folder + "/" + checkpointName(epoch: report.epoch), overwrite: true)
        best = report.testMeasures ?? report.measures
      }
      if Date().timeIntervalSince(lastSaved) >= Self.saveInterval {
        try save(report.state, data)
        lastSaved = Date()
      }
      epochFinished(report)
    }
    try save(state, data)
    try writeHistory(state.history)
    if ending == .cancelled {
      throw Interruption.shared.failure(
        " after epoch \(state.epoch) of \(shape.name). The checkpoints are kept.")
    }
    // A training that was complete already measures its best network again, for the same summary.
    if best == nil {
      best = try state.bestNetwork.evaluate(on: data.test ?? data.validation, l2: hyperparameters.l2).measures
    }
    return TrainingOutcome(
      shape: shape, folder: folder, state: state, ending: ending, bestMeasures: best,
      measuredSet: data.test != nil || hyperparameters.validation == .test ? "test" : "validation")
  }

  private func initialState(_ begin: Begin, trainer: Trainer, data: TrainingData) throws -> TrainingState {
    let own = TrainingFolder(path: folder)
    let statePath = own.state
    switch begin {
    case .anew(let replacing):
      try own.clear(replacing: replacing)
      return try untrained(trainer, data)
    case .resume:
      // All of it is the training's own, or this ends here.
      let files = try own.files()
      if !own.hasState {
        guard files.isEmpty else {
          throw Failure(
            .failed, "\(statePath): is missing, and \(files[0]) cannot be resumed without it. Begin anew with --force.")
        }
        return try untrained(trainer, data)
      }
      let saved = try SavedTraining.read(from: statePath)
      guard saved.statesSHA256 == data.statesSHA256 else {
        throw Failure(.failed, "\(statePath): was trained on other states. Give the states that the training began with.")
      }
      guard saved.hyperparameters.sameCourse(as: hyperparameters), saved.state.network.hiddenUnitCounts == shape.hidden else {
        throw Failure(
          .failed,
          "\(statePath): was trained with other options (\(try saved.hyperparameters.json)). Give the same ones, or begin anew with --force."
        )
      }
      return saved.state
    }
  }

  /// The state before training, saved at once, so that there is something to resume from the beginning.
  private func untrained(_ trainer: Trainer, _ data: TrainingData) throws -> TrainingState {
    let state = try trainer.untrained(hidden: shape.hidden)
    try makeFolder(folder)
    try save(state, data)
    return state
  }

  private func save(_ state: TrainingState, _ data: TrainingData) throws {
    let saved = SavedTraining(
      state: state, hyperparameters: hyperparameters, statesSHA256: data.statesSHA256, createdUTC: currentUTC(), commandLine: commandLine)
    try saved.write(to: TrainingFolder(path: folder).state, overwrite: true)
  }

  private func writeHistory(_ history: [EpochRecord]) throws {
    let file = try OutputFile(path: TrainingFolder(path: folder).history, overwrite: true)
    var writer = try TableWriter(schema: TrainingRow.schema, format: .csv, sink: file.write)
    try writer.write(history.map { TrainingRow(network: shape.name, record: $0, validatesOnTest: hyperparameters.validation == .test) })
    try writer.finish()
    try file.finish()
  }
}

extension Hyperparameters {
  /// Whether training goes the same way epoch by epoch; the number of epochs may grow from one call to the next.
  fileprivate func sameCourse(as other: Hyperparameters) -> Bool {
    var other = other
    other.maximumEpochs = maximumEpochs
    return self == other
  }
}

/// What a training came to.
struct TrainingOutcome: Sendable {
  let shape: NetworkShape
  let folder: String
  let state: TrainingState
  let ending: Trainer.Ending
  /// Of the best epoch; nil when the training had ended before.
  let bestMeasures: ClassificationMeasures?
  /// The set that they are of: the test set, or the validation set where there is no other.
  let measuredSet: String

  var summary: [String] {
    let why = ending == .stoppedEarly ? "no better epoch came for the set patience" : "all epochs are done"
    var lines = ["\(folder): stopped after epoch \(state.epoch) (\(why))."]
    if let best = state.best {
      lines.append(
        "  best epoch \(best.epoch): validation loss \(rounded(best.validationLoss, 5)), accuracy \(rounded(best.validationAccuracy, 4))")
    }
    if let bestMeasures {
      let shares = Action.allCases.map { "\($0) \(rounded(bestMeasures.accuracy(ofLabel: Int($0.rawValue)), 3))" }
      lines.append("  share of \(measuredSet) states in which the label is chosen: " + shares.joined(separator: ", "))
    }
    return lines
  }
}

/// A row of `training.csv`.
struct TrainingRow: TableRow {
  let network: String
  let record: EpochRecord
  let validatesOnTest: Bool

  static let schema = TableSchema(
    name: "training", title: "Losses of a training by epoch",
    columns: [
      Column("network", .string, "Shape of the hidden layers"),
      Column("epoch", .integer, "0 is the untrained network"),
      Column("training_loss", .number, "Mean loss over the epoch's steps, with dropout and the L2 term"),
      Column(
        "validation_loss", .number,
        "Loss on the validation set, without dropout, with the L2 term; of weighted rows with --validation weighted"),
      Column(
        "validation_accuracy", .number, "Share of validation states whose label is chosen; of weighted rows with --validation weighted"),
      Column("is_best", .boolean, "Whether a checkpoint was kept as a new best"),
      Column("test_loss", .number, "Loss on the test set, without dropout, with the L2 term; empty without one"),
      Column("test_accuracy", .number, "Share of test states whose label is chosen; empty without a test set"),
    ])

  var cells: [Cell] {
    [
      .string(network), .integer(record.epoch), .number(record.trainingLoss), .number(record.validationLoss),
      .number(record.validationAccuracy), .boolean(record.isBest),
      .number(validatesOnTest ? record.validationLoss : record.testLoss),
      .number(validatesOnTest ? record.validationAccuracy : record.testAccuracy),
    ]
  }
}
