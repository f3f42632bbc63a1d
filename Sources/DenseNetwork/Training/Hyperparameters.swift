/// How a network is trained. The defaults are the author's 2×17 run (method.md §3).
public struct Hyperparameters: Sendable, Equatable, Codable {
  /// Adam's step size.
  public var learningRate: Double
  /// Rows per step, 1…65536.
  public var batchSize: Int
  /// Share of each hidden layer's units that a step drops, 0 ≤ dropout < 1.
  public var dropout: Double
  /// Factor of Σ w² over the hidden layers' kernels in the loss.
  public var l2: Double
  /// Training stops after this many epochs in a row without a lower validation loss.
  public var patience: Int
  public var maximumEpochs: Int
  /// Of the initial weights, the order of rows and the dropout masks.
  public var seed: UInt64
  public var balance: LabelBalance
  /// Whether the training labels are dealt anew among the rows, by the seed: a control that can learn no more than their shares.
  public var shufflesLabels: Bool
  /// Share of the states in which all that tells who is who is hidden from the network; nil for the paper's veil.
  public var hiddenIdentityShare: Double?
  /// What epochs are chosen on.
  public var validation: ValidationSet

  public init(
    learningRate: Double = 4e-6, batchSize: Int = 25, dropout: Double = 0.12, l2: Double = 0.01, patience: Int = 10,
    maximumEpochs: Int = 500, seed: UInt64 = 0, balance: LabelBalance = .none, shufflesLabels: Bool = false,
    hiddenIdentityShare: Double? = nil, validation: ValidationSet = .validation
  ) {
    self.learningRate = learningRate
    self.batchSize = batchSize
    self.dropout = dropout
    self.l2 = l2
    self.patience = patience
    self.maximumEpochs = maximumEpochs
    self.seed = seed
    self.balance = balance
    self.shufflesLabels = shufflesLabels
    self.hiddenIdentityShare = hiddenIdentityShare
    self.validation = validation
  }

  /// - Throws: `NetworkError.hyperparameter` naming the first value out of its range.
  public func validate() throws(NetworkError) {
    try require("learning rate", learningRate, learningRate > 0 && learningRate.isFinite, "a number above 0")
    try require("batch size", batchSize, (1...65536).contains(batchSize), "a whole number from 1 to 65536")
    try require("dropout", dropout, (0..<1).contains(dropout), "a number from 0 up to but not including 1")
    try require("L2 factor", l2, l2 >= 0 && l2.isFinite, "a number not below 0")
    try require("patience", patience, patience > 0, "a whole number above 0")
    try require("number of epochs", maximumEpochs, maximumEpochs >= 0, "a whole number not below 0")
    if let hiddenIdentityShare {
      try require("veil", hiddenIdentityShare, (0...1).contains(hiddenIdentityShare), "paper, or a share from 0 to 1")
    }
  }

  private func require(_ name: String, _ value: some Sendable, _ holds: Bool, _ range: String) throws(NetworkError) {
    if !holds { throw .hyperparameter(name: name, value: "\(value)", range: range) }
  }

  private enum CodingKeys: String, CodingKey {
    case learningRate = "learning_rate"
    case batchSize = "batch_size"
    case dropout, l2, patience
    case maximumEpochs = "maximum_epochs"
    case seed, balance
    case shufflesLabels = "shuffle_labels"
    case hiddenIdentityShare = "veil"
    case validationSet = "validation_set"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      learningRate: try values.decode(Double.self, forKey: .learningRate), batchSize: try values.decode(Int.self, forKey: .batchSize),
      dropout: try values.decode(Double.self, forKey: .dropout), l2: try values.decode(Double.self, forKey: .l2),
      patience: try values.decode(Int.self, forKey: .patience), maximumEpochs: try values.decode(Int.self, forKey: .maximumEpochs),
      seed: try values.decode(UInt64.self, forKey: .seed), balance: try values.decode(LabelBalance.self, forKey: .balance),
      // Files from before it could be asked for do not say it.
      shufflesLabels: try values.decodeIfPresent(Bool.self, forKey: .shufflesLabels) ?? false,
      hiddenIdentityShare: try values.decodeIfPresent(Double.self, forKey: .hiddenIdentityShare),
      validation: try values.decodeIfPresent(ValidationSet.self, forKey: .validationSet) ?? .test)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(learningRate, forKey: .learningRate)
    try values.encode(batchSize, forKey: .batchSize)
    try values.encode(dropout, forKey: .dropout)
    try values.encode(l2, forKey: .l2)
    try values.encode(patience, forKey: .patience)
    try values.encode(maximumEpochs, forKey: .maximumEpochs)
    try values.encode(seed, forKey: .seed)
    try values.encode(balance, forKey: .balance)
    if shufflesLabels { try values.encode(true, forKey: .shufflesLabels) }
    try values.encodeIfPresent(hiddenIdentityShare, forKey: .hiddenIdentityShare)
    try values.encode(validation, forKey: .validationSet)
  }
}

/// What epochs are chosen on.
public enum ValidationSet: String, Sendable, Codable, CaseIterable {
  /// A set of its own, in the labels' natural shares.
  case validation
  /// The same rows, each with the weight that the label balance gives its label in training: as if there were data in these shares.
  case weighted
  /// The test set, as the author's program and ours once did.
  case test
}
