import ArgumentParser
import DenseNetwork
import FrogAndToad
import Terminal

/// `paper`, or the share of states in which identity is hidden.
struct VeilOption: ExpressibleByArgument, Sendable {
  let veil: Veil

  static let paper = VeilOption(veil: .ofIgnorance)

  init(veil: Veil) { self.veil = veil }

  init?(argument: String) {
    if argument == "paper" {
      veil = .ofIgnorance
    } else if let share = Double(argument), (0...1).contains(share) {
      veil = .hidingIdentity(share: share)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { veil.name }
}

extension Veil {
  /// As `--veil` takes it.
  var name: String {
    switch self {
    case .ofIgnorance: "paper"
    case .withScenarioLeak: "paper, with the scenario in index 98"
    case .hidingIdentity(let share): "\(share)"
    }
  }

  /// What is hidden, for those who read a recording.
  var sentence: String {
    switch self {
    case .ofIgnorance: "own symbol, score and own cell are 0"
    case .withScenarioLeak: "index 98 holds the scenario (leak)"
    case .hidingIdentity(let share):
      "in \(share) of the states own symbol and own cell are 0 and who hops is 4, in the others they stand; the score is 0"
    }
  }

  var hiddenIdentityShare: Double? {
    if case .hidingIdentity(let share) = self { share } else { nil }
  }
}

extension Hyperparameters {
  var veil: Veil { hiddenIdentityShare.map { .hidingIdentity(share: $0) } ?? .ofIgnorance }
}

extension Checkpoint {
  /// The game that it was trained on; nil where it does not say, or says what cannot be played.
  var couplings: Couplings? { game.flatMap { Couplings(json: $0) } }

  /// Whether its states showed energy as played.
  var keepsEnergy: Bool { game.map { TrainedGame.keepsEnergy($0) } ?? false }

  /// Under which it was trained; a network that says nothing, as one of Keras, counts as trained under the paper's.
  var veil: Veil { hyperparameters?.veil ?? .ofIgnorance }

  /// The veil to use it under: its own, or another one that was asked for and is forced.
  ///
  /// - Parameter verb: what is done with it, such as "record it".
  /// - Throws: `Failure` where it was trained under another veil than the one asked for.
  func veil(_ wanted: Veil?, isForced: Bool, at path: String, to verb: String) throws -> Veil {
    guard let wanted, wanted != veil else { return veil }
    guard isForced else {
      throw Failure(
        .failed,
        "\(path): was trained under the veil \(veil.name), not \(wanted.name). Leave --veil out, or give --force-veil to \(verb) under "
          + "another.")
    }
    return wanted
  }
}
