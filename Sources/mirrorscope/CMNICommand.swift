import ArgumentParser
import MirrorAnalysis
import Terminal

struct CMNICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cmni",
    abstract: "The Checkpoint Mirror Neuron Index: one row per recording and variant.",
    discussion: """
      EXAMPLES
        mirrorscope cmni demo/recordings/2x17/*.h5 --output cmni.csv
        mirrorscope cmni demo/recordings/2x17/epoch-001.h5 --permutations 1000

      Δself and Δother are the changes of a unit's mean activation from the none phase to the self and other phases. The index sums \
      min(Δself, Δother) over the units and divides by their number. Variants: author (0 unless both are above 0), formula (the minimum \
      alone), hidden (author's, without the output layer), standardised (each Δ as Cohen's d), symmetric (the smaller size where the signs \
      agree).

      cmni_crossfit chooses units on one half of the rows and takes them on the other; ci_low and ci_high are its 95 % interval. \
      --permutations N fills the rest: p_value and excess (labels none, self and other dealt together: no unit answers to either), p_both \
      (both phases have an effect somewhere), p_overlap (the same units answer to both).
      """)

  @Option(count: 0...1_000_000, help: "Permutations of the phase labels; 0 leaves p-values out.")
  var permutations = 0

  @Flag(name: .customLong("by-layer"), help: "An index for each layer, in place of one over all layers.")
  var byLayer = false

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    var analysis = CMNIAnalysis(permutations: permutations)
    (analysis.exchange, analysis.byLayer) = (exchange.choice, byLayer)
    try accumulator.run(analysis, options, seed: seed, echoesSeed: permutations > 0) {
      options.recordings.suggest("units", table: "units.csv", beside: options.output, options.common)
    }
  }
}
