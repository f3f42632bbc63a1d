internal import CKernels

/// A network made ready to run batches of rows again and again: nothing is allocated or packed from one to the next.
///
/// Each row's activations are those that `Network.forward` gives, to the last digit. Not for use from several threads at once.
public final class BatchForward {
  /// Most rows of a batch.
  public let capacity: Int
  private let inputCount: Int
  private let unitCounts: [Int]
  private let layout: ParameterLayout
  private let parameters: FloatBuffer
  private let workspace: FloatBuffer
  private let buffers: [FloatBuffer]
  private let targets: [UnsafeMutablePointer<Float>]
  /// Rows of the last batch.
  public private(set) var rowCount = 0

  public init(_ network: Network, capacity: Int) {
    self.capacity = max(1, capacity)
    inputCount = network.inputCount
    unitCounts = network.layers.map(\.unitCount)
    layout = ParameterLayout(network)
    parameters = FloatBuffer(count: layout.count)
    layout.pack(network, into: parameters)
    workspace = FloatBuffer(count: layout.workspaceCount)
    buffers = unitCounts.map { [capacity = self.capacity] in FloatBuffer(count: capacity * $0) }
    targets = buffers.map(\.pointer)
  }

  /// Runs all layers on rows of small integers.
  ///
  /// - Parameter rows: `[rows × inputs]`, row-major; rows beyond the capacity, and what is left after whole rows, are not run.
  public func run(_ rows: UnsafeBufferPointer<UInt8>) {
    run(UnsafeRawBufferPointer(rows), count: rows.count / max(1, inputCount), isBytes: true)
  }

  /// - Parameter count: rows that `bytes` holds.
  func run(_ bytes: UnsafeRawBufferPointer, count: Int, isBytes: Bool) {
    rowCount = min(count, capacity)
    guard rowCount > 0, let base = bytes.baseAddress else { return }
    layout.withDense(parameters) { dense in
      var dense = dense
      mirrorscope_dense_forward(&dense, base, isBytes ? 1 : 0, rowCount, targets, workspace.pointer)
    }
  }

  /// What a layer, counted from the input side, gave in the last batch, `[rows × units]`. Valid until the next one.
  public func activations(ofLayer index: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: buffers[index].pointer, count: rowCount * unitCounts[index])
  }

  /// Writes the chosen action of each row of the last batch; see `chosenActions`.
  ///
  /// - Parameter actions: room for one number a row; rows beyond its end are left out.
  public func choose(into actions: UnsafeMutableBufferPointer<UInt8>) {
    let outputCount = unitCounts[unitCounts.count - 1]
    let outputs = activations(ofLayer: unitCounts.count - 1)
    for row in 0..<min(rowCount, actions.count) {
      var best = 0
      var largest = -Float.infinity
      for index in 0..<outputCount where outputs[row * outputCount + index] > largest {
        largest = outputs[row * outputCount + index]
        best = index
      }
      actions[row] = UInt8(truncatingIfNeeded: best)
    }
  }
}
