import ActivationRecording
import ArgumentParser
import DenseNetwork
import Files
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
      states and the 2x17 network of the paper's case, labels weighed as fits its curves, a quarter of an hour and half a gigabyte; \
      paper-natural: the same without weights, which never learns to help. The folder gets states.h5, networks/, recordings/, cmni.csv \
      and stats.csv; a short summary goes to standard output.
      """)

  @Option(name: .long, help: "Which experiment.")
  var preset = Preset.Name.quick

  @Option(name: .long, help: "Seed of the states and of the networks.")
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for everything.", valueName: "folder"), completion: .directory)
  var output: String

  @Flag(name: .long, help: "Go on with an interrupted run in that folder; the results are those of one that was not.")
  var resume = false

  @Flag(name: .long, help: "Replace an earlier run in that folder: states.h5, networks, recordings and the two tables.")
  var force = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if resume && force { throw ValidationError("--resume goes on with what is there and --force replaces it: give one of them.") }
  }

  func run() throws {
    let experiment = Preset(preset, seed: seed)
    try requireRoom(for: experiment)
    try prepareFolder()
    Interruption.shared.advise("What is finished is kept; --resume goes on from there.")
    let states = RunFolder(path: output).states
    if resume && FileUnderWay.replacesFile(at: states) {
      try requireStates(of: experiment, in: states)
    } else {
      try generation(of: experiment).run(to: states, overwrite: false, common: common)
    }
    let outcomes = try train(experiment, states: states)
    let recordings = try record(outcomes, states: states)
    let moments = try AnalyseStep(folder: output, recordings: recordings.flatMap { $0 }).run(overwrite: resume, common: common)
    let summary = RunSummary(
      folder: output, seed: seed, outcomes: outcomes, moments: moments, behaviour: try behaviour(outcomes, moments, recordings))
    try StandardOutput.write(summary.lines.map { $0 + "\n" }.joined())
    if let last = recordings.first?.last {
      common.suggest(
        "mirrorscope", ["units", .text(output + "/" + last)] + NextCommand.table("units.csv", beside: output + "/cmni.csv"))
    }
  }

  private func generation(of experiment: Preset) -> GenerateStep {
    GenerateStep(count: experiment.stateCount, testCount: experiment.testCount, seed: seed)
  }

  /// Ends the command before it begins, where a part of it takes more memory than there may be.
  private func requireRoom(for experiment: Preset) throws {
    try generation(of: experiment).requireRoom(common)
    try common.requireRoom(
      bytes: TrainingData.memory(
        training: experiment.stateCount - experiment.testCount,
        others: experiment.testCount + defaultTestCount(states: experiment.stateCount),
        networks: min(experiment.plans.count, common.threads)),
      for: "The \(grouped(experiment.stateCount)) states of the preset, to train on,", alternative: "choose --preset quick")
  }

  private func prepareFolder() throws {
    let folder = RunFolder(path: output)
    try makeFolder(output)
    if resume {
      _ = try folder.files()
    } else if force {
      try folder.clear()
    } else {
      try folder.requireEmpty()
    }
  }

  /// Ends the command where a run is to be resumed whose states are not those that it would generate.
  private func requireStates(of experiment: Preset, in path: String) throws {
    let file = try StatesFile(path, threads: common.threads)
    let provenance = file.provenance
    let counts = (training: file.count(.train), test: file.count(.test), validation: file.count(.validation))
    let isOwnGame = !provenance.keepEnergy && provenance.couplings == Couplings() && provenance.testDraw != .natural
    guard provenance.seed == seed, isOwnGame, counts.test == experiment.testCount,
      counts.training == experiment.stateCount - experiment.testCount,
      counts.validation == defaultTestCount(states: experiment.stateCount)
    else {
      let made = provenance.seed.map { "with seed \($0)" } ?? "elsewhere"
      throw Failure(
        .failed,
        "\(path): holds \(grouped(counts.training)) training, \(grouped(counts.test)) test and \(grouped(counts.validation)) validation states "
          + "made \(made), of another run. Give the --preset and --seed that it began with, or begin anew with --force.")
    }
    common.logger.info(
      "\(path): kept, \(grouped(counts.training)) training, \(grouped(counts.test)) test and \(grouped(counts.validation)) validation states."
    )
  }

  /// Trains the networks side by side, one a thread.
  private func train(_ experiment: Preset, states: String) throws -> [TrainingOutcome] {
    let names = experiment.plans.map(\.shape.name).joined(separator: " and ")
    common.logger.info("Training \(names).")
    let data = try TrainingData(
      states, networks: min(experiment.plans.count, common.threads), veil: .ofIgnorance, validatesOnTest: false, common: common)
    let bar = ProgressBar("training", unit: "epochs", quiet: common.quiet, mayEndEarly: true)
    let (counter, total) = (SharedCounter(), experiment.plans.reduce(0) { $0 + $1.hyperparameters.maximumEpochs })
    bar.update(done: 0, total: total)
    let networks = output + "/networks/"
    let outcomes = try mapBlocks(count: experiment.plans.count, threads: common.threads) { number in
      let plan = experiment.plans[number]
      let step = TrainStep(
        shape: plan.shape, hyperparameters: plan.hyperparameters, folder: networks + plan.shape.name)
      return try step.run(on: data, begin: resume ? .resume : .anew(replacing: false)) { _ in
        bar.update(done: counter.add(), total: total)
      }
    }
    bar.finish()
    for line in outcomes.flatMap(\.summary) { common.logger.info("\(line)") }
    return outcomes
  }

  /// - Returns: the recordings of each network, as paths below the folder.
  private func record(_ outcomes: [TrainingOutcome], states: String) throws -> [[String]] {
    let plans = try outcomes.map { outcome in
      try makeFolder(output + "/recordings/" + outcome.shape.name)
      return try TrainingFolder(path: outcome.folder).checkpoints().map { path in
        (path, "recordings/" + outcome.shape.name + "/" + URL(filePath: path).lastPathComponent)
      }
    }
    let all = plans.flatMap { $0 }.map { RecordStep.Pair(checkpoint: $0.0, recording: output + "/" + $0.1) }
    let pairs = try all.filter { try !isRecorded($0, states: states) }
    common.logger.info("Recording \(pairs.count) checkpoints\(pairs.count < all.count ? ", \(all.count - pairs.count) are recorded" : "").")
    let bar = ProgressBar("recording", unit: "rows", quiet: common.quiet)
    var step = RecordStep()
    // What an earlier run left in partial files is recorded again from the beginning.
    (step.overwrite, step.keepsPartials) = (resume || force, false)
    if !pairs.isEmpty { try step.run(pairs, states: states, common: common) { bar.update(done: $0, total: $1) } }
    bar.finish()
    return plans.map { $0.map(\.1) }
  }

  /// What the first network does in play, at its best epoch.
  private func behaviour(_ outcomes: [TrainingOutcome], _ moments: [RecordingMoments], _ recordings: [[String]]) throws -> [String] {
    guard let outcome = outcomes.first, let last = recordings.first?.last, let own = moments.first(where: { $0.name == last }) else {
      return []
    }
    return try Behaviour(of: outcome.state.bestNetwork, name: outcome.shape.name, moments: own, seed: seed, common: common)?.sentences ?? []
  }

  /// Whether a run that is resumed has made the recording.
  ///
  /// - Throws: `Failure` where it is one of another network or of other states.
  private func isRecorded(_ pair: RecordStep.Pair, states: String) throws -> Bool {
    guard resume, FileUnderWay.replacesFile(at: pair.recording) else { return false }
    let description = try Recording(path: pair.recording).description
    guard try description.model.weightsSHA256 == Checkpoint.open(pair.checkpoint).network.weightsSHA256,
      try description.provenance["states_sha256"] == StatesFile(states, threads: common.threads).hash
    else {
      throw Failure(
        .failed, "\(pair.recording): is no recording of \(pair.checkpoint). Move it away, or begin anew with --force.")
    }
    return true
  }
}
