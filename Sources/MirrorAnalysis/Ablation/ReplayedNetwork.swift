import ActivationRecording
import DenseNetwork
import Parallelism

/// The dense layers of a recording with their recorded activations and, above each, the network that turns them into outputs.
///
/// Ablation needs no checkpoint: what a layer's activations lead to is computed from the recorded kernels above it, in double precision.
struct ReplayedNetwork: Sendable {
  struct Layer: Sendable {
    let name: String
    let unitCount: Int
    /// `[rows × units]`, as recorded.
    let activations: [Double]
  }

  /// Path of the recording.
  let path: String
  let rowCount: Int
  /// Names of the outputs; their numbers where the recording has none.
  let actionNames: [String]
  /// Input side first; the last is the output layer.
  let layers: [Layer]
  /// The dense layer above each layer but the last, in the same order.
  let above: [DoubleDenseLayer]

  var hidden: ArraySlice<Layer> { layers.dropLast() }
  var outputCount: Int { layers.last?.unitCount ?? 0 }

  /// Actions are numbered by bytes.
  private static let mostOutputs = 256

  /// Rows that are replayed at a time: always the same, so that BLAS rounds the same for any number of threads.
  static let blockRows = 1024

  /// Reads a recording with all of its layers and checks that replaying gives what was recorded (`ReplayCheck`).
  ///
  /// - Throws: `RecordingError.missingPart` for a kernel or bias that replaying needs, `.invalid` for layers that are no chain of dense
  ///   relu and linear layers, for more than 256 outputs, and for a layer whose recorded activations do not follow from those below it.
  init(of recording: Recording, threads: Int) throws {
    path = recording.path
    let recorded = recording.layers.filter(\.isOwnLayer)
    guard recorded.count >= 2 else {
      throw RecordingError.invalid(file: path, fault: "has \(recorded.count) dense layers; ablation needs a hidden and an output layer.")
    }
    if let output = recorded.last, output.unitCount > Self.mostOutputs {
      throw RecordingError.invalid(
        file: path,
        fault:
          "layer \(output.name) has \(output.unitCount) outputs, but /label and /prediction number at most \(Self.mostOutputs) actions. "
          + "Record a network with fewer.")
    }
    let upper = try recorded.dropFirst().map { layer in try StoredDenseLayer(layer, of: recording) }
    for (lower, layer) in zip(recorded, upper.map(\.dense)) where layer.inputCount != lower.unitCount {
      throw RecordingError.invalid(
        file: path,
        fault: "/layers/\(layer.name)/kernel takes \(layer.inputCount) inputs, but \(lower.name) below it has "
          + "\(lower.unitCount) units. Record every layer of the network.")
    }
    rowCount = recording.rowCount
    layers = try recorded.map {
      Layer(name: $0.name, unitCount: $0.unitCount, activations: try recording.preciseActivations(of: $0, threads: threads))
    }
    let names = recording.actionNames ?? []
    actionNames = names.count == layers.last?.unitCount ? names : (0..<(layers.last?.unitCount ?? 0)).map(String.init)
    above = upper.map(\.dense)
    for (index, stored) in upper.enumerated() {
      let check = try ReplayCheck(of: stored, input: recorded[index].precision, output: recorded[index + 1].precision)
      try check.require(input: layers[index].activations, output: layers[index + 1].activations, path: path, threads: threads)
    }
  }

  /// The recorded activations of some rows of a layer, `[rows × units]`.
  func activations(of layer: Int, rows: [Int]) -> [Double] {
    let width = layers[layer].unitCount
    var result: [Double] = []
    result.reserveCapacity(rows.count * width)
    for row in rows { result.append(contentsOf: layers[layer].activations[row * width..<(row + 1) * width]) }
    return result
  }

  /// The outputs that activations of a layer lead to, `[rows × outputs]`.
  ///
  /// - Parameter change: may change the activations of some rows before they go on; called once for all rows, in order.
  func outputs(from layer: Int, activations: [Double], change: (inout [Double]) -> Void = { _ in }) -> [Double] {
    let width = layers[layer].unitCount
    var outputs: [Double] = []
    outputs.reserveCapacity(activations.count / width * outputCount)
    for start in stride(from: 0, to: activations.count, by: Self.blockRows * width) {
      var values = Array(activations[start..<min(start + Self.blockRows * width, activations.count)])
      change(&values)
      for dense in above[layer...] {
        values = dense.weightedSums(of: values)
        dense.activate(&values)
      }
      outputs.append(contentsOf: values)
    }
    return outputs
  }

  /// - Throws: `RecordingError.badInput` unless there is a hidden layer of that name with all of these units.
  func requireHidden(_ units: [Int], of name: String) throws {
    guard let layer = hidden.first(where: { $0.name == name }) else {
      let names = hidden.map(\.name).joined(separator: ", ")
      throw RecordingError.badInput(file: path, fault: "has no hidden layer '\(name)' to ablate; it has \(names).")
    }
    if let unit = units.first(where: { !(0..<layer.unitCount).contains($0) }) {
      throw RecordingError.badInput(file: path, fault: "layer \(name) has units 0 to \(layer.unitCount - 1), not \(unit).")
    }
  }
}
