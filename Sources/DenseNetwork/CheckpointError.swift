/// A checkpoint, training state or Keras file that cannot be written or taken.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Fault: Equatable, Sendable {
    /// The schema attribute is missing or names another format.
    case otherFormat(found: String?, expected: String)
    case newerVersion(String, supported: String)
    /// Its writer was stopped before the end.
    case incomplete
    case missing(part: String)
    case shape(part: String, found: [Int], expected: [Int])
    case notFinite(part: String, index: Int)
    case invalid(part: String, reason: String)
    /// The weights do not give the stored hash.
    case hashMismatch
    /// A Keras layer that is neither dense nor dropout nor input, or an activation that is neither relu nor linear.
    case unsupported(layer: String, what: String)
    case exists
    case cannotRename(reason: String)
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
    case .unsupported(let layer, let what):
      "layer \(layer) has \(what), and only dense layers with relu or linear, dropout and input layers are supported. Import another model."
    case .exists:
      "the file exists already. Choose another name, or overwrite it with --force."
    case .cannotRename(let reason):
      "the finished file can't be given its name: \(reason). Check the folder's permissions."
    }
  }
}
