internal import CBLAS

/// A dense layer in double precision, for replaying what was recorded: a recording may hold doubles.
public struct DoubleDenseLayer: Sendable, Equatable {
  public let name: String
  public let inputCount: Int
  public let unitCount: Int
  /// `[input × unit]`, row-major: the weight from input i to unit u is `kernel[i * unitCount + u]`.
  public let kernel: [Double]
  /// `[unit]`
  public let bias: [Double]
  public let activation: DenseLayer.Activation

  /// Values are taken as they are, NaN included; the inputs are as many as the kernel has rows.
  ///
  /// - Throws: `NetworkError` if there are no inputs or units, or the kernel holds no whole rows, or the bias has another size.
  public init(
    name: String, unitCount: Int, kernel: [Double], bias: [Double], activation: DenseLayer.Activation
  ) throws(NetworkError) {
    let inputCount = unitCount > 0 ? kernel.count / unitCount : 0
    try checkSizes(ofLayer: name, inputs: inputCount, units: unitCount, kernel: kernel.count, bias: bias.count)
    self.name = name
    self.inputCount = inputCount
    self.unitCount = unitCount
    self.kernel = kernel
    self.bias = bias
    self.activation = activation
  }

  /// inputs · kernel + bias, before the activation function, `[rows × units]`.
  ///
  /// How BLAS rounds may depend on how many rows it gets: cut rows into blocks of a fixed size where results have to be the same.
  ///
  /// - Parameter rows: `[rows × inputs]`, row-major; what is left after whole rows is ignored.
  public func weightedSums(of rows: [Double]) -> [Double] {
    let rowCount = rows.count / inputCount
    mirrorscope_blas_threads(1)
    return [Double](unsafeUninitializedCapacity: rowCount * unitCount) { sums, count in
      count = rowCount * unitCount
      for row in 0..<rowCount {
        for unit in 0..<unitCount { sums[row * unitCount + unit] = bias[unit] }
      }
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rowCount), Int32(unitCount), Int32(inputCount), 1, rows, Int32(inputCount),
        kernel, Int32(unitCount), 1, sums.baseAddress, Int32(unitCount))
    }
  }

  /// Applies the activation function to weighted sums; NaN stays NaN.
  public func activate(_ sums: inout [Double]) {
    let slope = Double(activation.negativeSlope)
    sums.withUnsafeMutableBufferPointer { sums in
      switch activation {
      case .linear: break
      case .relu: for index in sums.indices { sums[index] = sums[index] < 0 ? 0 : sums[index] }
      case .leakyReLU: for index in sums.indices { sums[index] = sums[index] < 0 ? slope * sums[index] : sums[index] }
      }
    }
  }
}
