import Foundation
import HDF5

/// Reads a network from a legacy Keras file: what `model.save('name.h5')` of Keras 2 writes, or Keras 3 on demand.
///
/// The model is a chain of dense layers, read in the order of its graph, whatever the order of its list. Dense layers are named dense_1,
/// dense_2, …; relu and linear layers of their own belong to the dense layer below; dropout, noise and input layers are skipped, and
/// flattening of what is flat already. A layer without bias gets zeros. Weights of more than 32 bits are rounded to float32;
/// `Checkpoint.open(_:)` says of which layers.
///
/// - Throws: `CheckpointError` naming the layer at fault (another kind of layer or activation, a graph that is no chain, a missing or
///   misshapen kernel, NaN), or saying that the file holds weights alone, or is one of Keras 3's own. `HDF5Error` if the file cannot be
///   read at all.
public func importKeras(_ path: String) throws -> Network {
  try readKeras(path).network
}

/// The same, and the layers, by the names that the file gives them, of which weights were rounded to float32.
func readKeras(_ path: String) throws -> (network: Network, roundedLayers: [String]) {
  let root = try hdf5Root(path)
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: path, fault: fault) }
  if try isKeras3Weights(root) { throw fault(.keras3) }
  let weights = try root.contains("model_weights") ? root.group("model_weights") : root
  guard let stored = try weights.attributes.strings("layer_names") else {
    throw fault(.otherFormat(found: try root.attributes.string("schema"), expected: "Keras model"))
  }
  guard let text = try root.attributes.string("model_config") else { throw fault(.weightsAlone) }
  let model = try KerasModel(json: text, file: path)
  let plan = try DensePlan(chain: try model.chain(), file: path)

  let planned = Set(model.layers.map(\.name))
  for name in stored where !planned.contains(name) {
    let tensors = try weights.contains(name) ? kerasWeightNames(weights.group(name)) : []
    guard tensors.isEmpty else {
      throw fault(.unsupported(layer: name, what: "weights (\(tensors.joined(separator: ", "))) but no place in the model's configuration"))
    }
  }
  let reader = KerasWeights(group: weights, file: path)
  var layers: [DenseLayer] = []
  var roundedLayers: [String] = []
  for step in plan.steps {
    let inputCount = layers.last?.unitCount ?? plan.inputCount
    let tensors = try reader.tensors(of: step, inputCount: inputCount)
    if tensors.isRounded { roundedLayers.append(step.layer.name) }
    layers.append(
      try DenseLayer(
        name: Network.layerName(layers.count), inputCount: tensors.shape.inputs, unitCount: tensors.shape.units, kernel: tensors.kernel,
        bias: tensors.bias, activation: step.activation))
  }
  do {
    return (try Network(layers: layers), roundedLayers)
  } catch {
    throw fault(.invalid(part: "the model", reason: error.description))
  }
}

/// Whether the file looks like one of Keras's.
func isKerasModel(_ root: Group) throws -> Bool {
  if try root.attributes.contains("keras_version") || root.attributes.contains("layer_names") { return true }
  if try root.attributes.string("schema") != nil { return false }
  return try root.contains("model_weights") || isKeras3Weights(root)
}

/// Whether the file is what `save_weights` of Keras 3 writes: `/layers/dense/vars/0`, without a word about the model.
private func isKeras3Weights(_ root: Group) throws -> Bool {
  for name in ["layers", "_layer_checkpoint_dependencies"] where try root.contains(name) && root.kind(of: name) == .group {
    let group = try root.group(name)
    for layer in try group.childNames() where try group.kind(of: layer) == .group {
      if try group.contains("\(layer)/vars") { return true }
    }
  }
  return false
}
