import DenseNetwork
import Foundation
import HDF5
import Testing

/// Models by make_keras_graphs.py: one network in every spelling, and what is no chain of dense layers.
@Suite struct KerasGraphTests {
  private func network(_ name: String) throws -> Network { try importKeras(fixture("keras_\(name).h5").path) }

  @Test("The network has the weights of the file, relu below and linear on top")
  func plain() throws {
    let network = try network("same_dict")
    #expect(network.layers.map(\.activation) == [.relu, .linear] && network.layers.map(\.name) == ["dense_1", "dense_2"])
    #expect(network.inputCount == 3 && network.hiddenUnitCounts == [2] && network.outputCount == 4)
    let root = try File.open(fixture("keras_same_dict.h5").path).root
    #expect(try root.dataset("model_weights/a/a/kernel:0").read(as: Float.self) == network.layers[0].kernel)
    #expect(try root.dataset("model_weights/b/b/bias:0").read(as: Float.self) == network.layers[1].bias)
    #expect(network.layers[1].kernel.contains { $0 != 0 })
  }

  @Test(
    "Lists and graphs of Keras 2 and 3, activations of their own, idle layers and kernels of 16 and 64 bits give the same network",
    arguments: [
      "same_list", "same_activation_layers", "same_relu_layer", "same_flatten", "same_function", "same_graph_2", "same_graph_3",
      "same_float16", "same_bfloat16", "same_native_bfloat16", "same_float64",
    ])
  func same(name: String) throws {
    #expect(try network(name) == network("same_dict"))
    #expect(try Checkpoint.open(fixture("keras_\(name).h5").path).roundedLayers == [])
  }

  @Test("Weights of more digits than float32 holds are rounded to it, and the layer is known")
  func rounded() throws {
    let checkpoint = try Checkpoint.open(fixture("keras_more_digits.h5").path)
    #expect(try checkpoint.network == network("same_dict"))
    #expect(checkpoint.roundedLayers == ["a"])
  }

  @Test(
    "A graph that is no chain, and layers that do something else, are refused with the layer and the reason",
    arguments: [
      ("shared", "layer twice has 2 uses in the model"),
      ("listed_twice", "layer twice has two places in the model"),
      ("two_inputs", "layer y has an input of its own beside that of layer x"),
      ("merge", "layer sum has 2 inputs (a, twice)"),
      ("two_heads", "layer value has an output of its own beside that of layer b"),
      ("stray", "layer twice has no way to the output of layer b"),
      ("circle", "layer b has its own output as input"),
      ("active_dropout", "layer drop has a call with arguments of its own"),
      ("relu6", "layer six has the activation ReLU with max_value 6.0"),
      ("early_relu", "layer early has the activation relu before the first dense layer"),
      ("picture", "layer flat has the kind Flatten on inputs of shape [3, 1]"),
      ("foreign_dense", "layer a has the kind Dense of another package"),
      ("unlisted", "layer hidden has weights (hidden/kernel:0) but no place in the model's configuration"),
    ])
  func noChain(name: String, reason: String) throws {
    try expect(
      name,
      "\(reason), and only chains of dense layers with relu, leaky relu or linear are supported, with batch normalisation, activation, dropout, "
        + "flatten and input layers between them. Import another model.")
  }

  @Test(
    "Files that hold no such network say what they hold",
    arguments: [
      (
        "no_output",
        "attribute model_config can't be used: it has no output_layers, which say where the model ends. "
          + "Use another copy of the file or train again."
      ),
      (
        "transposed",
        "/model_weights/a/a/kernel:0 has shape [2, 3] where [3, 2] is due: the kernel is transposed. "
          + "Store it as [input, unit] (weight.T of PyTorch)."
      ),
      (
        "bfloat16_bits",
        "/model_weights/a/a/kernel:0 is stored as uint16, not as floats. Convert the model to float32 and save it again."
      ),
      (
        "beyond_float32",
        "/model_weights/a/a/kernel:0 can't be used: value 0 is 7.5e+299, more than float32 holds. Use another copy of the file or train again."
      ),
      ("unwritten", "/model_weights/a/a/kernel:0 was never written. Use another copy of the file or train again."),
    ])
  func otherFiles(name: String, sentence: String) throws {
    try expect(name, sentence)
  }

  private func expect(_ name: String, _ sentence: String) throws {
    let path = fixture("keras_\(name).h5").path
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.description == "\(path): \(sentence)")
  }

  @Test("A leaky relu inside a layer is that, with its slope")
  func leaky() throws {
    #expect(try network("leaky").layers.map(\.activation) == [.leakyReLU(negativeSlope: 0.3), .linear])
    #expect(try network("leaky").layers.map(\.kernel) == network("same_dict").layers.map(\.kernel))
  }

  @Test("Zip archives that are no model, pickles and a Git LFS pointer are told what they are")
  func noHDF5() throws {
    let folder = FileManager.default.temporaryDirectory
    func sentence(_ name: String, _ bytes: [UInt8]) throws -> String {
      let path = folder.appending(path: "\(UUID().uuidString)-\(name)").path
      try Data(bytes).write(to: URL(filePath: path))
      defer { try? FileManager.default.removeItem(atPath: path) }
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
      return error?.description.replacing("\(path): ", with: "") ?? ""
    }
    let entry = [0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 22) + [13, 0, 0, 0]
    let cut =
      "the zip archive can't be used: it has no directory at its end, as one that was cut has not. Use another copy of the file or train again."
    #expect(try sentence("model.keras", entry + Array("anything.json".utf8)) == cut)
    #expect(try sentence("model.zip", entry + Array("metadata.json".utf8)) == cut)
    #expect(
      try sentence("model.zip", entry + Array("archive/data.".utf8))
        == "the file is a zip archive, not a checkpoint: unpack it with unzip.")
    #expect(
      try sentence("model.h5", Array("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".utf8))
        == "the file is a Git LFS pointer: git lfs pull, or download the file itself.")
  }

  @Test(
    "The epoch and the validation loss come from the file's name where it says them",
    arguments: [
      ("checkpoint-20240101-000200-ep500_nl2_nn17-epoch02-valLoss0.0734.h5", 2, 0.0734),
      ("epoch_010_val_loss-1e-3.h5", 10, 0.001), ("weights.01-0.43.h5", nil, nil), ("model-epoch=7.h5", 7, nil),
      ("epoch99999999999999999999-valLoss.h5", nil, nil),
    ] as [(String, Int?, Double?)])
  func names(name: String, epoch: Int?, loss: Double?) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: path) }
    let copy = path.appending(path: name)
    try FileManager.default.copyItem(at: fixture("keras_same_dict.h5"), to: copy)
    let checkpoint = try Checkpoint.open(copy.path)
    #expect(checkpoint.epoch == epoch && checkpoint.validationLoss == loss)
    #expect(Checkpoint.candidate(copy.path) == .checkpoint(epoch: epoch))
  }
}
