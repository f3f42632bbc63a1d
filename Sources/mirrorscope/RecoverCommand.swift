import ActivationRecording
import ArgumentParser
import Files
import Terminal

struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Make a recording of what a killed recorder had flushed.",
    discussion: """
      EXAMPLE
        mirrorscope recover Tests/Fixtures/CommandLine/killed.h5.partial -o kept.h5

      Rows are kept as far as every data set stores them, with their checksums; the partial file stays as it is. Without --output \
      the recording takes the name without .partial.
      """)

  @Argument(help: "A file that a recorder left behind.", completion: .file(extensions: ["partial"]))
  var partial: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Recording to write.", valueName: "path"), completion: .file(extensions: ["h5"]))
  var output: String?

  @Flag(name: .long, help: "Replace the output if it exists.")
  var force = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    let suffix = ".partial"
    guard let target = output ?? (partial.hasSuffix(suffix) ? String(partial.dropLast(suffix.count)) : nil) else {
      throw Failure(.usage, "\(partial): its name does not end in .partial. Say with --output what to write.")
    }
    InputFiles.declare([partial])
    try requireAbsent(target, overwrite: force)
    let bar = ProgressBar("recovering", unit: "rows", quiet: common.quiet)
    let found = try recoverRecording(partial: partial, output: target, overwrite: force, threads: common.threads) {
      bar.update(done: $0, total: $1)
    }
    bar.finish()
    let leftOut = found.longest > found.rows ? "; \(found.longest - found.rows) rows flushed in part or damaged are left out" : ""
    let damage = found.damage.map { "; \($0), so the rows behind are left out" } ?? ""
    common.logger.info("\(target): \(found.rows) rows recovered\(found.damage == nil ? leftOut : damage)")
    common.suggest("mirrorscope", ["validate", .text(target)])
  }
}
