import ArgumentParser
import DenseNetwork

/// A whole experiment: how many states, which networks, how they are trained.
///
/// `paper` is the network of the paper's case and of its Figure 2 at the paper's own scale and options, but for the weights of the labels: in
/// natural shares, 1.2 % help, it never learns to help (`paper-natural`). How the weights were found: docs/reproduction.md.
struct Preset: Sendable {
  struct Plan: Sendable {
    let shape: NetworkShape
    let hyperparameters: Hyperparameters
  }

  let stateCount: Int
  let testCount: Int
  let plans: [Plan]

  enum Name: String, ExpressibleByArgument, CaseIterable {
    case quick, paper
    case paperNatural = "paper-natural"
  }

  /// - Parameter seed: of the states and of every network.
  init(_ name: Name, seed: UInt64) {
    switch name {
    case .quick:
      // Natural labels hold 1 % help, which no network learns in so few states: rows labelled leap and help weigh more, and the learning
      // rates are above the paper's, so that the 2×17 network leaps and helps within seconds.
      stateCount = 200_000
      testCount = 10_000
      plans = [
        Plan(
          shape: NetworkShape([17, 17]),
          hyperparameters: Hyperparameters(
            learningRate: 3e-4, dropout: 0.12, l2: 1e-4, patience: 15, maximumEpochs: 60, seed: seed, balance: .weights([1, 1, 2, 10]))),
        Plan(
          shape: NetworkShape([10, 10, 10]),
          hyperparameters: Hyperparameters(
            learningRate: 3e-4, dropout: 0.12, l2: 1e-4, patience: 15, maximumEpochs: 60, seed: seed, balance: .weights([1, 1, 2, 10]))),
      ]
    case .paper, .paperNatural:
      stateCount = 3_860_000
      testCount = 20_000
      var hyperparameters = Hyperparameters(learningRate: 4e-6, seed: seed)
      if name == .paper { (hyperparameters.balance, hyperparameters.validation) = (.weights([1, 1, 1.5, 3]), .weighted) }
      plans = [Plan(shape: NetworkShape([17, 17]), hyperparameters: hyperparameters)]
    }
  }
}
