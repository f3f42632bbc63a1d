/// Puts a chain and its weights together to a network of dense layers.
///
/// A normalisation is x · s + t with s = γ / √(variance + ε) and t = β − mean · s. Behind a dense layer without activation it is folded into
/// that one: kernel · s, bias · s + t; before a dense layer, into that one: s · kernel, bias + t · kernel. It is computed in Double, and each
/// weight rounded once, when all that lies beside its layer is known. What is neither is refused. Activations belong to the dense layer below.
struct ChainAssembly {
  private let weights: any ChainWeights
  /// Of the chain.
  private let chainFile: String
  private let inputCount: Int?
  private let unsaidSlopes: [String]
  /// Of all tensors that were read.
  private var valueCount = 0
  private var layers: [Part] = []
  private var waiting: Waiting?
  private var rounded: [String] = []
  private var folded: [String] = []

  private struct Part {
    let inputCount: Int
    let unitCount: Int
    let kernel: [Float]
    var bias: [Double]
    /// What the kernel's rows and columns are multiplied by; nil for nothing.
    var inputScale: [Double]?
    var unitScale: [Double]?
    /// The last normalisation that became part of it.
    var folded: String?
    var activation = DenseLayer.Activation.linear

    var foldedKernel: [Float] {
      guard inputScale != nil || unitScale != nil else { return kernel }
      return kernel.indices.map { index in
        let (input, unit) = index.quotientAndRemainder(dividingBy: unitCount)
        return Float((inputScale?[input] ?? 1) * (unitScale?[unit] ?? 1) * Double(kernel[index]))
      }
    }
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
    // Before their weights are read: there may be any number of them.
    let count = chain.steps.count { if case .dense = $0 { true } else { false } }
    guard count <= Network.maximumLayerCount else {
      throw assembly.invalidModel(.tooManyLayers(count: count, limit: Network.maximumLayerCount))
    }
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
    (chainFile, inputCount, unsaidSlopes) = (chain.file, chain.inputCount, chain.unsaidSlopes)
    self.weights = weights
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError { CheckpointError(file: weights.file, fault: fault) }

  private func unsupported(_ layer: String, _ what: String) -> CheckpointError {
    CheckpointError(file: chainFile, fault: .unsupported(layer: layer, what: what))
  }

  private func invalidModel(_ error: NetworkError) -> CheckpointError {
    CheckpointError(file: chainFile, fault: .invalid(part: "the model", reason: error.description))
  }

  /// - Throws: `CheckpointError` where the tensors so far have more values together than a network may have.
  private mutating func count(_ values: Int, of layer: String) throws {
    valueCount += values
    guard valueCount <= StoredFloats.mostValues else {
      throw fault(.invalid(part: "layer \(layer)", reason: "the network has more than \(StoredFloats.mostValues) values with it"))
    }
  }

  /// How many values the next step gets; nil where only its weights say it.
  private var width: Int? { waiting?.scale.count ?? layers.last?.unitCount ?? inputCount }

  private mutating func add(_ layer: LayerChain.Dense) throws {
    let tensors = try weights.dense(layer, inputCount: width)
    if tensors.isRounded { rounded.append(layer.name) }
    try count(tensors.kernel.count + tensors.unitCount, of: layer.name)
    var part = Part(
      inputCount: tensors.inputCount, unitCount: tensors.unitCount, kernel: tensors.kernel,
      bias: tensors.bias?.map { Double($0) } ?? Array(repeating: 0, count: tensors.unitCount))
    if let waiting {
      for input in 0..<part.inputCount {
        for unit in 0..<part.unitCount {
          part.bias[unit] += waiting.shift[input] * Double(part.kernel[input * part.unitCount + unit])
        }
      }
      (part.inputScale, part.folded) = (waiting.scale, waiting.layer)
      self.waiting = nil
    }
    layers.append(part)
  }

  private mutating func add(_ layer: LayerChain.Normalisation) throws {
    let tensors = try weights.normalisation(layer, unitCount: width)
    if tensors.isRounded { rounded.append(layer.name) }
    folded.append(layer.name)
    try count(4 * tensors.mean.count, of: layer.name)
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
      layers[last].unitScale = scale.indices.map { (layers[last].unitScale?[$0] ?? 1) * scale[$0] }
      for unit in scale.indices { layers[last].bias[unit] = layers[last].bias[unit] * scale[unit] + shift[unit] }
      layers[last].folded = layer.name
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

  /// A dense layer of which each weight is rounded once.
  private func layer(_ index: Int) throws -> DenseLayer {
    let part = layers[index]
    let (kernel, bias) = (part.foldedKernel, part.bias.map { Float($0) })
    if let folded = part.folded, !(kernel.allSatisfy(\.isFinite) && bias.allSatisfy(\.isFinite)) {
      throw fault(.invalid(part: "layer \(folded)", reason: "folded into the dense layer beside it, it gives weights beyond float32"))
    }
    do {
      return try DenseLayer(
        name: Network.layerName(index), inputCount: part.inputCount, unitCount: part.unitCount, kernel: kernel, bias: bias,
        activation: part.activation)
    } catch {
      throw invalidModel(error)
    }
  }

  private func finished() throws -> ImportedNetwork {
    if let waiting {
      throw unsupported(waiting.layer, "no dense layer behind it and none without activation before it")
    }
    guard !layers.isEmpty else {
      throw CheckpointError(file: chainFile, fault: .invalid(part: "the model", reason: "it has no dense layers"))
    }
    let dense = try layers.indices.map(layer)
    do {
      return ImportedNetwork(network: try Network(layers: dense), roundedLayers: rounded, foldedLayers: folded, unsaidSlopes: unsaidSlopes)
    } catch {
      throw invalidModel(error)
    }
  }
}
