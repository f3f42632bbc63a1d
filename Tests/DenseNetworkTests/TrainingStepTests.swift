import DenseNetwork
import Testing

@Suite struct TrainingStepTests {
  @Test("The reference's gradient agrees with finite differences of its loss", arguments: [[], [5], [4, 3], [3, 4, 5]])
  func finiteDifferences(hidden: [Int]) throws {
    let set = try smallSet(rows: 12, inputCount: 6, seed: 3)
    var network = ReferenceTraining(try Network(inputCount: 6, hidden: hidden, outputCount: 4, seed: 5))
    for layer in network.biases.indices {
      for unit in network.biases[layer].indices { network.biases[layer][unit] = 0.1 * Double(unit + 1) }
    }
    let rows = (0..<set.rowCount).map { row in
      var unit: UInt32 = 0
      return ReferenceTraining.Row(
        inputs: set.states[row * 6..<(row + 1) * 6].map { Double($0) / 10 }, label: Int(set.labels[row]),
        weight: 0.5 + Double(row % 3),
        masks: hidden.map { units in
          (0..<units).map { _ in
            unit += 1
            return ReferenceDropout.stays(7, row: UInt32(row), unit: unit, dropout: 0.3) ? 1 / 0.7 : 0
          }
        })
    }
    let gradient = network.gradient(rows, l2: 0.01)
    var below = network
    var above = network
    let h = 1e-4
    for layer in network.kernels.indices {
      for unit in network.biases[layer].indices {
        for input in network.kernels[layer].indices {
          above.kernels[layer][input][unit] += h
          below.kernels[layer][input][unit] -= h
          let slope = (above.loss(rows, l2: 0.01) - below.loss(rows, l2: 0.01)) / (2 * h)
          #expect(abs(slope - gradient.kernels[layer][input][unit]) <= 5e-6)
          above = network
          below = network
        }
        above.biases[layer][unit] += h
        below.biases[layer][unit] -= h
        let slope = (above.loss(rows, l2: 0.01) - below.loss(rows, l2: 0.01)) / (2 * h)
        #expect(abs(slope - gradient.biases[layer][unit]) <= 5e-6)
        above = network
        below = network
      }
    }
  }

  /// A shape and a way of training it.
  struct Case: Sendable, CustomTestStringConvertible {
    var inputCount = 100
    var hidden = [17, 17]
    var outputCount = 4
    var batchSize = 25
    var dropout = 0.12
    var l2 = 0.01
    var balance = LabelBalance.none
    var rows = 110

    var testDescription: String {
      "\(inputCount)-\(hidden)-\(outputCount), batch \(batchSize), dropout \(dropout), l2 \(l2), balance \(balance), \(rows) rows"
    }
  }

  @Test(
    "Two epochs of the kernel give the reference's weights and losses for any shape, batch and weighting",
    arguments: [
      Case(), Case(dropout: 0), Case(l2: 0), Case(balance: .full), Case(balance: .sqrt),
      Case(balance: .weights([1, 1, 2, 10])), Case(batchSize: 20), Case(batchSize: 16), Case(batchSize: 1, rows: 20),
      Case(batchSize: 32), Case(batchSize: 33), Case(batchSize: 70), Case(batchSize: 1000),
      Case(hidden: []), Case(hidden: [1]), Case(hidden: [5]), Case(hidden: [16]), Case(hidden: [10, 10, 10]),
      Case(hidden: [3, 50, 7, 2]), Case(hidden: [130], rows: 60), Case(inputCount: 1, hidden: [3]),
      Case(inputCount: 7, hidden: [9, 4]), Case(inputCount: 16, hidden: [8]), Case(inputCount: 33, hidden: [6, 33]),
      Case(hidden: [12], outputCount: 1), Case(hidden: [12], outputCount: 19),
    ])
  func kernelAgainstReference(_ example: Case) throws {
    let set = try smallSet(rows: example.rows, inputCount: example.inputCount, outputCount: example.outputCount)
    let hyperparameters = Hyperparameters(
      learningRate: 5e-4, batchSize: example.batchSize, dropout: example.dropout, l2: example.l2, maximumEpochs: 2,
      seed: 11, balance: example.balance)
    let trainer = try Trainer(hyperparameters: hyperparameters, training: set, validation: set)
    let untrained = try trainer.untrained(hidden: example.hidden, outputCount: example.outputCount)
    let (state, _) = try trainer.train(from: untrained) { _ in }

    var reference = ReferenceRun(untrained.network)
    let weights = try example.balance.weights(labelCounts: set.labelCounts(outputCount: example.outputCount))
    for epoch in 1...2 {
      let loss = reference.trainEpoch(epoch, on: set, hyperparameters, labelWeights: weights)
      let found = try #require(state.history[epoch].trainingLoss)
      #expect(abs(found - loss) <= 2e-6 * max(1, loss))
    }
    #expect(largestDifference(state.network, reference.weights) <= 1e-5)
    #expect(largestDifference(state.firstMoments, reference.firstMoments) <= 1e-5)
    #expect(state.stepsTaken == UInt64(reference.stepsTaken))
  }

  @Test("The validation loss is the squared error without dropout plus the penalty, every row weighing the same")
  func validationLoss() throws {
    let set = try smallSet(rows: 90, inputCount: 20)
    let network = try Network(inputCount: 20, hidden: [6, 5], outputCount: 4, seed: 2)
    let rows = (0..<set.rowCount).map { row in
      ReferenceTraining.Row(
        inputs: set.states[row * 20..<(row + 1) * 20].map { Double($0) }, label: Int(set.labels[row]), weight: 1,
        masks: [Array(repeating: 1, count: 6), Array(repeating: 1, count: 5)])
    }
    let expected = ReferenceTraining(network).loss(rows, l2: 0.01)
    #expect(abs(try network.evaluate(on: set, l2: 0.01).loss - expected) <= 1e-5)
  }

  @Test("Weighted rows count as often as they weigh, in the loss and in the accuracy")
  func weightedValidation() throws {
    let set = try smallSet(rows: 90, inputCount: 20)
    let network = try Network(inputCount: 20, hidden: [6, 5], outputCount: 4, seed: 2)
    let times = [1, 1, 3, 5]
    let rows = (0..<set.rowCount).flatMap { row in Array(repeating: row, count: times[Int(set.labels[row])]) }
    let repeated = try TrainingSet(
      states: rows.flatMap { set.states[$0 * 20..<($0 + 1) * 20] }, labels: rows.map { set.labels[$0] }, inputCount: 20)
    let weighted = try network.evaluate(on: set, l2: 0.01, labelWeights: [1, 1, 3, 5])
    let expected = try network.evaluate(on: repeated, l2: 0.01)
    #expect(abs(weighted.loss - expected.loss) <= 1e-12 && abs(weighted.accuracy - expected.accuracy) <= 1e-15)
    #expect(weighted.measures.rowCount == 90 && weighted.accuracy != weighted.measures.accuracy)
    // The scale of the weights does not matter.
    let scaled = try network.evaluate(on: set, l2: 0.01, labelWeights: [0.5, 0.5, 1.5, 2.5])
    #expect(abs(scaled.loss - weighted.loss) <= 1e-12)
    #expect(throws: NetworkError.labelWeights(found: 2, expected: 4)) { try network.evaluate(on: set, l2: 0.01, labelWeights: [1, 1]) }
    #expect(throws: NetworkError.noRows(set: "evaluation")) { try network.evaluate(on: set, l2: 0.01, labelWeights: [0, 0, 0, 0]) }
  }

  @Test("Dropout keeps the share of units it should")
  func dropoutShare() {
    var kept = 0
    for step in 0..<100 {
      let key = ReferenceDropout.key(seed: 9, epoch: 1, step: UInt64(step))
      for row in 0..<25 {
        for unit in 0..<34 where ReferenceDropout.stays(key, row: UInt32(row), unit: UInt32(unit), dropout: 0.12) {
          kept += 1
        }
      }
    }
    // Five standard deviations of 85,000 draws.
    #expect(abs(Double(kept) / 85_000 - 0.88) <= 0.0056)
  }
}
