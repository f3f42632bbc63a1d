import Foundation

/// A failed HDF5 operation: what was tried, on which file and object, and why it failed.
public struct HDF5Error: Error, Sendable, Equatable {
  /// The cases that callers tell apart. Everything else is `other`, with HDF5's own words in the sentence.
  public enum Kind: Sendable, Equatable {
    /// The file, or the folder that should hold a new one, does not exist.
    case fileMissing
    /// A new file was asked for where there is one.
    case fileExists
    /// The file lacks HDF5's signature.
    case notHDF5
    /// The file is shorter than it says.
    case truncatedFile
    /// Another process, or this one, has the file open in a way that excludes this use.
    case fileInUse
    /// The operating system forbids it, or the file was opened read-only.
    case notPermitted
    /// A group, data set or attribute is not there, or is of another kind.
    case objectMissing
    /// A group or data set of that name is there already.
    case objectExists
    /// The stored type has no faithful conversion to the requested one.
    case typeMismatch
    /// A rank, a count or a shape differs from what was asked for.
    case shapeMismatch
    /// A row outside the data set, or a number outside the element type's range.
    case outOfRange
    /// The disk, or a quota on it, is full.
    case noSpace
    /// Writing failed for another reason.
    case writeFailed
    /// Stored bytes fail their checksum or cannot be inflated.
    case corruptData
    /// The stored form is valid and not supported here.
    case unsupported
    /// The file was closed before.
    case closed
    case other
  }

  public let kind: Kind
  /// What was tried, as a verb: "open", "read".
  public let operation: String
  /// The path as the caller gave it.
  public let file: String
  /// The path inside the file; nil for the file itself.
  public let object: String?
  /// The cause in words.
  public let reason: String
  /// HDF5's message for the public call that failed; nil when the failure was found without HDF5.
  public let outermost: String?
  /// HDF5's message from where the failure began.
  public let innermost: String?

  package init(
    kind: Kind, operation: String, file: String, object: String?, reason: String, outermost: String? = nil, innermost: String? = nil
  ) {
    self.kind = kind
    self.operation = operation
    self.file = file
    self.object = object
    self.reason = reason
    self.outermost = outermost
    self.innermost = innermost
  }
}

extension HDF5Error: CustomStringConvertible, LocalizedError {
  /// One sentence: the file, what could not be done to which object, and the cause.
  public var description: String {
    "\(file): cannot \(operation) \(object ?? "the file"): \(reason)"
  }

  public var errorDescription: String? { description }
}

extension HDF5Error {
  /// Reads the kind and the cause from HDF5's own messages.
  init(_ operation: Operation, stack: ErrorStack) {
    let (kind, reason) = Self.diagnosis(stack, operation)
    self.init(
      kind: kind, operation: operation.verb, file: operation.file, object: operation.object, reason: reason,
      outermost: stack.outermost, innermost: stack.innermost)
  }

  private static func diagnosis(_ stack: ErrorStack, _ operation: Operation) -> (Kind, String) {
    let inner = stack.innermost ?? "HDF5 gives no reason"
    if let code = systemErrorNumber(in: inner) {
      return systemDiagnosis(code, inner, operation)
    }
    let known: [(phrase: String, kind: Kind, reason: String?)] = [
      ("file signature not found", .notHDF5, "it is not an HDF5 file"),
      ("truncated file", .truncatedFile, "it is truncated (\(inner.replacing("truncated file: ", with: "")))"),
      ("already open for write", .fileInUse, "it is open for writing elsewhere, or its writer was killed (h5clear --status mends that)"),
      ("already open for read-only", .fileInUse, "this program has it open for reading"),
      ("truncate a file which is already open", .fileInUse, "this program has it open"),
      ("file exists", .fileExists, "it exists already"),
      ("no write intent", .notPermitted, "the file was opened for reading only"),
      ("doesn't exist", .objectMissing, nil),
      ("component not found", .objectMissing, "no such object"),
      ("can't locate attribute", .objectMissing, nil),
      ("not a dataset", .objectMissing, "it is not a data set"),
      ("not a group", .objectMissing, "it is not a group"),
      ("name already exists", .objectExists, "it exists already"),
      ("Fletcher32 checksum", .corruptData, "a chunk fails its checksum"),
      ("inflate() failed", .corruptData, "a chunk cannot be inflated"),
      ("required filter", .unsupported, nil),
    ]
    for entry in known where inner.contains(entry.phrase) {
      return (entry.kind, entry.reason ?? inner)
    }
    guard let outer = stack.outermost, outer != inner else { return (.other, inner) }
    return (.other, "\(outer) (\(inner))")
  }

  /// The number after "errno = " in the messages of HDF5's file drivers.
  private static func systemErrorNumber(in message: String) -> Int32? {
    guard let range = message.range(of: "errno = ") else { return nil }
    return Int32(message[range.upperBound...].prefix { $0.isNumber })
  }

  private static func systemDiagnosis(_ code: Int32, _ message: String, _ operation: Operation) -> (Kind, String) {
    if message.contains("lock file"), code == EAGAIN || code == EWOULDBLOCK {
      return (.fileInUse, "another program has it open for writing")
    }
    switch code {
    case ENOENT: return (.fileMissing, operation.verb == "create" ? "its folder does not exist" : "it does not exist")
    case EEXIST: return (.fileExists, "it exists already")
    case EACCES, EPERM, EROFS: return (.notPermitted, lowercasedFirst(String(cString: strerror(code))))
    case EISDIR: return (.notHDF5, "it is a folder")
    case ENOSPC, EDQUOT: return (.noSpace, "no space left on the device")
    default:
      let isWrite = message.contains("write failed")
      return (isWrite ? .writeFailed : .other, lowercasedFirst(String(cString: strerror(code))))
    }
  }

  private static func lowercasedFirst(_ text: String) -> String {
    text.prefix(1).lowercased() + text.dropFirst()
  }
}
