import ActivationRecording
import DenseNetwork
import Foundation
import HDF5
import MirrorAnalysis
import Statistics
import Testing

/// Each fault is planted in a recording that is valid without it.
@Suite("Validation")
struct ValidationTests {
  private static let actions = [("hop", 0), ("jump", 1), ("help", 2)]

  /// A network of 4 inputs, 3 hidden units and 3 outputs, run on 120 rows.
  private struct Sound {
    let network: Network
    let inputs: [Float]
    let hidden: [Float]
    let outputs: [Float]
    /// The largest output of each row.
    var predictions: [UInt8] {
      stride(from: 0, to: outputs.count, by: 3).map { row in
        UInt8((0..<3).max { outputs[row + $0] < outputs[row + $1] } ?? 0)
      }
    }

    init() throws {
      network = try Network(inputCount: 4, hidden: [3], outputCount: 3, seed: 8)
      var stream = RandomStream(seed: 3, purpose: "validation tests")
      let inputs = (0..<480).map { _ in Float(stream.normal()) }
      var (hidden, outputs): ([Float], [Float]) = ([], [])
      try network.forward(rows: inputs) { block in
        hidden += block.activations[0]
        outputs += block.activations[1]
      }
      (self.inputs, self.hidden, self.outputs) = (inputs, hidden, outputs)
    }
  }

  private enum Part: CaseIterable { case prediction, label, inputs, outputFlags, kernels }

  /// What validating says of the sound recording after a change.
  private func findings(
    without missing: Set<Part> = [], hidden: [Double]? = nil, change: (Group, Sound) throws -> Void
  ) throws -> RecordingFindings {
    let sound = try Sound()
    let path = FileManager.default.temporaryDirectory.appending(path: "validate-\(UUID().uuidString).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try HandMadeFile(path: path, phases: (0..<120).map { UInt8($0 % 4) })
    let saysOutput = !missing.contains(.outputFlags)
    for (number, layer) in sound.network.layers.enumerated() {
      let isOutput: Bool? = saysOutput ? number == 1 : nil
      let values = number == 0 ? hidden ?? sound.hidden.map { Double($0) } : sound.outputs.map { Double($0) }
      let group =
        number == 0 && hidden != nil
        ? try file.write(layer.name, values, units: 3, isOutput: isOutput, function: layer.activation.rawValue)
        : try file.write(layer.name, values.map { Float($0) }, units: 3, isOutput: isOutput, function: layer.activation.rawValue)
      guard !missing.contains(.kernels) else { continue }
      _ = try group.write("kernel", layer.kernel, shape: [layer.inputCount, layer.unitCount])
      _ = try group.write("bias", layer.bias)
    }
    if !missing.contains(.prediction) { try file.writeEnum("prediction", sound.predictions, Self.actions) }
    if !missing.contains(.label) { try file.writeEnum("label", (0..<120).map { UInt8($0 % 3) }, Self.actions) }
    if !missing.contains(.inputs) { _ = try file.root.write("inputs", sound.inputs, shape: [120, 4]) }
    try change(file.root, sound)
    try file.finish()
    return try validateRecording(path: path, threads: 2)
  }

  /// Expects one fault, which ends so after the file's name.
  private func expectFault(
    _ sentence: String, without missing: Set<Part> = [], hidden: [Double]? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    change: (Group, Sound) throws -> Void
  ) throws {
    let faults = try findings(without: missing, hidden: hidden, change: change).faults.map(\.description)
    let isExpected = faults.count == 1 && faults[0].contains(".h5: \(sentence)")
    #expect(isExpected, "\(faults)", sourceLocation: sourceLocation)
  }

  @Test("A sound recording has no fault, with its hash and architecture too; that it has no checksums is noted")
  func sound() throws {
    let findings = try findings { root, sound in
      let model = try root.createGroup("model").attributes
      try model.set("architecture", sound.network.architectureJSON)
      try model.set("weights_sha256", sound.network.weightsSHA256)
      _ = try root.write("stratum", (0..<120).map { Int32($0 / 10) })
      _ = try root.write("pair", (0..<120).map { Int32($0 / 4) })
      try root.createGroup("rows").write("position", (0..<120).map { Int32($0) })
    }
    #expect(findings.faults.map(\.description) == [])
    #expect(findings.notes == ["carries no checksums: damage may go unseen."])
  }

  @Test("Integers without a meaning, and fill values where activations are missing")
  func integers() throws {
    try expectFault("/layers/third/activations are uint16, and nothing says what these integers stand for.") { root, _ in
      let layer = try root.group("layers").createGroup("third")
      try layer.write("activations", [UInt16](repeating: 9, count: 120), shape: [120, 1])
    }
    try expectFault("/layers/third/activations is missing at row 1, unit 0: it holds the fill value -1.0.") { root, _ in
      let layer = try root.group("layers").createGroup("third")
      let activations = try layer.write("activations", (0..<120).map { Float($0 == 1 ? -1 : 1) }, shape: [120, 1])
      try activations.attributes.set("_FillValue", -1.0)
    }
  }

  @Test("Codes outside their enum, in every column")
  func codes() throws {
    try expectFault("/label holds 7 at row 5, which its enum does not name.") { root, _ in
      try root.dataset("label").write([UInt8(7)], rows: 5..<6)
    }
    try expectFault("/phase holds 9 at row 5. It may hold none 0, self 1, other 2 and both 3.") { root, _ in
      try root.dataset("phase").write([UInt8(9)], rows: 5..<6)
    }
    try expectFault("/split holds 2 at row 0.") { root, _ in _ = try root.write("split", [UInt8](repeating: 2, count: 120)) }
    try expectFault("/partner_acting holds 2 at row 0.") { root, _ in
      _ = try root.write("partner_acting", [UInt8](repeating: 2, count: 120))
    }
  }

  @Test("Strata and pairs that are no integers, and columns of another length")
  func columnTypes() throws {
    for name in ["stratum", "pair"] {
      try expectFault("/\(name) is float32. Write one int32 per row,") { root, _ in
        _ = try root.write(name, [Float](repeating: 2, count: 120))
      }
    }
    try expectFault("/rows/position has shape 119; it needs one value for each of the 120 rows.") { root, _ in
      try root.createGroup("rows").write("position", (0..<119).map { Int32($0) })
    }
  }

  @Test("Enums of /label and /prediction that differ from each other or from the outputs")
  func enums() throws {
    let codes = (0..<120).map { UInt8($0 % 3) }
    func write(_ root: Group, _ name: String, _ codes: [UInt8], _ members: [(String, Int)]) throws {
      let type = Datatype.enumeration(base: .uint8, members: members.map { EnumerationMember(name: $0.0, value: $0.1) })
      try root.createDataset(name, type: type, shape: [120]).write(codes)
    }
    try expectFault(
      "/label and /prediction are not the same enum: help is 0 in /label and 2 in /prediction. They are matched by name;", without: [.label]
    ) { root, _ in try write(root, "label", codes, [("help", 0), ("hop", 1), ("jump", 2)]) }
    try expectFault("/label names an action leap that /prediction does not name: it has hop, jump, help.", without: [.label]) { root, _ in
      try write(root, "label", codes, [("hop", 0), ("jump", 1), ("leap", 2)])
    }
    try expectFault(
      "/prediction names 2 actions (hop, jump), but the output layer dense_2 has 3 units.", without: [.label, .prediction]
    ) { root, sound in try write(root, "prediction", sound.predictions.map { min($0, 1) }, [("hop", 0), ("jump", 1)]) }
    let more = try findings(without: [.prediction, .label]) { root, _ in
      try write(root, "label", codes, Self.actions + [("wait", 3)])
    }
    #expect(more.faults.isEmpty && more.notes.contains { $0.hasPrefix("/label names 4 actions, but the output layer dense_2 has 3 units") })
  }

  @Test("Predictions that are another output than the largest in most rows; a sampled policy's are no fault")
  func predictions() throws {
    try expectFault("/prediction says ") { root, sound in
      try root.dataset("prediction").write(sound.predictions.map { ($0 + 1) % 3 })
    }
    #expect(
      try findings { root, sound in
        try root.dataset("prediction").write(sound.predictions.enumerated().map { $0 % 3 == 0 ? ($1 + 1) % 3 : $1 })
      }.faults.isEmpty)
  }

  @Test("Inputs that are text or not finite")
  func inputs() throws {
    try expectFault("/inputs holds nan at row 3, column 2. It needs finite values.") { root, _ in
      try root.dataset("inputs").write([0, 0, .nan, 0] as [Float], rows: 3..<4)
    }
    try expectFault("/inputs is text. Write the numbers that the network was shown.", without: [.inputs]) { root, _ in
      _ = try root.createDataset("inputs", type: .string(length: 4), shape: [120, 1])
    }
  }

  @Test("Weights with another hash than the model's, and layers that its architecture names")
  func model() throws {
    try expectFault("/model says weights_sha256 00ff, but kernels and biases give ") { root, _ in
      try root.createGroup("model").attributes.set("weights_sha256", "00ff")
    }
    try expectFault("/model's architecture has a layer dense_3, but /layers has none of that name: it has dense_1, dense_2.") { root, _ in
      let deeper = try Network(inputCount: 4, hidden: [3, 3], outputCount: 3, seed: 1)
      try root.createGroup("model").attributes.set("architecture", deeper.architectureJSON)
    }
    #expect(
      try findings { root, _ in
        try root.createGroup("model").attributes.set("architecture", #"{"class_name": "Sequential", "layers": [{"name": "conv"}]}"#)
      }.faults.isEmpty)
  }

  @Test("Activations that contradict their kernels, and a kernel that is transposed")
  func kernels() throws {
    try expectFault("replaying the recorded kernels gives ") { root, sound in
      try root.dataset("layers/dense_2/kernel").write(sound.network.layers[1].kernel.map { $0 * 1.01 })
    }
    try expectFault("/layers/dense_2/kernel is transposed: the recorded activations follow from its transpose, not") { root, sound in
      let kernel = sound.network.layers[1].kernel
      try root.dataset("layers/dense_2/kernel").write((0..<3).flatMap { row in (0..<3).map { kernel[$0 * 3 + row] } })
    }
  }

  @Test("No layer that says whether it is the output")
  func output() throws {
    try expectFault("no layer says is_output; the last one, dense_2, is taken for the output. Say it:", without: [.outputFlags]) { _, _ in }
  }

  @Test("Layers whose indices have gaps or come twice")
  func indices() throws {
    for (second, sentence) in [(0, "layers dense_1 and dense_2 have the same layer_index 0."), (2, "no layer has the layer_index 1,")] {
      try expectFault(sentence) { root, _ in
        for (name, index) in [("dense_1", 0), ("dense_2", second)] {
          try root.group("layers").group(name).attributes.set("layer_index", index)
        }
      }
    }
  }
}
