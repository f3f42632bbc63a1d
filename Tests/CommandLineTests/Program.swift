import Foundation
import Testing

/// What a program did.
struct ProgramRun {
  let command: String
  let status: Int32
  let output: String
  let errors: String

  /// Everything there is to know, for a failed expectation.
  var transcript: Comment { "\(command)\nstatus \(status)\n--- standard output\n\(output)\n--- standard error\n\(errors)" }
}

/// A folder of its own in which the real programs are run; it goes away with the value.
final class Workplace {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "mirrorscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  func write(_ name: String, _ text: String) throws { try text.write(toFile: path(name), atomically: true, encoding: .utf8) }

  /// The names in the folder, sorted, those in folders below it included.
  func names() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() }

  /// Copies a file from `Tests/Fixtures` into the folder.
  func copyFixture(_ fixture: String, as name: String) throws {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/\(fixture)")
    try FileManager.default.copyItem(at: source, to: folder.appending(path: name))
  }

  /// Runs one of our programs in the folder and waits for it.
  func run(_ program: String, _ arguments: String...) throws -> ProgramRun { try run(program, arguments) }

  func run(_ program: String, _ arguments: [String]) throws -> ProgramRun {
    try run(executable: Self.buildFolder.appending(path: program), arguments)
  }

  /// Starts one of our programs in the folder, to be ended while it runs.
  func start(_ program: String, _ arguments: String...) throws -> RunningProgram { try start(program, arguments) }

  func start(_ program: String, _ arguments: [String]) throws -> RunningProgram {
    try RunningProgram(Self.buildFolder.appending(path: program), arguments, in: folder)
  }

  /// Where one of our programs is; nil when it was not built.
  func program(_ name: String) -> String? {
    let path = Self.buildFolder.appending(path: name).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  /// Runs a line as a shell does that finds our programs.
  func shell(_ line: String) throws -> ProgramRun {
    try run(executable: URL(filePath: "/bin/sh"), ["-c", "PATH='\(Self.buildFolder.path)':\"$PATH\"; \(line)"])
  }

  func run(executable: URL, _ arguments: [String]) throws -> ProgramRun {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    // Files instead of pipes: a pipe that nobody empties stops the program.
    let output = folder.appending(path: ".output-\(UUID().uuidString)")
    let errors = folder.appending(path: ".errors-\(UUID().uuidString)")
    for url in [output, errors] { _ = FileManager.default.createFile(atPath: url.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    defer { for url in [output, errors] { try? FileManager.default.removeItem(at: url) } }
    return ProgramRun(
      command: ([executable.lastPathComponent] + arguments).joined(separator: " "), status: process.terminationStatus,
      output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8))
  }

  /// Where the build put the programs: beside the test bundle, or where `swift build` puts debug builds.
  private static let buildFolder: URL = {
    let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    if FileManager.default.isExecutableFile(atPath: beside.appending(path: "mirrorscope").path) { return beside }
    return URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.build/debug").standardizedFileURL
  }()
}

/// A program at work.
final class RunningProgram {
  private let process = Process()
  private let folder: URL
  private let errors: URL
  /// Between the signal and its end.
  private(set) var seconds = 0.0

  fileprivate init(_ executable: URL, _ arguments: [String], in folder: URL) throws {
    self.folder = folder
    errors = folder.appending(path: ".errors-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  /// Waits until a file of the folder is there and has so many bytes.
  func wait(for name: String, bytes: Int = 0) throws {
    let path = folder.appending(path: name).path
    while process.isRunning {
      if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size >= bytes { return }
      usleep(500)
    }
    Issue.record("it ended before \(name) was there: \(try String(contentsOf: errors, encoding: .utf8))")
  }

  /// Sends a signal and waits for the end.
  func end(by signal: Int32) throws -> ProgramRun {
    let start = Date()
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    seconds = Date().timeIntervalSince(start)
    defer { try? FileManager.default.removeItem(at: errors) }
    return ProgramRun(
      command: ([process.executableURL?.lastPathComponent ?? ""] + (process.arguments ?? [])).joined(separator: " "),
      status: process.terminationStatus, output: "", errors: try String(contentsOf: errors, encoding: .utf8))
  }
}

/// The Python that `scripts/test` prepares; nil leaves out comparisons with it.
let python = ProcessInfo.processInfo.environment["MIRRORSCOPE_PYTHON"].map { URL(filePath: $0) }
