import Foundation

/// Where a result goes: standard output (`-`), or a file that appears under its name only when it is complete.
public final class OutputFile {
  private let path: String
  private let partialPath: String?
  private let handle: FileHandle
  private var isFinished = false
  private var buffer = Data()

  /// - Parameters:
  ///   - path: `-` for standard output.
  ///   - overwrite: whether a file of that name may be replaced.
  /// - Throws: `Failure` when the file exists and may not be replaced, or cannot be created.
  public init(path: String, overwrite: Bool) throws {
    self.path = path
    guard path != "-" else {
      partialPath = nil
      handle = .standardOutput
      return
    }
    try requireAbsent(path, overwrite: overwrite)
    let partial = path + ".partial"
    guard FileManager.default.createFile(atPath: partial, contents: nil), let handle = FileHandle(forWritingAtPath: partial) else {
      throw Failure(.failed, "\(path): cannot be created. Check that the folder exists and may be written to.")
    }
    partialPath = partial
    self.handle = handle
  }

  public func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Gives the file its name. Without this call the partial file is removed when the value goes away.
  public func finish() throws {
    try flush()
    isFinished = true
    guard let partialPath else { return }
    do {
      try handle.close()
    } catch {
      throw Failure(.failed, "\(path): cannot be written (\(reason(error))).")
    }
    guard rename(partialPath, path) == 0 else {
      isFinished = false
      throw Failure(.failed, "\(path): cannot be given its name (\(String(cString: strerror(errno)))).")
    }
  }

  deinit {
    if !isFinished, let partialPath { unlink(partialPath) }
  }

  private func flush() throws {
    do {
      try handle.write(contentsOf: buffer)
    } catch {
      // Nobody reads standard output any more, as after `| head`: there is nothing to say and no one to say it to.
      if partialPath == nil { throw Failure(.failed, "") }
      throw Failure(.failed, "\(path): cannot be written (\(reason(error))). What was written so far is removed.")
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
    return underlying.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(underlying.code))) : "\(error)"
  }
}

/// Throws when a file or folder of that name exists and may not be replaced.
public func requireAbsent(_ path: String, overwrite: Bool) throws {
  if !overwrite && FileManager.default.fileExists(atPath: path) {
    throw Failure(.failed, "\(path): exists already. Give --force to replace it, or another --output.")
  }
}
