import DenseNetwork
import Foundation
import HDF5
import Testing

/// Oracles: numpy in float64 on the golden states, Tests/Fixtures/DenseNetwork/golden_slice.py; files made by make_keras_variants.py.
@Suite struct KerasImportTests {
  private struct Expected: Decodable {
    let cmni: Double
    let leakingCMNI: Double
    let accuracy: Double
    let hidden: [Int]
  }

  @Test(
    "Imported golden networks give numpy's accuracy, and its CMNI to 1e-6, on veiled states; a missing veil would show",
    arguments: ["keras_2x17_epoch10", "keras_1x10_epoch04", "keras_1x10_epoch00"])
  func golden(model: String) throws {
    let decoded = try JSONDecoder().decode([String: Expected].self, from: Data(contentsOf: fixture("golden_slice.json")))
    let expected = try #require(decoded[model])
    let file = try File.open(fixture("golden_slice.h5").path)
    let states = try file.root.dataset("states").read(as: UInt8.self)
    let labels = try file.root.dataset("labels").read(as: UInt8.self)
    let network = try importKeras(fixture("\(model).h5").path)
    #expect(network.hiddenUnitCounts == expected.hidden)
    #expect(network.layers.map(\.name) == expected.hidden.indices.map { "dense_\($0 + 1)" } + ["dense_\(expected.hidden.count + 1)"])

    let veiled = zeroed(states, at: [96, 98, 99])
    #expect(abs(try cmni(network, states: states, seen: veiled) - expected.cmni) <= 1e-6)
    let choices = chosenActions(outputs: try network.outputs(rows: veiled), outputCount: 4)
    #expect(ClassificationMeasures(chosen: choices, labels: labels).accuracy == expected.accuracy)

    let leaking = try cmni(network, states: states, seen: zeroed(states, at: [96, 99]))
    #expect(abs(leaking - expected.leakingCMNI) <= 1e-6)
    if model.hasSuffix("epoch00") { #expect(abs(leaking - expected.cmni) > 1e-4) }
  }

  @Test(
    "What is no plain dense network is refused with the layer and the reason",
    arguments: [
      (
        "keras_softmax",
        "layer a has the activation softmax, and only chains of dense layers with relu, leaky relu or linear are supported, with "
          + "batch normalisation, activation, dropout, flatten and input layers between them. Import another model."
      ),
      (
        "keras_normalised",
        "layer bn has no axis of its statistics, and only chains of dense layers with relu, leaky relu or linear are supported, with "
          + "batch normalisation, activation, dropout, flatten and input layers between them. Import another model."
      ),
      (
        "keras_nan",
        "/model_weights/a/a/kernel:0 holds NaN or infinity (value 1). Use an earlier checkpoint or train again with a lower learning rate."
      ),
      (
        "keras_short_bias",
        "/model_weights/a/a/bias:0 has shape [3] where [4] is due. Use another copy of the file or train again."
      ),
      (
        "keras_weights_only",
        "the file has weights alone, and nothing says how the layers are connected and activated. Give the model's architecture too (what "
          + "model.to_json() gives), or save the whole model with model.save('name.keras')."
      ),
      (
        "golden_slice",
        "the file has no attribute \"schema\", so it is no Keras model. Give a file that frogtoad train wrote."
      ),
    ])
  func refused(name: String, sentence: String) throws {
    let path = fixture("\(name).h5").path
    let error = #expect(throws: CheckpointError.self) { try importKeras(path) }
    #expect(error?.description == "\(path): \(sentence)")
  }

  @Test("Opening a checkpoint takes Keras files too")
  func open() throws {
    let checkpoint = try Checkpoint.open(fixture("keras_1x10_epoch04.h5").path)
    #expect(checkpoint.network.hiddenUnitCounts == [10])
    #expect(checkpoint.epoch == 4 && checkpoint.validationLoss == nil && checkpoint.hyperparameters == nil)
    #expect(checkpoint.checkpointID == "epoch-0004-" + checkpoint.network.weightsSHA256.prefix(8))
  }

  private func zeroed(_ states: [UInt8], at indices: [Int]) -> [UInt8] {
    var states = states
    for begin in stride(from: 0, to: states.count, by: 100) {
      for index in indices { states[begin + index] = 0 }
    }
    return states
  }

  /// The author's index (method.md §4) of `network` seeing `seen`, phases taken from `states`.
  private func cmni(_ network: Network, states: [UInt8], seen: [UInt8]) throws -> Double {
    let unitCount = network.layers.reduce(0) { $0 + $1.unitCount }
    var sums = Array(repeating: Array(repeating: 0.0, count: unitCount), count: 3)
    var rows = [0, 0, 0]
    try network.forward(rows: seen) { block in
      for row in block.rows {
        let state = states[row * 100..<(row + 1) * 100]
        let players = state.dropFirst(32).prefix(32)
        let phase = Int(state[row * 100 + 98])
        if phase == 3 || phase == 1 && !players.contains(5) || phase == 2 && !players.contains(4) { continue }
        rows[phase] += 1
        var unit = 0
        for (layer, activations) in zip(network.layers, block.activations) {
          let begin = (row - block.rows.lowerBound) * layer.unitCount
          for value in activations[begin..<begin + layer.unitCount] {
            sums[phase][unit] += Double(value)
            unit += 1
          }
        }
      }
    }
    let total = (0..<unitCount).reduce(0.0) { total, unit in
      let means = (0..<3).map { sums[$0][unit] / Double(rows[$0]) }
      let (own, other) = (means[1] - means[0], means[2] - means[0])
      return total + (own > 0 && other > 0 ? min(own, other) : 0)
    }
    return total / Double(unitCount)
  }
}
