internal import CKernels

/// Zeroed floats at a 64-byte boundary, which is what the C kernels want to work on.
final class FloatBuffer {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) {
    self.count = count
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
    pointer = bytes.bindMemory(to: Float.self, capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: max(count, 1))
  }

  deinit {
    pointer.deallocate()
  }
}

/// Where a network's tensors lie in the one buffer of floats that the C kernels use (see DenseKernels.h).
struct ParameterLayout {
  let widths: [Int32]
  /// What sums below 0 are multiplied by, layer by layer.
  let negativeSlopes: [Float]
  let kernelOffsets: [Int]
  let biasOffsets: [Int]
  /// Floats in the buffer, gaps included.
  let count: Int
  /// Floats of scratch for one forward pass or one training run.
  let workspaceCount: Int

  init(_ network: Network) {
    widths = [Int32(network.inputCount)] + network.layers.map { Int32($0.unitCount) }
    negativeSlopes = network.layers.map(\.activation.negativeSlope)
    let layerCount = network.layers.count
    var kernels = Array(repeating: 0, count: layerCount)
    var biases = kernels
    count = mirrorscope_dense_layout(Int32(layerCount), widths, &kernels, &biases)
    workspaceCount = mirrorscope_dense_workspace(Int32(layerCount), widths)
    kernelOffsets = kernels
    biasOffsets = biases
  }

  /// Copies the network's kernels (turned to `[units × inputs]`) and biases into `buffer`, which has this layout.
  func pack(_ network: Network, into buffer: FloatBuffer) {
    for (index, layer) in network.layers.enumerated() {
      let kernel = buffer.pointer + kernelOffsets[index]
      for input in 0..<layer.inputCount {
        for unit in 0..<layer.unitCount {
          kernel[unit * layer.inputCount + input] = layer.kernel[input * layer.unitCount + unit]
        }
      }
      for unit in 0..<layer.unitCount {
        buffer.pointer[biasOffsets[index] + unit] = layer.bias[unit]
      }
    }
  }

  /// A network with the names and activations of `template` and the values of `buffer`.
  func unpack(_ buffer: FloatBuffer, like template: Network) -> Network {
    var layers: [DenseLayer] = []
    for (index, layer) in template.layers.enumerated() {
      let kernel = buffer.pointer + kernelOffsets[index]
      let (inputs, units) = (layer.inputCount, layer.unitCount)
      var values = Array(repeating: Float(0), count: inputs * units)
      for input in 0..<inputs {
        for unit in 0..<units {
          values[input * units + unit] = kernel[unit * inputs + input]
        }
      }
      let bias = (0..<units).map { buffer.pointer[biasOffsets[index] + $0] }
      layers.append(DenseLayer(uncheckedName: layer.name, inputs, units, values, bias, layer.activation))
    }
    return Network(uncheckedLayers: layers)
  }

  /// Hands out the network as the C kernels see it; valid during `body` only.
  func withDense<Result>(_ parameters: FloatBuffer, _ body: (mirrorscope_dense) throws -> Result) rethrows -> Result {
    try widths.withUnsafeBufferPointer { widths in
      try negativeSlopes.withUnsafeBufferPointer { slopes in
        guard let widthsBase = widths.baseAddress, let slopesBase = slopes.baseAddress else {
          preconditionFailure("a network has at least one layer")
        }
        return try body(
          mirrorscope_dense(
            layer_count: Int32(slopes.count), widths: widthsBase, negative_slopes: slopesBase,
            parameters: parameters.pointer))
      }
    }
  }
}
