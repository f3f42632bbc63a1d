import ActivationRecording
import DenseNetwork
import FrogAndToad
import Terminal

/// The veiled states of a states file, as training takes them: the training split to learn from, the validation split to choose epochs on,
/// the test split to look at.
struct TrainingData: Sendable {
  let training: TrainingSet
  let validation: TrainingSet
  /// Nil where the file has none, and where it is the validation set.
  let test: TrainingSet?
  let statesSHA256: String
  /// The game that they are of, as JSON; nil where nobody knows.
  let game: String?

  /// - Parameters:
  ///   - networks: how many are trained on them at the same time.
  ///   - veil: under another than the paper's, states of the other sets that look like training states are left out.
  ///   - validatesOnTest: whether the test set is the validation set too.
  ///   - looksAtTest: whether the test set is read where it is not.
  init(
    _ path: String, networks: Int, veil: Veil, validatesOnTest: Bool, looksAtTest: Bool = true, common: CommonOptions
  ) throws {
    let file = try StatesFile(path, threads: common.threads)
    let validationSplit = validatesOnTest ? FrogAndToad.Split.test : .validation
    for split in [.train, validationSplit] where file.count(split) == 0 {
      var remedy = "Generate some, or import a CSV with --split \(split.rawValue)."
      if split == .validation && file.count(.test) > 0 {
        remedy = "Generate the states again, or choose epochs on the test set with --validation test."
      }
      throw Failure(.notEnoughData, "\(path): has no \(split.rawValue) states. \(remedy)")
    }
    let others = FrogAndToad.Split.allCases.filter { $0 == validationSplit || ($0 == .test && looksAtTest && file.count($0) > 0) }
    let (training, other) = (file.count(.train), others.map { file.count($0) }.reduce(0, +))
    let seen = veil == .ofIgnorance ? 0 : (others.map { file.looksTrainedMemory($0) + file.count($0) * (StateIndex.count + 1) }.max() ?? 0)
    let parts = ["\(grouped(training)) training"] + others.map { "\(grouped(file.count($0))) \($0)" }
    try common.requireRoom(
      bytes: Self.memory(training: training, others: other, networks: networks) + seen,
      for: "\(path): \(listed(parts)) states", alternative: "train on fewer states")
    let bar = ProgressBar("reading", unit: "states", quiet: common.quiet)
    defer { bar.finish() }
    let counter = SharedCounter()
    func veiled(_ split: FrogAndToad.Split) throws -> TrainingSet {
      var (states, labels) = try file.labelledStates(split) { bar.update(done: counter.add($0), total: training + other) }
      if split != .train, veil != .ofIgnorance { (states, labels) = try Self.unseen(states, labels, split, in: file, under: veil, common) }
      veil.apply(to: &states)
      return try TrainingSet(states: states, labels: labels)
    }
    self.training = try veiled(.train)
    self.validation = try veiled(validationSplit)
    test = validatesOnTest || !others.contains(.test) ? nil : try veiled(.test)
    statesSHA256 = file.hash
    game = try TrainedGame.json(file.provenance)
  }

  /// The states of a split that look like no training state.
  private static func unseen(
    _ states: [UInt8], _ labels: [UInt8], _ split: FrogAndToad.Split, in file: StatesFile, under veil: Veil, _ common: CommonOptions
  ) throws -> (states: [UInt8], labels: [UInt8]) {
    let isSeen = try file.looksTrained(split, under: veil)
    var (left, leftLabels) = ([UInt8](), [UInt8]())
    left.reserveCapacity(states.count)
    for row in labels.indices where !isSeen[row] {
      left += states[row * StateIndex.count..<(row + 1) * StateIndex.count]
      leftLabels.append(labels[row])
    }
    common.noteTwins(labels.count - leftLabels.count, of: labels.count, split, in: file.path, under: veil)
    guard !leftLabels.isEmpty else {
      throw Failure(.notEnoughData, "\(file.path): under the veil \(veil.name) every \(split) state looks like a training state.")
    }
    return (left, leftLabels)
  }
}

extension CommonOptions {
  /// Says how many states of a split a veil makes look like training states.
  func noteTwins(_ count: Int, of all: Int, _ split: FrogAndToad.Split, in path: String, under veil: Veil) {
    guard count > 0 else { return }
    logger.info(
      "\(path): under the veil \(veil.name) \(grouped(count)) of \(grouped(all)) \(split) states look like a training state: they are left out."
    )
  }
}
