import DenseNetwork
import Dispatch
import Statistics
import Synchronization
import Testing

@Suite struct ForwardPassTests {
  @Test(
    "Every layer's activations agree with sums in Double",
    arguments: [[], [1], [17, 17], [10, 10, 10], [50], [256, 3], [7, 40, 23]])
  func agreesWithReference(hidden: [Int]) throws {
    let set = try smallSet(rows: 70, inputCount: 100)
    let network = try Network(inputCount: 100, hidden: hidden, outputCount: 4, seed: 4)
    let reference = ReferenceTraining(network)
    let activations = try allActivations(network, set.states)
    for row in 0..<set.rowCount {
      let expected = reference.forward(
        ReferenceTraining.Row(
          inputs: set.states[row * 100..<(row + 1) * 100].map { Double($0) }, label: 0, weight: 1,
          masks: hidden.map { Array(repeating: 1, count: $0) }))
      for (index, layer) in network.layers.enumerated() {
        for unit in 0..<layer.unitCount {
          let found = Double(activations[index][row * layer.unitCount + unit])
          #expect(abs(found - expected[index + 1][unit]) <= 2e-5)
        }
      }
    }
  }

  @Test("How rows are cut into calls never changes a bit", arguments: [1, 7, 31, 32, 33, 64, 100, 4095])
  func independentOfSplit(rowsPerCall: Int) throws {
    let set = try smallSet(rows: 300, inputCount: 100)
    let network = try Network(inputCount: 100, hidden: [17, 17], outputCount: 4, seed: 8)
    let whole = try allActivations(network, set.states)
    var pieces = whole.map { _ in [Float]() }
    for begin in stride(from: 0, to: set.rowCount, by: rowsPerCall) {
      let end = min(begin + rowsPerCall, set.rowCount)
      let piece = try allActivations(network, Array(set.states[begin * 100..<end * 100]))
      for layer in pieces.indices { pieces[layer] += piece[layer] }
    }
    #expect(pieces == whole)
  }

  @Test("Blocks come in row order, cover all rows once, and equal separate calls bit for bit")
  func blocks() throws {
    let count = Network.forwardBlockRows * 2 + 5
    let set = try smallSet(rows: count, inputCount: 3)
    let network = try Network(inputCount: 3, hidden: [2], outputCount: 4, seed: 8)
    var next = 0
    try network.forward(rows: set.states) { block in
      #expect(block.rows.lowerBound == next)
      #expect(block.activations.map(\.count) == [block.rows.count * 2, block.rows.count * 4])
      next = block.rows.upperBound
    }
    #expect(next == count)
    let last = Array(set.states.suffix(5 * 3))
    #expect(Array(try network.outputs(rows: set.states).suffix(20)) == (try network.outputs(rows: last)))
  }

  @Test("Calls on several threads at once give the same bits as one call")
  func independentOfThreads() throws {
    let set = try smallSet(rows: 400, inputCount: 100)
    let network = try Network(inputCount: 100, hidden: [17], outputCount: 4, seed: 8)
    let whole = try network.outputs(rows: set.states)
    let agreeing = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { piece in
      let rows = piece * 50..<(piece + 1) * 50
      let outputs = try? network.outputs(rows: Array(set.states[rows.lowerBound * 100..<rows.upperBound * 100]))
      if outputs == Array(whole[rows.lowerBound * 4..<rows.upperBound * 4]) { agreeing.withLock { $0 += 1 } }
    }
    #expect(agreeing.withLock { $0 } == 8)
  }

  @Test("Rows of floats and rows of small integers give the same bits")
  func floats() throws {
    let set = try smallSet(rows: Network.forwardBlockRows + 45, inputCount: 30)
    let network = try Network(inputCount: 30, hidden: [9, 8], outputCount: 4, seed: 8)
    var outputs: [Float] = []
    try network.forward(rows: set.states.map { Float($0) }) { outputs += $0.outputs }
    #expect(outputs == (try network.outputs(rows: set.states)))
  }

  @Test("A NaN weight shows in the activations instead of being rectified away")
  func notANumber() throws {
    let hidden = try DenseLayer(
      name: "dense_1", inputCount: 1, unitCount: 2, kernel: [.nan, 1], bias: [0, 0], activation: .relu)
    let network = try Network(layers: [hidden])
    var found: [Float] = []
    try network.forward(rows: [UInt8(1)]) { found = $0.outputs }
    #expect(found[0].isNaN && found[1] == 1)
  }

  @Test("Rows that are cut short are refused, and no rows give no call")
  func raggedRows() throws {
    let network = try Network(inputCount: 4, hidden: [2], outputCount: 4, seed: 8)
    #expect(throws: NetworkError.raggedRows(values: 7, valuesPerRow: 4)) {
      try network.forward(rows: Array(repeating: UInt8(0), count: 7)) { _ in }
    }
    var calls = 0
    try network.forward(rows: [UInt8]()) { _ in calls += 1 }
    #expect(calls == 0)
  }

  @Test("The chosen action is the largest output, the lowest of equal ones")
  func chosen() {
    #expect(chosenActions(outputs: [0, 2, 1, 2, -1, -2, -3, -0.5, .nan, 0, 0, 0], outputCount: 4) == [1, 3, 1])
  }

  private func allActivations(_ network: Network, _ states: [UInt8]) throws -> [[Float]] {
    var activations = network.layers.map { _ in [Float]() }
    try network.forward(rows: states) { block in
      for layer in activations.indices { activations[layer] += block.activations[layer] }
    }
    return activations
  }
}
