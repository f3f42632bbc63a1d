import DenseNetwork
import Foundation
import Testing

@Suite struct NetworkTests {
  @Test("Layers are named dense_1 upward, hidden ones rectified, the output linear, biases zero, kernels within Glorot's limit")
  func untrained() throws {
    let network = try Network(inputCount: 100, hidden: [17, 5], outputCount: 4, seed: 1)
    #expect(network.layers.map(\.name) == ["dense_1", "dense_2", "dense_3"])
    #expect(network.layers.map(\.activation) == [.relu, .relu, .linear])
    for layer in network.layers {
      let limit = Float((6 / Double(layer.inputCount + layer.unitCount)).squareRoot())
      #expect(layer.bias.allSatisfy { $0 == 0 })
      #expect(layer.kernel.allSatisfy { abs($0) <= limit })
      #expect(try #require(layer.kernel.max()) > 0.8 * limit)
      #expect(try #require(layer.kernel.min()) < -0.8 * limit)
    }
  }

  @Test("Layers that do not meet, have the wrong number of weights or no units are refused by name")
  func misfits() throws {
    let lower = try DenseLayer(
      name: "a", inputCount: 2, unitCount: 3, kernel: Array(repeating: 0, count: 6), bias: [0, 0, 0], activation: .relu)
    let upper = try DenseLayer(
      name: "b", inputCount: 4, unitCount: 1, kernel: [0, 0, 0, 0], bias: [0], activation: .linear)
    let error = #expect(throws: NetworkError.self) { try Network(layers: [lower, upper]) }
    #expect(error?.description == "Layer b has 4 inputs but layer a below it has 3 units. Make the two equal.")
    #expect(throws: NetworkError.noLayers) { try Network(layers: []) }
    #expect(throws: NetworkError.tooManyLayers(count: 17, limit: 16)) {
      try Network(inputCount: 1, hidden: Array(repeating: 1, count: 16), outputCount: 1, seed: 0)
    }
    #expect(throws: NetworkError.nonPositiveWidth(layer: "dense_1", inputs: 5, units: 0)) {
      try Network(inputCount: 5, hidden: [0], outputCount: 4, seed: 0)
    }
    #expect(throws: NetworkError.kernelCount(layer: "a", expected: 4, found: 3)) {
      try DenseLayer(name: "a", inputCount: 2, unitCount: 2, kernel: [0, 0, 0], bias: [0, 0], activation: .relu)
    }
    #expect(throws: NetworkError.biasCount(layer: "a", expected: 2, found: 1)) {
      try DenseLayer(name: "a", inputCount: 2, unitCount: 2, kernel: [0, 0, 0, 0], bias: [0], activation: .relu)
    }
  }

  @Test("The hash changes with any weight")
  func hash() throws {
    let network = try Network(inputCount: 3, hidden: [2], outputCount: 4, seed: 1)
    let layer = network.layers[1]
    var bias = layer.bias
    bias[3] = 1e-30
    let changed = try Network(layers: [
      network.layers[0],
      DenseLayer(
        name: layer.name, inputCount: 2, unitCount: 4, kernel: layer.kernel, bias: bias, activation: layer.activation),
    ])
    #expect(network.weightsSHA256.count == 64)
    #expect(network.weightsSHA256 != changed.weightsSHA256)
  }

  @Test("Label weights: none is 1, full makes labels equal, sqrt lies between, both with mean 1 over rows")
  func balance() throws {
    let counts = [400, 400, 100, 0]
    #expect(try LabelBalance.none.weights(labelCounts: counts) == [1, 1, 1, 1])
    let full = try LabelBalance.full.weights(labelCounts: counts)
    #expect(abs(full[0] - 0.75) <= 1e-12 && abs(full[2] - 3) <= 1e-12 && full[3] == 0)
    let root = try LabelBalance.sqrt.weights(labelCounts: counts)
    #expect(abs(root[2] / root[0] - 2) <= 1e-12)
    #expect(abs((root[0] * 400 + root[1] * 400 + root[2] * 100) / 900 - 1) <= 1e-12)
    #expect(throws: NetworkError.labelWeights(found: 2, expected: 4)) {
      try LabelBalance.weights([1, 2]).weights(labelCounts: counts)
    }
    #expect(throws: NetworkError.self) { try LabelBalance.weights([1, 2, 3, -1]).weights(labelCounts: counts) }
  }

  @Test("Whether labels are shuffled is said only where they are, and is no by default")
  func shuffledLabels() throws {
    var hyperparameters = Hyperparameters()
    #expect(try !hyperparameters.json.contains("shuffle"))
    hyperparameters.shufflesLabels = true
    hyperparameters.validation = .weighted
    #expect(try JSONDecoder().decode(Hyperparameters.self, from: Data(hyperparameters.json.utf8)) == hyperparameters)
  }

  @Test("Hyperparameters survive JSON", arguments: [LabelBalance.none, .sqrt, .full, .weights([1, 1, 2, 10])])
  func json(balance: LabelBalance) throws {
    let hyperparameters = Hyperparameters(learningRate: 4e-6, seed: .max, balance: balance)
    let data = try JSONEncoder().encode(hyperparameters)
    #expect(try JSONDecoder().decode(Hyperparameters.self, from: data) == hyperparameters)
  }

  @Test("Measures: accuracy, confusion by label and choice, share of help rows in which help is chosen")
  func measures() {
    let measures = ClassificationMeasures(chosen: [0, 0, 1, 3, 0, 3], labels: [0, 0, 1, 3, 3, 2])
    #expect(measures.confusion == [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1]])
    #expect(measures.accuracy == 4.0 / 6)
    #expect(measures.accuracy(ofLabel: 3) == 0.5)
    #expect(measures.chosenShare(ofAction: 0) == 0.5)
    let none = ClassificationMeasures(chosen: [], labels: [])
    #expect(none.accuracy == nil && none.accuracy(ofLabel: 0) == nil && none.chosenShare(ofAction: 0) == nil)
  }
}
