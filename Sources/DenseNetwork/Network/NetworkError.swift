/// What can be wrong with a network's shape, its hyperparameters or the rows it is given.
public enum NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  case noLayers
  case nonPositiveWidth(layer: String, inputs: Int, units: Int)
  case kernelCount(layer: String, expected: Int, found: Int)
  case biasCount(layer: String, expected: Int, found: Int)
  case layersDoNotMeet(lower: String, units: Int, upper: String, inputs: Int)
  case tooManyLayers(count: Int, limit: Int)
  case raggedRows(values: Int, valuesPerRow: Int)
  case rowsAndLabels(rows: Int, labels: Int)
  case noRows(set: String)
  case tooManyRows(set: String, count: Int)
  case labelOutOfRange(set: String, row: Int, label: Int, outputs: Int)
  case hyperparameter(name: String, value: String, range: String)
  case inputsDiffer(set: String, found: Int, expected: Int)
  case labelWeights(found: Int, expected: Int)
  case notTrainable(layer: String)
  case shapesDiffer
  case diverged(epoch: Int)

  public var description: String {
    switch self {
    case .noLayers:
      "The network has no layers. Give it at least an output layer."
    case .nonPositiveWidth(let layer, let inputs, let units):
      "Layer \(layer) has \(inputs) inputs and \(units) units. Give every layer at least one of each."
    case .kernelCount(let layer, let expected, let found):
      "The kernel of layer \(layer) has \(found) weights where inputs × units is \(expected). Give it one weight per input and unit."
    case .biasCount(let layer, let expected, let found):
      "Layer \(layer) has \(found) biases for \(expected) units. Give it one bias per unit."
    case .layersDoNotMeet(let lower, let units, let upper, let inputs):
      "Layer \(upper) has \(inputs) inputs but layer \(lower) below it has \(units) units. Make the two equal."
    case .tooManyLayers(let count, let limit):
      "The network has \(count) dense layers and at most \(limit) are supported. Use fewer hidden layers."
    case .raggedRows(let values, let valuesPerRow):
      "\(values) values can't be cut into rows of \(valuesPerRow). Give whole rows."
    case .rowsAndLabels(let rows, let labels):
      "There are \(rows) rows of states but \(labels) labels. Give one label per row."
    case .noRows(let set):
      "The \(set) set has no rows. Give at least one."
    case .tooManyRows(let set, let count):
      "The \(set) set has \(count) rows and at most \(UInt32.max) are supported. Train on fewer."
    case .labelOutOfRange(let set, let row, let label, let outputs):
      "Row \(row) of the \(set) set has label \(label), but the network has \(outputs) outputs. Labels run from 0 to \(outputs - 1)."
    case .hyperparameter(let name, let value, let range):
      "The \(name) is \(value). Choose \(range)."
    case .inputsDiffer(let set, let found, let expected):
      "The states of the \(set) set have \(found) values but the network takes \(expected). Use the states that the network is meant for."
    case .labelWeights(let found, let expected):
      "The label balance gives \(found) weights for \(expected) actions. Give one positive weight per action."
    case .notTrainable(let layer):
      "Layer \(layer) can't be trained: hidden layers must be relu and the output layer linear. Start from a network of that kind."
    case .shapesDiffer:
      "The optimiser's moments and the network have different shapes. Resume from the state that belongs to the network."
    case .diverged(let epoch):
      "The validation loss of epoch \(epoch) is not a number: the training has diverged. Lower the learning rate."
    }
  }
}
