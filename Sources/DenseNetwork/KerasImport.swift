import Foundation
import HDF5

/// Reads a network from a legacy Keras file (`.h5` of Keras 2, `model.save` or `save_weights`).
///
/// Dense layers are taken in the model's order and named dense_1, dense_2, …; dropout and input layers are skipped. Activations come from
/// the file's model_config. A file of `save_weights` has none: then hidden layers are relu and the last is linear. A layer without bias
/// gets zeros.
///
/// - Throws: `CheckpointError` naming the layer at fault (another kind of layer or activation, a missing or misshapen kernel, NaN), or
///   `HDF5Error` if the file cannot be read at all.
public func importKeras(_ path: String) throws -> Network {
  let root = try File.open(path).root
  func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: path, fault: fault) }
  let weights = try root.contains("model_weights") ? root.group("model_weights") : root
  guard let names = try weights.attributes.strings("layer_names") else {
    throw fault(.otherFormat(found: try root.attributes.string("schema"), expected: "Keras model"))
  }
  let configured = try KerasConfiguration(root, file: path)

  var found: [(keras: String, kernel: [Float], bias: [Float], inputs: Int, units: Int)] = []
  for name in names {
    if let kind = configured?.kind[name], !["Dense", "Dropout", "InputLayer"].contains(kind) {
      throw fault(.unsupported(layer: name, what: "the kind \(kind)"))
    }
    guard try weights.contains(name) else { throw fault(.missing(part: "layer \(name)")) }
    let group = try weights.group(name)
    let tensors = try kerasWeightNames(group)
    if tensors.isEmpty { continue }
    guard let kernelPath = tensors.first(where: { isTensor($0, "kernel") }),
      tensors.allSatisfy({ isTensor($0, "kernel") || isTensor($0, "bias") })
    else {
      throw fault(.unsupported(layer: name, what: "the weights \(tensors.joined(separator: ", "))"))
    }
    guard try group.contains(kernelPath) else { throw fault(.missing(part: "\(group.path)/\(kernelPath)")) }
    let shape = try group.dataset(kernelPath).shape
    guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
      throw fault(.unsupported(layer: name, what: "a kernel of shape \(shape)"))
    }
    let kernel = try finiteFloats(group, kernelPath, shape: shape, file: path)
    let biasPath = tensors.first { isTensor($0, "bias") }
    let bias = try biasPath.map { try finiteFloats(group, $0, shape: [shape[1]], file: path) }
    found.append((name, kernel, bias ?? Array(repeating: 0, count: shape[1]), shape[0], shape[1]))
  }

  let layers = try found.enumerated().map { index, layer in
    let assumed = index == found.count - 1 ? "linear" : "relu"
    let stated = configured?.activation[layer.keras] ?? assumed
    guard let activation = DenseLayer.Activation(rawValue: stated) else {
      throw fault(.unsupported(layer: layer.keras, what: "the activation \(stated)"))
    }
    return try DenseLayer(
      name: Network.layerName(index), inputCount: layer.inputs, unitCount: layer.units, kernel: layer.kernel,
      bias: layer.bias, activation: activation)
  }
  do {
    return try Network(layers: layers)
  } catch {
    throw fault(.invalid(part: "the model", reason: error.description))
  }
}

/// Whether the file looks like one of Keras's.
func isKerasModel(_ root: Group) throws -> Bool {
  if try root.attributes.contains("keras_version") || root.attributes.contains("layer_names") { return true }
  return try root.contains("model_weights") && root.attributes.string("schema") == nil
}

/// What a file's model_config says of its layers, by Keras's names.
private struct KerasConfiguration {
  /// "Dense", "Dropout", …
  var kind: [String: String] = [:]
  /// "relu", "linear", …
  var activation: [String: String] = [:]

  /// Nil where the file has no model_config.
  init?(_ root: Group, file: String) throws {
    guard let text = try root.attributes.string("model_config") else { return nil }
    let model: Model
    do {
      model = try JSONDecoder().decode(Model.self, from: Data(text.utf8))
    } catch {
      throw CheckpointError(
        file: file, fault: .invalid(part: "attribute model_config", reason: "it is not the JSON of a Keras model"))
    }
    for layer in model.config.layers {
      kind[layer.config.name] = layer.className
      activation[layer.config.name] = layer.config.activation
    }
  }

  private struct Model: Decodable {
    let config: Configuration

    struct Configuration: Decodable {
      let layers: [Layer]
    }

    struct Layer: Decodable {
      let className: String
      let config: LayerConfiguration

      private enum CodingKeys: String, CodingKey {
        case className = "class_name"
        case config
      }
    }

    struct LayerConfiguration: Decodable {
      let name: String
      let activation: String?
    }
  }
}

/// "dense/kernel:0" is the tensor "kernel".
private func isTensor(_ name: String, _ tensor: String) -> Bool {
  let last = name.split(separator: "/").last ?? ""
  return last == tensor || last.hasPrefix(tensor + ":")
}

/// The names of a layer's weights. For a layer without any, Keras stores an empty array of float64.
private func kerasWeightNames(_ group: Group) throws -> [String] {
  guard case .string = try group.attributes.datatype(of: "weight_names") else { return [] }
  return try group.attributes.strings("weight_names") ?? []
}
