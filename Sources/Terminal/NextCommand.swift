import Foundation
import Logging

/// The command that is sensible after one that has finished, as a line for a shell.
public struct NextCommand: Sendable, Equatable {
  /// A word of the line.
  public enum Word: Sendable, Equatable, ExpressibleByStringInterpolation {
    case text(String)
    /// Every file of a folder with that ending: left for the shell to expand.
    case files(folder: String, ending: String)

    public init(stringLiteral text: String) { self = .text(text) }
  }

  private let program: String
  private let words: [Word]

  /// - Parameters:
  ///   - program: its name.
  ///   - words: its arguments, not quoted.
  public init(_ program: String, _ words: [Word]) {
    (self.program, self.words) = (program, words)
  }

  /// As it can be pasted into a shell. A program is called the way that this one was: one called by its path is not on PATH.
  ///
  /// - Parameter own: how this program was called.
  public func line(calledAs own: String = CommandLine.arguments[0]) -> String {
    ([quoted(folder(of: own) + program)] + words.map(\.quoted)).joined(separator: " ")
  }

  /// Says it on standard error, but not where standard output is a pipe: there the next command is known, and may have gone away.
  public func suggest(to logger: Logger) {
    var status = stat()
    guard fstat(STDOUT_FILENO, &status) != 0 || status.st_mode & S_IFMT != S_IFIFO else { return }
    logger.info("Next: \(line())")
  }

  /// A table to write that is not there yet, beside another output or in the current folder; nil where there is one, which is not for us to replace.
  ///
  /// - Parameter output: a path, or `-`.
  public static func table(_ name: String, beside output: String = "-") -> [Word] {
    // Beside /dev/null there is no place for a table.
    let path = (output.hasPrefix("/dev/") ? "" : folder(of: output)) + name
    return FileManager.default.fileExists(atPath: path) ? [] : ["--output", .text(path)]
  }
}

extension NextCommand.Word {
  fileprivate var quoted: String {
    switch self {
    case .text(let text): Terminal.quoted(text)
    case .files(let folder, let ending): Terminal.quoted(folder) + "/*" + ending
    }
  }
}

/// What stands before a file's name, with its slash; nothing for a name alone. (Foundation's `deletingLastPathComponent` traps on "-".)
private func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

/// A word as a shell takes it for one.
public func quoted(_ word: String) -> String {
  let isPlain =
    !word.isEmpty
    && word.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_./:,=+@%".utf8.contains(byte) || byte >= 0x80
    }
  return isPlain ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
