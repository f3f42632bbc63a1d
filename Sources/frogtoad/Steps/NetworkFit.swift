import DenseNetwork
import FrogAndToad
import Terminal

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
