import ArgumentParser
import MirrorAnalysis
import Statistics
import Terminal

struct OverlapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overlap",
    abstract: "Self-other overlap: how alike the self and other versions of the same thing are, per layer and measure.",
    discussion: """
      EXAMPLE
        mirrorscope overlap demo/recordings/2x17/epoch-001.h5 --permutations 999

      Pairs are the items of /pair, with the mean activations of their self and other rows; without /pair, strata take their place. \
      self_other is their mean distance with its 95 % interval; self_self and other_other are those of different pairs, none_self and \
      none_other those from none. null_mean is the mean over all pairings inside strata that hold several pairs, or over all pairs; \
      --permutations fills p_value: is a pair's own version closer? wording_only is the share of the overlap that pairs of one stratum \
      have though they are not the same. Measures: mse (mean square over units), cosine and correlation (1 - cosine, 1 - r).
      """)

  @Option(name: .long, help: "Measure; all without it.")
  var measure: OverlapMeasure?

  @Option(count: 0...1_000_000, help: "Permutations of the pairing for the p-value; 0 leaves it out.")
  var permutations = 0

  @Option(
    help: ArgumentHelp(
      "Among which pairs other versions move: those of a stratum (within) or all (free). By default what the strata allow."))
  var exchange: ExchangeDesign?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if exchange == .whole { throw ValidationError("--exchange whole moves no pairing. Give free or within.") }
  }

  func run() throws {
    let analysis = OverlapAnalysis(
      measures: measure.map { [$0] } ?? OverlapMeasure.allCases, permutations: permutations, exchange: exchange)
    try accumulator.run(analysis, options, seed: permutations > 0 ? seed : nil) {
      options.recordings.suggest("decode", table: "decode.csv", beside: options.output, options.common)
    }
  }
}

extension OverlapMeasure: ExpressibleByArgument {}
