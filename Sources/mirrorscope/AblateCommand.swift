import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Terminal

struct AblateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate",
    abstract: "What ablating units does to the actions, against other units that are like them.",
    discussion: """
      EXAMPLES
        mirrorscope ablate demo/recordings/2x17/epoch-001.h5 --top 4 -o ablate.csv
        mirrorscope ablate demo/recordings/2x17/epoch-001.h5 --units dense_1:3,7
        mirrorscope ablate demo/recordings/2x17/epoch-001.h5 --mode direction

      The network above the ablated layer is recomputed from the recorded activations, kernels and biases. Units are chosen on half of the \
      rows and evaluated on the other half (/split, or a seeded half-split that keeps strata whole). Controls are reference sets: other sets of \
      the layer with as many units in each bin of mean activation and outgoing weights, which may share units with the target; p_value compares \
      the effect with theirs. Below 19 of them, or where the target is not matched to 0.25 standard deviations, there is no p, and reason \
      says why. One outcome is primary; q_value is over all others.

      --units, --top, --class, --each and --dose do not exclude each other: each is done for itself, one after the other, as rows of their \
      own. --mode direction projects a direction of each layer out of its activations, found in the means of the phases on the select rows; \
      its references are directions of the same rows under other labels. --layers says in which layers to ablate: those above are \
      recomputed in any case, those below need not be there. \
      --no-partner-filter is about the scores that units are chosen by: effects look at every row.
      """)

  @OptionGroup var targets: TargetOptions

  @Option(count: 1...100_000, help: "Draws that resample and noise average over.")
  var draws = 20

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Primary outcome, such as accuracy:help or chosen:jump. (default: accuracy on the rarest label that the network chooses)",
      valueName: "name"))
  var outcome: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Write a second table: how much of the primary effect each unit of a target accounts for.", valueName: "path"),
    completion: .file(extensions: ["csv", "tsv", "json"]))
  var shapley: String?

  @Option(count: 0...1_000_000, help: "Bootstrap replicates of the paired effects; 0 leaves out the interval.")
  var bootstrap = 1000

  @OptionGroup var replay: ReplayOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if shapley != nil, targets.mode == .direction {
      throw ValidationError("--shapley shares an effect out among units, and --mode direction ablates none. Leave one of them out.")
    }
    guard shapley != "-" || options.table.destination.output != "-" else {
      throw ValidationError("--shapley - and the table can't both go to standard output; give --output.")
    }
  }

  func run() throws {
    var plan = targets.plan
    (plan.replicates, plan.outcome, plan.draws, plan.attributes) = (bootstrap, outcome, draws, shapley != nil)
    plan.replayTolerance = replay.replayTolerance
    if targets.sameRows {
      options.common.logger.warning("Units are chosen on the rows they are evaluated on: effects are biased towards the target.")
    }
    if let shapley { try run(plan, sharingOut: shapley) } else { try options.run(AblationAnalysis(plan), seed: seed) }
    options.recordings.suggestReport(or: "circuit", table: "circuit.csv", beside: options.output, options.common)
  }

  private func run(_ plan: AblationPlan, sharingOut shapley: String) throws {
    var table = options.table
    table.destination.output = shapley
    try table.write(RecordingRow<ShapleyRow>.self) { take in
      try options.run(AblationAnalysis(plan), seed: seed) { rows in
        try take(rows.flatMap { row in row.row.shapley.map { RecordingRow(row.identity, $0) } })
      }
    }
  }
}
