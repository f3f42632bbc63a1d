import DenseNetwork
import Foundation
import HDF5
import Testing

/// Weights and functions that are of something else than their names suggest, or of more than the architecture says.
@Suite struct ImportedOriginTests {
  private typealias Tensor = (path: String, shape: [Int])

  /// A `.weights.h5` file as Keras 3 lays it out.
  private func withWeights(_ tensors: [Tensor], _ body: (String) throws -> Void) throws {
    try withTemporaryFile("beside", Data()) { beside in
      let path = beside + ".weights.h5"
      let file = try File.create(path)
      var made: Set<String> = []
      for tensor in tensors {
        let names = tensor.path.split(separator: "/")
        for depth in 1..<max(1, names.count) {
          let group = names.prefix(depth).joined(separator: "/")
          if made.insert(group).inserted { _ = try file.root.createGroup(group) }
        }
        let values = Self.values(tensor.shape.reduce(1, *), seed: tensor.path.utf8.count)
        try file.root.write(tensor.path, values, shape: tensor.shape).seal()
      }
      try file.close()
      try body(path)
    }
  }

  /// Above 0, so that they may be variances.
  private static func values(_ count: Int, seed: Int) -> [Float] { (0..<count).map { Float(1 + ($0 * 7 + seed) % 11) / 9 } }

  private func open(_ path: String, list: [(name: String, kind: String)]) throws -> Network {
    let entries = list.map { layer in
      let epsilon = layer.kind == "dense" ? "" : #", "epsilon": 0.001"#
      return #"{"name": "\#(layer.name)", "kind": "\#(layer.kind)", "activation": "linear"\#(epsilon)}"#
    }
    var network: Network?
    try withTemporaryFile("list.json", Data("[\(entries.joined(separator: ", "))]".utf8)) { list in
      network = try Checkpoint.open(path, architecture: list).network
    }
    return try #require(network)
  }

  private static let dense: [Tensor] = [("layers/dense/vars/0", [3, 3]), ("layers/dense/vars/1", [3])]
  private static let inner: [Tensor] = [
    ("layers/sequential/layers/dense/vars/0", [3, 3]), ("layers/sequential/layers/dense/vars/1", [3]),
  ]

  @Test("The layers of a model within the model are layers too: named by their paths, and missed where they are not")
  func nested() throws {
    try withWeights(Self.dense + Self.inner) { path in
      let error = #expect(throws: CheckpointError.self) { try open(path, list: [("dense", "dense")]) }
      #expect(error?.fault == .noPlace(tensor: "/layers/sequential/layers/dense/vars/0"))
      let network = try open(path, list: [("sequential/layers/dense", "dense"), ("dense", "dense")])
      #expect(network.layers.map(\.kernel) == [Self.values(9, seed: 37), Self.values(9, seed: 19)])
    }
  }

  @Test(
    "Every data set of the model has to have a place",
    arguments: [
      "vars/0", "kernel", "encoder/vars/0", "layers/p_re_lu/vars/0", "layers/kernel", "layers/dense/kernel", "layers/dense/vars/lora/0",
      "layers/dense/activation/vars/0", "layers/optimizer/vars/0", "_layer_checkpoint_dependencies/dense/vars/0",
    ])
  func stray(path stray: String) throws {
    try withWeights(Self.dense + [(stray, [3])]) { path in
      let error = #expect(throws: CheckpointError.self) { try open(path, list: [("dense", "dense")]) }
      #expect(error?.fault == .noPlace(tensor: "/" + stray))
    }
  }

  @Test("What the training keeps beside the model is left alone")
  func training() throws {
    try withWeights(Self.dense + [("optimizer/vars/0", [3]), ("metrics/mean/vars/0", [1])]) { path in
      let network = try open(path, list: [("dense", "dense")])
      #expect(network.layers.count == 1)
    }
  }

  @Test(
    "Weights in a group of another class mean something else",
    arguments: [
      ("layer_normalization", "batch_norm"), ("group_normalization_1", "batch_norm"), ("dense", "batch_norm"), ("embedding", "dense"),
      ("batch_normalization", "dense"), ("my_dense", "dense"), ("dense_0", "dense"), ("dense_01", "dense"), ("dense_a", "dense"),
      ("einsum_dense", "dense"),
    ])
  func otherClass(group: String, kind: String) throws {
    let normalisation: [Tensor] = [
      ("layers/dense_1/vars/0", [3, 3]), ("layers/\(group)/vars/0", [3]), ("layers/\(group)/vars/1", [3]),
    ]
    let tensors: [Tensor] = kind == "dense" ? [("layers/\(group)/vars/0", [3, 3])] : normalisation
    try withWeights(tensors) { path in
      let error = #expect(throws: CheckpointError.self) {
        try open(path, list: kind == "dense" ? [(group, kind)] : [(group, kind), ("dense_1", "dense")])
      }
      let due = kind == "dense" ? "dense" : "batch_normalization"
      #expect(error?.fault == .unsupported(layer: group, what: "weights in a group of another class than \(due)"))
    }
  }

  @Test("A layer has one name: no path with dots or empty parts", arguments: ["./dense", "dense/", "../layers/dense", "/layers/dense"])
  func alias(name: String) throws {
    try withWeights(Self.dense) { path in
      let error = #expect(throws: CheckpointError.self) { try open(path, list: [("dense", "dense"), (name, "dense")]) }
      #expect(error?.fault == .missing(part: "/layers/\(name)/vars"))
    }
  }

  @Test("Between two normalisations each weight of a dense layer is rounded once")
  func roundedOnce() throws {
    let names = ["batch_normalization", "batch_normalization_1"]
    try withWeights(Self.dense + names.flatMap { name in (0..<4).map { ("layers/\(name)/vars/\($0)", [3]) } }) { path in
      let layer = try #require(open(path, list: [(names[0], "batch_norm"), ("dense", "dense"), (names[1], "batch_norm")]).layers.first)
      let (kernel, bias) = (Self.values(9, seed: 19).map { Double($0) }, Self.values(3, seed: 19).map { Double($0) })
      // γ, β, mean and variance of each are the same numbers.
      func factors(_ name: String) -> (scale: [Double], shift: [Double]) {
        let values = Self.values(3, seed: "layers/\(name)/vars/0".utf8.count).map { Double($0) }
        let scale = values.map { $0 / ($0 + 0.001).squareRoot() }
        return (scale, zip(values, scale).map { $0 - $0 * $1 })
      }
      let (below, above) = (factors(names[0]), factors(names[1]))
      for unit in 0..<3 {
        var sum = bias[unit]
        for input in 0..<3 {
          sum += below.shift[input] * kernel[input * 3 + unit]
          #expect(layer.kernel[input * 3 + unit] == Float(below.scale[input] * above.scale[unit] * kernel[input * 3 + unit]))
        }
        #expect(layer.bias[unit] == Float(sum * above.scale[unit] + above.shift[unit]))
      }
    }
  }

  @Test("A chain of too many layers, and one of more text than any has, is refused before its weights are looked for")
  func tooMany() throws {
    try withWeights(Self.dense) { path in
      let deep = #expect(throws: CheckpointError.self) {
        try open(path, list: [("dense", "dense")] + (1...16).map { ("dense_\($0)", "dense") })
      }
      #expect(deep?.description.contains("The network has 17 dense layers and at most 16 are supported.") == true)
      let long = #expect(throws: CheckpointError.self) { try open(path, list: (0...10_000).map { ("dense_\($0)", "dense") }) }
      #expect(long?.fault == .notArchitecture(reason: "its list has 10001 layers, and at most 10000 are read"))
      try withTemporaryFile("wide.json", Data(repeating: UInt8(ascii: " "), count: 1 << 22) + Data("[]".utf8)) { list in
        let wide = #expect(throws: CheckpointError.self) { try Checkpoint.open(path, architecture: list) }
        #expect(wide?.fault == .notArchitecture(reason: "it has 4194306 bytes, and at most 4194304 are read"))
      }
    }
  }

  // MARK: - Functions and layers

  /// What `keras3_chain.weights.h5` gives with its model, in which some text is replaced.
  private func sentence(replacing text: String, with other: String) throws -> String? {
    let model = try String(contentsOf: fixture("keras3_chain.json"), encoding: .utf8)
    #expect(model.contains(text))
    var found: String?
    try withTemporaryFile("model.json", Data(model.replacing(text, with: other).utf8)) { path in
      do {
        let network = try Checkpoint.open(fixture("keras3_chain.weights.h5").path, architecture: path).network
        let own = try importKeras(fixture("keras3_chain.h5").path)
        #expect(network == own)
      } catch let error as CheckpointError {
        found = error.description
      }
    }
    return found
  }

  @Test(
    "A function or a layer of Keras is one by its module too, in every spelling",
    arguments: [
      #"{"class_name": "ReLU", "config": {}}"#, #"{"module": "keras.layers", "class_name": "ReLU", "config": {}, "registered_name": null}"#,
      #"{"module": "keras", "class_name": "ReLU", "config": {}, "registered_name": "ReLU"}"#,
      #"{"module": "tf_keras.src.layers", "class_name": "ReLU", "config": {}}"#,
      #"{"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"}"#,
      #"{"module": "tensorflow.python.ops", "class_name": "function", "config": "relu", "registered_name": "relu"}"#,
      #"{"class_name": "LeakyReLU", "config": {"alpha": 0.0, "negative_slope": 0.0}}"#,
    ])
  func known(activation: String) throws {
    #expect(try sentence(replacing: #""activation": "relu", "use_bias""#, with: #""activation": \#(activation), "use_bias""#) == nil)
  }

  @Test(
    "A function or a layer of that name from elsewhere is not taken for Keras's",
    arguments: [
      (#"{"module": null, "class_name": "ReLU", "config": {}, "registered_name": "Custom>ReLU"}"#, "ReLU of another package"),
      (#"{"module": null, "class_name": "ReLU", "config": {}, "registered_name": "ReLU"}"#, "ReLU of another package"),
      (#"{"module": "keras.layers", "class_name": "ReLU", "config": {}, "registered_name": "Custom>ReLU"}"#, "ReLU of another package"),
      (#"{"module": "keras_cv.layers", "class_name": "ReLU", "config": {}, "registered_name": null}"#, "ReLU of another package"),
      (#"{"module": "builtins", "class_name": "ReLU", "config": {}}"#, "ReLU of another package"),
      (#"{"module": 3, "class_name": "ReLU", "config": {}}"#, "ReLU of another package"),
      (#"{"module": "mine", "class_name": "function", "config": "relu", "registered_name": "relu"}"#, "function of another package"),
      (
        #"{"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "mine>relu"}"#,
        "function of another package"
      ),
      (#"{"module": "builtins", "class_name": "function", "config": "mine>relu"}"#, "mine>relu"),
      (
        #"{"class_name": "LeakyReLU", "config": {"alpha": 0.5, "negative_slope": 0.0}}"#,
        "LeakyReLU with two slopes, negative_slope 0.0 and alpha 0.5"
      ),
    ])
  func foreign(activation: String, name: String) throws {
    let found = try sentence(replacing: #""activation": "relu", "use_bias""#, with: #""activation": \#(activation), "use_bias""#)
    #expect(found?.contains("layer dense has the activation \(name), and only") == true, "\(found ?? "")")
  }

  @Test(
    "Layers of packages that call themselves after Keras are others",
    arguments: [#""module": "keras_cv.layers""#, #""module": "keras_contrib""#, #""module": null, "registered_name": "Dense""#])
  func foreignLayer(origin: String) throws {
    let found = try sentence(replacing: #""module": "keras.layers", "class_name": "Dense""#, with: #"\#(origin), "class_name": "Dense""#)
    // An object that says its registered_name twice is refused for that.
    #expect(
      found?.contains("layer first has the kind Dense of another package") == true || found?.contains("two members") == true,
      "\(found ?? "")")
  }

  @Test("A leaky relu by name alone is known by its layer")
  func unsaidSlope() throws {
    #expect(try Checkpoint.open(fixture("keras3_graph.keras").path).unsaidSlopes == ["late"])
    #expect(try Checkpoint.open(fixture("keras3_chain.keras").path).unsaidSlopes == [])
  }

  @Test("A checkpoint with an architecture of its own says which it was, and others do not")
  func architecture() throws {
    let weights = try Checkpoint.open(fixture("torch_float32.safetensors").path, architecture: fixture("torch_float32.json").path)
    #expect(weights.architectureSHA256?.count == 64)
    #expect(try Checkpoint.open(fixture("keras3_chain.keras").path).architectureSHA256 == nil)
  }

  @Test("Tensors without a kernel and archives without a model are no checkpoints; damaged ones may be")
  func candidates() throws {
    func candidate(_ name: String, _ content: Data) throws -> Checkpoint.Candidate {
      var found = Checkpoint.Candidate.unreadable
      try withTemporaryFile(name, content) { found = Checkpoint.candidate($0) }
      return found
    }
    func tensors(_ header: String, data: Int) -> Data {
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: data)
    }
    let moments = #"{"exp_avg": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}"#
    #expect(try candidate("a.safetensors", tensors(moments, data: 16)) == .other)
    #expect(try candidate("a.safetensors", tensors(moments, data: 12)) == .unreadable)
    let kernel = moments.replacing("exp_avg", with: "fc.weight")
    #expect(try candidate("a-epoch2.safetensors", tensors(kernel, data: 16)) == .checkpoint(epoch: 2))
    var archive = try Data(contentsOf: fixture("keras3_graph.keras"))
    #expect(try candidate("a-epoch2.keras", archive) == .checkpoint(epoch: 2))
    let directory = try #require(archive.firstRange(of: Data([0x50, 0x4b, 1, 2])))
    let name = try #require(archive.firstRange(of: Data("config.json".utf8), in: directory.lowerBound..<archive.endIndex))
    archive.replaceSubrange(name, with: Data("konfig.json".utf8))
    #expect(try candidate("a-epoch2.keras", archive) == .other)
    #expect(try candidate("a-epoch2.keras", archive.prefix(900)) == .unreadable)
  }
}
