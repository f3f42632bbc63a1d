import ArgumentParser
import MirrorAnalysis
import Terminal

struct SimilarityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity",
    abstract: "How alike whole representations are: RSA and linear CKA, between layers and between phases.",
    discussion: """
      EXAMPLE
        mirrorscope similarity demo/recordings/2x17/epoch-001.h5 --phase self,other

      Every two layers are compared in each phase, and every two phases in each layer. rsa is Spearman's rho between two matrices of \
      correlation distances of stratum means, with the reliability of either side as its ceiling. cka (unbiased) and cka_biased take the same \
      rows of two layers, or the means of the strata that hold both phases, less the stratum's none mean. What needs strata is left \
      empty, with the reason, for a recording without /stratum. --permutations N fills p_value: the strata of the second representation are \
      permuted (rsa: Mantel's test); for cka between layers rows, or whole strata where there are strata, or what --exchange says.
      """)

  @Option(name: .long, help: ArgumentHelp("Rows to compare: all, none, self, other, both; repeat it or use commas.", valueName: "phases"))
  var phase: [RowSelectionList] = []

  @Option(name: .long, help: "Measure; all without it.")
  var measure: SimilarityMeasure?

  @Option(count: 0...1_000_000, help: "Permutations of strata or rows for the p-value; 0 leaves it out.")
  var permutations = 0

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    let analysis = SimilarityAnalysis(
      measures: measure.map { [$0] } ?? SimilarityMeasure.allCases, over: phase.selections(default: RowSelection.everyOne),
      permutations: permutations, exchange: exchange.choice)
    try options.run(analysis, seed: seed)
    options.recordings.suggest(
      "direction", ["--permutations", "999"], table: "direction.csv", beside: options.output, options.common)
  }
}

extension SimilarityMeasure: ExpressibleByArgument {}
