import Statistics

/// A stack of dense layers, input side first. The last layer is the output.
public struct Network: Sendable, Equatable {
  /// Deeper networks are refused.
  public static let maximumLayerCount = 16

  public let layers: [DenseLayer]

  public var inputCount: Int { layers.first?.inputCount ?? 0 }
  public var outputCount: Int { layers.last?.unitCount ?? 0 }
  /// Units of the layers below the output.
  public var hiddenUnitCounts: [Int] { layers.dropLast().map(\.unitCount) }

  /// - Throws: `NetworkError` if there are no layers or too many, or if a layer does not take what the one below it gives.
  public init(layers: [DenseLayer]) throws(NetworkError) {
    guard !layers.isEmpty else { throw .noLayers }
    guard layers.count <= Self.maximumLayerCount else {
      throw .tooManyLayers(count: layers.count, limit: Self.maximumLayerCount)
    }
    for (lower, upper) in zip(layers, layers.dropFirst()) where lower.unitCount != upper.inputCount {
      throw .layersDoNotMeet(
        lower: lower.name, units: lower.unitCount, upper: upper.name, inputs: upper.inputCount)
    }
    self.layers = layers
  }

  /// For callers inside this target whose layers meet by construction.
  init(uncheckedLayers layers: [DenseLayer]) {
    self.layers = layers
  }

  /// An untrained network: hidden layers rectified, output linear, biases 0, kernels uniform in ±√(6 / (inputs + units)) (Glorot and
  /// Bengio, 2010), drawn in row-major order from `RandomStream(seed, "glorot", layer)`.
  ///
  /// - Throws: `NetworkError` if a count is not positive or there are too many layers.
  public init(inputCount: Int, hidden: [Int], outputCount: Int, seed: UInt64) throws(NetworkError) {
    let widths = [inputCount] + hidden + [outputCount]
    var layers: [DenseLayer] = []
    for (index, (inputs, units)) in zip(widths, widths.dropFirst()).enumerated() {
      let name = Self.layerName(index)
      guard inputs > 0, units > 0 else { throw .nonPositiveWidth(layer: name, inputs: inputs, units: units) }
      var stream = RandomStream(seed: seed, purpose: "glorot", index: UInt64(index))
      let limit = (6 / Double(inputs + units)).squareRoot()
      let kernel = (0..<inputs * units).map { _ in Float((2 * stream.uniform() - 1) * limit) }
      let activation: DenseLayer.Activation = index == hidden.count ? .linear : .relu
      layers.append(
        try DenseLayer(
          name: name, inputCount: inputs, unitCount: units, kernel: kernel,
          bias: Array(repeating: 0, count: units), activation: activation))
    }
    try self.init(layers: layers)
  }

  /// "dense_1" for the layer nearest the input (index 0), and so on up to the output.
  public static func layerName(_ index: Int) -> String { "dense_\(index + 1)" }
}
