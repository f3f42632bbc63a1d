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
    /// What Keras 3 writes by itself: `.keras`, `.weights.h5`.
    case keras3
    /// A Keras file of weights without the model's configuration.
    case weightsAlone
    /// A Keras layer of another kind than those of a chain of dense layers, or an activation that is neither relu nor linear.
    case unsupported(layer: String, what: String)
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
    case .keras3:
      "a Keras 3 file; write a legacy one with model.save('name.h5')."
    case .weightsAlone:
      "the file has weights but no model_config, so nothing says how the layers are connected and activated. "
        + "Save the whole model with model.save('name.h5')."
    case .unsupported(let layer, let what):
      "layer \(layer) has \(what), and only chains of dense layers with relu or linear are supported, with activation, dropout, flatten and "
        + "input layers between them. Import another model."
    }
  }
}
