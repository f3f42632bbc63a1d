internal import CHDF5
import Foundation

extension HDF5Error {
  /// Reads the kind and the cause from HDF5's own error numbers.
  init(_ operation: Operation, stack: ErrorStack) {
    let (kind, reason) = Self.diagnosis(stack, operation)
    self.init(
      kind: kind, operation: operation.verb, file: operation.file, object: operation.object, reason: reason,
      outermost: stack.outermost?.text, innermost: stack.innermost?.text)
  }

  static let newerFormatReason = "it was written for a newer HDF5 than this one; write it with libver=('earliest', 'v110')"

  private static func diagnosis(_ stack: ErrorStack, _ operation: Operation) -> (Kind, String) {
    guard let inner = stack.innermost else { return (.other, "HDF5 gives no reason") }
    if let code = systemErrorNumber(in: inner.text) { return systemDiagnosis(code, stack, operation) }
    if let found = fileDiagnosis(stack, inner, operation) ?? objectDiagnosis(stack, inner, operation) { return found }
    guard let outer = stack.outermost?.text, outer != inner.text else { return (.other, inner.text) }
    return (.other, "\(outer) (\(inner.text))")
  }

  private static func fileDiagnosis(_ stack: ErrorStack, _ inner: ErrorStack.Entry, _ operation: Operation) -> (Kind, String)? {
    if stack.contains(CHDF5_FAULT_NOT_HDF5) { return (.notHDF5, "it is not an HDF5 file") }
    if inner.fault == CHDF5_FAULT_TRUNCATED {
      let sizes = inner.text.range(of: ": ").map { inner.text[$0.upperBound...] } ?? inner.text[...]
      return (.truncatedFile, "it is truncated (\(sizes))")
    }
    if inner.fault == CHDF5_FAULT_FILE_EXISTS { return (.fileExists, "it exists already") }
    if inner.is(CHDF5_ABOUT_FILE, CHDF5_FAULT_CANNOT_OPEN_FILE) {
      guard operation.verb == "open" else { return (.fileInUse, "this program has it open") }
      return (.fileInUse, "it is open for writing elsewhere, or its writer was killed (h5clear --status mends that)")
    }
    let isVersion =
      inner.fault == CHDF5_FAULT_VERSION || inner.fault == CHDF5_FAULT_CANNOT_LOAD
      || inner.is(CHDF5_ABOUT_FILE, CHDF5_FAULT_BAD_VALUE)
    // A header that cannot be understood is a newer one only in a file of the new layout; in one of the old layout it is damaged.
    if isVersion, let version = superblockVersion(of: operation.file), inner.subject == CHDF5_ABOUT_FILE ? version > 3 : version > 1 {
      return (.newerFormat, newerFormatReason)
    }
    return nil
  }

  private static func objectDiagnosis(_ stack: ErrorStack, _ inner: ErrorStack.Entry, _ operation: Operation) -> (Kind, String)? {
    switch inner.fault {
    case CHDF5_FAULT_NOT_FOUND: return (.objectMissing, inner.text)
    case CHDF5_FAULT_WRONG_KIND where inner.subject == CHDF5_ABOUT_DATASET: return (.objectMissing, "it is not a data set")
    case CHDF5_FAULT_WRONG_KIND where inner.subject == CHDF5_ABOUT_PATH: return (.objectMissing, "it is not a group")
    case CHDF5_FAULT_EXISTS: return (.objectExists, "it exists already")
    default: break
    }
    guard stack.contains(CHDF5_FAULT_FILTER) else { return nil }
    if inner.is(CHDF5_ABOUT_STORAGE, CHDF5_FAULT_READ) { return (.corruptData, "a chunk fails its checksum") }
    if inner.is(CHDF5_ABOUT_FILTER, CHDF5_FAULT_CANNOT_INITIALISE) { return (.corruptData, "a chunk cannot be inflated") }
    return (.corruptData, "a chunk cannot be decoded (\(inner.text))")
  }

  /// The number after the last "errno = " in the messages of HDF5's file drivers: its error numbers say only that the system refused.
  private static func systemErrorNumber(in message: String) -> Int32? {
    guard let range = message.range(of: "errno = ", options: .backwards) else { return nil }
    return Int32(message[range.upperBound...].prefix { $0.isNumber })
  }

  private static func systemDiagnosis(_ code: Int32, _ stack: ErrorStack, _ operation: Operation) -> (Kind, String) {
    if stack.contains(CHDF5_FAULT_CANNOT_LOCK), code == EAGAIN || code == EWOULDBLOCK {
      return (.fileInUse, "another program has it open for writing")
    }
    switch code {
    case ENOENT where File.isRepairedName(operation.file): return (.fileMissing, File.repairedNameReason)
    case ENOENT: return (.fileMissing, operation.verb == "create" ? "its folder does not exist" : "it does not exist")
    case EEXIST: return (.fileExists, "it exists already")
    case EACCES, EPERM, EROFS: return (.notPermitted, lowercasedFirst(String(cString: strerror(code))))
    case EISDIR: return (.notHDF5, "it is a folder")
    case ENOSPC, EDQUOT: return (.noSpace, "no space left on the device")
    default:
      let isWrite = stack.innermost?.fault == CHDF5_FAULT_WRITE
      return (isWrite ? .writeFailed : .other, lowercasedFirst(String(cString: strerror(code))))
    }
  }

  private static func lowercasedFirst(_ text: String) -> String {
    text.prefix(1).lowercased() + text.dropFirst()
  }

  /// The version of the file's first block: 0 and 1 in the layout of HDF5 1.6, 2 and 3 in the later one.
  private static func superblockVersion(of path: String) -> UInt8? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    let signature = Data([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])
    // The block begins at 0, or at 512 or a power of two times that.
    for offset in [0] + (9..<31).map({ UInt64(1) << $0 }) {
      guard (try? handle.seek(toOffset: offset)) != nil, let bytes = try? handle.read(upToCount: 9), bytes.count == 9 else { return nil }
      if bytes.prefix(8) == signature { return bytes.last }
    }
    return nil
  }
}
