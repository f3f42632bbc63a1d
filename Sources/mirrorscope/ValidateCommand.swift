import ActivationRecording
import ArgumentParser
import HDF5
import Terminal

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check recordings against the schema: one line per fault, exit code 2 if there is any.",
    discussion: """
      EXAMPLE
        mirrorscope validate demo/recordings/2x17/*.h5

      Everything is read: structure, codes, checksums of all chunks, and every activation for NaN and infinity.
      """)

  @Argument(help: "Recordings to check.", completion: .file(extensions: ["h5", "hdf5"]))
  var recordings: [String]

  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try destination.open()
    var hasFaults = false
    for path in recordings {
      let lines = faults(of: path)
      hasFaults = hasFaults || !lines.isEmpty
      for line in lines.isEmpty ? ["\(path): valid"] : lines { try file.write(line + "\n") }
    }
    try file.finish()
    if hasFaults { throw Failure(.badFile, "") }
  }

  private func faults(of path: String) -> [String] {
    do {
      return try recordingFaults(path: path, threads: common.threads).map(\.description)
    } catch {
      return ["\(error)"]
    }
  }
}
