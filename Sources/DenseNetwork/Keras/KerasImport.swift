import Foundation
import HDF5

/// Reads a network from what Keras writes: `model.save('name.h5')`, `model.save('name.keras')`, and weights alone (`name.h5`, `name.weights.h5`)
/// with an architecture beside them.
///
/// The model is a chain of dense layers, read in the order of its graph, whatever the order of its list. Dense layers are named dense_1,
/// dense_2, …; relu, leaky relu and linear layers of their own belong to the dense layer below; batch normalisation is folded into the dense
/// layer beside it; dropout, noise and input layers are skipped, and flattening of what is flat already. A layer without bias gets zeros.
/// Weights of more than 32 bits are rounded to float32; `Checkpoint.open(_:architecture:)` says of which layers.
///
/// - Parameter architecture: path of a JSON file, for weights alone.
/// - Throws: `CheckpointError` naming the layer at fault (another kind of layer or activation, a graph that is no chain, a missing or
///   misshapen kernel, NaN), or saying that the file holds weights alone. `HDF5Error` if the file cannot be read at all.
public func importKeras(_ path: String, architecture: String? = nil) throws -> Network {
  switch NetworkFileKind(path) {
  case .kerasArchive, .hdf5: try importNetwork(path, architecture: architecture).network
  case .safetensors: throw CheckpointError(file: path, fault: .otherFormat(found: "file of tensors", expected: "Keras model"))
  }
}

/// Reads a legacy Keras file, or one of weights alone.
func readKeras(_ root: Group, _ path: String, architecture architecturePath: String?) throws -> ImportedNetwork {
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: path, fault: fault) }
  if let container = try Keras3Weights.container(in: root) {
    guard let architecturePath else { throw fault(.weightsAlone(.keras)) }
    let architecture = try Architecture(architecturePath)
    let chain = try architecture.chain(file: architecturePath)
    let weights =
      switch architecture.kind {
      case .keras(let model): try Keras3Weights(root: root, container: container, model: model, file: path)
      case .list: try Keras3Weights(root: root, container: container, chain: chain, file: path)
      }
    return try ChainAssembly.network(of: chain, with: weights).described(by: architecture)
  }
  let weights = try root.contains("model_weights") ? root.group("model_weights") : root
  guard let stored = try weights.attributes.strings("layer_names") else {
    throw fault(.otherFormat(found: try root.attributes.string("schema"), expected: "Keras model"))
  }
  let text = try root.attributes.string("model_config")
  if text != nil, architecturePath != nil { throw fault(.architectureKnown) }
  let chain: LayerChain
  let planned: Set<String>
  var described: Architecture?
  if let text {
    let model = try KerasModel(json: text, file: path, part: "attribute model_config")
    chain = try LayerChain(model, file: path)
    planned = Set(model.layers.map(\.name))
  } else if let architecturePath {
    let architecture = try Architecture(architecturePath)
    chain = try architecture.chain(file: architecturePath)
    described = architecture
    planned = if case .keras(let model) = architecture.kind { Set(model.layers.map(\.name)) } else { Set(chain.layerNames) }
  } else {
    throw fault(.weightsAlone(.keras))
  }
  for name in stored where !planned.contains(name) {
    let tensors = try weights.contains(name) ? kerasWeightNames(weights.group(name)) : []
    guard tensors.isEmpty else {
      throw fault(.unsupported(layer: name, what: "weights (\(tensors.joined(separator: ", "))) but no place in the model's configuration"))
    }
  }
  return try ChainAssembly.network(of: chain, with: KerasWeights(group: weights, file: path)).described(by: described)
}

/// Whether the file looks like one of Keras's.
func isKerasModel(_ root: Group) throws -> Bool {
  if try root.attributes.contains("keras_version") || root.attributes.contains("layer_names") { return true }
  if try root.attributes.string("schema") != nil { return false }
  return try root.contains("model_weights") || Keras3Weights.container(in: root) != nil
}
