/// The activations of some rows, as the forward pass hands them out.
public struct ActivationBlock: Sendable {
  /// Which of the given rows these are.
  public let rows: Range<Int>
  /// One `[rows × units]` array, row-major, per layer.
  public let activations: [[Float]]

  /// `[rows × outputs]`
  public var outputs: [Float] { activations.last ?? [] }
}

extension Network {
  /// Rows per block that `forward` hands out.
  public static let forwardBlockRows = 4096

  /// Runs rows of small integers through the network, without dropout, and hands out every layer's activations block by block, in row
  /// order.
  ///
  /// A row's activations depend on that row alone: how rows are cut into calls, and on which thread a call runs, never changes a digit.
  ///
  /// - Parameter rows: `[rows × inputCount]`, row-major; empty rows give no call.
  /// - Throws: `NetworkError.raggedRows` if `rows` does not hold whole rows, and whatever `visit` throws.
  public func forward(rows: [UInt8], visit: (ActivationBlock) throws -> Void) throws {
    try rows.withUnsafeBytes { bytes in
      try run(bytes, valueCount: rows.count, isBytes: true, visit)
    }
  }

  /// The same for rows of floats.
  public func forward(rows: [Float], visit: (ActivationBlock) throws -> Void) throws {
    try rows.withUnsafeBytes { bytes in
      try run(bytes, valueCount: rows.count, isBytes: false, visit)
    }
  }

  /// The outputs of rows of small integers, `[rows × outputCount]`.
  ///
  /// - Throws: `NetworkError.raggedRows` if `rows` does not hold whole rows.
  public func outputs(rows: [UInt8]) throws -> [Float] {
    var outputs: [Float] = []
    outputs.reserveCapacity(rows.count / inputCount * outputCount)
    try forward(rows: rows) { outputs.append(contentsOf: $0.outputs) }
    return outputs
  }

  private func run(
    _ bytes: UnsafeRawBufferPointer, valueCount: Int, isBytes: Bool, _ visit: (ActivationBlock) throws -> Void
  ) throws {
    let width = inputCount
    guard valueCount % width == 0 else {
      throw NetworkError.raggedRows(values: valueCount, valuesPerRow: width)
    }
    guard valueCount > 0, let base = bytes.baseAddress else { return }
    let rowCount = valueCount / width
    let valueSize = isBytes ? 1 : MemoryLayout<Float>.stride
    let batch = BatchForward(self, capacity: min(rowCount, Self.forwardBlockRows))
    for begin in stride(from: 0, to: rowCount, by: Self.forwardBlockRows) {
      let rows = begin..<min(begin + Self.forwardBlockRows, rowCount)
      let start = UnsafeRawBufferPointer(start: base + begin * width * valueSize, count: rows.count * width * valueSize)
      batch.run(start, count: rows.count, isBytes: isBytes)
      try visit(ActivationBlock(rows: rows, activations: layers.indices.map { Array(batch.activations(ofLayer: $0)) }))
    }
  }
}

/// The chosen action of each row: the index of its largest output, the lowest of several equal ones.
///
/// - Parameters:
///   - outputs: `[rows × outputCount]`. A NaN is never larger than a number; a row of NaN alone gives 0.
///   - outputCount: at most 256, as many as there are labels.
/// - Returns: one index per row, 0…255.
@inlinable
public func chosenActions<Value: BinaryFloatingPoint>(outputs: [Value], outputCount: Int) -> [UInt8] {
  guard outputCount > 0 else { return [] }
  return stride(from: 0, to: outputs.count - outputs.count % outputCount, by: outputCount).map { begin in
    var best = 0
    var largest = -Value.infinity
    for index in 0..<outputCount where outputs[begin + index] > largest {
      largest = outputs[begin + index]
      best = index
    }
    return UInt8(truncatingIfNeeded: best)
  }
}
