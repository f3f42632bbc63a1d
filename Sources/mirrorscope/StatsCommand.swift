import ArgumentParser
import MirrorAnalysis
import Terminal

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Moments of the activations: one row per layer, unit and phase.",
    discussion: """
      EXAMPLE
        mirrorscope stats demo/recordings/2x17/epoch-000.h5 --layers 'dense_1'

      Mean, population variance (ddof 0), skewness (Fisher-Pearson g1) and excess kurtosis (Fisher, biased), smallest and largest value. \
      The self and other phases are taken after the partner filter, as in cmni.
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    try accumulator.run(StatsAnalysis(), options) {
      options.recordings.suggest("units", table: "units.csv", beside: options.output, options.common)
    }
  }
}
