import Terminal

extension CommonOptions {
  /// Names a training on a states file: that of the quick preset, which learns to help in seconds.
  func suggestTraining(on states: String) {
    suggest(
      "frogtoad",
      [
        "train", .text(states), "--hidden", "17,17", "--learning-rate", "3e-4", "--l2", "1e-4", "--balance", "1,1,2,10", "--epochs", "60",
        "--patience", "15", "--output", "networks/2x17",
      ])
  }
}
