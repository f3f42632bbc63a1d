import ActivationRecording
import MirrorAnalysis
import Statistics
import Testing

/// Layer-1 means of the paper's Table 4: none, self, other, both.
private let table4: [[Float]] = [
  [0.04241, 0.04540, 0.03790, 0.03471], [0.04103, 0.04391, 0.03649, 0.03345], [0.02176, 0.01813, 0.01120, 0.02862],
  [0.00471, 0.04827, 0.03987, 0.10065], [0.04203, 0.04507, 0.03736, 0.03446], [0.04147, 0.04441, 0.03698, 0.03409],
  [0.04151, 0.04446, 0.03696, 0.03392], [0.00270, 0.05432, 0.03930, 0.12933], [0.02266, 0.02641, 0.01465, 0.01535],
  [0.02035, 0.01283, 0.07424, 0.01121], [0.04099, 0.04384, 0.03644, 0.03335], [0.03000, 0.03451, 0.09562, 0.03632],
  [0.02022, 0.06299, 0.03550, 0.10880], [0.01653, 0.05898, 0.03298, 0.10155], [0.04242, 0.04546, 0.03784, 0.03477],
  [0.02233, 0.01585, 0.01294, 0.00847], [0.04096, 0.04375, 0.03639, 0.03344],
]

/// A layer whose unit means are those given, `[units][phase]`, from one row per phase.
private func layer(_ name: String = "dense_1", kind: String = "dense", isOutput: Bool = false, means: [[Float]]) throws -> LayerMoments {
  let phases = try (0..<4).map { phase in
    var moments = UnitMoments(unitCount: means.count)
    try means.map { $0[phase] }.withUnsafeBufferPointer { row throws(NonFiniteValue) in try moments.add(row, indices: [0]) }
    return moments
  }
  return LayerMoments(name: name, kind: kind, isOutput: isOutput, unitCount: means.count, phases: phases)
}

/// A layer of one unit with the given rows per phase.
private func unit(_ rows: [[Float]]) throws -> LayerMoments {
  let phases = try rows.map { values in
    var moments = UnitMoments(unitCount: 1)
    try values.withUnsafeBufferPointer { block throws(NonFiniteValue) in
      try moments.add(block, indices: values.indices.map { Int32($0) })
    }
    return moments
  }
  return LayerMoments(name: "unit", isOutput: false, unitCount: 1, phases: phases)
}

@Suite("Checkpoint Mirror Neuron Index")
struct CMNITests {
  @Test("The paper's Table 4 gives its mirror units' scores and its totals")
  func table4Scores() throws {
    let layer = try layer(means: table4)
    let scores = try #require(layer.contrasts).map(\.mirrorNeuronScore)
    for (unit, expected) in [3: 0.0352, 7: 0.0366, 12: 0.0153, 13: 0.0165] {
      #expect(abs(scores[unit] - expected) <= 0.000051)
    }
    #expect(abs(scores.reduce(0, +) - 0.108) <= 0.0005)
    #expect(abs(try #require(CMNI(.author, of: [layer])).totalMNS - 0.108) <= 0.0005)
    #expect(abs(try #require(CMNI(.formula, of: [layer])).totalMNS - 0.036) <= 0.0005)
  }

  @Test(
    "A unit scores the smaller of its two rises, and 0 unless it rises for both",
    arguments: [
      (0.3, 0.2, 0.2, 0.2), (0.2, 0.3, 0.2, 0.2), (0.3, -0.1, 0, -0.1), (-0.1, 0.3, 0, -0.1), (-0.2, -0.3, 0, -0.3), (0.3, 0, 0, 0),
    ])
  func score(own: Double, other: Double, rectified: Double, raw: Double) {
    let contrast = PhaseContrast(deltaSelf: own, deltaOther: other)
    #expect(contrast.mirrorNeuronScore == rectified)
    #expect(contrast.rawMinimum == raw)
  }

  @Test("Outputs count as units except in the variant hidden; dropout and inputs never do")
  func layersThatCount() throws {
    let hidden = try layer(means: [[0, 1, 2, 0], [0, 3, -1, 0]])
    let output = try layer("dense_2", isOutput: true, means: [[0, 0.5, 0.5, 0]])
    let dropout = try layer("dropout_1", kind: "dropout", means: [[0, 9, 9, 9]])
    let inputs = try layer("input", kind: "input", means: [[0, 9, 9, 9]])
    let layers = [inputs, hidden, dropout, output]
    #expect(CMNI(.author, of: layers)?.value == 0.5)
    #expect(CMNI(.formula, of: layers)?.value == 0.5 / 3)
    #expect(CMNI(.hidden, of: layers)?.value == 0.5)
    #expect(CMNI(.hidden, of: layers)?.unitCount == 2)
    #expect(CMNI(.author, of: [inputs])?.value == nil)
  }

  @Test("The standardised variant divides by the pooled standard deviation (ddof 1); a unit without variance counts 0")
  func standardised() throws {
    let varying = try unit([[0, 2], [1, 5], [2, 6, 4], [0]])
    let contrast = try #require(varying.standardisedContrasts?[0])
    // none: mean 1, s² 2; self: mean 3, s² 8; other: mean 4, s² 4.
    #expect(abs(contrast.deltaSelf - 2 / (5.0).squareRoot()) <= 1e-12)
    #expect(abs(contrast.deltaOther - 3 / (10.0 / 3).squareRoot()) <= 1e-12)
    let constant = try unit([[0, 0], [1, 1], [1, 1], [1]])
    #expect(constant.standardisedContrasts?.first == .some(nil))
    #expect(CMNI(.standardised, of: [constant])?.value == 0)
  }

  @Test(
    "The symmetric variant takes the smaller size where the signs agree", arguments: [(-0.2, -0.3, 0.2), (0.3, 0.1, 0.1), (0.3, -0.1, 0)])
  func symmetric(own: Double, other: Double, score: Double) {
    #expect(PhaseContrast(deltaSelf: own, deltaOther: other).symmetricScore == score)
  }

  @Test("Without rows in a phase that it needs there is no index", arguments: CMNIVariant.allCases)
  func missingPhase(variant: CMNIVariant) throws {
    let layer = try unit([[0, 1, 2], [1, 2, 3], [], [0]])
    #expect(CMNI(variant, of: [layer]) == nil)
  }
}
