internal import CHDF5
import Files
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
  let isWritable: Bool
  private var isOpen = true
  /// Whether it is left as it is on the disk, with nothing of it closed; read within the library's lock only.
  private(set) var isAbandoned = false

  private init(path: String, raw: hid_t, isWritable: Bool) {
    self.path = path
    self.raw = raw
    self.isWritable = isWritable
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
    try create(path, overwrite: overwrite, isLocked: false)
  }

  /// Makes the file that is under way, at its partial name, and opens it for writing. Close it before the other is finished.
  public static func create(_ underWay: FileUnderWay) throws -> File {
    do {
      return try create(underWay.writingPath, overwrite: true, isLocked: true)
    } catch let error as HDF5Error where error.kind == .fileInUse {
      // HDF5 insists on a lock of its own, as an environment variable can make it: then that one has to do.
      underWay.unlock()
      return try create(underWay.writingPath, overwrite: true, isLocked: false)
    }
  }

  /// - Parameter isLocked: whether this program holds a lock on it already.
  private static func create(_ path: String, overwrite: Bool, isLocked: Bool) throws -> File {
    let operation = Operation("create", file: path)
    try checkName(operation)
    guard !isRepairedName(path) else { throw operation.error(.fileMissing, repairedNameReason) }
    return try withLibrary { library in
      let access = try accessList(library, operation)
      defer { H5Pclose(access) }
      if isLocked { _ = chdf5_turn_off_locking(access) }
      let creation = try library.check(H5Pcreate(chdf5_file_create()), operation)
      defer { H5Pclose(creation) }
      // A time stamp would make two runs with the same seed differ.
      try library.check(H5Pset_obj_track_times(creation, false), operation)
      // The beginning of the file as HDF5 1.8 has it: that of 1.10 says while it is being written that it is, and what a kill leaves could not
      // be opened.
      try library.check(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V110), operation)
      let flags = overwrite ? chdf5_truncate() : chdf5_exclusive()
      // A file that this program has open exists too, whatever HDF5 says of it.
      guard overwrite || !isOpenHere(path, library) else { throw operation.error(.fileExists, "it exists already") }
      let raw = try library.check(H5Fcreate(path, flags, creation, access), operation)
      let file = File(path: path, raw: raw, isWritable: true)
      // Everything in it as HDF5 1.10 has it: headers, attributes, types and the indices of chunks carry checksums.
      try library.check(H5Fset_libver_bounds(raw, H5F_LIBVER_V110, H5F_LIBVER_V110), operation)
      return file
    }
  }

  /// Opens what a writer left when it was stopped, or failed: its end may be missing. What is missing reads as damage, not as zeros, where
  /// chunks carry checksums.
  ///
  /// - Parameter asOthersSeeIt: for a file that this program has open for writing and has given up: what another program would find in it.
  public static func openPartial(_ path: String, asOthersSeeIt: Bool = false) throws -> File {
    let operation = Operation("open", file: path)
    try checkName(operation)
    try checkRegular(operation)
    return try withLibrary { library in
      if !asOthersSeeIt, !isOpenHere(path, library) { try checkHeaders(isPartial: true, library, operation) }
      let access = try accessList(library, operation)
      defer { H5Pclose(access) }
      // Of files that are opened through different drivers HDF5 does not know that they are one: this one is what is on the disk, and not what a
      // writer that failed in this program still holds in memory.
      try library.check(H5Pset_fapl_stdio(access), operation)
      if asOthersSeeIt { _ = chdf5_turn_off_locking(access) }
      // A file that is shorter than it says is refused otherwise.
      var skips = true
      if H5Pexist(access, "skip_eof_check") > 0 { try library.check(H5Pset(access, "skip_eof_check", &skips), operation) }
      let raw = try library.check(H5Fopen(path, chdf5_read_only(), access), operation)
      return File(path: path, raw: raw, isWritable: false)
    }
  }

  /// Opens an existing file.
  ///
  /// HDF5 takes a lock on the file: one for reading alone fails only where another program is writing to it. A file system that has no
  /// locks does not keep a file from being read.
  public static func open(_ path: String, writable: Bool = false) throws -> File {
    let operation = Operation("open", file: path)
    try checkName(operation)
    try checkRegular(operation)
    return try withLibrary { library in
      // What this program has open it has read, or written itself; a second opening shares it.
      if !isOpenHere(path, library) { try checkHeaders(library, operation) }
      let access = try accessList(library, operation)
      defer { H5Pclose(access) }
      let flags = writable ? chdf5_read_write() : chdf5_read_only()
      var raw = H5Fopen(path, flags, access)
      if raw < 0 {
        let stack = ErrorStack.current(library)
        let error = HDF5Error(operation, stack: stack)
        if error.kind == .fileInUse, isOpenHere(path, library) {
          throw operation.error(.fileInUse, "this program has it open for \(writable ? "reading" : "writing")")
        }
        let lockFailed = stack.contains(CHDF5_FAULT_CANNOT_LOCK)
        guard !writable, lockFailed, error.kind != .fileInUse, chdf5_turn_off_locking(access) >= 0 else { throw error }
        raw = try library.check(H5Fopen(path, flags, access), operation)
      }
      return File(path: path, raw: raw, isWritable: writable)
    }
  }

  /// The group `/`.
  public var root: Group {
    get throws { try Group.open(in: self, at: "/") }
  }

  /// Hands everything written so far to the operating system.
  public func flush() throws {
    let operation = Operation("flush", file: path)
    try withLibrary { library in
      try WriteFault.check(.sync, operation)
      _ = try library.check(H5Fflush(id(library), H5F_SCOPE_LOCAL), operation)
    }
  }

  /// Writes what is still in memory and closes the file with everything in it. A second call does nothing.
  public func close() throws {
    try withLibrary { library in
      guard isOpen else { return }
      isOpen = false
      // After a flush that failed, H5Fclose of 1.10.8 crashes on what it cannot write: the file is then left open to the program's end.
      isAbandoned = true
      try WriteFault.check(.sync, Operation("close", file: path))
      isAbandoned = H5Fflush(raw, H5F_SCOPE_LOCAL) < 0
      guard !isAbandoned else { throw HDF5Error(Operation("close", file: path), stack: ErrorStack.current(library)) }
      try library.check(H5Fclose(raw), Operation("close", file: path))
    }
  }

  /// Leaves the file as it is on the disk: nothing more is written, and every later use throws. For a file whose writing failed: what HDF5
  /// still holds in memory would make it worse.
  public func abandon() {
    withLibrary { _ in
      guard isOpen else { return }
      isOpen = false
      isAbandoned = true
    }
  }

  /// Whether what the file says of itself (headers, attributes, types, indices) carries checksums, as what HDF5 writes in its newer format does.
  public var hasHeaderChecksums: Bool {
    get throws {
      try withLibrary { library in
        var info = H5F_info2_t()
        try library.check(H5Fget_info2(id(library), &info), Operation("inspect", file: path))
        return info.super.version >= 2
      }
    }
  }

  func id(_ library: borrowing Library) throws -> hid_t {
    guard isOpen else { throw Operation("use", file: path).error(.closed, "it was closed before") }
    return raw
  }

  /// The identifier for what changes the file.
  func writableID(_ library: borrowing Library, _ operation: Operation) throws -> hid_t {
    let id = try id(library)
    guard isWritable else { throw operation.error(.notPermitted, "the file was opened for reading only") }
    return id
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
    // Counted as in the file; decoded, headers take several times as much. By default it is 32 MB, which thousands of layers fill.
    var cache = H5AC_cache_config_t()
    cache.version = H5AC__CURR_CACHE_CONFIG_VERSION
    if H5Pget_mdc_config(list, &cache) >= 0 {
      cache.max_size = 1 << 22
      try library.check(H5Pset_mdc_config(list, &cache), operation)
    }
    return list
  }
}

extension File {
  /// Arguments that are not UTF-8 reach a Swift program with U+FFFD in the place of the bytes, and so name no file.
  static func isRepairedName(_ path: String) -> Bool { path.unicodeScalars.contains("\u{FFFD}") }

  static let repairedNameReason = "its name is not in UTF-8, so it cannot be found; rename it"

  private static func checkName(_ operation: Operation) throws {
    guard !operation.file.utf8.contains(0) else { throw operation.error(.fileMissing, "its name holds a zero byte") }
  }

  /// Opening a pipe would wait for a writer, perhaps for ever.
  private static func checkRegular(_ operation: Operation) throws {
    var status = stat()
    guard stat(operation.file, &status) == 0 else { return }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw operation.error(.notHDF5, "it is a folder")
    default: throw operation.error(.notHDF5, "it is no ordinary file, and HDF5 has to go back and forth in it")
    }
  }

  /// Whether this program has the file open, under whatever name.
  private static func isOpenHere(_ path: String, _ library: borrowing Library) -> Bool {
    guard let wanted = FileIdentity(path: path) else { return false }
    let count = H5Fget_obj_count(chdf5_all_files(), UInt32(H5F_OBJ_FILE))
    guard count > 0 else { return false }
    var files = [hid_t](repeating: 0, count: count)
    let found = H5Fget_obj_ids(chdf5_all_files(), UInt32(H5F_OBJ_FILE), count, &files)
    return files.prefix(max(found, 0)).contains { file in
      let length = H5Fget_name(file, nil, 0)
      guard length > 0 else { return false }
      var name = [CChar](repeating: 0, count: length + 1)
      guard H5Fget_name(file, &name, name.count) > 0 else { return false }
      return FileIdentity(path: String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)) == wanted
    }
  }
}
