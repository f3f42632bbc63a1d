import ArgumentParser
import Files
import Foundation

/// The exit codes of both programs.
public enum ExitStatus: Int32, Sendable {
  case success = 0
  case failed = 1
  case badFile = 2
  case notEnoughData = 3
  case usage = 64
  case interrupted = 130
}

/// Why a command ends early: the sentence for standard error and the exit code.
public struct Failure: Error, Sendable, Equatable {
  public let status: ExitStatus
  public let sentence: String

  public init(_ status: ExitStatus, _ sentence: String) {
    self.status = status
    self.sentence = sentence
  }
}

/// The one exit point of a program: parses, runs, and turns whatever was thrown into a sentence and an exit code.
///
/// - Parameter explain: the failure that an error of the program's own libraries stands for; nil leaves it to the argument parser,
///   which knows its own errors and prints help.
public func runProgram<Program: ParsableCommand>(_ program: Program.Type, explain: (any Error) -> Failure?) -> Never {
  // A reader that goes away, such as `head`, ends the program through a failed write instead of a signal without a word.
  signal(SIGPIPE, SIG_IGN)
  // Likewise a file past the size limit of the user or the file system: the write fails and says why.
  signal(SIGXFSZ, SIG_IGN)
  do {
    var command = try program.parseAsRoot()
    try command.run()
    exit(ExitStatus.success.rawValue)
  } catch {
    let known = error as? Failure ?? (error as? FileError).map { Failure($0) }
    guard let failure = known ?? explain(error) else { program.exit(withError: error) }
    if !failure.sentence.isEmpty { writeToStandardError("error: \(failure.sentence)\n") }
    exit(failure.status.rawValue)
  }
}

/// Writes text to standard error, unbuffered; a closed standard error is no reason to fail.
public func writeToStandardError(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
}
