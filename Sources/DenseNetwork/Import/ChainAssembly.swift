/// Puts a chain and its weights together to a network of dense layers.
///
/// A normalisation is x · s + t with s = γ / √(variance + ε) and t = β − mean · s. Behind a dense layer without activation it is folded into
/// that one: kernel · s, bias · s + t; before a dense layer, into that one: s · kernel, bias + t · kernel. It is computed in Double, and each
/// weight rounded once. What is neither is refused. Activations belong to the dense layer below.
struct ChainAssembly {
  private let weights: any ChainWeights
  /// Of the chain.
  private let chainFile: String
  private let inputCount: Int?
  private var layers: [Part] = []
  private var waiting: Waiting?
  private var rounded: [String] = []
  private var folded: [String] = []

  private struct Part {
    let inputCount: Int
    let unitCount: Int
    var kernel: [Float]
    var bias: [Float]
    var activation = DenseLayer.Activation.linear
  }

  /// Normalisations that the next dense layer takes up.
  private struct Waiting {
    /// The first of them.
    let layer: String
    var scale: [Double]
    var shift: [Double]
  }

  /// - Throws: `CheckpointError` for weights that do not fit the chain, and for a normalisation or activation without a dense layer to go with.
  static func network(of chain: LayerChain, with weights: any ChainWeights) throws -> ImportedNetwork {
    var assembly = ChainAssembly(chain, weights)
    for step in chain.steps {
      switch step {
      case .dense(let layer): try assembly.add(layer)
      case .normalisation(let layer): try assembly.add(layer)
      case .activation(let activation, let layer): try assembly.add(activation, layer: layer)
      }
    }
    return try assembly.finished()
  }

  private init(_ chain: LayerChain, _ weights: any ChainWeights) {
    (chainFile, inputCount) = (chain.file, chain.inputCount)
    self.weights = weights
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: weights.file, fault: fault) }

  private func unsupported(_ layer: String, _ what: String) -> CheckpointError {
    CheckpointError(file: chainFile, fault: .unsupported(layer: layer, what: what))
  }

  /// How many values the next step gets; nil where only its weights say it.
  private var width: Int? { waiting?.scale.count ?? layers.last?.unitCount ?? inputCount }

  private mutating func add(_ layer: LayerChain.Dense) throws {
    let tensors = try weights.dense(layer, inputCount: width)
    if tensors.isRounded { rounded.append(layer.name) }
    var part = Part(
      inputCount: tensors.inputCount, unitCount: tensors.unitCount, kernel: tensors.kernel,
      bias: tensors.bias ?? Array(repeating: 0, count: tensors.unitCount))
    if let waiting {
      var shifts = part.bias.map { Double($0) }
      for input in 0..<part.inputCount {
        for unit in 0..<part.unitCount {
          let weight = Double(part.kernel[input * part.unitCount + unit])
          shifts[unit] += waiting.shift[input] * weight
          part.kernel[input * part.unitCount + unit] = Float(waiting.scale[input] * weight)
        }
      }
      part.bias = shifts.map { Float($0) }
      try requireFinite(part, foldedFrom: waiting.layer)
      self.waiting = nil
    }
    layers.append(part)
  }

  private mutating func add(_ layer: LayerChain.Normalisation) throws {
    let tensors = try weights.normalisation(layer, unitCount: width)
    if tensors.isRounded { rounded.append(layer.name) }
    folded.append(layer.name)
    if let unit = tensors.variance.firstIndex(where: { !(Double($0) + layer.epsilon > 0) }) {
      throw fault(
        .invalid(
          part: "layer \(layer.name)",
          reason: "variance and epsilon of value \(unit) are \(tensors.variance[unit]) and \(layer.epsilon) together"))
    }
    let scale = tensors.variance.indices.map {
      Double(tensors.scale?[$0] ?? 1) / (Double(tensors.variance[$0]) + layer.epsilon).squareRoot()
    }
    let shift = scale.indices.map { Double(tensors.shift?[$0] ?? 0) - Double(tensors.mean[$0]) * scale[$0] }
    if var waiting {
      for index in scale.indices {
        waiting.scale[index] *= scale[index]
        waiting.shift[index] = waiting.shift[index] * scale[index] + shift[index]
      }
      self.waiting = waiting
    } else if let last = layers.indices.last, layers[last].activation == .linear {
      for index in layers[last].kernel.indices {
        layers[last].kernel[index] = Float(Double(layers[last].kernel[index]) * scale[index % scale.count])
      }
      for unit in scale.indices { layers[last].bias[unit] = Float(Double(layers[last].bias[unit]) * scale[unit] + shift[unit]) }
      try requireFinite(layers[last], foldedFrom: layer.name)
    } else {
      waiting = Waiting(layer: layer.name, scale: scale, shift: shift)
    }
  }

  private mutating func add(_ activation: DenseLayer.Activation, layer: String) throws {
    if let waiting {
      throw unsupported(
        waiting.layer, "the activation \(activation.rawValue) behind it and no dense layer without activation before it")
    }
    guard let last = layers.indices.last else {
      throw unsupported(layer, "the activation \(activation.rawValue) before the first dense layer")
    }
    guard let both = layers[last].activation.followed(by: activation) else {
      throw unsupported(layer, "the activation \(activation.rawValue) after \(layers[last].activation.rawValue)")
    }
    layers[last].activation = both
  }

  private func requireFinite(_ part: Part, foldedFrom layer: String) throws {
    guard part.kernel.allSatisfy(\.isFinite), part.bias.allSatisfy(\.isFinite) else {
      throw fault(.invalid(part: "layer \(layer)", reason: "folded into the dense layer beside it, it gives weights beyond float32"))
    }
  }

  private func finished() throws -> ImportedNetwork {
    if let waiting {
      throw unsupported(waiting.layer, "no dense layer behind it and none without activation before it")
    }
    guard !layers.isEmpty else {
      throw CheckpointError(file: chainFile, fault: .invalid(part: "the model", reason: "it has no dense layers"))
    }
    do {
      let network = try Network(
        layers: layers.enumerated().map { index, part throws(NetworkError) in
          try DenseLayer(
            name: Network.layerName(index), inputCount: part.inputCount, unitCount: part.unitCount, kernel: part.kernel, bias: part.bias,
            activation: part.activation)
        })
      return ImportedNetwork(network: network, roundedLayers: rounded, foldedLayers: folded)
    } catch {
      throw CheckpointError(file: chainFile, fault: .invalid(part: "the model", reason: error.description))
    }
  }
}
