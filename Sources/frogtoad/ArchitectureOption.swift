import ArgumentParser

/// How the layers of weights alone are connected and activated.
struct ArchitectureOption: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "For weights alone (Keras .h5 and .weights.h5, PyTorch .safetensors): the model's JSON (model.to_json()), or a list of layers with name and activation.",
      valueName: "model.json"),
    completion: .file(extensions: ["json"]))
  var architecture: String?

  /// With the checkpoint, for what is not to be written over.
  var paths: [String] { architecture.map { [$0] } ?? [] }
}
