import ActivationRecording
import ArgumentParser
import Files
import Foundation
import FrogAndToad
import Games
import Parallelism
import Terminal

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract:
      "Train and measure many networks: every combination of options that a file lists, with their untrained and shuffled controls.",
    discussion: """
      EXAMPLE
        frogtoad sweep sweeps/smoke.yaml --output sweep

      One network a thread. The folder gets networks.csv (options, loss, accuracy, index of each network), cmni.csv, and manifest.json, \
      which says what is done; --resume goes on after an interruption, with the same tables at the end. How the file is written, and how \
      several machines share a sweep (--prepare, --share): docs/sweeps.md.
      """)

  @Argument(help: "What to sweep.", completion: .file(extensions: ["yaml", "yml"]))
  var file: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for the tables.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(
    name: .long,
    help:
      "What to leave in the folder: none, networks of the measured epochs, or networks and recordings of the best, last or all kept epochs."
  )
  var keep = SweepKeep.none

  @Flag(name: .long, help: "Go on with the sweep in that folder; networks that are done are not made again.")
  var resume = false

  @Flag(name: .long, help: "Make the states that the networks learn from and are tested on, and stop: before shares.")
  var prepare = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Make only the K-th of N parts of the networks, in the folder that --prepare began. When all are done, --resume without it writes the tables.",
      valueName: "K/N"))
  var share: SweepShare?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if prepare, share != nil { throw ValidationError("--prepare is for all shares: leave --share out.") }
  }

  func run() throws {
    InputFiles.declare([file])
    let plan = try SweepPlan(SweepFile(path: file))
    try requireRoom(for: plan)
    if share == nil { try makeFolder(output) }
    let folder = try SweepFolder(output, plan: plan, keep: keep, share: share, resume: resume)
    let states = SweepStates(plan, folder: output, makesFiles: share == nil, common: common)
    if prepare {
      try states.makeAll()
      return common.logger.info("\(output)/states: the states of \(counted(plan.networks.count)).")
    }
    Interruption.shared.advise("What is finished is kept; --resume goes on from there.")
    let (total, waiting) = (folder.networks.count, folder.waiting)
    let done = total - waiting.count
    common.logger.info(
      "\(file): \(share.map { "share \($0), " } ?? "")\(counted(total))\(done > 0 ? ", \(grouped(done)) done" : "").")
    let measurement = SweepMeasurement(plan: plan, states: states, folder: output, keep: keep)
    let progress = SweepProgress(total: total, before: done, common)
    do {
      try Interruption.shared.gracefully {
        _ = try mapBlocks(count: waiting.count, threads: common.threads) { number in
          if Interruption.shared.isRequested { throw SweepMeasurement.Interrupted() }
          try folder.add(measurement.result(of: waiting[number]))
          progress.addOne()
        }
      }
    } catch {
      progress.finish()
      guard error is SweepMeasurement.Interrupted || Interruption.shared.isRequested else {
        // The error that ended the sweep is the one to be told of.
        try? folder.finish()
        throw error
      }
      try folder.finish()
      throw Interruption.shared.failure(
        " after \(grouped(total - folder.waiting.count)) of \(grouped(total)) networks.")
    }
    progress.finish()
    try folder.finish()
    common.logger.info("\(output)/\(share?.journal ?? "networks.csv"): \(counted(total)).")
    guard share == nil else { return }
    common.suggest(
      "mirrorscope",
      [
        "compare", .text("\(output)/networks.csv"), "--by", .text((plan.columns.map(\.column.name) + ["kind"]).joined(separator: ",")),
        "--seed-column", "seed,data_seed", "--outcome", "accuracy", "--epoch", "last",
      ])
  }

  private func requireRoom(for plan: SweepPlan) throws {
    let games = plan.networks.map(\.game)
    let generation = games.map { game in
      let step = game.step
      return generationMemory(states: step.count, validation: step.validationCount, options: step.options, threads: common.threads)
    }
    let data = games.map { game in
      TrainingData.memory(
        training: game.states, others: game.validationCount ?? defaultTestCount(states: game.states), networks: 1)
    }
    let test = plan.file.testStates
    var played = GamesPlan()
    (played.games, played.replicates) = (plan.file.games, 0)
    // As many data and test sets as threads may be in use beside those that are kept; a test set is read, filtered and veiled.
    let held = 2 * common.threads * ((data.max() ?? 0) + (StateIndex.count + 1) * test)
    let making = max(
      generation.max() ?? 0, generationMemory(states: 1, validation: test, threads: common.threads) + 3 * (StateIndex.count + 12) * test)
    try common.requireRoom(
      bytes: making + held + common.threads * (plan.file.games > 0 ? played.memory(threads: 1) : 0),
      for: "\(file): the states of \(grouped(common.threads)) networks at a time,", alternative: "use fewer threads with --threads")
  }
}

private func counted(_ networks: Int) -> String { networks == 1 ? "1 network" : "\(grouped(networks)) networks" }

extension SweepKeep: ExpressibleByArgument {}

/// Says how far a sweep is: in a line that changes on a terminal, elsewhere a line a minute.
final class SweepProgress: @unchecked Sendable {
  // Sendable because `done` and `lastSaid` are touched under the lock only.
  private let total: Int
  private let before: Int
  private let common: CommonOptions
  private let bar: ProgressBar
  private let lock = NSLock()
  private let start = Date()
  private var lastSaid = Date()
  private var done: Int

  init(total: Int, before: Int, _ common: CommonOptions) {
    (self.total, self.before, self.common) = (total, before, common)
    done = before
    bar = ProgressBar("networks", unit: "networks", quiet: common.quiet)
    bar.update(done: 0, total: total - before)
  }

  func addOne() {
    lock.withLock {
      done += 1
      bar.update(done: done - before, total: total - before)
      guard isatty(STDERR_FILENO) != 1 else { return }
      let now = Date()
      guard now.timeIntervalSince(lastSaid) >= 60 else { return }
      lastSaid = now
      let minutes = now.timeIntervalSince(start) / 60
      let rate = Double(done - before) / minutes
      let left = rate > 0 ? Double(total - done) / rate : 0
      common.logger.info("\(grouped(done)) of \(grouped(total)) networks, \(rounded(rate, 1)) a minute, \(rounded(left, 0)) min left.")
    }
  }

  func finish() { bar.finish() }
}
