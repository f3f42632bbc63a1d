import ActivationRecording
import DenseNetwork

/// A layer's kernel, bias and activation function as a recording holds them, with the precision they are stored in.
struct StoredDenseLayer: Sendable {
  let dense: DoubleDenseLayer
  let kernelPrecision: StoredPrecision
  let biasPrecision: StoredPrecision

  /// - Throws: `RecordingError.missingPart` for what is not recorded, `.invalid` for what cannot be replayed.
  init(_ layer: RecordedLayer, of recording: Recording) throws {
    let advice = "Ablation and circuits recompute the layers above: record their kernels and biases."
    guard let kernel = try recording.preciseKernel(of: layer) else {
      throw RecordingError.missingPart(file: recording.path, part: "/layers/\(layer.name)/kernel", advice: advice)
    }
    guard let bias = try recording.preciseBias(of: layer) else {
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
    do {
      dense = try DoubleDenseLayer(
        name: layer.name, unitCount: layer.unitCount, kernel: kernel.values, bias: bias.values, activation: activation)
    } catch {
      throw RecordingError.invalid(file: recording.path, fault: "holds a network that cannot be replayed: \(error)")
    }
    kernelPrecision = kernel.precision
    biasPrecision = bias.precision
  }
}
