import ArgumentParser
import Statistics

/// What permutations move.
struct ExchangeOptions: ParsableArguments {
  @Option(
    name: .customLong("exchange"),
    help:
      "What permutations move: labels of rows (free), labels inside strata (within), labels of whole strata (whole). Default: as strata say."
  )
  var choice: ExchangeDesign?

  @Flag(name: .customLong("no-strata"), help: "Another word for --exchange free.")
  var noStrata = false

  var design: ExchangeDesign? { noStrata ? .free : choice }

  func validate() throws {
    guard !noStrata || choice == nil || choice == .free else {
      throw ValidationError("--no-strata is --exchange free; leave one of them out.")
    }
  }
}

extension ExchangeDesign: ExpressibleByArgument {}
