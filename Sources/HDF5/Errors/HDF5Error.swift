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
    /// A part of the data was never written, and no value was set to stand for it.
    case missingData
    /// Reading it would make another file be read: a virtual data set, external storage, an external link.
    case pointsElsewhere
    /// The stored form is one that only a newer HDF5 knows.
    case newerFormat
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
