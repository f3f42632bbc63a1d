import DenseNetwork
import Foundation
import Testing

/// Oracle: numpy in float64, Tests/Fixtures/DenseNetwork/train_one_epoch.py.
@Suite struct NumpyEpochTests {
  private struct Oracle: Decodable {
    let seed: UInt64
    let inputCount: Int
    let hidden: [Int]
    let learningRate: Double
    let batchSize: Int
    let dropout: Double
    let l2: Double
    let labelWeights: [Double]
    let trainingStates: [UInt8]
    let trainingLabels: [UInt8]
    let validationStates: [UInt8]
    let validationLabels: [UInt8]
    let initialKernels: [[Float]]
    let initialSHA256: String
    let kernels: [[Double]]
    let biases: [[Double]]
    let trainingLoss: Double
    let validationLoss: Double
    let validationAccuracy: Double
  }

  private let oracle: Oracle
  private let trainer: Trainer
  private let untrained: TrainingState

  init() throws {
    oracle = try JSONDecoder().decode(Oracle.self, from: Data(contentsOf: fixture("one_epoch.json")))
    let hyperparameters = Hyperparameters(
      learningRate: oracle.learningRate, batchSize: oracle.batchSize, dropout: oracle.dropout, l2: oracle.l2,
      maximumEpochs: 1, seed: oracle.seed, balance: .weights(oracle.labelWeights))
    trainer = try Trainer(
      hyperparameters: hyperparameters,
      training: TrainingSet(
        states: oracle.trainingStates, labels: oracle.trainingLabels, inputCount: oracle.inputCount),
      validation: TrainingSet(
        states: oracle.validationStates, labels: oracle.validationLabels, inputCount: oracle.inputCount))
    untrained = try trainer.untrained(hidden: oracle.hidden)
  }

  @Test("The untrained network is the one that numpy draws from the same stream, and so is its hash")
  func glorot() {
    #expect(untrained.network.layers.map(\.kernel) == oracle.initialKernels)
    #expect(untrained.network.weightsSHA256 == oracle.initialSHA256)
  }

  @Test("One epoch with dropout, L2 and label weights gives numpy's weights and losses to 1e-5")
  func oneEpoch() throws {
    let (state, _) = try trainer.train(from: untrained) { _ in }
    for (layer, (kernel, bias)) in zip(state.network.layers, zip(oracle.kernels, oracle.biases)) {
      for (found, expected) in zip(layer.kernel + layer.bias, kernel + bias) {
        #expect(abs(Double(found) - expected) <= 1e-5)
      }
    }
    let record = state.history[1]
    #expect(abs(try #require(record.trainingLoss) - oracle.trainingLoss) <= 1e-5)
    #expect(abs(record.validationLoss - oracle.validationLoss) <= 1e-5)
    #expect(record.validationAccuracy == oracle.validationAccuracy)
  }
}

/// A file of Tests/Fixtures/DenseNetwork.
func fixture(_ name: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/DenseNetwork/\(name)")
}
