import ActivationRecording
import DenseNetwork
import Parallelism

/// Whether the recorded activations of a layer are what its kernel and bias make of the recorded ones below it.
///
/// Both sides are rounded to the precision they are stored in, and whoever recorded them rounded in its own arithmetic. A unit may be off by
///
///     τ max(1, S) + (εx + εw) S + εb |b| + εy |y| + (ηx Σ|w| + ηw Σ|x| + ηb + ηy),   S = Σ |x w| + |b|,
///
/// where x are the inputs, w and b the unit's weights and bias, y its recorded activation, and ε, η the relative and absolute rounding
/// errors of each as stored (`StoredPrecision`). The first term, τ = 1e-5, is for single-precision arithmetic, the others bound what storing
/// did: relu never makes a difference larger. float16 makes them count, with ε = 2⁻¹¹, and bfloat16, with ε = 2⁻⁸; from float32 on the first
/// term outweighs them. What a network rounded before its activations were widened again, no file tells: it takes a larger τ.
struct ReplayCheck: Sendable {
  /// τ of single-precision arithmetic.
  static let standardTolerance = 1e-5

  private let layer: StoredDenseLayer
  private let input: StoredPrecision
  private let output: StoredPrecision
  private let relativeTolerance: Double
  /// Σ|w| of each unit.
  private let weightSums: [Double]
  /// |kernel| and |bias|: its weighted sums of |x| are S.
  private let sizes: DoubleDenseLayer

  init(of layer: StoredDenseLayer, input: StoredPrecision, output: StoredPrecision, tolerance: Double = standardTolerance) throws {
    self.layer = layer
    self.input = input
    self.output = output
    relativeTolerance = tolerance
    let dense = layer.dense
    var sums = Array(repeating: 0.0, count: dense.unitCount)
    for (index, weight) in dense.kernel.enumerated() { sums[index % dense.unitCount] += abs(weight) }
    weightSums = sums
    sizes = try DoubleDenseLayer(
      name: dense.name, unitCount: dense.unitCount, kernel: dense.kernel.map(abs), bias: dense.bias.map(abs), activation: .linear)
  }

  /// - Throws: `RecordingError.invalid` for the first activation that is further off.
  func require(input recordedInput: RecordedActivations, output recordedOutput: RecordedActivations, path: String, threads: Int) throws {
    let blockRows = ReplayedNetwork.blockRows
    let rowCount = recordedOutput.rowCount
    _ = try mapBlocks(count: (rowCount + blockRows - 1) / blockRows, threads: threads) { block in
      let rows = block * blockRows..<min((block + 1) * blockRows, rowCount)
      try require(inputs: recordedInput.rows(rows), outputs: recordedOutput.rows(rows), firstRow: rows.lowerBound, path: path)
    }
  }

  /// The same for one block of rows.
  ///
  /// - Parameters:
  ///   - inputs: `[rows × inputs]`.
  ///   - outputs: `[rows × units]`.
  ///   - firstRow: the number of the block's first row.
  func require(inputs: [Double], outputs: [Double], firstRow: Int, path: String) throws {
    guard let difference = firstDifference(inputs: inputs, outputs: outputs) else { return }
    throw try error(difference, inputs: inputs, outputs: outputs, firstRow: firstRow, path: path)
  }

  /// Whether no activation of a block is further off.
  func holds(inputs: [Double], outputs: [Double]) -> Bool { firstDifference(inputs: inputs, outputs: outputs) == nil }

  private struct Difference {
    /// In the block.
    let row: Int
    let unit: Int
    let replayed: Double
    let recorded: Double
    let tolerance: Double
  }

  /// - Parameters:
  ///   - inputs: of a block, `[rows × inputs]`.
  ///   - outputs: `[rows × units]`.
  private func firstDifference(inputs: [Double], outputs: [Double]) -> Difference? {
    let dense = layer.dense
    let inputSizes = inputs.map(abs)
    var replayed = dense.weightedSums(of: inputs)
    dense.activate(&replayed)
    let scales = sizes.weightedSums(of: inputSizes)
    for row in 0..<outputs.count / dense.unitCount {
      let inputSize = inputSizes[row * dense.inputCount..<(row + 1) * dense.inputCount].reduce(0, +)
      for unit in 0..<dense.unitCount {
        let index = row * dense.unitCount + unit
        let tolerance = tolerance(unit: unit, scale: scales[index], inputSize: inputSize, recorded: outputs[index])
        guard abs(replayed[index] - outputs[index]) <= tolerance else {
          return Difference(row: row, unit: unit, replayed: replayed[index], recorded: outputs[index], tolerance: tolerance)
        }
      }
    }
    return nil
  }

  private func tolerance(unit: Int, scale: Double, inputSize: Double, recorded: Double) -> Double {
    let weights = layer.kernelPrecision
    let bias = layer.biasPrecision
    let relative =
      (input.relative + weights.relative) * scale + bias.relative * abs(layer.dense.bias[unit]) + output.relative * abs(recorded)
    let absolute = input.absolute * weightSums[unit] + weights.absolute * inputSize + bias.absolute + output.absolute
    return relativeTolerance * max(1, scale) + relative + absolute
  }

  private func error(
    _ difference: Difference, inputs: [Double], outputs: [Double], firstRow: Int, path: String
  ) throws -> RecordingError {
    let name = layer.dense.name
    if try fitsTransposed(inputs: inputs, outputs: outputs) {
      return .invalid(
        file: path,
        fault: "/layers/\(name)/kernel is transposed: the recorded activations follow from its transpose, not from it. Write [input, unit] "
          + "(weight.T of torch), or say what it is: attribute kernel_layout = 'unit,input', or none for [input, unit].")
    }
    return .invalid(
      file: path,
      fault: "replaying the recorded kernels gives \(Float(difference.replayed)) for row \(firstRow + difference.row), unit "
        + "\(difference.unit) of \(name), but \(Float(difference.recorded)) is recorded, and rounding explains a difference of "
        + "\(Float(difference.tolerance)) at most. The kernels are not those of these activations, or these were computed in half precision: "
        + "record both from one checkpoint,", remedy: .allowRounding)
  }

  /// Whether the activations of a block follow from the transposed kernel, as they do where the kernel of a square layer is stored in another
  /// order than the recording says.
  private func fitsTransposed(inputs: [Double], outputs: [Double]) throws -> Bool {
    let dense = layer.dense
    guard dense.inputCount == dense.unitCount else { return false }
    let count = dense.unitCount
    let transposed = try DoubleDenseLayer(
      name: dense.name, unitCount: count, kernel: (0..<count).flatMap { row in (0..<count).map { dense.kernel[$0 * count + row] } },
      bias: dense.bias, activation: dense.activation)
    let check = try ReplayCheck(
      of: StoredDenseLayer(dense: transposed, kernelPrecision: layer.kernelPrecision, biasPrecision: layer.biasPrecision), input: input,
      output: output, tolerance: relativeTolerance)
    return check.firstDifference(inputs: inputs, outputs: outputs) == nil
  }
}
