import Foundation

/// A model as the attribute model_config of a Keras file describes it, in the spelling of Keras 2 or 3.
struct KerasModel {
  /// In the order of the list, which need not be that of the graph.
  let layers: [KerasLayer]
  private let isSequential: Bool
  /// Names of the layers that the model's inputs enter at and its outputs come from; nil where the configuration has none.
  private let inputs: [KerasTensor]?
  private let outputs: [KerasTensor]?
  private let file: String

  /// - Throws: `CheckpointError` for text that is no model's JSON, a model that is neither sequential nor functional, and a layer without
  ///   name or kind.
  init(json text: String, file: String) throws {
    self.file = file
    func invalid(_ reason: String) -> CheckpointError {
      CheckpointError(file: file, fault: .invalid(part: "attribute model_config", reason: reason))
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
        file: file, fault: .invalid(part: "attribute model_config", reason: "it has no output_layers, which say where the model ends"))
    }
    guard outputs.count == 1 else {
      let isSame = outputs[1].layer == output.layer
      throw unsupported(outputs[1].layer, isSame ? "the model's output twice" : "an output of its own beside that of layer \(output.layer)")
    }
    if let inputs, inputs.count > 1 { throw unsupported(inputs[1].layer, "an input of its own beside that of layer \(inputs[0].layer)") }

    var chain: [KerasLayer] = []
    var next: KerasTensor? = output
    while let tensor = next {
      guard let layer = named[tensor.layer] else {
        throw CheckpointError(file: file, fault: .missing(part: "layer \(tensor.layer) of model_config"))
      }
      guard !chain.contains(where: { $0.name == layer.name }) else { throw unsupported(layer.name, "its own output as input") }
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
    if let stray = layers.first(where: { layer in !chain.contains { $0.name == layer.name } }) {
      throw unsupported(stray.name, "no way to the output of layer \(output.layer)")
    }
    return chain.reversed()
  }
}

/// One layer of a model's configuration.
struct KerasLayer {
  let name: String
  /// "Dense", "Dropout", …
  let kind: String
  /// Whether the kind is Keras's own and not one of the same name from elsewhere.
  let isKerasOwn: Bool
  /// The uses of the layer in a functional model.
  let calls: [Call]
  /// Of one row, where the layer says so: [100].
  var inputShape: [Int]?
  /// The units of a dense layer, if it says so.
  let unitCount: Int?
  /// What it says of its units where that is no whole number above 0.
  let impossibleUnits: String?
  let usesBias: Bool
  private let config: [String: Any]

  /// What a layer is called on.
  struct Call {
    let tensors: [KerasTensor]
    /// Whether nothing but the inputs is given, or nothing that would change what comes out.
    let hasPlainArguments: Bool

    /// `[["name", 0, 0, {}]]` in Keras 2, `{"args": […], "kwargs": {}}` in Keras 3.
    init(_ node: Any) {
      if let node = node as? [String: Any] {
        let given = node["args"] as? [Any] ?? []
        let named = node["kwargs"] as? [String: Any] ?? [:]
        tensors = KerasTensor.all(in: given) + named.values.flatMap { KerasTensor.all(in: $0) }
        hasPlainArguments = given.count <= 1 && named.values.allSatisfy(Self.isIdle)
      } else {
        tensors = KerasTensor.all(in: node)
        let entries = node as? [Any] ?? []
        let named = ([entries] + entries.compactMap { $0 as? [Any] }).compactMap { $0.count > 3 ? $0[3] as? [String: Any] : nil }
        hasPlainArguments = named.allSatisfy { $0.values.allSatisfy(Self.isIdle) }
      }
    }

    /// No mask, and not as in training.
    private static func isIdle(_ argument: Any) -> Bool { argument is NSNull || argument as? Bool == false }
  }

  /// Nil without a kind or a name.
  init?(_ entry: [String: Any]) {
    let config = entry["config"] as? [String: Any] ?? [:]
    guard let kind = entry["class_name"] as? String, let name = config["name"] as? String ?? entry["name"] as? String else { return nil }
    self.name = name
    self.kind = kind
    self.config = config
    let module = entry["module"] as? String
    isKerasOwn = module.map { $0.hasPrefix("keras") || $0.hasPrefix("tf_keras") || $0.hasPrefix("tensorflow") } ?? true
    calls = (entry["inbound_nodes"] as? [Any] ?? []).map { Call($0) }
    unitCount = (config["units"] as? Int).flatMap { $0 > 0 ? $0 : nil }
    impossibleUnits = config["units"].flatMap { (units: Any) -> String? in
      units is NSNull || (units as? Int).map { $0 > 0 } == true ? nil : "\(units)"
    }
    usesBias = config["use_bias"] as? Bool ?? true
    let built = (entry["build_config"] as? [String: Any])?["input_shape"]
    inputShape = (config["batch_input_shape"] ?? config["batch_shape"] ?? built).flatMap(rowShape)
  }

  /// The activation's name; a dense or activation layer without one is linear.
  var activation: String { Self.activationName(config["activation"]) }

  /// What a ReLU layer is: relu, unless it has a slope, a threshold or an upper limit.
  var rectifier: String { Self.rectifierName(config) }

  /// An activation is a name, or an object: {"class_name": "LeakyReLU", "config": {…}}.
  private static func activationName(_ value: Any?) -> String {
    guard let value, !(value is NSNull) else { return "linear" }
    if let name = value as? String { return name }
    guard let object = value as? [String: Any], let kind = object["class_name"] as? String else { return "of an unknown kind" }
    // Keras 3 writes a plain function so.
    if kind == "function", let name = object["config"] as? String { return name }
    let config = object["config"] as? [String: Any] ?? [:]
    switch kind {
    case "Activation": return activationName(config["activation"])
    case "ReLU": return rectifierName(config)
    default: return kind
    }
  }

  private static func rectifierName(_ config: [String: Any]) -> String {
    for name in ["negative_slope", "alpha", "threshold"] {
      guard let value = config[name], !(value is NSNull) else { continue }
      guard value as? Double == 0 else { return "ReLU with \(name) \(value)" }
    }
    if let limit = config["max_value"], !(limit is NSNull) { return "ReLU with max_value \(limit)" }
    return "relu"
  }
}

/// An output of a layer: of which of its uses, and which of several.
struct KerasTensor: Equatable {
  let layer: String
  let call: Int
  let number: Int

  /// `["name", 0, 0]`, with or without arguments behind.
  private init?(_ list: [Any]) {
    guard list.count >= 3, let layer = list[0] as? String, let call = list[1] as? Int, let number = list[2] as? Int else { return nil }
    (self.layer, self.call, self.number) = (layer, call, number)
  }

  /// The tensors that some JSON speaks of, in order: lists of them, objects that hold them, Keras 3's `__keras_tensor__`.
  static func all(in value: Any) -> [KerasTensor] {
    if let list = value as? [Any] {
      if let tensor = KerasTensor(list) { return [tensor] + list.dropFirst(3).flatMap { all(in: $0) } }
      return list.flatMap { all(in: $0) }
    }
    guard let object = value as? [String: Any] else { return [] }
    if object["class_name"] as? String == "__keras_tensor__", let config = object["config"] as? [String: Any] {
      return config["keras_history"].map { all(in: $0) } ?? []
    }
    return object.sorted { $0.key < $1.key }.flatMap { all(in: $0.value) }
  }
}

/// `[null, 100]`: the shape of a batch without its first dimension. Nil where a dimension is open.
private func rowShape(_ value: Any) -> [Int]? {
  // Keras 3 may write a list of shapes, or an object.
  guard let list = value as? [Any], !list.isEmpty else { return nil }
  if list.count == 1, list[0] is [Any] { return rowShape(list[0]) }
  let sizes = list.dropFirst().map { $0 as? Int }
  return sizes.contains { $0 == nil } ? nil : sizes.compactMap { $0 }
}
