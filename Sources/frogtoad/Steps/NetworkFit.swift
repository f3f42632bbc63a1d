import DenseNetwork
import FrogAndToad
import Terminal

extension Checkpoint {
  /// What has to be said of weights that are not exactly those of the file; nil where they are.
  func roundingNote(for path: String) -> String? {
    guard !roundedLayers.isEmpty else { return nil }
    let layers = roundedLayers.count == 1 ? "layer \(roundedLayers[0])" : "the layers \(roundedLayers.joined(separator: ", "))"
    return "\(path): the weights of \(layers) have more digits than float32, in which networks run here, and were rounded to it."
  }
}

extension Network {
  /// Ends the command where a network does not take states or does not choose actions.
  func requireStatesAndActions(in path: String) throws {
    guard inputCount == StateIndex.count else {
      throw Failure(
        .badFile,
        "\(path): the network takes \(inputCount) inputs, and a state has \(StateIndex.count) values. Choose one trained on states.")
    }
    let actions = Action.allCases
    guard outputCount == actions.count else {
      let names = actions.map(\.description).joined(separator: ", ")
      throw Failure(
        .badFile,
        "\(path): the network has \(outputCount) outputs, and there are \(actions.count) actions (\(names)). Choose one trained on states.")
    }
  }
}
