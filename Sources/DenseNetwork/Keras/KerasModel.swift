import Foundation

/// A model as Keras describes it in JSON, in the spelling of Keras 2 or 3: the attribute model_config of a file, config.json in a `.keras`
/// archive, or what `model.to_json()` gives.
struct KerasModel {
  /// The most bytes of JSON that are read; that of a network of 16 layers has a few thousand.
  static let mostBytes = 1 << 22
  static let mostLayers = 10_000

  /// In the order of the list, which need not be that of the graph.
  let layers: [KerasLayer]
  private let isSequential: Bool
  /// Names of the layers that the model's inputs enter at and its outputs come from; nil where the configuration has none.
  private let inputs: [KerasTensor]?
  private let outputs: [KerasTensor]?
  private let file: String
  /// Where the JSON is, as messages name it: "attribute model_config".
  private let part: String

  /// - Throws: `CheckpointError` for text that is no model's JSON, a model that is neither sequential nor functional, and a layer without
  ///   name or kind.
  init(json text: String, file: String, part: String) throws {
    self.file = file
    self.part = part
    func invalid(_ reason: String) -> CheckpointError {
      CheckpointError(file: file, fault: .invalid(part: part, reason: reason))
    }
    guard text.utf8.count <= Self.mostBytes else {
      throw invalid("it has \(text.utf8.count) bytes, and at most \(Self.mostBytes) are read")
    }
    guard let model = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw invalid("it is not the JSON of a Keras model")
    }
    let kind = model["class_name"] as? String ?? "Sequential"
    guard ["Sequential", "Functional", "Model"].contains(kind) else {
      throw CheckpointError(file: file, fault: .unsupported(layer: "model", what: "the kind \(kind)"))
    }
    isSequential = kind == "Sequential"
    // Keras 2.0 to 2.2 wrote a sequential model's layers as the configuration itself.
    let config = model["config"] as? [String: Any] ?? [:]
    guard let list = model["config"] as? [Any] ?? config["layers"] as? [Any] else { throw invalid("it has no list of layers") }
    guard list.count <= Self.mostLayers else { throw invalid("it has \(list.count) layers, and at most \(Self.mostLayers) are read") }
    var layers = try list.enumerated().map { number, entry in
      guard let entry = entry as? [String: Any], let layer = KerasLayer(entry) else {
        throw invalid("layer \(number) of the list has no name or no class_name")
      }
      return layer
    }
    if isSequential, let shape = (config["build_input_shape"]).flatMap(rowShape), !layers.isEmpty, layers[0].inputShape == nil {
      layers[0].inputShape = shape
    }
    self.layers = layers
    inputs = config["input_layers"].map { KerasTensor.all(in: $0) }
    outputs = config["output_layers"].map { KerasTensor.all(in: $0) }
  }

  /// The layers from the input to the output.
  ///
  /// - Throws: `CheckpointError` naming the layer where the model is no chain: used twice, with two inputs, leading nowhere.
  func chain() throws -> [KerasLayer] {
    func unsupported(_ layer: String, _ what: String) -> CheckpointError {
      CheckpointError(file: file, fault: .unsupported(layer: layer, what: what))
    }
    var named: [String: KerasLayer] = [:]
    for layer in layers {
      guard named.updateValue(layer, forKey: layer.name) == nil else { throw unsupported(layer.name, "two places in the model") }
    }
    if isSequential { return layers }

    guard let outputs, let output = outputs.first else {
      throw CheckpointError(
        file: file, fault: .invalid(part: part, reason: "it has no output_layers, which say where the model ends"))
    }
    guard outputs.count == 1 else {
      let isSame = outputs[1].layer == output.layer
      throw unsupported(outputs[1].layer, isSame ? "the model's output twice" : "an output of its own beside that of layer \(output.layer)")
    }
    if let inputs, inputs.count > 1 { throw unsupported(inputs[1].layer, "an input of its own beside that of layer \(inputs[0].layer)") }

    var chain: [KerasLayer] = []
    var names: Set<String> = []
    var next: KerasTensor? = output
    while let tensor = next {
      guard let layer = named[tensor.layer] else {
        throw CheckpointError(file: file, fault: .missing(part: "layer \(tensor.layer) of \(part)"))
      }
      guard names.insert(layer.name).inserted else { throw unsupported(layer.name, "its own output as input") }
      guard layer.calls.count <= 1, tensor.call == 0 else {
        throw unsupported(layer.name, "\(max(layer.calls.count, 2)) uses in the model")
      }
      guard tensor.number == 0 else { throw unsupported(layer.name, "several outputs") }
      chain.append(layer)
      next = nil
      if let call = layer.calls.first, layer.kind != "InputLayer" {
        guard call.tensors.count == 1 else {
          throw unsupported(layer.name, "\(call.tensors.count) inputs (\(call.tensors.map(\.layer).joined(separator: ", ")))")
        }
        guard call.hasPlainArguments else { throw unsupported(layer.name, "a call with arguments of its own") }
        next = call.tensors.first
      } else if layer.kind != "InputLayer" {
        throw unsupported(layer.name, "no input in the model")
      }
    }
    if let input = inputs?.first?.layer, chain.last?.name != input {
      throw unsupported(input, "an input that does not lead to the output of layer \(output.layer)")
    }
    if let stray = layers.first(where: { !names.contains($0.name) }) {
      throw unsupported(stray.name, "no way to the output of layer \(output.layer)")
    }
    return chain.reversed()
  }
}
