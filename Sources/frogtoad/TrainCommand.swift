import ArgumentParser
import DenseNetwork
import Files
import Foundation
import FrogAndToad
import Terminal

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a small dense network to choose the labelled action: a checkpoint at each new best epoch.",
    discussion: """
      EXAMPLE
        frogtoad train demo/states.h5 --hidden 9,9 --epochs 5 --output networks/9x9

      The folder gets epoch-000.h5 (the untrained network), a checkpoint for each epoch with a new lowest validation loss, training.csv, \
      and state.h5, from which --resume goes on after an interruption with the same result. The validation loss is taken on the \
      validation set, which is no part of the test set, and includes the L2 term. Training stops after --patience epochs without a new best one.
      """)

  @Argument(help: "States to train on.", completion: .file(extensions: ["h5"]))
  var states: String

  @Option(name: .long, help: "Units of each hidden layer, such as 17,17.")
  var hidden: NetworkShape

  @OptionGroup var options: TrainingOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder for the checkpoints.", valueName: "folder"), completion: .directory)
  var output: String

  @Flag(name: .long, help: "Go on with an interrupted training in that folder.")
  var resume = false

  @Flag(name: .long, help: "Replace an earlier training in that folder.")
  var force = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if resume && force { throw ValidationError("--resume goes on with what is there and --force replaces it: give one of them.") }
  }

  func run() throws {
    InputFiles.declare([states])
    if !resume { try requireNoTraining() }
    Interruption.shared.advise("Nothing was trained yet.")
    let step = TrainStep(shape: hidden, hyperparameters: options.hyperparameters, folder: output)
    let log = common.logger
    log.info("Training \(hidden.name) with seed \(options.seed) on \(states).")
    let data = try TrainingData(states, networks: 1, veil: options.veil.veil, validatesOnTest: options.validation == .test, common: common)
    if resume, try TrainingFolder(path: output).files().isEmpty { log.info("\(output): holds no training yet; it begins with epoch 0.") }
    Interruption.shared.advise("--resume goes on from there.")
    let bar = ProgressBar(hidden.name, unit: "epochs", quiet: common.quiet, goesOn: resume, mayEndEarly: true)
    if !resume { bar.update(done: 0, total: options.epochs) }
    let outcome = try step.run(on: data, begin: resume ? .resume : .anew(replacing: force)) { report in
      bar.update(done: report.epoch, total: options.epochs)
    }
    bar.finish()
    for line in outcome.summary { log.info("\(line)") }
    common.suggest(
      "frogtoad", ["record", .text(output), "--states", .text(states), "--output", "recordings/\(URL(filePath: output).lastPathComponent)"])
  }

  /// Says before the states are read what would be said after it.
  private func requireNoTraining() throws {
    if let first = try TrainingFolder(path: output).files().first { try requireAbsent(first, overwrite: force) }
  }
}

/// How a network is trained: the paper's values by default.
struct TrainingOptions: ParsableArguments, Sendable {
  @Option(name: .long, help: "Adam's learning rate.")
  var learningRate = 4e-6

  @Option(count: 1...65536, help: "Rows of one step.")
  var batchSize = 25

  @Option(name: .long, help: "Share of each hidden layer's units that a step drops.")
  var dropout = 0.12

  @Option(name: .long, help: "Factor of the squared weights of the hidden kernels in the loss.")
  var l2 = 0.01

  @Option(count: 1...1_000_000_000, help: "Epochs without a lower validation loss after which training stops.")
  var patience = 10

  @Option(count: 0...1_000_000_000, help: "Epochs at most.")
  var epochs = 500

  @Option(
    name: .long, help: "Weight of each row in the loss: none, sqrt or full (by the label's frequency), or a weight per action: 1,1,2,10.",
    completion: .list(["none", "sqrt", "full", "1,1,2,10"]))
  var balance = LabelBalance.none

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What tells who is who and is hidden: paper (own symbol, own cell), or the share of states in which who hops is hidden too, the others "
        + "showing all.", valueName: "paper|share"), completion: .list(["paper"]))
  var veil = VeilOption.paper

  @Flag(name: .long, help: "Deal the training labels anew among the rows: a control that learns their shares at most.")
  var shuffleLabels = false

  @Option(
    name: .long,
    help:
      "States to choose epochs on: validation; weighted, the same with each row's weight by --balance; test, on which the network is judged too."
  )
  var validation = ValidationSet.validation

  @Option(name: .long, help: "Seed of the weights, the order of the rows and the dropout.")
  var seed: UInt64 = 1

  func validate() throws {
    do {
      try hyperparameters.validate()
    } catch {
      throw ValidationError(error.description)
    }
  }

  var hyperparameters: Hyperparameters {
    Hyperparameters(
      learningRate: learningRate, batchSize: batchSize, dropout: dropout, l2: l2, patience: patience, maximumEpochs: epochs, seed: seed,
      balance: balance, shufflesLabels: shuffleLabels, hiddenIdentityShare: veil.veil.hiddenIdentityShare,
      validation: validation)
  }
}

extension ValidationSet: ExpressibleByArgument {}

extension LabelBalance: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "none": self = .none
    case "sqrt": self = .sqrt
    case "full": self = .full
    default:
      let weights = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard weights.count == Action.allCases.count, weights.allSatisfy({ ($0 ?? 0) > 0 && ($0 ?? 0).isFinite }) else { return nil }
      self = .weights(weights.compactMap { $0 })
    }
  }
}
