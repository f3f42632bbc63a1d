import ActivationRecording
import ArgumentParser
import Foundation
import FrogAndToad
import MirrorAnalysis
import Parallelism
import Terminal

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "The whole experiment: generate states, train networks, record every checkpoint, analyse.",
    discussion: """
      EXAMPLE
        frogtoad run --preset quick --output demo

      quick: 200,000 states, a 2x17 and a 3x10 network that learn to leap and help, a few seconds on two cores. paper: 4 million \
      states and four networks with the paper's options, some minutes and half a gigabyte. The folder gets states.h5, networks/, recordings/, cmni.csv \
      and stats.csv; a short summary goes to standard output.
      """)

  @Option(name: .long, help: "Which experiment.")
  var preset = Preset.Name.quick

  @Option(name: .long, help: "Seed of the states and of the networks.")
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for everything.", valueName: "folder"))
  var output: String

  @Flag(name: .long, help: "Replace an earlier run in that folder: states.h5, networks, recordings and the two tables.")
  var force = false

  @OptionGroup var common: CommonOptions

  private static let parts = ["states.h5", "networks", "recordings", "cmni.csv", "stats.csv"]

  func run() throws {
    let experiment = Preset(preset, seed: seed)
    try requireRoom(for: experiment)
    try prepareFolder()
    let states = output + "/states.h5"
    try generation(of: experiment).run(to: states, overwrite: false, common: common)
    let outcomes = try train(experiment, states: states)
    let recordings = try record(outcomes, states: states)
    let moments = try AnalyseStep(folder: output, recordings: recordings.flatMap { $0 }).run(overwrite: false, threads: common.threads)
    for line in RunSummary(folder: output, seed: seed, outcomes: outcomes, moments: moments).lines { print(line) }
  }

  private func generation(of experiment: Preset) -> GenerateStep {
    GenerateStep(count: experiment.stateCount, testCount: experiment.testCount, seed: seed)
  }

  /// Ends the command before it begins, where a part of it takes more memory than there may be.
  private func requireRoom(for experiment: Preset) throws {
    try generation(of: experiment).requireRoom(common)
    try common.requireRoom(
      bytes: TrainingData.memory(
        training: experiment.stateCount - experiment.testCount, validation: experiment.testCount,
        networks: min(experiment.plans.count, common.threads)),
      for: "The \(grouped(experiment.stateCount)) states of the preset, to train on,", alternative: "choose --preset quick")
  }

  private func prepareFolder() throws {
    try makeFolder(output)
    for part in Self.parts {
      let path = output + "/" + part
      try requireAbsent(path, overwrite: force)
      if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }
  }

  /// Trains the networks side by side, one a thread.
  private func train(_ experiment: Preset, states: String) throws -> [TrainingOutcome] {
    let names = experiment.plans.map(\.shape.name).joined(separator: " and ")
    common.logger.info("Training \(names).")
    let data = try TrainingData(states, networks: min(experiment.plans.count, common.threads), common: common)
    let bar = ProgressBar("training", unit: "epochs", quiet: common.quiet)
    let counter = EpochCounter(total: experiment.plans.reduce(0) { $0 + $1.hyperparameters.maximumEpochs })
    let networks = output + "/networks/"
    let outcomes = try mapBlocks(count: experiment.plans.count, threads: common.threads) { number in
      let plan = experiment.plans[number]
      let step = TrainStep(
        shape: plan.shape, hyperparameters: plan.hyperparameters, folder: networks + plan.shape.name)
      return try step.run(on: data, begin: .anew(replacing: false)) { _ in bar.update(done: counter.next(), total: counter.total) }
    }
    bar.finish()
    for line in outcomes.flatMap(\.summary) { common.logger.info("\(line)") }
    return outcomes
  }

  /// - Returns: the recordings of each network, as paths below the folder.
  private func record(_ outcomes: [TrainingOutcome], states: String) throws -> [[String]] {
    let plans = try outcomes.map { outcome in
      try makeFolder(output + "/recordings/" + outcome.shape.name)
      return ownCheckpointPaths(in: outcome.folder).map { path in
        (path, "recordings/" + outcome.shape.name + "/" + URL(filePath: path).lastPathComponent)
      }
    }
    let pairs = plans.flatMap { $0 }.map { RecordStep.Pair(checkpoint: $0.0, recording: output + "/" + $0.1) }
    common.logger.info("Recording \(pairs.count) checkpoints.")
    let bar = ProgressBar("recordings", unit: "recordings", quiet: common.quiet)
    try RecordStep().run(pairs, states: states, common: common) { bar.update(done: $0, total: pairs.count) }
    bar.finish()
    return plans.map { $0.map(\.1) }
  }
}

/// Counts finished epochs over all networks.
private final class EpochCounter: @unchecked Sendable {
  // Sendable because `finished` is touched under the lock only.
  let total: Int
  private let lock = NSLock()
  private var finished = 0

  init(total: Int) {
    self.total = total
  }

  func next() -> Int {
    lock.withLock {
      finished += 1
      return finished
    }
  }
}
