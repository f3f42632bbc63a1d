import Files
import Foundation

/// Where a result goes: standard output (`-`), or a file that appears under its name only when it is complete.
public final class OutputFile {
  private let path: String
  /// Nil for standard output.
  private let file: FileUnderWay?
  private var buffer = Data()

  /// - Parameters:
  ///   - path: `-` for standard output.
  ///   - overwrite: whether a file of that name may be replaced.
  ///   - beginning: what the output always begins with: a partial file that does is one that was left here, and gives way.
  /// - Throws: `Failure` when the file exists and may not be replaced, or cannot be created.
  public init(path: String, overwrite: Bool, beginning: String = "") throws {
    self.path = path
    do {
      file = path == "-" ? nil : try FileUnderWay(path, overwrite: overwrite, beginning: Array(beginning.utf8))
      if file == nil { Interruption.shared.watchOutput() }
    } catch let error as FileError {
      throw Failure(error)
    }
  }

  public func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Gives the file its name. Without this call the partial file is removed when the value goes away.
  public func finish() throws {
    try flush()
    do {
      try file?.finish()
    } catch let error as FileError {
      throw Failure(error)
    }
  }

  private func flush() throws {
    if let file {
      do {
        try buffer.withUnsafeBytes { try file.write($0) }
      } catch let error as FileError {
        throw Failure(.failed, "\(path): \(error.reason). What was written so far is removed.")
      }
    } else {
      try StandardOutput.write(buffer)
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

extension Failure {
  /// The sentence of an error about a file to be written, with the options that help.
  public init(_ error: FileError) {
    switch error.fault {
    case .exists: self.init(.failed, "\(error.file): exists already. Give --force to replace it, or another --output.")
    case .leftover(let partial):
      self.init(
        .failed,
        "\(error.file): \(partial) holds rows of a recorder that was interrupted. Keep them with 'mirrorscope recover \(partial)', or give "
          + "--force to replace it.")
    case .stranger(let partial):
      self.init(
        .failed,
        "\(error.file): \(partial), under which it is to be written, is another file. Remove it, give --force to replace it, or choose another "
          + "name.")
    case .system(doing: "created", _):
      self.init(.failed, "\(error.file): cannot be created. Check that the folder exists and may be written to.")
    default: self.init(.failed, error.description)
    }
  }
}

/// Throws when a file or folder of that name exists and may not be replaced, or is read here. Devices and pipes are only written to.
public func requireAbsent(_ path: String, overwrite: Bool) throws {
  if FileUnderWay.replacesFile(at: path) { try InputFiles.refuse(path) }
  if !overwrite && FileUnderWay.replacesFile(at: path) { throw Failure(FileError(file: path, fault: .exists)) }
}
