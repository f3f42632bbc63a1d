import ArgumentParser
import DenseNetwork
import FrogAndToad
import Tabular
import Terminal

/// Options of `generate` that a sweep may set. Their values are read by the command's own parser.
enum GameOption: String, CaseIterable {
  case states, test, validation, seed
  case turnsPerGame = "turns-per-game"
  case keepEnergy = "keep-energy"
  case helpFrom = "help-from"
  case dependency
  case obstacleRate = "obstacle-rate"
  case flyPatterns = "fly-patterns"
  case testSplit = "test-split"

  static let names = allCases.map(\.rawValue)

  /// The value that an option has, whether given or not.
  func cell(_ options: StatesOptions) -> Cell {
    switch self {
    case .states: .integer(options.states)
    case .test: .integer(options.testCount ?? defaultTestCount(states: options.states))
    case .validation: .integer(options.validationCount ?? defaultTestCount(states: options.states))
    case .seed: .string("\(options.seed)")
    case .turnsPerGame: .integer(options.turnsPerGame)
    case .keepEnergy: .boolean(options.keepEnergy)
    case .helpFrom: .string(HelpFrom(cell: options.couplings.couplings.helpFrom).description)
    case .dependency: .number(Double(options.couplings.couplings.dependency) / 1000)
    case .obstacleRate: .number(options.couplings.couplings.obstacleRate)
    case .flyPatterns: .integer(options.couplings.couplings.flyPatterns)
    case .testSplit: .string(options.testDraw.rawValue)
    }
  }
}

/// Options of `train` that a sweep may set; `--shuffle-labels` is a kind of network there.
enum TrainOption: String, CaseIterable {
  case hidden
  case learningRate = "learning-rate"
  case batchSize = "batch-size"
  case dropout, l2, patience, epochs, balance, veil, validation, seed

  static let names = allCases.map(\.rawValue)

  func cell(_ shape: NetworkShape, _ options: TrainingOptions) -> Cell {
    switch self {
    case .hidden: .string(shape.name)
    case .learningRate: .number(options.learningRate)
    case .batchSize: .integer(options.batchSize)
    case .dropout: .number(options.dropout)
    case .l2: .number(options.l2)
    case .patience: .integer(options.patience)
    case .epochs: .integer(options.epochs)
    case .balance: .string(options.balance.name)
    case .veil: .string(options.veil.veil.name)
    case .validation: .string(options.validation.rawValue)
    case .seed: .string("\(options.seed)")
    }
  }
}

extension LabelBalance {
  /// As `--balance` takes it.
  var name: String {
    switch self {
    case .none: "none"
    case .sqrt: "sqrt"
    case .full: "full"
    case .weights(let weights): weights.map { "\($0)" }.joined(separator: ",")
    }
  }
}

extension Cell {
  /// One text for equal values, whatever they were written as.
  var canonical: String {
    switch self {
    case .string(let value): value
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .missing: ""
    }
  }
}
