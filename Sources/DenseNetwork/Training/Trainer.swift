/// Trains networks on one training set, judged on one validation set, and looked at on a test set that decides nothing.
///
/// Loss of a batch: mean over its rows and outputs of the squared error against the one-hot label, each row weighted for the label balance,
/// plus `l2` Σ w² over the hidden kernels. Dropout after each hidden layer. Adam as in Keras 2.15: β 0.9 and 0.999, ε 1e-7,
/// w −= lr · √(1 − β2ᵗ) / (1 − β1ᵗ) · m / (√v + ε). One training run uses one thread; several trainers can run side by side.
public struct Trainer: Sendable {
  public let hyperparameters: Hyperparameters
  /// With its labels shuffled where the hyperparameters say so.
  public let training: TrainingSet
  public let validation: TrainingSet
  /// Nil where the networks are not looked at on other states than the validation set's.
  public let test: TrainingSet?

  /// Why a run ended.
  public enum Ending: Sendable, Equatable {
    /// The validation loss has not fallen for `patience` epochs.
    case stoppedEarly
    /// `maximumEpochs` are done.
    case reachedMaximumEpochs
    /// The caller's `isCancelled` said so; the state is that of the last finished epoch.
    case cancelled
  }

  /// What a finished epoch hands to the caller: its record and the state to save for a resume.
  public struct EpochReport: Sendable {
    public let record: EpochRecord
    /// On the validation set.
    public let measures: ClassificationMeasures
    /// On the test set; nil without one.
    public let testMeasures: ClassificationMeasures?
    public let state: TrainingState

    public var epoch: Int { record.epoch }
    public var isBest: Bool { record.isBest }
    public var network: Network { state.network }
  }

  /// - Throws: `NetworkError` if a hyperparameter is out of its range.
  public init(
    hyperparameters: Hyperparameters, training: TrainingSet, validation: TrainingSet, test: TrainingSet? = nil
  ) throws(NetworkError) {
    try hyperparameters.validate()
    self.hyperparameters = hyperparameters
    self.training = hyperparameters.shufflesLabels ? training.shufflingLabels(seed: hyperparameters.seed) : training
    self.validation = validation
    self.test = test
  }

  /// The state of an untrained network with these hidden layers, drawn from the hyperparameters' seed.
  public func untrained(hidden: [Int], outputCount: Int = 4) throws(NetworkError) -> TrainingState {
    TrainingState(
      untrained: try Network(
        inputCount: training.inputCount, hidden: hidden, outputCount: outputCount, seed: hyperparameters.seed))
  }

  /// Trains until the validation loss stops falling, the epochs are used up, or `isCancelled`.
  ///
  /// - Parameters:
  ///   - state: where to begin: `untrained(hidden:)`, or the state that an earlier report handed out. The result is the same, bit for
  ///     bit, as that of a run that was never interrupted.
  ///   - isCancelled: asked every few milliseconds.
  ///   - epochFinished: called after each epoch, and once with epoch 0 for a network that has no history yet. What it throws ends the run.
  /// - Returns: the state after the last finished epoch, and why the run ended.
  /// - Throws: `NetworkError` if the sets do not fit the network, or if the validation loss is not a number (NaN or infinite).
  public func train(
    from state: TrainingState, isCancelled: () -> Bool = { false }, epochFinished: (EpochReport) throws -> Void
  ) throws -> (state: TrainingState, ending: Ending) {
    try check(state)
    let weights = try hyperparameters.balance.weights(
      labelCounts: training.labelCounts(outputCount: state.network.outputCount))
    let validationWeights = hyperparameters.validation == .weighted ? weights : nil
    var state = state
    if state.history.isEmpty {
      try finish(0, trainingLoss: nil, validationWeights, &state, epochFinished)
    }
    let run = TrainingRun(hyperparameters, training, labelWeights: weights, from: state)
    while true {
      if state.epochsSinceBest >= hyperparameters.patience { return (state, .stoppedEarly) }
      if state.epoch >= hyperparameters.maximumEpochs { return (state, .reachedMaximumEpochs) }
      let epoch = state.epoch + 1
      guard let loss = run.trainEpoch(epoch, isCancelled: isCancelled) else { return (state, .cancelled) }
      run.store(into: &state)
      try finish(epoch, trainingLoss: loss, validationWeights, &state, epochFinished)
    }
  }

  private func finish(
    _ epoch: Int, trainingLoss: Double?, _ validationWeights: [Double]?, _ state: inout TrainingState,
    _ epochFinished: (EpochReport) throws -> Void
  ) throws {
    let evaluation = try state.network.evaluate(on: validation, l2: hyperparameters.l2, labelWeights: validationWeights)
    guard evaluation.loss.isFinite else { throw NetworkError.diverged(epoch: epoch) }
    let tested = try test.map { try state.network.evaluate(on: $0, l2: hyperparameters.l2) }
    let isBest = epoch > 0 && evaluation.loss < (state.best?.validationLoss ?? .infinity)
    let record = EpochRecord(
      epoch: epoch, trainingLoss: trainingLoss, validationLoss: evaluation.loss,
      validationAccuracy: evaluation.accuracy, testLoss: tested?.loss, testAccuracy: tested?.accuracy, isBest: isBest)
    state.history.append(record)
    if isBest { state.bestNetwork = state.network }
    try epochFinished(EpochReport(record: record, measures: evaluation.measures, testMeasures: tested?.measures, state: state))
  }

  private func check(_ state: TrainingState) throws(NetworkError) {
    let network = state.network
    try training.check(against: network, name: "training")
    try validation.check(against: network, name: "validation")
    try test?.check(against: network, name: "test")
    for (index, layer) in network.layers.enumerated() {
      let isOutput = index == network.layers.count - 1
      guard layer.activation == (isOutput ? .linear : .relu) else { throw .notTrainable(layer: layer.name) }
    }
    let shape = { (network: Network) in network.layers.map { [$0.inputCount, $0.unitCount] } }
    guard [state.firstMoments, state.secondMoments, state.bestNetwork].allSatisfy({ shape($0) == shape(network) }) else {
      throw .shapesDiffer
    }
    // The dropout masks number the hidden units in 16 bits.
    let hiddenUnits = network.hiddenUnitCounts.reduce(0, +)
    guard hiddenUnits <= 65536 else {
      throw .hyperparameter(name: "number of hidden units", value: "\(hiddenUnits)", range: "at most 65536")
    }
  }
}
