import DenseNetwork
import Statistics
import Testing

@Suite struct ActivationTests {
  @Test(
    "A name and back; slopes of 0 and 1 are relu and linear",
    arguments: [
      ("relu", .relu), ("linear", .linear), ("leaky_relu(0.3)", .leakyReLU(negativeSlope: 0.3)), ("leaky_relu(0)", .relu),
      ("leaky_relu(1.0)", .linear), ("leaky_relu(1e-2)", .leakyReLU(negativeSlope: 0.01)),
      ("leaky_relu", nil), ("leaky_relu()", nil), ("leaky_relu(-0.1)", nil), ("leaky_relu(nan)", nil), ("leaky_relu(inf)", nil),
      ("leaky_relu(1e300)", nil), ("leaky_relu(1e-40)", nil), ("leaky_relu(1e-300)", nil), ("leaky_relu(0.3", nil), ("ReLU", nil),
      ("", nil),
    ] as [(String, DenseLayer.Activation?)])
  func names(name: String, activation: DenseLayer.Activation?) {
    #expect(DenseLayer.Activation(rawValue: name) == activation)
    if let activation { #expect(DenseLayer.Activation(rawValue: activation.rawValue) == activation) }
  }

  @Test("A slope that a float rounds keeps its bits through its name")
  func slope() {
    let activation = DenseLayer.Activation.leaky(0.1234567890123)
    #expect(activation?.negativeSlope == Float(0.1234567890123))
    #expect(activation.flatMap { DenseLayer.Activation(rawValue: $0.rawValue) } == activation)
  }

  @Test("NaN stays NaN", arguments: [.relu, .linear, .leakyReLU(negativeSlope: 0.5)] as [DenseLayer.Activation])
  func notANumber(activation: DenseLayer.Activation) {
    #expect(activation(.nan).isNaN && activation(2) == 2)
  }

  /// 3 inputs, 40 leaky units and 4 outputs, of which one layer is leaky too.
  private func network() throws -> Network {
    let plain = try Network(inputCount: 3, hidden: [40], outputCount: 4, seed: 5)
    return try Network(
      layers: zip(plain.layers, [0.25, 0.5]).map { layer, slope in
        try DenseLayer(
          name: layer.name, inputCount: layer.inputCount, unitCount: layer.unitCount, kernel: layer.kernel,
          bias: layer.bias.map { _ in -0.125 }, activation: .leakyReLU(negativeSlope: Float(slope)))
      })
  }

  @Test("Leaky layers give max(x, slope x), in float32 as in Double")
  func forward() throws {
    let network = try network()
    let rows: [Float] = (0..<99).map { Float($0 % 7) / 4 - 0.75 }
    try network.forward(rows: rows) { block in
      var below = rows.map { Double($0) }
      for (layer, found) in zip(network.layers, block.activations) {
        let dense = try DoubleDenseLayer(
          name: layer.name, unitCount: layer.unitCount, kernel: layer.kernel.map { Double($0) }, bias: layer.bias.map { Double($0) },
          activation: layer.activation)
        let sums = dense.weightedSums(of: below)
        var activations = sums
        dense.activate(&activations)
        let slope = Double(layer.activation.negativeSlope)
        #expect(activations == sums.map { max($0, slope * $0) } && activations == sums.map { layer.activation($0) })
        #expect(zip(activations, found).allSatisfy { abs($0 - Double($1)) <= 1e-6 })
        #expect(found.contains { $0 < 0 } && found.contains { $0 > 0 })
        below = activations
      }
    }
  }

  @Test("A leaky unit can be held at a value below 0")
  func holding() throws {
    try network().holding([3, 4], ofLayer: 0, at: [-0.5, 0.75]).forward(rows: [Float](repeating: 0.5, count: 6)) { block in
      #expect(block.activations[0][3] == -0.5 && block.activations[0][44] == 0.75)
    }
  }
}
