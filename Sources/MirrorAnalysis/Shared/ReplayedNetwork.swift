import ActivationRecording
import DenseNetwork
import Parallelism

/// The upper layers of a recording with their recorded activations and, above each, the network that turns them into outputs.
///
/// Ablation needs no checkpoint: what a layer's activations lead to is computed from the recorded kernels above it, in double precision.
/// So it begins with the lowest layer that is to be ablated: nothing below that has to be there, nor its own kernel.
struct ReplayedNetwork: Sendable {
  struct Layer: Sendable {
    let name: String
    let unitCount: Int
    let activations: RecordedActivations
  }

  /// Path of the recording.
  let path: String
  /// Names of the outputs; their numbers where the recording names none, or too few.
  let actionNames: [String]
  /// Input side first; the last is the output layer.
  let layers: [Layer]
  /// The dense layer above each layer but the last, in the same order.
  let above: [DoubleDenseLayer]
  /// Names of all layers below the output that are open, those that are not replayed too.
  private let hiddenNames: [String]
  /// The layers that were asked for and are not replayed, and why.
  private let leftOut: (names: [String], cause: RecordingError)?

  var hidden: ArraySlice<Layer> { layers.dropLast() }
  var outputCount: Int { layers.last?.unitCount ?? 0 }

  /// Actions are numbered by bytes.
  private static let mostOutputs = RecordingSchema.mostActions

  /// Rows that are replayed at a time: always the same, so that BLAS rounds the same for any number of threads.
  static let blockRows = 1024

  /// Reads the layers from the lowest one that is asked for upward, and checks that replaying gives what was recorded (`ReplayCheck`).
  ///
  /// Where only the upper part is a chain of dense relu and linear layers whose parameters are recorded, the layers of that part alone are
  /// replayed, and a note says which are left out.
  ///
  /// - Parameters:
  ///   - isWanted: says by name which layers are to be ablated.
  ///   - tolerance: of `ReplayCheck`.
  /// - Throws: `RecordingError` where no layer that is asked for can be replayed, for more than 256 outputs, and for a layer whose recorded
  ///   activations do not follow from those below it.
  init(
    of recording: RecordingView, isWanted: (String) -> Bool, tolerance: Double = ReplayCheck.standardTolerance, in context: AnalysisContext
  ) throws {
    path = recording.path
    let open = recording.layers.filter(\.isOwnLayer)
    let hidden = open.dropLast()
    hiddenNames = hidden.map(\.name)
    guard let output = open.last, !hidden.isEmpty else { throw Self.noHiddenLayer(open.first, path) }
    if output.unitCount > Self.mostOutputs {
      throw RecordingError.invalid(
        file: path,
        fault:
          "layer \(output.name) has \(output.unitCount) outputs, but /label and /prediction number at most \(Self.mostOutputs) actions. "
          + "Record a network with fewer.")
    }
    let lowest = hidden.firstIndex { isWanted($0.name) } ?? hidden.endIndex - 1
    var upper: [StoredDenseLayer] = []
    var obstacle: RecordingError?
    for index in stride(from: open.endIndex - 1, to: lowest, by: -1) {
      do {
        upper.insert(try StoredDenseLayer(open[index], above: open[index - 1], of: recording), at: 0)
      } catch let found as StoredDenseLayer.Obstacle {
        obstacle = found.cause
        break
      }
    }
    let recorded = Array(open.suffix(upper.count + 1))
    if let obstacle {
      guard recorded.dropLast().contains(where: { isWanted($0.name) }) else { throw obstacle }
      let names = hidden.map(\.name).filter { name in isWanted(name) && !recorded.contains { $0.name == name } }
      leftOut = (names, obstacle)
      context.note("\(obstacle) Left out: \(names.joined(separator: ", ")).")
    } else {
      leftOut = nil
    }
    layers = try recorded.map {
      Layer(
        name: $0.name, unitCount: $0.unitCount, activations: try RecordedActivations(of: $0, in: recording, threads: context.threads))
    }
    let names = recording.actionNames ?? []
    actionNames = names.count >= output.unitCount ? Array(names.prefix(output.unitCount)) : (0..<output.unitCount).map(String.init)
    above = upper.map(\.dense)
    for (index, stored) in upper.enumerated() {
      let check = try ReplayCheck(
        of: stored, input: recorded[index].precision, output: recorded[index + 1].precision, tolerance: tolerance)
      try check.require(
        input: layers[index].activations, output: layers[index + 1].activations, path: path, threads: context.threads)
    }
  }

  private static func noHiddenLayer(_ only: RecordedLayer?, _ path: String) -> RecordingError {
    guard let only, only.index > 0 else {
      return .invalid(file: path, fault: "has \(only == nil ? "no" : "1") dense layer; ablation needs a hidden and an output layer.")
    }
    return .notEnoughRows(
      file: path, fault: "\(only.name) is the network's output, and no layer below it was asked for. Choose a hidden layer.")
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

  /// - Throws: `RecordingError.badInput` unless there is a hidden layer of that name with all of these units; why it is not replayed, where
  ///   it is not.
  func requireHidden(_ units: [Int], of name: String) throws {
    if let leftOut, leftOut.names.contains(name) { throw leftOut.cause }
    guard let layer = hidden.first(where: { $0.name == name }) else {
      throw RecordingError.badInput(
        file: path, fault: "has no hidden layer '\(name)' to ablate; it has \(hiddenNames.joined(separator: ", ")).")
    }
    if let unit = units.first(where: { !(0..<layer.unitCount).contains($0) }) {
      throw RecordingError.badInput(file: path, fault: "layer \(name) has units 0 to \(layer.unitCount - 1), not \(unit).")
    }
  }
}

extension RecordingShape {
  /// The layers that replaying holds: all that are open but dropout and inputs.
  var replayedLayers: [Layer] { layers.filter(\.isOwnLayer) }

  /// Bytes of a replayed network: activations as stored; the kernels above, with what is made of one to check it; blocks of rows in every
  /// thread.
  func replayBytes(threads: Int) -> Double {
    let layers = replayedLayers
    let rows = Double(rowCount)
    let activations = layers.reduce(0.0) { $0 + Double($1.valueBytes) * rows * Double($1.unitCount) }
    let kernels = zip(layers, layers.dropFirst()).map { 8 * Double($0.unitCount) * Double($1.unitCount) }
    let block = Double(ReplayedNetwork.blockRows) * Double(widestLayer) * 8
    return activations + kernels.reduce(0, +) + 3 * (kernels.max() ?? 0) + Double(max(1, threads)) * 8 * block
  }
}
