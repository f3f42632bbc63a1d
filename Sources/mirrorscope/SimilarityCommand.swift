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
      correlation distances of stratum means; cka takes the same rows of two layers, or the means of the strata that hold both phases. \
      What needs strata is left empty, with the reason, for a recording without /stratum. --permutations N fills p_value: the strata of the \
      second representation are permuted (rsa: Mantel's test); cka between layers has none.
      """)

  @OptionGroup var recordings: RecordingOptions

  @Option(name: .long, help: ArgumentHelp("Rows to compare: all, none, self, other, both; repeat it or use commas.", valueName: "phases"))
  var phase: [RowSelectionList] = []

  @Option(name: .long, help: "Measure; both without it.")
  var measure: SimilarityMeasure?

  @Option(name: .long, help: "Permutations of the strata for the p-value; 0 leaves it out.")
  var permutations = 0

  @OptionGroup var random: SeedOptions
  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard permutations >= 0 else { throw ValidationError("--permutations takes a whole number of at least 0, not \(permutations).") }
  }

  func run() throws {
    if permutations > 0 { random.echo(to: common.logger) }
    let null = SimilarityNull(permutations: permutations, seed: random.seed)
    let selections = phase.selections(default: RowSelection.everyOne)
    let (measures, partnerFilter, common) = (measure.map { [$0] } ?? SimilarityMeasure.allCases, recordings.partnerFilter, common)
    try table.write(SimilarityRow.self) { take in
      try recordings.forEachRecording(threads: common.threads) { recording, threads in
        try common.requireMemory(
          bytes: try similarityBytes(of: recording, over: selections, null: null), for: "\(recording.path): mean responses by stratum",
          alternative: "choose fewer layers with --layers or fewer phases with --phase")
        return try similarityRows(
          of: recording, measures: measures, over: selections, null: null, partnerFilter: partnerFilter, threads: threads)
      } take: { rows in
        try take(rows)
      }
    }
  }
}

extension SimilarityMeasure: ExpressibleByArgument {}
