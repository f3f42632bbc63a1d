#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is being written: `NAME.partial` until `finish()`, which gives it its name. So a file under its name is always whole.
///
/// The partial file is new, locked against other writers before anything is written, and only what was written here gets the name: another
/// program's file in its place is an error. An older one that no writer holds is replaced, unless the caller says that it can be of use, or that
/// this file begins otherwise: then it is somebody else's. What is no ordinary file (a device, a pipe, standard output by a name in `/dev`) is
/// written to as it is, and a link's target is replaced, not the link. What could not be written in whole does not get the name either. Not for
/// use from several threads at once.
public final class FileUnderWay {
  /// The name as given.
  public let path: String
  /// Where the bytes go until it is complete: the name with `.partial`, or `path` itself for what is no ordinary file.
  public let writingPath: String
  /// Whether the bytes go straight to `path`, which is a device or a pipe and keeps what it gets.
  var isWrittenThrough: Bool { target == nil }

  /// The file to be, at the end of all links; nil for a device or pipe.
  private let target: String?
  private let overwrite: Bool
  /// -1 once it is over: the number may be another file's then.
  private var descriptor: Int32
  private var identity: FileIdentity?
  private var isOver: Bool { descriptor < 0 }
  /// Why some of the bytes are missing.
  private var failure: FileError?
  /// Of the partial file among those of the program.
  private var token: FilesUnderWay.Token?

  public static func partialName(of path: String, suffix: String = ".partial") -> String { path + suffix }

  /// Whether a file, folder or link of that name would give way to a new file; a device or pipe would not.
  public static func replacesFile(at path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return lstat(path, &status) == 0 }
    let kind = status.st_mode & S_IFMT
    return kind == S_IFREG || kind == S_IFDIR
  }

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - overwrite: whether an existing file may be replaced, once this one is complete.
  ///   - suffix: what is added to the name meanwhile.
  ///   - beginning: the bytes with which this file will begin. Without leave to overwrite, an older partial file is replaced only where it is
  ///     empty or begins with them; nil takes any for one of ours.
  ///   - ordinary: whether it has to be an ordinary file: one that is not only written from first to last.
  ///   - mayReplace: asked about an older partial file that nobody is writing; false keeps it, with the error `leftover`. It can be opened for
  ///     reading meanwhile.
  /// - Throws: `FileError`; nothing has been changed then. A file that the program reads, as `InputFiles` knows it, is refused.
  public init(
    _ path: String, overwrite: Bool, suffix: String = ".partial", beginning: [UInt8]? = nil, ordinary: Bool = false,
    mayReplace leftover: (_ partial: String) -> Bool = { _ in true }
  ) throws {
    self.path = path
    self.overwrite = overwrite
    let target = try Self.target(of: path, ordinary: ordinary)
    self.target = target
    if let target {
      try InputFiles.refuse(path)
      if !overwrite, Self.replacesFile(at: path) { throw FileError(file: path, fault: .exists) }
      writingPath = Self.partialName(of: target, suffix: suffix)
      (descriptor, token) = try Self.makePartial(
        writingPath, for: path, beginning: overwrite ? nil : beginning, mayReplace: leftover)
      identity = FileIdentity(descriptor: descriptor)
    } else {
      writingPath = path
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(file: path, fault: .system(doing: "written", code: errno)) }
    }
  }

  deinit { abandon() }

  /// Appends bytes.
  ///
  /// - Throws: `FileError` with the system's reason. After an error every call throws it again, `finish()` too.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    if let failure { throw failure }
    guard !isOver else { throw FileError(file: path, fault: .isOver) }
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = systemWrite(descriptor, start, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        let error = FileError(file: path, fault: .system(doing: "written", code: errno))
        failure = error
        throw error
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Gives up the lock and keeps watch over the file: for a library that opens `writingPath` itself and cannot lock a file that is locked.
  public func unlock() {
    guard !isOver else { return }
    _ = flock(descriptor, LOCK_UN)
  }

  /// Puts what was written until now on the disk, so that it survives a loss of power too.
  ///
  /// - Throws: `FileError` where the disk refuses it.
  public func synchronise() throws {
    if !isOver, target != nil { try synchronise(descriptor) }
  }

  /// Puts what was written on the disk and gives the file its name.
  ///
  /// A library that wrote to `writingPath` must have closed it.
  ///
  /// - Throws: `FileError`. The partial file stays then, until `abandon()`.
  public func finish() throws {
    guard !isOver else { return }
    if let failure { throw failure }
    if let target {
      try synchronise(descriptor)
      try FilesUnderWay.shared.release(token) {
        try checkOwnership()
        if !overwrite, Self.replacesFile(at: path) { throw FileError(file: path, fault: .exists) }
        guard rename(writingPath, target) == 0 else { throw FileError(file: path, fault: .system(doing: "given its name", code: errno)) }
      }
      synchroniseFolder(of: target)
    }
    guard close() == 0 else { throw FileError(file: path, fault: .system(doing: "written", code: errno)) }
  }

  /// Says that the partial file is of use even where a signal ends the program, and what to say of it then; nil that it is not. It is not
  /// from the beginning. From any thread.
  public func keepIfEnded(_ sentence: String?) {
    if let token { FilesUnderWay.shared.setWorth(sentence, of: token) }
  }

  /// Leaves the partial file where it is: what is in it can be of use. Nothing more can be written through this.
  public func keepPartial() {
    guard !isOver else { return }
    FilesUnderWay.shared.keep(token)
    _ = close()
  }

  /// Removes the partial file, if it is still the one that was made here. A file that was finished stays.
  public func abandon() {
    guard !isOver else { return }
    FilesUnderWay.shared.release(token) {
      if target != nil, FileIdentity(nameAt: writingPath) == identity { unlink(writingPath) }
    }
    _ = close()
  }

  private func close() -> Int32 {
    defer { descriptor = -1 }
    return systemClose(descriptor)
  }

  private func checkOwnership() throws {
    guard let identity, FileIdentity(nameAt: writingPath) == identity else {
      throw FileError(file: path, fault: .lost(partial: writingPath))
    }
  }

  private func synchronise(_ descriptor: Int32) throws {
    guard fsync(descriptor) != 0 else { return }
    // Some file systems have no such thing; that is no reason to lose the file.
    guard errno == EIO || errno == ENOSPC || errno == EDQUOT else { return }
    throw FileError(file: path, fault: .system(doing: "written", code: errno))
  }

  /// So that the new name survives a loss of power too; without it the file has one name or the other.
  private func synchroniseFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    _ = systemClose(descriptor)
  }
}

// MARK: - Beginning

extension FileUnderWay {
  /// The file that the name stands for, or will stand for; nil for what can only be written to.
  private static func target(of path: String, ordinary: Bool) throws -> String? {
    guard !path.isEmpty, !path.utf8.contains(0), !path.unicodeScalars.contains("\u{FFFD}") else {
      throw FileError(file: path, fault: .unusableName)
    }
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw FileError(file: path, fault: .isFolder)
      case S_IFREG: break
      default:
        guard !ordinary else { throw FileError(file: path, fault: .needsOrdinaryFile) }
        return nil
      }
    }
    return try followed(path)
  }

  /// Follows links by name, so that a dangling one gets the file that it names.
  private static func followed(_ path: String) throws -> String {
    var current = path
    for _ in 0..<40 {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink(current, &buffer, buffer.count)
      guard count >= 0 else { return current }
      let link = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if link.hasPrefix("/") {
        current = link
      } else {
        let folder = current.lastIndex(of: "/").map { String(current[...$0]) } ?? ""
        current = folder + link
      }
    }
    throw FileError(file: path, fault: .system(doing: "written", code: ELOOP))
  }

  /// Makes the partial file, which no other writer has then: its descriptor, locked.
  private static func makePartial(
    _ partial: String, for path: String, beginning: [UInt8]?, mayReplace: (String) -> Bool
  ) throws -> (descriptor: Int32, token: FilesUnderWay.Token?) {
    // Twice at most in practice: another program may make or remove one at the same moment.
    for _ in 0..<16 {
      let made = FilesUnderWay.shared.make(partial) { open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      if let (descriptor, token) = made {
        if lock(descriptor, LOCK_EX), FileIdentity(nameAt: partial) == FileIdentity(descriptor: descriptor) { return (descriptor, token) }
        FilesUnderWay.shared.release(token) {}
        _ = systemClose(descriptor)
        throw FileError(file: path, fault: .beingWritten(partial: partial))
      }
      guard errno == EEXIST else { throw FileError(file: path, fault: .system(doing: "created", code: errno)) }
      try removeLeftover(partial, for: path, beginning: beginning, mayReplace: mayReplace)
    }
    throw FileError(file: path, fault: .beingWritten(partial: partial))
  }

  private static func removeLeftover(
    _ partial: String, for path: String, beginning: [UInt8]?, mayReplace: (String) -> Bool
  ) throws {
    var status = stat()
    guard lstat(partial, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(file: path, fault: .nameTaken(partial: partial)) }
    let descriptor = open(partial, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw FileError(file: path, fault: .system(doing: "created", code: errno))
    }
    defer { _ = systemClose(descriptor) }
    if let identity = FileIdentity(descriptor: descriptor) { try InputFiles.refuse(identity, for: path) }
    // Shared first, so that the caller may look into it with a lock of its own.
    guard lock(descriptor, LOCK_SH) else { throw FileError(file: path, fault: .beingWritten(partial: partial)) }
    if let beginning, !begins(descriptor, with: beginning) { throw FileError(file: path, fault: .stranger(partial: partial)) }
    guard mayReplace(partial) else { throw FileError(file: path, fault: .leftover(partial: partial)) }
    guard lock(descriptor, LOCK_EX) else { throw FileError(file: path, fault: .beingWritten(partial: partial)) }
    // Only the file that was looked at is removed.
    guard FileIdentity(nameAt: partial) == FileIdentity(descriptor: descriptor) else { return }
    guard unlink(partial) == 0 || errno == ENOENT else { throw FileError(file: path, fault: .system(doing: "created", code: errno)) }
  }

  /// Whether a file is empty or begins with these bytes.
  private static func begins(_ descriptor: Int32, with beginning: [UInt8]) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: beginning.count)
    return status.st_size == 0 || pread(descriptor, &bytes, bytes.count, 0) == beginning.count && beginning.count > 0 && bytes == beginning
  }

  /// Whether this program may write: true where the file system knows no locks.
  private static func lock(_ descriptor: Int32, _ kind: Int32) -> Bool {
    flock(descriptor, kind | LOCK_NB) == 0 || errno != EWOULDBLOCK
  }
}

// Methods of the class have these names too.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(descriptor, bytes, count) }
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
