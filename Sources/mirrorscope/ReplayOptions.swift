import ArgumentParser

/// How exactly recorded kernels have to give the recorded activations.
struct ReplayOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "How far a recomputed activation may be from the recorded one, relative to what it is a sum of; 0.01 takes activations computed in "
        + "half precision.", valueName: "share"))
  var replayTolerance = 1e-5

  func validate() throws {
    guard (0...1).contains(replayTolerance) else {
      throw ValidationError("--replay-tolerance takes a number from 0 to 1, not \(replayTolerance).")
    }
  }
}
