import ActivationRecording
import DenseNetwork

/// A layer's kernel, bias and activation function as a recording holds them, with the precision they are stored in.
struct StoredDenseLayer: Sendable {
  let dense: DoubleDenseLayer
  let kernelPrecision: StoredPrecision
  let biasPrecision: StoredPrecision

  /// Why a layer cannot be replayed though its recording need not be damaged: it is no dense layer on the one below it, or its parameters
  /// were not recorded.
  struct Obstacle: Error {
    let cause: RecordingError
  }

  init(dense: DoubleDenseLayer, kernelPrecision: StoredPrecision, biasPrecision: StoredPrecision) {
    self.dense = dense
    self.kernelPrecision = kernelPrecision
    self.biasPrecision = biasPrecision
  }

  /// - Parameter lower: the layer below it.
  /// - Throws: `Obstacle`, and `RecordingError.invalid` for parameters of a dense layer that are not what the schema says.
  init(_ layer: RecordedLayer, above lower: RecordedLayer, of recording: RecordingView) throws {
    let isDense = ["dense", "linear"].contains(layer.kind.lowercased())
    let otherKind = Obstacle(
      cause: .invalid(
        file: recording.path,
        fault: "/layers/\(layer.name) is of the kind '\(layer.kind)', and only dense layers can be replayed. Ablate in it, or above it."))
    func parameters(_ part: String, _ read: () throws -> StoredParameters?) throws -> StoredParameters {
      do {
        if let parameters = try read() { return parameters }
      } catch is RecordingError where !isDense {
        throw otherKind
      }
      throw isDense
        ? Obstacle(
          cause: .missingPart(
            file: recording.path, part: "/layers/\(layer.name)/\(part)",
            advice: "Ablation and circuits recompute the layers above: record their kernels and biases."))
        : otherKind
    }
    let kernel = try parameters("kernel") { try recording.kernel(of: layer) }
    let bias = try parameters("bias") { try recording.bias(of: layer) }
    guard let function = layer.activationFunction else {
      throw Obstacle(
        cause: .missingPart(
          file: recording.path, part: "attribute activation_function of /layers/\(layer.name)",
          advice: "Ablation and circuits recompute the layer: say relu, linear or leaky_relu(SLOPE)."))
    }
    guard let activation = DenseLayer.Activation(rawValue: function) else {
      throw Obstacle(
        cause: .invalid(
          file: recording.path,
          fault:
            "/layers/\(layer.name) has the activation function '\(function)', and only relu, linear and leaky_relu(SLOPE) layers can be replayed. "
            + "Ablate in a network whose layers above the first are of those."))
    }
    do {
      dense = try DoubleDenseLayer(
        name: layer.name, unitCount: layer.unitCount, kernel: kernel.values, bias: bias.values, activation: activation)
    } catch {
      throw RecordingError.invalid(file: recording.path, fault: "holds a network that cannot be replayed: \(error)")
    }
    guard dense.inputCount == lower.unitCount else {
      throw Obstacle(
        cause: .invalid(
          file: recording.path,
          fault: "/layers/\(layer.name)/kernel takes \(dense.inputCount) inputs, but \(lower.name) below it has "
            + "\(lower.unitCount) units. Record every layer of the network."))
    }
    kernelPrecision = kernel.precision
    biasPrecision = bias.precision
  }
}

extension DoubleDenseLayer {
  /// The Euclidean norm of the weights that lead from each input: the outgoing norm of the units below.
  var inputNorms: [Double] {
    (0..<inputCount).map { input in kernel[input * unitCount..<(input + 1) * unitCount].reduce(0) { $0 + $1 * $1 }.squareRoot() }
  }
}

extension RecordingView {
  /// Reads a layer and the one below it in step, as doubles, and hands the results of blocks of rows on in order.
  ///
  /// - Parameter body: gets the rows of a block and their activations, `[rows × units]`, of the lower layer and of the upper one.
  func mapBlocks<Result: Sendable>(
    of lower: RecordedLayer, _ upper: RecordedLayer, threads: Int,
    _ body: @escaping @Sendable (_ rows: Range<Int>, _ lower: [Double], _ upper: [Double]) throws -> Result, take: (Result) throws -> Void
  ) throws {
    func read<Value: ActivationValue>(_ type: Value.Type) throws {
      try mapBlocks(of: [lower, upper], threads: threads) { (rows, blocks: [UnsafeBufferPointer<Value>]) in
        try body(rows, blocks[0].map { Double($0) }, blocks[1].map { Double($0) })
      } take: {
        try take($0)
      }
    }
    try lower.storesDoubles || upper.storesDoubles ? read(Double.self) : read(Float.self)
  }
}
