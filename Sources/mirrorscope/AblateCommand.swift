import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Terminal

struct AblateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate",
    abstract: "What ablating units does to the actions, against other units that are like them.",
    discussion: """
      EXAMPLE
        mirrorscope ablate demo/recordings/2x17/epoch-001.h5 --top 4 -o ablate.csv

      The network above the ablated layer is recomputed from the recorded activations, kernels and biases. Units are chosen on half of the \
      rows and evaluated on the other half (/split, or a seeded half-split that keeps strata whole). Controls are reference sets: other sets of \
      the layer with as many units in each bin of mean activation and outgoing weights, which may share units with the target; p_value compares \
      the effect with theirs. Below 19 of them, or where the target is not matched to 0.25 standard deviations, there is no p, and reason \
      says why. One outcome is primary; q_value is over all others.

      --units, --top, --class, --each and --dose do not exclude each other: each is done for itself, one after the other, as rows of their \
      own. --layers says in which layers to ablate: those above are recomputed in any case, those below need not be there. \
      --no-partner-filter is about the scores that units are chosen by: effects look at every row.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "These units together, such as dense_1:3,7, beside what --top and its like choose; may be repeated.", valueName: "layer:units"))
  var units: [UnitSet] = []

  @Option(count: 1...1_000_000, help: "In each hidden layer the K units with the highest mirror-neuron scores. (default: 4)")
  var top: Int?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      """
      In each hidden layer all units of a class, by evidence on the select rows or, after author:, by the author's rule of thumb.
      """, valueName: "class"))
  var unitClass: UnitClassChoice?

  @Flag(name: .long, help: "Each unit alone.")
  var each = false

  @Option(count: 1...1_000_000, help: "The one, two, … K units with the highest scores: a dose-response curve.")
  var dose: Int?

  @Option(name: .long, help: "What takes the units' place: zero, mean, mean:PHASE, resample (from the none phase) or noise.")
  var mode = AblationMode.zero

  @Option(count: 1...100_000, help: "Draws that resample and noise average over.")
  var draws = 20

  @Option(count: 0...1_000_000, help: "Reference sets per target; where there are fewer, all of them.")
  var controls = 200

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Primary outcome, such as accuracy:help or chosen:jump. (default: accuracy on the rarest label that the network chooses)",
      valueName: "name"))
  var outcome: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Write a second table: how much of the primary effect each unit of a target accounts for.", valueName: "path"))
  var shapley: String?

  @Option(count: 0...1_000_000, help: "Bootstrap replicates of the paired effects; 0 leaves out the interval.")
  var bootstrap = 1000

  @Flag(name: .long, help: "Choose and evaluate on the same rows: marks every row of the table.")
  var sameRows = false

  @OptionGroup var classes: UnitClassOptions
  @OptionGroup var replay: ReplayOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    guard shapley != "-" || options.table.destination.output != "-" else {
      throw ValidationError("--shapley - and the table can't both go to standard output; give --output.")
    }
  }

  func run() throws {
    var plan = AblationPlan()
    plan.selections =
      units.map { .units(layer: $0.layer, $0.units) } + (top.map { [.top($0)] } ?? []) + (unitClass.map { [.unitClass($0)] } ?? [])
      + (each ? [.each] : []) + (dose.map { [.dose($0)] } ?? [])
    if plan.selections.isEmpty { plan.selections = [.top(4)] }
    (plan.mode, plan.controls, plan.replicates, plan.sameRows) = (mode, controls, bootstrap, sameRows)
    (plan.outcome, plan.draws, plan.attributes) = (outcome, draws, shapley != nil)
    plan.classes = classes.plan
    plan.replayTolerance = replay.replayTolerance
    if sameRows {
      options.common.logger.warning("Units are chosen on the rows they are evaluated on: effects are biased towards the target.")
    }
    guard let shapley else { return try options.run(AblationAnalysis(plan), seed: seed) }
    var table = options.table
    table.destination.output = shapley
    try table.write(RecordingRow<ShapleyRow>.self) { take in
      try options.run(AblationAnalysis(plan), seed: seed) { rows in
        try take(rows.flatMap { row in row.row.shapley.map { RecordingRow(row.identity, $0) } })
      }
    }
  }
}

extension AblationMode: ExpressibleByArgument {
  public init?(argument: String) {
    switch argument {
    case "zero": self = .zero
    case "mean", "mean:all": self = .mean(nil)
    case "resample": self = .resample
    case "noise": self = .noise
    default:
      guard argument.hasPrefix("mean:"), let phase = Phase(name: String(argument.dropFirst(5))) else { return nil }
      self = .mean(phase)
    }
  }

  public var defaultValueDescription: String { name }
}
