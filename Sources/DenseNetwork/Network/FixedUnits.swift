extension Network {
  /// The network with units of one layer held at fixed values, whatever they are shown: their weights from below become 0 and their biases the
  /// values. Everything else is as it was, so ablation costs no pass of its own.
  ///
  /// - Parameters:
  ///   - units: 0-based; numbers beyond the layer's are left out.
  ///   - layer: index from the input side; beyond the last nothing changes.
  ///   - values: one a unit, after the activation function; a rectified layer turns a negative one into 0.
  public func holding(_ units: [Int], ofLayer layer: Int, at values: [Float]) -> Network {
    guard layers.indices.contains(layer) else { return self }
    let old = layers[layer]
    var (kernel, bias) = (old.kernel, old.bias)
    for (unit, value) in zip(units, values) where (0..<old.unitCount).contains(unit) {
      for input in 0..<old.inputCount { kernel[input * old.unitCount + unit] = 0 }
      bias[unit] = old.activation.sum(giving: value)
    }
    var changed = layers
    changed[layer] = DenseLayer(uncheckedName: old.name, old.inputCount, old.unitCount, kernel, bias, old.activation)
    return Network(uncheckedLayers: changed)
  }
}
