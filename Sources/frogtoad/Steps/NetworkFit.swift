import DenseNetwork
import FrogAndToad
import Terminal

extension Checkpoint {
  /// What has to be said of weights that are not exactly those of the file.
  func importNotes(for path: String) -> [String] {
    func named(_ layers: [String]) -> String { layers.count == 1 ? "layer \(layers[0])" : "the layers \(layers.joined(separator: ", "))" }
    var notes: [String] = []
    if !roundedLayers.isEmpty {
      notes.append(
        "\(path): the weights of \(named(roundedLayers)) have more digits than float32, in which networks run here, and were rounded to it."
      )
    }
    if !foldedLayers.isEmpty {
      notes.append(
        "\(path): \(named(foldedLayers)) of batch normalisation became part of the dense layers beside, whose weights are others here.")
    }
    if !unsaidSlopes.isEmpty {
      notes.append(
        "\(path): leaky_relu of \(named(unsaidSlopes)) has no slope in the file; it was taken as leaky_relu(0.2), as Keras's function of that name."
      )
    }
    return notes
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
