import ActivationRecording
import DenseNetwork
import Parallelism

/// Whether the recorded activations of a layer are what its kernel and bias make of the recorded ones below it.
///
/// Both sides are rounded to the precision they are stored in, and whoever recorded them rounded in its own arithmetic. A unit may be off by
///
///     1e-5 max(1, S) + (εx + εw) S + εb |b| + εy |y| + (ηx Σ|w| + ηw Σ|x| + ηb + ηy),   S = Σ |x w| + |b|,
///
/// where x are the inputs, w and b the unit's weights and bias, y its recorded activation, and ε, η the relative and absolute rounding
/// errors of each as stored (`StoredPrecision`). The first term is for single-precision arithmetic, the others bound what storing did: relu
/// never makes a difference larger. float16 makes them count, with ε = 2⁻¹¹; from float32 on the first term outweighs them.
struct ReplayCheck: Sendable {
  private let layer: StoredDenseLayer
  private let input: StoredPrecision
  private let output: StoredPrecision
  /// Σ|w| of each unit.
  private let weightSums: [Double]
  /// |kernel| and |bias|: its weighted sums of |x| are S.
  private let sizes: DoubleDenseLayer

  init(of layer: StoredDenseLayer, input: StoredPrecision, output: StoredPrecision) throws {
    self.layer = layer
    self.input = input
    self.output = output
    let dense = layer.dense
    var sums = Array(repeating: 0.0, count: dense.unitCount)
    for (index, weight) in dense.kernel.enumerated() { sums[index % dense.unitCount] += abs(weight) }
    weightSums = sums
    sizes = try DoubleDenseLayer(
      name: dense.name, unitCount: dense.unitCount, kernel: dense.kernel.map(abs), bias: dense.bias.map(abs), activation: .linear)
  }

  /// - Parameters:
  ///   - recordedInput: `[rows × inputs]`.
  ///   - recordedOutput: `[rows × units]`.
  /// - Throws: `RecordingError.invalid` for the first activation that is further off.
  func require(input recordedInput: [Double], output recordedOutput: [Double], path: String, threads: Int) throws {
    let dense = layer.dense
    let rowCount = recordedOutput.count / dense.unitCount
    let blockRows = ReplayedNetwork.blockRows
    _ = try mapBlocks(count: (rowCount + blockRows - 1) / blockRows, threads: threads) { block in
      let rows = block * blockRows..<min((block + 1) * blockRows, rowCount)
      let inputs = Array(recordedInput[rows.lowerBound * dense.inputCount..<rows.upperBound * dense.inputCount])
      let inputSizes = inputs.map(abs)
      var replayed = dense.weightedSums(of: inputs)
      dense.activate(&replayed)
      let scales = sizes.weightedSums(of: inputSizes)
      for row in rows {
        let inputSize = inputSizes[(row - rows.lowerBound) * dense.inputCount..<(row - rows.lowerBound + 1) * dense.inputCount].reduce(0, +)
        for unit in 0..<dense.unitCount {
          let index = (row - rows.lowerBound) * dense.unitCount + unit
          let recorded = recordedOutput[row * dense.unitCount + unit]
          let tolerance = tolerance(unit: unit, scale: scales[index], inputSize: inputSize, recorded: recorded)
          guard abs(replayed[index] - recorded) <= tolerance else {
            throw RecordingError.invalid(
              file: path,
              fault: "replaying the recorded kernels gives \(Float(replayed[index])) for row \(row), unit \(unit) of \(dense.name), but "
                + "\(Float(recorded)) is recorded, and rounding explains a difference of \(Float(tolerance)) at most. The kernels are not "
                + "those of these activations: record both from one checkpoint.")
          }
        }
      }
    }
  }

  private func tolerance(unit: Int, scale: Double, inputSize: Double, recorded: Double) -> Double {
    let weights = layer.kernelPrecision
    let bias = layer.biasPrecision
    let relative =
      (input.relative + weights.relative) * scale + bias.relative * abs(layer.dense.bias[unit]) + output.relative * abs(recorded)
    let absolute = input.absolute * weightSums[unit] + weights.absolute * inputSize + bias.absolute + output.absolute
    return 1e-5 * max(1, scale) + relative + absolute
  }
}
