import ArgumentParser
import MirrorAnalysis
import Terminal

struct DivergenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "divergence",
    abstract: "Kullback-Leibler divergence between phases, per unit.",
    discussion: """
      EXAMPLE
        mirrorscope divergence demo/recordings/2x17/epoch-001.h5 --layers dense_1

      D(none||self), D(none||other), D(none||both) and D(self||other) in nats, from histograms over the whole layer's range. \
      common_positive is the smaller of the first two where both means rise, otherwise 0. --permutations N fills null_mean, excess and \
      p_value: the labels of the two phases are dealt anew, inside strata where these hold both.
      """)

  @Option(count: 1...1_000_000, help: "Bins of a histogram.")
  var bins = 50

  @Option(name: .long, help: "Range of the histograms: the whole layer's, as in the paper's scripts, or each unit's own.")
  var range = HistogramRange.layer

  @Option(count: 0...1_000_000, help: "Permutations of the labels of two phases for the p-value; 0 leaves it out.")
  var permutations = 0

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    try options.run(
      DivergenceAnalysis(bins: bins, range: range, permutations: permutations, exchange: exchange.choice),
      seed: permutations > 0 ? seed : nil)
    options.recordings.suggest("units", table: "units.csv", beside: options.output, options.common)
  }
}

extension HistogramRange: ExpressibleByArgument {}
