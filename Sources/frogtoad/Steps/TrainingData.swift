import ActivationRecording
import DenseNetwork
import FrogAndToad
import Terminal

/// The veiled states of a states file, as training takes them: the training split to learn from, the test split to validate on.
struct TrainingData: Sendable {
  let training: TrainingSet
  let validation: TrainingSet
  let statesSHA256: String

  /// - Parameter networks: how many are trained on them at the same time.
  init(_ path: String, networks: Int, common: CommonOptions) throws {
    let file = try StatesFile(path, threads: common.threads)
    let (training, validation) = (file.count(.train), file.count(.test))
    for split in FrogAndToad.Split.allCases where file.count(split) == 0 {
      throw Failure(
        .notEnoughData, "\(path): has no \(split.rawValue) states. Generate some, or import a CSV with --split \(split.rawValue).")
    }
    try common.requireRoom(
      bytes: Self.memory(training: training, validation: validation, networks: networks),
      for: "\(path): \(grouped(training)) training and \(grouped(validation)) test states", alternative: "train on fewer states")
    func veiled(_ split: FrogAndToad.Split) throws -> TrainingSet {
      var (states, labels) = try file.labelledStates(split)
      Veil.ofIgnorance.apply(to: &states, scenarios: [])
      return try TrainingSet(states: states, labels: labels)
    }
    self.training = try veiled(.train)
    self.validation = try veiled(.test)
    statesSHA256 = file.hash
  }
}
