import ArgumentParser
import Logging

/// The seed of everything that is drawn at random; the same seed gives the same digits for any number of threads.
struct SeedOptions: ParsableArguments {
  @Option(name: .long, help: "Seed of all random draws.")
  var seed: UInt64 = 1

  /// Says on standard error which seed is used.
  func echo(to logger: Logger) {
    logger.info("seed \(seed)")
  }
}
