import ActivationRecording
import ArgumentParser
import Files
import HDF5
import MirrorAnalysis
import Terminal

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check recordings against the schema: one line per fault, exit code 2 if there is any.",
    discussion: """
      EXAMPLE
        mirrorscope validate demo/recordings/2x17/*.h5

      Everything is read: structure, codes, checksums, every input and activation for NaN and infinity. What a recording says is held \
      against what it holds: predictions against outputs, activations and weights_sha256 against kernels, layers against the model's \
      architecture. Notes on what is no fault go to standard error.
      """)

  @Argument(help: "Recordings to check.", completion: .file(extensions: ["h5", "hdf5"]))
  var recordings: [String]

  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    InputFiles.declare(recordings)
    let file = try destination.open()
    var hasFaults = false
    for path in recordings {
      let lines = try faults(of: path)
      hasFaults = hasFaults || !lines.isEmpty
      for line in lines.isEmpty ? ["\(path): valid"] : lines { try file.write(line + "\n") }
    }
    try file.finish()
    if hasFaults { throw Failure(.badFile, "") }
    if let last = recordings.last { common.suggest("mirrorscope", ["inspect", .text(last)]) }
  }

  /// One line for each fault.
  ///
  /// - Throws: what ends the command: a recording that takes more memory than is allowed, which says nothing of whether it is valid.
  private func faults(of path: String) throws -> [String] {
    do {
      let bar = RecordingsBar("validate", paths: [path], common)
      defer { bar.finish() }
      let findings = try validateRecording(
        path: path, threads: common.threads, maxMemory: common.maxMemory?.bytes, progress: bar.update)
      for note in findings.notes { common.logger.info("\(path): note: \(note)") }
      return findings.faults.map { $0.sentence { $0.option } }
    } catch let error as RecordingError {
      if case .tooLarge = error { throw error }
      return [error.sentence { $0.option }]
    } catch {
      return [Mirrorscope.explain(error)?.sentence ?? "\(error)"]
    }
  }
}
