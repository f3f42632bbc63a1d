import ActivationRecording
import DenseNetwork
import FrogAndToad
import Terminal

/// The veiled states of a states file, as training takes them: the training split to learn from, the test split to validate on.
struct TrainingData: Sendable {
  let training: TrainingSet
  let validation: TrainingSet
  let statesSHA256: String

  /// - Parameters:
  ///   - networks: how many are trained on them at the same time.
  ///   - veil: under another than the paper's, test states that look like training states are left out.
  init(_ path: String, networks: Int, veil: Veil, common: CommonOptions) throws {
    let file = try StatesFile(path, threads: common.threads)
    let (training, validation) = (file.count(.train), file.count(.test))
    for split in FrogAndToad.Split.allCases where file.count(split) == 0 {
      throw Failure(
        .notEnoughData, "\(path): has no \(split.rawValue) states. Generate some, or import a CSV with --split \(split.rawValue).")
    }
    try common.requireRoom(
      bytes: Self.memory(training: training, validation: validation, networks: networks)
        + (veil == .ofIgnorance ? 0 : file.looksTrainedMemory(.test) + validation * (StateIndex.count + 1)),
      for: "\(path): \(grouped(training)) training and \(grouped(validation)) test states", alternative: "train on fewer states")
    func veiled(_ split: FrogAndToad.Split) throws -> TrainingSet {
      var (states, labels) = try file.labelledStates(split)
      if split == .test, veil != .ofIgnorance { (states, labels) = try Self.unseen(states, labels, in: file, under: veil, common) }
      veil.apply(to: &states)
      return try TrainingSet(states: states, labels: labels)
    }
    self.training = try veiled(.train)
    self.validation = try veiled(.test)
    statesSHA256 = file.hash
  }

  /// The test states that look like no training state.
  private static func unseen(
    _ states: [UInt8], _ labels: [UInt8], in file: StatesFile, under veil: Veil, _ common: CommonOptions
  ) throws -> (states: [UInt8], labels: [UInt8]) {
    let isSeen = try file.looksTrained(.test, under: veil)
    var (left, leftLabels) = ([UInt8](), [UInt8]())
    left.reserveCapacity(states.count)
    for row in labels.indices where !isSeen[row] {
      left += states[row * StateIndex.count..<(row + 1) * StateIndex.count]
      leftLabels.append(labels[row])
    }
    common.noteTwins(labels.count - leftLabels.count, of: labels.count, in: file.path, under: veil)
    guard !leftLabels.isEmpty else {
      throw Failure(.notEnoughData, "\(file.path): under the veil \(veil.name) every test state looks like a training state.")
    }
    return (left, leftLabels)
  }
}

extension CommonOptions {
  /// Says how many test states a veil makes look like training states.
  func noteTwins(_ count: Int, of all: Int, in path: String, under veil: Veil) {
    guard count > 0 else { return }
    logger.info(
      "\(path): under the veil \(veil.name) \(grouped(count)) of \(grouped(all)) test states look like a training state: they are left out."
    )
  }
}
