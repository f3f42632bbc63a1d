import DenseNetwork
import Testing

@Suite struct TrainerTests {
  private func trainer(_ change: (inout Hyperparameters) -> Void = { _ in }) throws -> Trainer {
    var hyperparameters = Hyperparameters(learningRate: 2e-3, maximumEpochs: 6, seed: 3)
    change(&hyperparameters)
    return try Trainer(
      hyperparameters: hyperparameters, training: smallSet(rows: 310, inputCount: 12, seed: 1),
      validation: smallSet(rows: 90, inputCount: 12, seed: 2))
  }

  @Test("A run that stops after any epoch and resumes from its state ends bit for bit like one that never stopped")
  func resume() throws {
    let trainer = try trainer()
    var states: [TrainingState] = []
    let whole = try trainer.train(from: trainer.untrained(hidden: [8, 7])) { states.append($0.state) }
    #expect(states.count == 7)
    for state in states {
      var seen: [Int] = []
      let resumed = try trainer.train(from: state) { seen.append($0.epoch) }
      #expect(resumed.state == whole.state)
      #expect(seen == Array(state.epoch + 1..<7))
    }
  }

  @Test("The untrained network is reported as epoch 0, before training, and never as the best")
  func epochZero() throws {
    let trainer = try trainer { $0.maximumEpochs = 1 }
    let untrained = try trainer.untrained(hidden: [8])
    var reports: [Trainer.EpochReport] = []
    _ = try trainer.train(from: untrained) { reports.append($0) }
    #expect(reports.map(\.epoch) == [0, 1])
    #expect(reports.map(\.isBest) == [false, true])
    #expect(reports[0].network == untrained.network && reports[0].record.trainingLoss == nil)
    #expect(reports[1].network != untrained.network)
  }

  @Test("What epochs are chosen on and looked at on changes no weight: both losses are on record, and only the first decides")
  func setsThatDecide() throws {
    let sets = try (2...3).map { try smallSet(rows: 90, inputCount: 12, seed: UInt64($0)) }
    func reports(validation: TrainingSet, test: TrainingSet?) throws -> [Trainer.EpochReport] {
      let trainer = try Trainer(
        hyperparameters: Hyperparameters(learningRate: 2e-2, maximumEpochs: 9, seed: 3),
        training: smallSet(rows: 310, inputCount: 12, seed: 1), validation: validation, test: test)
      var reports: [Trainer.EpochReport] = []
      _ = try trainer.train(from: trainer.untrained(hidden: [8])) { reports.append($0) }
      return reports
    }
    let first = try reports(validation: sets[0], test: sets[1])
    let second = try reports(validation: sets[1], test: nil)
    #expect(first.map(\.network) == second.map(\.network))
    #expect(first.map(\.record.testLoss) == second.map(\.record.validationLoss))
    #expect(first.map(\.record.testAccuracy) == second.map(\.record.validationAccuracy))
    #expect(first.map(\.testMeasures) == second.map(\.measures) && second.allSatisfy { $0.testMeasures == nil })
    for reports in [first, second] {
      var lowest = Double.infinity
      for report in reports.dropFirst() {
        #expect(report.isBest == (report.record.validationLoss < lowest))
        lowest = min(lowest, report.record.validationLoss)
      }
    }
  }

  @Test("A cancelled run gives back the state of the last finished epoch, from which it resumes to the same end")
  func cancellation() throws {
    let trainer = try trainer()
    let untrained = try trainer.untrained(hidden: [8])
    let whole = try trainer.train(from: untrained) { _ in }
    var asked = 0
    let stopped = try trainer.train(
      from: untrained,
      isCancelled: {
        asked += 1
        return asked > 3
      },
      epochFinished: { _ in })
    #expect(stopped.ending == .cancelled && stopped.state.epoch == 3)
    #expect(try trainer.train(from: stopped.state) { _ in }.state == whole.state)
  }

  @Test("Training stops after `patience` epochs without a lower validation loss and keeps the best weights")
  func earlyStopping() throws {
    // Steps this large never settle.
    let trainer = try trainer {
      $0.learningRate = 0.5
      $0.patience = 3
      $0.maximumEpochs = 200
    }
    var reports: [Trainer.EpochReport] = []
    let (state, ending) = try trainer.train(from: trainer.untrained(hidden: [8])) { reports.append($0) }
    #expect(ending == .stoppedEarly)
    #expect(state.epochsSinceBest == 3)
    let lowest = try #require(reports.dropFirst().min { $0.record.validationLoss < $1.record.validationLoss })
    #expect(state.best == lowest.record && state.bestNetwork == lowest.network)
    #expect(state.epoch == lowest.epoch + 3)
    #expect(try trainer.train(from: state) { _ in }.ending == .stoppedEarly)
  }

  @Test("Training learns a rule that it can learn")
  func learns() throws {
    let trainer = try trainer {
      $0.maximumEpochs = 150
      $0.patience = 150
      $0.dropout = 0
      $0.l2 = 1e-4
      $0.learningRate = 5e-3
    }
    let (state, _) = try trainer.train(from: trainer.untrained(hidden: [20])) { _ in }
    #expect(try #require(state.best).validationAccuracy >= 0.9)
  }

  @Test("Another seed gives another network, the same seed the same")
  func seeds() throws {
    let runs = try [UInt64(3), 3, 4].map { seed in
      let trainer = try trainer {
        $0.seed = seed
        $0.maximumEpochs = 1
      }
      return try trainer.train(from: trainer.untrained(hidden: [5])) { _ in }.state.network.weightsSHA256
    }
    #expect(runs[0] == runs[1] && runs[0] != runs[2])
  }

  @Test("A loss that is not a number ends the run with the epoch and what to do")
  func diverged() throws {
    let trainer = try trainer { $0.learningRate = 1e30 }
    let error = try #require(throws: NetworkError.self) {
      try trainer.train(from: trainer.untrained(hidden: [8, 8])) { _ in }
    }
    #expect(error == .diverged(epoch: 1))
    #expect(error.description == "The validation loss of epoch 1 is not a number: the training has diverged. Lower the learning rate.")
  }

  @Test("Shuffled labels are the same ones on other rows, by the seed; the states and the validation set stay")
  func shuffledLabels() throws {
    let plain = try trainer()
    let shuffled = try trainer { $0.shufflesLabels = true }
    #expect(shuffled.training.states == plain.training.states && shuffled.validation.labels == plain.validation.labels)
    #expect(shuffled.training.labels != plain.training.labels)
    #expect(shuffled.training.labels.sorted() == plain.training.labels.sorted())
    #expect(try trainer { $0.shufflesLabels = true }.training.labels == shuffled.training.labels)
    #expect(
      try trainer {
        $0.shufflesLabels = true
        $0.seed = 4
      }.training.labels != shuffled.training.labels)
  }

  @Test("Hyperparameters out of range are named")
  func ranges() throws {
    let changes: [(String, (inout Hyperparameters) -> Void)] = [
      ("The learning rate is 0.0. Choose a number above 0.", { $0.learningRate = 0 }),
      ("The batch size is 0. Choose a whole number from 1 to 65536.", { $0.batchSize = 0 }),
      ("The dropout is 1.0. Choose a number from 0 up to but not including 1.", { $0.dropout = 1 }),
      ("The L2 factor is nan. Choose a number not below 0.", { $0.l2 = .nan }),
      ("The patience is 0. Choose a whole number above 0.", { $0.patience = 0 }),
      ("The number of epochs is -1. Choose a whole number not below 0.", { $0.maximumEpochs = -1 }),
    ]
    for (sentence, change) in changes {
      let error = #expect(throws: NetworkError.self) { try trainer(change) }
      #expect(error?.description == sentence)
    }
  }

  @Test("Sets that do not fit the network are refused before training")
  func misfits() throws {
    let good = try smallSet(rows: 20, inputCount: 12)
    let empty = try TrainingSet(states: [], labels: [], inputCount: 12)
    let narrow = try smallSet(rows: 20, inputCount: 11)
    let labelled = try TrainingSet(states: Array(repeating: 0, count: 24), labels: [0, 4], inputCount: 12)
    let expected: [(TrainingSet, TrainingSet, NetworkError)] = [
      (empty, good, .noRows(set: "training")),
      (good, empty, .noRows(set: "validation")),
      (good, narrow, .inputsDiffer(set: "validation", found: 11, expected: 12)),
      (labelled, good, .labelOutOfRange(set: "training", row: 1, label: 4, outputs: 4)),
    ]
    for (training, validation, error) in expected {
      let trainer = try Trainer(hyperparameters: Hyperparameters(), training: training, validation: validation)
      #expect(throws: error) { try trainer.train(from: trainer.untrained(hidden: [3])) { _ in } }
    }
    #expect(throws: NetworkError.rowsAndLabels(rows: 2, labels: 1)) {
      try TrainingSet(states: Array(repeating: 0, count: 24), labels: [0], inputCount: 12)
    }
  }
}
