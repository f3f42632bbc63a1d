/// One fully connected layer: `activation(inputs · kernel + bias)`.
public struct DenseLayer: Sendable, Equatable {
  /// "dense_1", "dense_2", … from the input side; the output layer takes the next number.
  public let name: String
  public let inputCount: Int
  public let unitCount: Int
  /// `[input × unit]`, row-major: the weight from input i to unit u is `kernel[i * unitCount + u]`.
  public let kernel: [Float]
  /// `[unit]`
  public let bias: [Float]
  public let activation: Activation

  /// Values are taken as they are, NaN included.
  ///
  /// - Throws: `NetworkError` if a count is not positive or the kernel or bias has another size.
  public init(
    name: String, inputCount: Int, unitCount: Int, kernel: [Float], bias: [Float], activation: Activation
  ) throws(NetworkError) {
    try checkSizes(ofLayer: name, inputs: inputCount, units: unitCount, kernel: kernel.count, bias: bias.count)
    self.init(uncheckedName: name, inputCount, unitCount, kernel, bias, activation)
  }

  /// For callers inside this target whose counts agree by construction.
  init(
    uncheckedName name: String, _ inputCount: Int, _ unitCount: Int, _ kernel: [Float], _ bias: [Float], _ activation: Activation
  ) {
    self.name = name
    self.inputCount = inputCount
    self.unitCount = unitCount
    self.kernel = kernel
    self.bias = bias
    self.activation = activation
  }
}

/// - Throws: `NetworkError` if a count is not positive or the kernel or bias has another size.
func checkSizes(ofLayer name: String, inputs: Int, units: Int, kernel: Int, bias: Int) throws(NetworkError) {
  guard inputs > 0, units > 0 else { throw .nonPositiveWidth(layer: name, inputs: inputs, units: units) }
  let (expected, overflow) = inputs.multipliedReportingOverflow(by: units)
  guard kernel == expected, !overflow else { throw .kernelCount(layer: name, expected: overflow ? .max : expected, found: kernel) }
  guard bias == units else { throw .biasCount(layer: name, expected: units, found: bias) }
}
