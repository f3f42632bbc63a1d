import DenseNetwork
import Foundation
import Testing

/// Networks that Keras 2.15, Keras 3 and PyTorch saved, and what these libraries give for 20 rows: make_imported_keras.py, make_imported_torch.py.
@Suite struct ImportedNetworkTests {
  struct Oracle: Decodable {
    let inputs: [Float]
    let outputs: [Float]
    let width: Int
  }

  static func open(_ file: String, _ architecture: String?) throws -> Checkpoint {
    try Checkpoint.open(fixture(file).path, architecture: architecture.map { fixture($0).path })
  }

  private func expect(_ network: Network, gives name: String) throws {
    let oracle = try JSONDecoder().decode(Oracle.self, from: Data(contentsOf: fixture("imported_\(name).json")))
    var found: [Float] = []
    try network.forward(rows: oracle.inputs) { found += $0.outputs }
    try #require(found.count == oracle.outputs.count && network.outputCount == oracle.width)
    let largest = oracle.outputs.map(abs).max() ?? 0
    #expect(zip(found, oracle.outputs).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, largest) })
    #expect(Set(found).count > 20)
  }

  @Test(
    "Networks of Keras in every format give what Keras gives",
    arguments: [
      ("keras2_chain.h5", nil, "keras2_chain"), ("keras2_chain.keras", nil, "keras2_chain"),
      ("keras2_chain_deflated.keras", nil, "keras2_chain"), ("keras2_chain_weights.h5", "keras2_chain.json", "keras2_chain"),
      ("keras2_chain.weights.h5", "keras2_chain.json", "keras2_chain"), ("keras2_graph.h5", nil, "keras2_graph"),
      ("keras2_graph.keras", nil, "keras2_graph"),
      ("keras3_chain.h5", nil, "keras3_chain"), ("keras3_chain.keras", nil, "keras3_chain"),
      ("keras3_chain_deflated.keras", nil, "keras3_chain"), ("keras3_chain.weights.h5", "keras3_chain.json", "keras3_chain"),
      ("keras3_graph.h5", nil, "keras3_graph"), ("keras3_graph.keras", nil, "keras3_graph"),
    ] as [(String, String?, String)])
  func keras(file: String, architecture: String?, oracle: String) throws {
    let checkpoint = try Self.open(file, architecture)
    try expect(checkpoint.network, gives: oracle)
    #expect(checkpoint.roundedLayers == [])
    if oracle.hasSuffix("chain") {
      #expect(checkpoint.network.layers.map(\.name) == ["dense_1", "dense_2", "dense_3", "dense_4", "dense_5"])
      #expect(checkpoint.network.layers.map(\.activation.rawValue) == ["leaky_relu(0.2)", "relu", "relu", "leaky_relu(0.1)", "linear"])
      #expect(checkpoint.foldedLayers.count == 5 && checkpoint.foldedLayers.allSatisfy { $0.hasPrefix("batch_normalization") })
      #expect(try checkpoint.network == Self.open("\(oracle).h5", nil).network)
    } else {
      #expect(checkpoint.network.layers.map(\.activation.rawValue) == ["relu", "leaky_relu(0.3)", "leaky_relu(0.2)"])
      #expect(checkpoint.foldedLayers == [])
    }
  }

  @Test("State dicts of PyTorch give what PyTorch gives", arguments: ["float32", "float16", "bfloat16", "float64", "stack"])
  func torch(name: String) throws {
    let checkpoint = try Self.open("torch_\(name).safetensors", "torch_\(name).json")
    try expect(checkpoint.network, gives: "torch_\(name)")
    #expect(checkpoint.roundedLayers == (name == "float64" ? ["out"] : []))
    #expect(checkpoint.foldedLayers == (name == "stack" ? ["0", "2", "6"] : []))
    #expect(checkpoint.network.layers[1].activation.rawValue == (name == "stack" ? "leaky_relu(0.2)" : "leaky_relu(0.01)"))
  }

  @Test(
    "Models that are no chain of dense layers are refused, with the layer and the reason",
    arguments: [
      ("shared", "twice has 2 uses in the model"), ("heads", "value has an output of its own beside that of layer policy"),
      ("merge", "sum has 2 inputs ("), ("nested", "inner has the kind Sequential"),
      ("axis", "rows has inputs of shape [3, 2] for each row"),
      ("between", "middle has the activation leaky_relu(0.3) behind it and no dense layer without activation before it"),
      ("last", "end has no dense layer behind it and none without activation before it"), ("tanh", "bent has the activation tanh"),
      ("layer_norm", "norm has the kind LayerNormalization"),
    ])
  func refused(name: String, reason: String) throws {
    let path = fixture("keras3_no_\(name).keras").path
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.description.hasPrefix("\(path): layer \(reason)") == true, "\(error?.description ?? "")")
    #expect(error?.description.hasSuffix("Import another model.") == true)
  }

  @Test(
    "Weights alone are refused without their architecture, and whole models with one",
    arguments: [
      ("keras2_chain_weights.h5", nil, "keras2_chain_weights.h5: the file has weights alone, and nothing says how"),
      ("keras3_chain.weights.h5", nil, "keras3_chain.weights.h5: the file has weights alone, and nothing says how"),
      ("torch_float32.safetensors", nil, "torch_float32.safetensors: the file has weights alone, and nothing says how"),
      ("torch_pickle.pt", nil, "torch_pickle.pt: the file is a pickle of PyTorch"),
      ("keras3_chain.keras", "keras3_chain.json", "keras3_chain.keras: the file says itself how its layers are connected"),
      ("keras3_chain.h5", "keras3_chain.json", "keras3_chain.h5: the file says itself how its layers are connected"),
      ("torch_float32.safetensors", "keras3_chain.json", "keras3_chain.json: the architecture is a Keras model's, and the weights are of"),
      ("torch_stack.safetensors", "torch_float32.json", "torch_stack.safetensors: tensor 0.bias belongs to no layer of the architecture."),
      ("torch_float32.safetensors", "torch_stack.json", "torch_float32.safetensors: tensor body.fc2.weight belongs to no layer of"),
      (
        "keras3_chain.weights.h5", "torch_float32.json",
        "keras3_chain.weights.h5: tensor /layers/batch_normalization/vars/0 belongs to no layer of the architecture."
      ),
      ("keras2_chain_weights.h5", "torch_float32.json", "keras2_chain_weights.h5: layer batch_normalization has weights ("),
      ("keras2_chain_weights.h5", "no_such.json", "no_such.json: the file can't be opened"),
      ("keras2_chain_weights.h5", "keras2_graph.h5", "keras2_graph.h5: the architecture can't be used: it is no JSON."),
    ] as [(String, String?, String)])
  func architecture(file: String, architecture: String?, beginning: String) {
    let error = #expect(throws: CheckpointError.self) { try Self.open(file, architecture) }
    let folder = fixture("").path
    let sentence = error?.description.replacing(folder.hasSuffix("/") ? folder : folder + "/", with: "") ?? ""
    #expect(sentence.hasPrefix(beginning), "\(sentence)")
    #expect(error?.needsArchitecture == (architecture == nil && !file.hasSuffix(".pt")))
  }

  @Test("Weights of other layers, or of more, than those of the model are refused")
  func otherModel() throws {
    let model = try String(contentsOf: fixture("keras3_chain.json"), encoding: .utf8)
    func sentence(_ model: String) throws -> String {
      var found = ""
      try withTemporaryFile("model.json", Data(model.utf8)) { path in
        let error = #expect(throws: CheckpointError.self) {
          try Checkpoint.open(fixture("keras3_chain.weights.h5").path, architecture: path)
        }
        found = error?.description ?? ""
      }
      return found
    }
    #expect(
      try sentence(model.replacing(#""name": "first""#, with: #""name": "second""#))
        .contains("/layers/dense can't be used: it has the weights of layer first, where second is due."))
    #expect(
      try sentence(model.replacing(#""class_name": "BatchNormalization""#, with: #""class_name": "Dropout""#))
        .contains("/layers can't be used: it has weights of 5 layers of the kind BatchNormalization, and the model has 0."))
    #expect(
      try sentence(model.replacing(#""units": 7"#, with: #""units": 8"#))
        .contains("/layers/dense_1/vars/0 has shape [5, 7] where [5, 8] is due."))
    #expect(
      try sentence(model.replacing(#""use_bias": false"#, with: #""use_bias": true"#)).contains("the bias of layer dense_1 is missing."))
  }

  @Test("A list of layers serves for weights of Keras too, whose layers it calls as the file does")
  func listForKeras() throws {
    let list = """
      [{"name": "dense", "activation": "relu"}, {"name": "dense_1", "activation": "leaky_relu(0.3)"},
      {"name": "dense_2", "activation": "leaky_relu(0.2)"}]
      """
    try withTemporaryFile("list.json", Data(list.utf8)) { path in
      let weights = try Data(contentsOf: fixture("keras3_graph.keras"))
      // Stored last in the archive, without compression.
      let start = try #require(weights.firstRange(of: Data([0x89, 0x48, 0x44, 0x46])))
      let end = try #require(weights.firstRange(of: Data([0x50, 0x4b, 1, 2])))
      try withTemporaryFile("graph.weights.h5", weights[start.lowerBound..<end.lowerBound]) { file in
        let network = try Checkpoint.open(file, architecture: path).network
        #expect(try network == Self.open("keras3_graph.keras", nil).network)
      }
    }
  }

  @Test(
    "An architecture that is none is refused with the reason",
    arguments: [
      (#"[]"#, "it has no list of layers"), (#"{"layers": {}}"#, "it has no list of layers"),
      (#"3"#, "it is no JSON|it has no list of layers"),
      (#"[{"name": "fc1"}]"#, "layer fc1 does not say its activation (linear for none)"),
      (#"[{"activation": "relu"}]"#, "layer 0 of its list has no name"),
      (#"[{"name": "fc1", "activation": "tanh"}]"#, "layer fc1 has the activation tanh, not linear, relu or leaky_relu(SLOPE)"),
      (#"[{"name": "fc1", "activation": "leaky_relu"}]"#, "layer fc1 has the activation leaky_relu, not linear, relu or leaky_relu(SLOPE)"),
      (#"[{"name": "a", "activation": "relu"}, {"name": "a", "activation": "relu"}]"#, "it has two layers a"),
      (#"[{"name": "a", "name": "b", "activation": "relu"}]"#, #"an object in it has two members "name""#),
      (#"[{"name": "a", "activation": "relu", "units": 0}]"#, "the units of layer a are no whole number above 0"),
      (#"[{"name": "a", "activation": "relu", "bias": false}]"#, #"layer a has a member "bias", which its kind has not"#),
      (#"[{"name": "a", "kind": "conv", "activation": "relu"}]"#, "layer a is of the kind conv, not dense or batch_norm"),
      (#"[{"name": "a", "kind": "batch_norm", "activation": "relu"}]"#, "layer a does not say its epsilon, a number from 0 up"),
      (#"{"layers": [{"name": "a", "activation": "relu"}], "inputs": 3}"#, #"it has a member "inputs" beside layers and input_count"#),
      (#"{"layers": [{"name": "a", "activation": "relu"}], "input_count": "3"}"#, "its input_count is no whole number above 0"),
    ])
  func list(text: String, reason: String) throws {
    try withTemporaryFile("architecture.json", Data(text.utf8)) { path in
      let error = #expect(throws: CheckpointError.self) {
        try Checkpoint.open(fixture("torch_float32.safetensors").path, architecture: path)
      }
      let sentences = reason.split(separator: "|").map {
        "\(path): the architecture can't be used: \($0). Give what model.to_json() of Keras gives, or a JSON list of layers with name and activation."
      }
      #expect(sentences.contains(error?.description ?? ""), "\(error?.description ?? "")")
    }
  }

  @Test("Files of other programs are checkpoints of a folder, with the epoch in their names")
  func candidates() throws {
    for (file, name, epoch) in [
      ("keras3_chain.keras", "model-epoch07.keras", 7), ("keras3_chain.weights.h5", "a_epoch_3.weights.h5", 3),
      ("torch_float32.safetensors", "epoch-12.safetensors", 12),
    ] {
      try withTemporaryFile(name, try Data(contentsOf: fixture(file))) { path in
        #expect(Checkpoint.candidate(path) == .checkpoint(epoch: epoch))
      }
    }
    #expect(Checkpoint.candidate(fixture("torch_pickle.pt").path) == .unreadable)
  }
}

/// Hands out the path of a file of that name and content, alone in a folder.
func withTemporaryFile(_ name: String, _ content: Data, _ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appending(path: name)
  try content.write(to: file)
  try body(file.path)
}
