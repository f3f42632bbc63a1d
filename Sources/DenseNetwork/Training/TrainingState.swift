/// Everything that a training run needs to go on from an epoch's end as if it had never stopped.
public struct TrainingState: Sendable, Equatable {
  /// The weights as they stand.
  public var network: Network
  /// Adam's moments, shaped as the network.
  public var firstMoments: Network
  public var secondMoments: Network
  /// Steps that Adam has taken, over all epochs.
  public var stepsTaken: UInt64
  /// Epochs finished; 0 before training.
  public var epoch: Int { history.last?.epoch ?? 0 }
  /// The weights with the lowest validation loss after at least one epoch; the untrained ones before that.
  public var bestNetwork: Network
  /// One record per finished epoch, the untrained network's (epoch 0) first.
  public var history: [EpochRecord]

  /// The state before training: moments 0, no history.
  public init(untrained network: Network) {
    self.network = network
    bestNetwork = network
    let zeros = Network(
      uncheckedLayers: network.layers.map { layer in
        DenseLayer(
          uncheckedName: layer.name, layer.inputCount, layer.unitCount, layer.kernel.map { _ in 0 },
          layer.bias.map { _ in 0 }, layer.activation)
      })
    firstMoments = zeros
    secondMoments = zeros
    stepsTaken = 0
    history = []
  }

  public init(
    network: Network, firstMoments: Network, secondMoments: Network, stepsTaken: UInt64, bestNetwork: Network, history: [EpochRecord]
  ) {
    self.network = network
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    self.stepsTaken = stepsTaken
    self.bestNetwork = bestNetwork
    self.history = history
  }

  /// The record of the epoch with the lowest validation loss. The untrained network does not count.
  public var best: EpochRecord? { history.last(where: \.isBest) }

  /// Epochs since the validation loss last fell; all of them if it never did.
  public var epochsSinceBest: Int { epoch - (best?.epoch ?? 0) }
}

/// What is known of a finished epoch.
public struct EpochRecord: Sendable, Equatable, Codable {
  /// 0 for the untrained network.
  public let epoch: Int
  /// Mean loss over the epoch's steps, each before its update, with dropout, label weights and penalty; nil for epoch 0.
  public let trainingLoss: Double?
  /// Mean squared error on the validation set plus penalty, after the epoch; both with its rows weighted where epochs are chosen so.
  public let validationLoss: Double
  public let validationAccuracy: Double
  /// As `validationLoss`, on the test set; nil without one, and for epochs that a program trained before there were two sets.
  public let testLoss: Double?
  public let testAccuracy: Double?
  /// Whether the validation loss is lower than after any earlier epoch; false for epoch 0.
  public let isBest: Bool

  public init(
    epoch: Int, trainingLoss: Double?, validationLoss: Double, validationAccuracy: Double, testLoss: Double? = nil,
    testAccuracy: Double? = nil, isBest: Bool
  ) {
    self.epoch = epoch
    self.trainingLoss = trainingLoss
    self.validationLoss = validationLoss
    self.validationAccuracy = validationAccuracy
    (self.testLoss, self.testAccuracy) = (testLoss, testAccuracy)
    self.isBest = isBest
  }

  private enum CodingKeys: String, CodingKey {
    case epoch
    case trainingLoss = "training_loss"
    case validationLoss = "validation_loss"
    case validationAccuracy = "validation_accuracy"
    case testLoss = "test_loss"
    case testAccuracy = "test_accuracy"
    case isBest = "is_best"
  }
}
