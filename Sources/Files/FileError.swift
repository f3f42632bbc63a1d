#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a file cannot be begun, written or given its name.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Fault: Sendable, Equatable {
    /// There is a file of that name, and it was not to be replaced.
    case exists
    /// Its partial file belongs to a writer at work.
    case beingWritten(partial: String)
    /// Its partial file is left from a writer that was stopped, and what is in it can be of use.
    case leftover(partial: String)
    /// Its partial file does not begin as one that was left here does, and was not to be replaced.
    case stranger(partial: String)
    /// Something that is no ordinary file has the name of its partial file.
    case nameTaken(partial: String)
    /// It is a file that this program reads, as `InputFiles` knows it.
    case isInput(String)
    /// A folder has its name.
    case isFolder
    /// What takes bytes one after another, such as a pipe, cannot hold it.
    case needsOrdinaryFile
    /// The name is not in UTF-8, or holds a zero byte.
    case unusableName
    /// Its partial file was replaced or removed while it was being written.
    case lost(partial: String)
    /// It was finished, kept or given up before.
    case isOver
    /// The operating system refused.
    case system(doing: String, code: Int32)
  }

  /// The file that was to be, as the caller gave its name.
  public let file: String
  public let fault: Fault

  public init(file: String, fault: Fault) {
    self.file = file
    self.fault = fault
  }

  public var description: String {
    switch fault {
    case .exists: "\(file): exists already. Have it replaced, or choose another name."
    default: "\(file): \(reason)."
    }
  }

  /// The cause and what to do, as a clause.
  public var reason: String {
    switch fault {
    case .exists: "it exists already"
    case .beingWritten(let partial): "another program is writing it (\(partial)); wait for it, or choose another name"
    case .leftover(let partial):
      "\(partial) holds what an interrupted writer left; recover or remove it first, have it replaced, or choose another name"
    case .stranger(let partial):
      "\(partial), under which it is to be written, is another file; remove it, have it replaced, or choose another name"
    case .nameTaken(let partial): "\(partial), under which it is to be written, is no ordinary file; remove it, or choose another name"
    case .isInput(let input): "it is \(input == file ? "read" : "\(input), which is read") here, and would be lost; choose another name"
    case .isFolder: "it is a folder; choose another name"
    case .needsOrdinaryFile: "it is no ordinary file, and this has to go back and forth in it; choose another name"
    case .unusableName: "its name is empty, not in UTF-8 or holds a zero byte; choose another name"
    case .lost(let partial): "\(partial) was replaced or removed by another program before it was complete; write it again"
    case .isOver: "nothing can be added to it any more: it was finished or given up before"
    case .system("created", ENOENT): "its folder does not exist"
    case .system(let doing, let code): "it cannot be \(doing) (\(Self.text(of: code)))"
    }
  }

  /// The operating system's words for one of its error numbers, with a small first letter.
  static func text(of code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
