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
  /// By SIGHUP: the terminal went away.
  case hungUp = 129
  /// By SIGINT: Control-C.
  case interrupted = 130
  /// By SIGTERM.
  case terminated = 143

  /// Of a program that a signal ends.
  static func ended(by signal: Int32) -> ExitStatus { ExitStatus(rawValue: 128 + signal) ?? .interrupted }

  fileprivate var isInterruption: Bool { [.hungUp, .interrupted, .terminated].contains(self) }
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
  StandardOutput.occupyClosedDescriptors()
  Interruption.shared.watch()
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
    fail(known ?? explain(error) ?? printed(error, by: program))
  }
}

private func fail(_ failure: Failure) -> Never {
  var sentence = failure.sentence
  if failure.status.isInterruption { sentence = ([sentence] + FileUnderWay.keptSentences).joined(separator: " ") }
  if !sentence.isEmpty { writeToStandardError("error: \(onOneLine(sentence))\n") }
  exit(failure.status.rawValue)
}

/// Prints what the argument parser says: help and the version on standard output, errors of usage on standard error.
private func printed<Program: ParsableCommand>(_ error: any Error, by program: Program.Type) -> Failure {
  let code = program.exitCode(for: error)
  let text = program.fullMessage(for: error, columns: nil)
  guard code.isSuccess else {
    writeToStandardError(text + "\n")
    exit(code.rawValue)
  }
  do {
    try StandardOutput.write(text.isEmpty ? "" : text + "\n")
    return Failure(.success, "")
  } catch {
    return error
  }
}

/// Text in which control characters, which names and values of a file may hold, are spelled out: a message stays one line and moves no cursor.
func onOneLine(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
  return text.unicodeScalars.map { scalar in
    scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
  }.joined()
}

/// Writes text to standard error, unbuffered; a closed standard error is no reason to fail.
public func writeToStandardError(_ text: String) { StatusLine.shared.write(text) }
