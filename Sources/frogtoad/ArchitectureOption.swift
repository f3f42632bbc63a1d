import ArgumentParser
import DenseNetwork

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

extension Checkpoint {
  /// Opens a network with the architecture if it is weights alone, and without if it says its own: of several networks some may be either.
  static func open(_ path: String, architectureIfNeeded architecture: String?) throws -> Checkpoint {
    do {
      return try open(path)
    } catch let error as CheckpointError where error.needsArchitecture && architecture != nil {
      return try open(path, architecture: architecture)
    }
  }
}
