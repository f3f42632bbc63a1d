internal import CHDF5
import Foundation

/// Proof that the caller holds the library's lock. Only `withLibrary` makes one, and an identifier can be had only against it.
///
/// HDF5 keeps global state and is not re-entrant in most builds; builds that are thread-safe serialise inside. One process-wide lock
/// does the same everywhere, so work worth running in parallel (compression, arithmetic) belongs outside `withLibrary`.
struct Library: ~Copyable {
  fileprivate init() {}
}

/// HDF5's handler at the program's exit closes what is still open, and crashes (1.10.8) on a file whose last write failed. Files here
/// close themselves, so it is left out; this has to happen before the library's first use.
private let isWithoutExitHandler = H5dont_atexit() >= 0

/// Recursive, because an object released inside a locked closure takes the lock again to close its identifier.
private let libraryLock = NSRecursiveLock()

/// Runs `body` with exclusive use of the HDF5 library.
func withLibrary<Value>(_ body: (borrowing Library) throws -> Value) rethrows -> Value {
  libraryLock.lock()
  defer { libraryLock.unlock() }
  _ = isWithoutExitHandler
  // The setting belongs to the thread, and this may be the thread's first call.
  H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
  return try body(Library())
}

extension Library {
  /// Passes on the result of one HDF5 call, or throws what the library's error stack says when it is negative.
  @discardableResult
  func check<Code: SignedInteger>(_ code: Code, _ operation: @autoclosure () -> Operation) throws -> Code {
    guard code < 0 else { return code }
    throw HDF5Error(operation(), stack: ErrorStack.current(self))
  }
}

extension Library {
  /// How many files, groups, data sets, attributes and types are open in this process, types of memory included: what tests of leaks
  /// look at.
  func openIdentifierCount() -> Int {
    let kinds = H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR
    return H5Fget_obj_count(hid_t(kinds), UInt32(kinds))
  }
}

/// What was being done to what: the part of an error's sentence that is known before the call.
struct Operation {
  var verb: String
  var file: String
  var object: String?

  init(_ verb: String, file: String, object: String? = nil) {
    self.verb = verb
    self.file = file
    self.object = object
  }

  func error(_ kind: HDF5Error.Kind, _ reason: String) -> HDF5Error {
    HDF5Error(kind: kind, operation: verb, file: file, object: object, reason: reason)
  }
}

/// An identifier that closes itself when the last reference goes.
///
/// Sendable because the identifier never changes and every use of it is inside the lock.
final class Handle: @unchecked Sendable {
  private let raw: hid_t
  private let file: File

  init(_ raw: hid_t, in file: File) {
    self.raw = raw
    self.file = file
  }

  func id(_ library: borrowing Library) -> hid_t { raw }

  deinit {
    // A file that was closed explicitly has closed this identifier too; the second close then fails without a trace.
    withLibrary { _ in
      if !file.isAbandoned { _ = H5Idec_ref(raw) }
    }
  }
}
