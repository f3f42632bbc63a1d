import ArgumentParser
import Statistics

/// What permutations and halves exchange.
struct ExchangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is exchanged: rows (free), labels inside strata (within) or whole strata (whole). By default what the strata allow."))
  var exchange: ExchangeDesign?

  @Flag(name: .customLong("no-strata"), help: "The same as --exchange free.")
  var noStrata = false

  func validate() throws {
    if noStrata, let exchange, exchange != .free {
      throw ValidationError("--no-strata means --exchange free. Leave it or --exchange \(exchange.rawValue) out.")
    }
  }

  /// Nil lets the strata decide.
  var choice: ExchangeDesign? { noStrata ? .free : exchange }
}

extension ExchangeDesign: ExpressibleByArgument {}
