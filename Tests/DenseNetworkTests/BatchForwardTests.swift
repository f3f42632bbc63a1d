import DenseNetwork
import Statistics
import Testing

@Suite("Batches in lockstep")
struct BatchForwardTests {
  private let network: Network
  private let rows: [UInt8]

  init() throws {
    network = try Network(inputCount: 30, hidden: [17, 5], outputCount: 4, seed: 3)
    var stream = RandomStream(seed: 1, purpose: "rows")
    rows = (0..<30 * 50).map { _ in UInt8(truncatingIfNeeded: stream.uniform(below: 10)) }
  }

  private func outputs(_ network: Network) throws -> [Float] { try network.outputs(rows: rows) }

  @Test("Batches of any size give what the forward pass gives, again and again", arguments: [1, 7, 32, 50, 64])
  func batches(size: Int) throws {
    let batch = BatchForward(network, capacity: size)
    var activations: [[Float]] = [[], [], []]
    var chosen: [UInt8] = []
    for start in stride(from: 0, to: 50, by: size) {
      let count = min(size, 50 - start)
      rows.withUnsafeBufferPointer { batch.run(UnsafeBufferPointer(rebasing: $0[start * 30..<(start + count) * 30])) }
      #expect(batch.rowCount == count)
      for layer in 0..<3 { activations[layer] += batch.activations(ofLayer: layer) }
      var actions = [UInt8](repeating: 9, count: count)
      actions.withUnsafeMutableBufferPointer { batch.choose(into: $0) }
      chosen += actions
    }
    var expected: [[Float]] = []
    try network.forward(rows: rows) { expected = $0.activations }
    #expect(activations == expected)
    #expect(chosen == chosenActions(outputs: expected[2], outputCount: 4))
  }

  @Test("More rows than there is room for are not run")
  func overfull() {
    let batch = BatchForward(network, capacity: 4)
    rows.withUnsafeBufferPointer { batch.run($0) }
    #expect(batch.rowCount == 4 && batch.activations(ofLayer: 2).count == 16)
  }

  @Test("Units held at 0 are a kernel whose rows out of them are 0; held at a value they have it everywhere")
  func holding() throws {
    let layer = network.layers[1]
    var kernel = layer.kernel
    for unit in [2, 9] { for above in 0..<5 { kernel[unit * 5 + above] = 0 } }
    let cut = try DenseLayer(name: "dense_2", inputCount: 17, unitCount: 5, kernel: kernel, bias: layer.bias, activation: .relu)
    let expected = try Network(layers: [network.layers[0], cut, network.layers[2]])
    #expect(try outputs(network.holding([9, 2], ofLayer: 0, at: [0, 0])) == outputs(expected))
    #expect(try outputs(expected) != outputs(network))
    var found: [Float] = []
    try network.holding([3], ofLayer: 1, at: [0.375]).forward(rows: rows) { block in
      found += stride(from: 3, to: block.activations[1].count, by: 5).map { block.activations[1][$0] }
    }
    #expect(found == Array(repeating: 0.375, count: 50))
    #expect(network.holding([17, -1], ofLayer: 0, at: [1, 1]) == network && network.holding([0], ofLayer: 7, at: [1]) == network)
  }
}
