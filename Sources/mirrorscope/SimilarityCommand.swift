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
      What needs strata is left empty, with the reason, for a recording without /stratum.
      """)

  @OptionGroup var recordings: RecordingOptions

  @Option(name: .long, help: ArgumentHelp("Rows to compare: all, none, self, other, both; repeat it or use commas.", valueName: "phases"))
  var phase: [RowSelectionList] = []

  @Option(name: .long, help: "Measure; both without it.")
  var measure: SimilarityMeasure?

  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let selections = phase.selections(default: RowSelection.everyOne)
    let (measures, partnerFilter, common) = (measure.map { [$0] } ?? SimilarityMeasure.allCases, recordings.partnerFilter, common)
    try table.write(SimilarityRow.self) { take in
      try recordings.forEachRecording(threads: common.threads) { recording, threads in
        try common.requireMemory(
          bytes: try similarityBytes(of: recording, over: selections), for: "\(recording.path): mean responses by stratum")
        return try similarityRows(
          of: recording, measures: measures, over: selections, partnerFilter: partnerFilter, threads: threads)
      } take: { rows in
        try take(rows)
      }
    }
  }
}

extension SimilarityMeasure: ExpressibleByArgument {}
