import Files

/// A checkpoint, training state or Keras file that cannot be written or taken.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Fault: Equatable, Sendable {
    /// The schema attribute is missing or names another format.
    case otherFormat(found: String?, expected: String)
    case newerVersion(String, supported: String)
    case olderVersion(String, supported: String)
    /// Its writer was stopped before the end.
    case incomplete
    case missing(part: String)
    case shape(part: String, found: [Int], expected: [Int])
    case notFinite(part: String, index: Int)
    case invalid(part: String, reason: String)
    /// The weights do not give the stored hash.
    case hashMismatch
    /// Numbers that are no floats.
    case notFloats(part: String, type: String)
    /// A data set that is there, without any data.
    case neverWritten(part: String)
    /// A kernel as PyTorch has it, [unit, input].
    case transposed(part: String, found: [Int], expected: [Int])
    /// No HDF5 file at all, but another kind that is known.
    case otherFile(FileSignature)
    /// What `torch.save` writes.
    case pickle
    /// Weights without a word on the layers that they belong to.
    case weightsAlone(WeightsKind)
    /// An architecture beside a file that has its own.
    case architectureKnown
    /// An architecture of Keras beside weights of PyTorch.
    case otherArchitecture
    /// A file that should be an architecture.
    case notArchitecture(reason: String)
    /// A tensor that the architecture does not speak of.
    case noPlace(tensor: String)
    /// A layer of another kind than those of a chain of dense layers, or an activation that is not known.
    case unsupported(layer: String, what: String)
    /// A file that can't be opened, or is none.
    case unreadable
    /// A file that ends too early.
    case truncated(byteCount: Int)
    /// A zip archive whose sizes take 64 bits.
    case largeZip
    /// Nowhere to unpack an archive to.
    case noRoom
    /// An entry of an archive that is encrypted, or compressed in an unknown way.
    case otherStorage(part: String, what: String)
  }

  /// Whose weights a file holds.
  public enum WeightsKind: Sendable {
    /// `.h5` and `.weights.h5` of Keras.
    case keras
    /// A `state_dict` of PyTorch as `.safetensors`.
    case safetensors
  }

  /// Whether a file of the architecture is what is missing.
  public var needsArchitecture: Bool {
    if case .weightsAlone = fault { true } else { false }
  }

  /// The path as the caller gave it.
  public let file: String
  public let fault: Fault

  public init(file: String, fault: Fault) {
    self.file = file
    self.fault = fault
  }

  public var description: String { "\(file): \(sentence)" }

  private var sentence: String {
    switch fault {
    case .otherFormat(let found?, let expected):
      "the file is a \(found), not a \(expected). Give a file of that kind."
    case .otherFormat(nil, let expected):
      "the file has no attribute \"schema\", so it is no \(expected). Give a file that frogtoad train wrote."
    case .newerVersion(let version, let supported):
      "the file has schema version \(version) and this program reads \(supported). Update Mirrorscope."
    case .olderVersion(let version, let supported):
      "the file has schema version \(version) and this program reads \(supported). Use the program that wrote it, or train again."
    case .incomplete:
      "the file is incomplete: its writer was stopped. Use an earlier checkpoint or train again."
    case .missing(let part):
      "\(part) is missing. Use another copy of the file or train again."
    case .shape(let part, let found, let expected):
      "\(part) has shape \(found) where \(expected) is due. Use another copy of the file or train again."
    case .notFinite(let part, let index):
      "\(part) holds NaN or infinity (value \(index)). Use an earlier checkpoint or train again with a lower learning rate."
    case .invalid(let part, let reason):
      "\(part) can't be used: \(reason). Use another copy of the file or train again."
    case .hashMismatch:
      "the weights do not give the stored weights_sha256: they were changed. Use another copy of the file or train again."
    case .notFloats(let part, let type):
      "\(part) is stored as \(type), not as floats. Convert the model to float32 and save it again."
    case .neverWritten(let part):
      "\(part) was never written. Use another copy of the file or train again."
    case .transposed(let part, let found, let expected):
      "\(part) has shape \(found) where \(expected) is due: the kernel is transposed. Store it as [input, unit] (weight.T of PyTorch)."
    case .otherFile(.gitLFSPointer):
      "the file is a Git LFS pointer: git lfs pull, or download the file itself."
    case .otherFile(let signature):
      "the file is \(signature), not a checkpoint\(signature.remedy.map { ": \($0)" } ?? "")."
    case .pickle:
      "the file is a pickle of PyTorch, which runs its writer's code where it is read. Save the state_dict with "
        + "safetensors.torch.save_file(model.state_dict(), 'name.safetensors')."
    case .weightsAlone(.keras):
      "the file has weights alone, and nothing says how the layers are connected and activated. Give the model's architecture too (what "
        + "model.to_json() gives), or save the whole model with model.save('name.keras')."
    case .weightsAlone(.safetensors):
      "the file has weights alone, and nothing says how the layers are connected and activated. Give the architecture too, a JSON list of "
        + "layers such as [{\"name\": \"0\", \"activation\": \"relu\"}, {\"name\": \"2\", \"activation\": \"linear\"}]."
    case .architectureKnown:
      "the file says itself how its layers are connected and activated. Leave the architecture out."
    case .otherArchitecture:
      "the architecture is a Keras model's, and the weights are of PyTorch. Write a JSON list of layers such as "
        + "[{\"name\": \"0\", \"activation\": \"relu\"}, {\"name\": \"2\", \"activation\": \"linear\"}]."
    case .notArchitecture(let reason):
      "the architecture can't be used: \(reason). Give what model.to_json() of Keras gives, or a JSON list of layers with name and activation."
    case .noPlace(let tensor):
      "tensor \(tensor) belongs to no layer of the architecture. Name every layer in it."
    case .unsupported(let layer, let what):
      "layer \(layer) has \(what), and only chains of dense layers with relu, leaky relu or linear are supported, with batch normalisation, "
        + "activation, dropout, flatten and input layers between them. Import another model."
    case .unreadable:
      "the file can't be opened: it does not exist, is no ordinary file, or may not be read. Name another."
    case .truncated(let byteCount):
      "the file ends too early, after \(byteCount) bytes. Use another copy of the file."
    case .largeZip:
      "the zip archive has parts of 4 GiB or more. Give the weights (model.weights.h5) and the architecture (config.json) from it as files."
    case .noRoom:
      "the weights in it can't be unpacked to the folder for temporary files. Make room there, or name another folder in TMPDIR."
    case .otherStorage(let part, let what):
      "\(part) is \(what), and only what is stored or deflated is read. Pack the archive again with zip."
    }
  }
}
