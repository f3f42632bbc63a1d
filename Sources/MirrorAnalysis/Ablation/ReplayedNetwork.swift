import ActivationRecording
import DenseNetwork

/// The dense layers of a recording with their recorded activations and, above each, the network that turns them into outputs.
///
/// Ablation needs no checkpoint: what a layer's activations lead to is computed from the recorded kernels above it.
struct ReplayedNetwork: Sendable {
  struct Layer: Sendable {
    let name: String
    let unitCount: Int
    /// `[rows × units]`, as recorded.
    let activations: [Float]
  }

  /// Path of the recording.
  let path: String
  let rowCount: Int
  /// Names of the outputs; their numbers where the recording has none.
  let actionNames: [String]
  /// Input side first; the last is the output layer.
  let layers: [Layer]
  /// The network above each layer but the last, in the same order.
  let above: [Network]

  var hidden: ArraySlice<Layer> { layers.dropLast() }
  var outputCount: Int { layers.last?.unitCount ?? 0 }

  /// Reads a recording with all of its layers and checks that replaying gives what was recorded.
  ///
  /// - Throws: `RecordingError.missingPart` for a kernel or bias that replaying needs, `.invalid` for layers that are no chain of dense
  ///   relu and linear layers, and for one whose recorded activations differ from the replayed ones by more than 1e-5 of the larger of 1
  ///   and the layer's largest activation.
  init(of recording: Recording, threads: Int) throws {
    path = recording.path
    let recorded = recording.layers.filter(\.isOwnLayer)
    guard recorded.count >= 2 else {
      throw RecordingError.invalid(file: path, fault: "has \(recorded.count) dense layers; ablation needs a hidden and an output layer.")
    }
    let upper = try recorded.dropFirst().map { layer in try Self.replayable(recording.path) { try Self.dense(layer, of: recording) } }
    for (lower, layer) in zip(recorded, upper) where layer.inputCount != lower.unitCount {
      throw RecordingError.invalid(
        file: path,
        fault: "/layers/\(layer.name)/kernel takes \(layer.inputCount) inputs, but \(lower.name) below it has "
          + "\(lower.unitCount) units. Record every layer of the network.")
    }
    rowCount = recording.rowCount
    layers = try recorded.map {
      Layer(name: $0.name, unitCount: $0.unitCount, activations: try recording.activations(of: $0, threads: threads))
    }
    let names = recording.actionNames ?? []
    actionNames = names.count == layers.last?.unitCount ? names : (0..<(layers.last?.unitCount ?? 0)).map(String.init)
    above = try Self.replayable(path) { try upper.indices.map { try Network(layers: Array(upper[$0...])) } }
    try checkReplay(path)
  }

  /// What a body gives; a network that cannot be is a fault of the recording.
  private static func replayable<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as NetworkError {
      throw RecordingError.invalid(file: path, fault: "holds a network that cannot be replayed: \(error)")
    }
  }

  private static func dense(_ layer: RecordedLayer, of recording: Recording) throws -> DenseLayer {
    let advice = "Ablation and circuits recompute the layers above: record their kernels and biases."
    guard let kernel = try recording.kernel(of: layer) else {
      throw RecordingError.missingPart(file: recording.path, part: "/layers/\(layer.name)/kernel", advice: advice)
    }
    guard let bias = try recording.bias(of: layer) else {
      throw RecordingError.missingPart(file: recording.path, part: "/layers/\(layer.name)/bias", advice: advice)
    }
    guard let function = layer.activationFunction else {
      throw RecordingError.missingPart(
        file: recording.path, part: "attribute activation_function of /layers/\(layer.name)",
        advice: "Ablation and circuits recompute the layer: say relu or linear.")
    }
    guard let activation = DenseLayer.Activation(rawValue: function) else {
      throw RecordingError.invalid(
        file: recording.path,
        fault: "/layers/\(layer.name) has the activation function '\(function)', and only relu and linear layers can be replayed. "
          + "Ablate in a network whose layers above the first are of those.")
    }
    return try DenseLayer(
      name: layer.name, inputCount: kernel.count / layer.unitCount, unitCount: layer.unitCount, kernel: kernel, bias: bias,
      activation: activation)
  }

  private func checkReplay(_ path: String) throws {
    try above[0].forward(rows: layers[0].activations) { block in
      for (position, replayed) in block.activations.enumerated() {
        let layer = layers[position + 1]
        let start = block.rows.lowerBound * layer.unitCount
        let largest = replayed.reduce(1) { max($0, abs($1)) }
        for index in replayed.indices where !(abs(replayed[index] - layer.activations[start + index]) <= 1e-5 * largest) {
          let row = (start + index) / layer.unitCount
          throw RecordingError.invalid(
            file: path,
            fault:
              "replaying the recorded kernels gives \(replayed[index]) for row \(row), unit \(index % layer.unitCount) of \(layer.name), "
              + "but \(layer.activations[start + index]) is recorded. The kernels are not those of these activations: record both from "
              + "one checkpoint.")
        }
      }
    }
  }

  /// The recorded activations of some rows of a layer, `[rows × units]`.
  func activations(of layer: Int, rows: [Int]) -> [Float] {
    let width = layers[layer].unitCount
    var result: [Float] = []
    result.reserveCapacity(rows.count * width)
    for row in rows { result.append(contentsOf: layers[layer].activations[row * width..<(row + 1) * width]) }
    return result
  }

  /// The outputs that activations of a layer lead to, `[rows × outputs]`.
  func outputs(from layer: Int, activations: [Float]) throws -> [Float] {
    var outputs: [Float] = []
    outputs.reserveCapacity(activations.count / layers[layer].unitCount * outputCount)
    try above[layer].forward(rows: activations) { outputs.append(contentsOf: $0.outputs) }
    return outputs
  }

  /// - Throws: `RecordingError.badInput` unless there is a hidden layer of that name with all of these units.
  func requireHidden(_ units: [Int], of name: String) throws {
    guard let layer = hidden.first(where: { $0.name == name }) else {
      let names = hidden.map(\.name).joined(separator: ", ")
      throw RecordingError.badInput(file: path, fault: "has no hidden layer '\(name)' to ablate; it has \(names).")
    }
    if let unit = units.first(where: { !(0..<layer.unitCount).contains($0) }) {
      throw RecordingError.badInput(file: path, fault: "layer \(name) has units 0 to \(layer.unitCount - 1), not \(unit).")
    }
  }
}
