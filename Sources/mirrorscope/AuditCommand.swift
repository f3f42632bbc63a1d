import ArgumentParser
import MirrorAnalysis
import Terminal

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "The confounds by name, each measured, with a verdict: one row per check and subject.",
    discussion: """
      EXAMPLE
        mirrorscope audit demo/recordings/2x17/epoch-000.h5

      Does an input column tell the phase (label leak: learnt on half of the rows, scored on the others against chance; no stratum is in \
      both halves)? Is the none phase matched to self and other on label (total variation), energy, rough ground and position (standardised difference of means)? What CMNI do the inputs, \
      random projections of them, and untrained networks of the same shape have, and what do linear decoders of the inputs say of the phases? \
      Do successive rows resemble each other (--along)? Then dead and constant units, unequal phases, what the \
      partner filter drops, the outputs' share of the index, and missing parts. Verdicts: ok, caution, fail, not measured.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp("Column whose order inside strata is looked at for autocorrelation; turn, where there is one.", valueName: "column"))
  var along: String?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func run() throws {
    try options.run(AuditAnalysis(along: along), seed: seed)
    options.recordings.suggestForAll("cmni", table: "cmni.csv", options.common)
  }
}
