import ArgumentParser
import MirrorAnalysis
import Terminal

struct CMNICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cmni",
    abstract: "The Checkpoint Mirror Neuron Index: one row per recording and variant.",
    discussion: """
      EXAMPLE
        mirrorscope cmni demo/recordings/2x17/*.h5 --output cmni.csv

      Δself and Δother are the changes of a unit's mean activation from the none phase to the self and other phases. The index sums \
      min(Δself, Δother) over the units and divides by their number. Variants: author (0 unless both are above 0), formula (the minimum \
      alone), hidden (author's, without the output layer), standardised (each Δ as Cohen's d).

      --permutations N fills null_mean, excess, z and p_value: the labels none and self, and none and other, are permuted separately, \
      inside strata where the recording has them. The rectified index is positive under this null and grows as rows become fewer: \
      compare the excess, not the index. --bootstrap N fills the 95 % percentile interval.
      """)

  @Option(count: 0...1_000_000, help: "Permutations of the phase labels for the null; 0 leaves it out.")
  var permutations = 0

  @Option(count: 0...1_000_000, help: "Bootstrap replicates for the interval; 0 leaves it out.")
  var bootstrap = 0

  @Flag(name: .customLong("no-strata"), help: "Permute and draw single rows even where the recording has strata.")
  var noStrata = false

  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    var plan = ResamplingPlan()
    (plan.permutations, plan.replicates, plan.usesStrata) = (permutations, bootstrap, !noStrata)
    try options.run(CMNIAnalysis(plan), seed: plan.isEmpty ? nil : seed)
  }
}
