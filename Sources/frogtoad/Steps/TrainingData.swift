import DenseNetwork
import FrogAndToad
import Terminal

/// The veiled states of a states file, as training takes them: the training split to learn from, the test split to validate on.
struct TrainingData: Sendable {
  let training: TrainingSet
  let validation: TrainingSet
  let statesSHA256: String

  init(_ path: String) throws {
    let file = try StatesFile(path)
    func veiled(_ split: FrogAndToad.Split) throws -> TrainingSet {
      var rows = try file.rows(split)
      guard rows.count > 0 else {
        throw Failure(
          .notEnoughData, "\(path): has no \(split.rawValue) states. Generate some, or import a CSV with --split \(split.rawValue).")
      }
      Veil.ofIgnorance.apply(to: &rows.states, scenarios: [])
      return try TrainingSet(states: rows.states, labels: rows.labels)
    }
    training = try veiled(.train)
    validation = try veiled(.test)
    statesSHA256 = file.hash
  }
}
