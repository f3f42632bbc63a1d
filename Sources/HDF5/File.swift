internal import CHDF5
import Foundation

/// An open HDF5 file.
///
/// It closes when the last of the file, its groups and its data sets is released. `close()` closes at once, reports what went wrong
/// in doing so, and makes every later use of them throw. Safe to use from any thread: calls take turns.
public final class File: @unchecked Sendable {
  // Sendable because `isOpen` is read and written inside the library's lock only.

  /// The path as given.
  public let path: String
  private let raw: hid_t
  private var isOpen = true
  /// Whether its last flush failed, so that nothing of it may be closed; read within the library's lock only.
  private(set) var isAbandoned = false

  private init(path: String, raw: hid_t) {
    self.path = path
    self.raw = raw
  }

  deinit {
    withLibrary { _ in
      if isOpen, H5Fflush(raw, H5F_SCOPE_LOCAL) >= 0 { _ = H5Fclose(raw) }
    }
  }

  /// Makes a new file and opens it for writing.
  ///
  /// - Parameter overwrite: replaces a file of that name; without it one is an error of kind `fileExists`.
  public static func create(_ path: String, overwrite: Bool = false) throws -> File {
    let operation = Operation("create", file: path)
    return try withLibrary { library in
      let access = try accessList(library, operation)
      defer { H5Pclose(access) }
      let flags = overwrite ? chdf5_truncate() : chdf5_exclusive()
      let raw = try library.check(H5Fcreate(path, flags, hid_t(H5P_DEFAULT), access), operation)
      return File(path: path, raw: raw)
    }
  }

  /// Opens an existing file.
  ///
  /// HDF5 takes a lock on the file: one for reading alone fails only where another program is writing to it. A file system that has no
  /// locks does not keep a file from being read.
  public static func open(_ path: String, writable: Bool = false) throws -> File {
    let operation = Operation("open", file: path)
    return try withLibrary { library in
      let access = try accessList(library, operation)
      defer { H5Pclose(access) }
      let flags = writable ? chdf5_read_write() : chdf5_read_only()
      var raw = H5Fopen(path, flags, access)
      if raw < 0 {
        let error = HDF5Error(operation, stack: ErrorStack.current(library))
        let lockFailed = error.innermost?.contains("lock file") ?? false
        guard !writable, lockFailed, error.kind != .fileInUse, chdf5_turn_off_locking(access) >= 0 else { throw error }
        raw = try library.check(H5Fopen(path, flags, access), operation)
      }
      return File(path: path, raw: raw)
    }
  }

  /// The group `/`.
  public var root: Group {
    get throws { try Group.open(in: self, at: "/") }
  }

  /// Hands everything written so far to the operating system.
  public func flush() throws {
    try withLibrary { library in
      _ = try library.check(H5Fflush(id(library), H5F_SCOPE_LOCAL), Operation("flush", file: path))
    }
  }

  /// Writes what is still in memory and closes the file with everything in it. A second call does nothing.
  public func close() throws {
    try withLibrary { library in
      guard isOpen else { return }
      isOpen = false
      // After a flush that failed, H5Fclose of 1.10.8 crashes on what it cannot write: the file is then left open to the program's end.
      isAbandoned = H5Fflush(raw, H5F_SCOPE_LOCAL) < 0
      guard !isAbandoned else { throw HDF5Error(Operation("close", file: path), stack: ErrorStack.current(library)) }
      try library.check(H5Fclose(raw), Operation("close", file: path))
    }
  }

  func id(_ library: borrowing Library) throws -> hid_t {
    guard isOpen else { throw Operation("use", file: path).error(.closed, "it was closed before") }
    return raw
  }

  /// How many groups, data sets, types and attributes of this file are open: what tests of leaks look at.
  func openObjectCount() throws -> Int {
    try withLibrary { library in
      let kinds = UInt32(H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR)
      return try library.check(H5Fget_obj_count(id(library), kinds), Operation("inspect", file: path))
    }
  }

  private static func accessList(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    let list = try library.check(H5Pcreate(chdf5_file_access()), operation)
    // Closing the file then closes what is open in it, so that close() means closed.
    try library.check(H5Pset_fclose_degree(list, H5F_CLOSE_STRONG), operation)
    return list
  }
}
