import ArgumentParser
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Parallelism
import Terminal

struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Run states through checkpoints and record the activations of every layer, by phase.",
    discussion: """
      EXAMPLE
        frogtoad record demo/networks/2x17 --states demo/states.h5 --output again

      A checkpoint is a file of frogtoad train, a Keras model (.h5, .keras), or weights alone with --architecture (Keras .h5 and .weights.h5, \
      PyTorch .safetensors); docs/networks.md says what is read. Of a folder every checkpoint is recorded. The network sees the veiled state \
      (own symbol, score and own cell are 0).
      """)

  @Argument(help: "A checkpoint, or a folder of checkpoints.", completion: .file(extensions: networkFileEndings))
  var checkpoint: String

  @OptionGroup var architecture: ArchitectureOption

  @Option(name: .long, help: "States to run through it.", completion: .file(extensions: ["h5"]))
  var states: String

  @Option(name: .long, help: "Which of the states.")
  var split = FrogAndToad.Split.test

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Folder for the recordings, or, for one checkpoint, a name that ends in .h5.", valueName: "path"),
    completion: .file(extensions: ["h5"]))
  var output: String

  @Flag(name: .long, help: "Feed the scenario in index 98, as the paper's scripts did: only to compare with published values.")
  var reproduceLeak = false

  @Option(
    name: .long, help: ArgumentHelp("See train --help; without it the veil that the network was trained under.", valueName: "paper|share"),
    completion: .list(["paper"]))
  var veil: VeilOption?

  @Flag(name: .long, help: "Record under --veil though the network was trained under another.")
  var forceVeil = false

  @Flag(name: .customLong("no-inputs"), help: "Leave out what the network was shown.")
  var noInputs = false

  @Flag(name: .long, help: "Replace recordings that exist.")
  var force = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if reproduceLeak, veil != nil { throw ValidationError("--reproduce-leak has a veil of its own: leave --veil out.") }
    if forceVeil, veil == nil { throw ValidationError("--force-veil needs a --veil.") }
  }

  func run() throws {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: checkpoint, isDirectory: &isFolder)
    let paths = exists && isFolder.boolValue ? checkpointPaths(in: checkpoint) : [checkpoint]
    guard !paths.isEmpty else {
      throw Failure(.badFile, "\(checkpoint): the folder has no checkpoint (.h5, .keras, .safetensors). Train one, or name a file.")
    }
    InputFiles.declare(paths + architecture.paths + [states])
    let step = RecordStep(
      split: split, architecture: architecture.architecture, veil: reproduceLeak ? .withScenarioLeak : veil?.veil,
      forcesVeil: forceVeil || reproduceLeak,
      recordsInputs: !noInputs, overwrite: force)
    if reproduceLeak { common.logger.warning("The network is shown the scenario: these recordings are for comparison only.") }
    let toFile = output.hasSuffix(".h5")
    guard !toFile || paths.count == 1 else {
      throw Failure(.failed, "\(output): \(paths.count) recordings need a folder, not a file name.")
    }
    if !toFile { try makeFolder(output) }
    let plan = paths.map { path in
      RecordStep.Pair(checkpoint: path, recording: toFile ? output : output + "/" + recordingName(ofCheckpoint: path))
    }
    let bar = ProgressBar("recording", unit: "rows", quiet: common.quiet)
    try step.run(plan, states: states, common: common) { bar.update(done: $0, total: $1) }
    bar.finish()
    common.logger.info(
      "\(output): \(plan.count == 1 ? "1 recording" : "\(plan.count) recordings") of the \(split.rawValue) states of \(states).")
    common.suggest(
      "mirrorscope",
      ["cmni", toFile || plan.count == 1 ? .text(plan[0].recording) : .files(folder: output, ending: ".h5")]
        + NextCommand.table("cmni.csv"))
  }
}

/// That of the checkpoint, with `.h5` behind it where it is a file of another kind.
private func recordingName(ofCheckpoint path: String) -> String {
  let name = URL(filePath: path).lastPathComponent
  return [".h5", ".hdf5"].contains { name.lowercased().hasSuffix($0) } ? name : name + ".h5"
}
