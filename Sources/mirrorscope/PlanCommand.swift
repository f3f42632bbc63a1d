import ArgumentParser
import Files
import MirrorAnalysis
import Tabular
import Terminal

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Plan ablations that are run in the model itself, for judge.",
    discussion: """
      EXAMPLES
        mirrorscope plan demo/recordings/2x17/epoch-001.h5 --top 4 -o plan.json
        mirrorscope plan demo/recordings/2x17/epoch-001.h5 --mode direction -o p.json

      Writes arms as JSON: intact, each target, and its references, which p compares it with; with the layer, the units and what takes their \
      place, and the examples of the evaluate half. mirrorscope.run_plan in Python runs them in a PyTorch model, and judge makes the table of ablate \
      of what comes out. Layers of any kind may be planned for: nothing but their activations is needed.

      Targets are chosen on half of the rows and evaluated on the other (/split, or a seeded half-split that keeps strata whole), and the plan \
      holds hashes of both. Name the outcome that decides with --outcome before anything is run.
      """)

  @OptionGroup var targets: TargetOptions

  @Option(count: 1...1000, help: "Draws of --mode resample; every one runs all arms again.")
  var draws = 1

  @Option(name: .long, help: ArgumentHelp("Primary outcome, as evaluate will call it. (default: judge says)", valueName: "name"))
  var outcome: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Column of rows that tells which are one example; sample takes each row for itself. (default: example, where there is one)",
      valueName: "column"))
  var exampleColumn: String?

  @Option(
    name: .customLong("targets"), help: ArgumentHelp("Write a table of the targets.", valueName: "path|-"),
    completion: .file(extensions: ["csv", "tsv", "json"]))
  var targetTable: String?

  @OptionGroup var replay: ReplayOptions
  @OptionGroup var recordings: RecordingOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard recordings.recordings.count == 1 else {
      throw ValidationError("A plan is of one recording: its rows are the examples that are run. Give one.")
    }
    if targets.mode == .noise {
      throw ValidationError(
        "--mode noise needs numbers that only ablate draws. A plan takes zero, mean, mean:PHASE, resample or direction.")
    }
    if draws > 1, targets.mode != .resample {
      throw ValidationError("--draws goes with --mode resample: nothing else is drawn.")
    }
    if let targetTable, targetTable != "-", targetTable == destination.output {
      throw ValidationError("--targets and --output are both \(targetTable). Give each a file of its own.")
    }
    if targetTable == "-", destination.output == "-" {
      throw ValidationError("--targets - and the plan can't both go to standard output; give --output.")
    }
  }

  func run() throws {
    seed.echo(to: common.logger)
    var plan = targets.plan
    (plan.draws, plan.outcome, plan.replayTolerance) = (draws, outcome, replay.replayTolerance)
    if targets.sameRows {
      common.logger.warning("Targets are chosen on the rows they are evaluated on: effects are biased towards the target.")
    }
    let path = recordings.recordings[0]
    var analysis = PlanAnalysis(plan)
    analysis.exampleColumn = exampleColumn
    analysis.program = "mirrorscope \(toolkitVersion)"
    if let targetTable, targetTable != "-" { try requireAbsent(targetTable, overwrite: destination.force) }
    let file = try destination.open(beginning: "{\n\"schema\": \"\(InterventionPlan.schemaName)\"")
    var rows: [RecordingRow<PlannedTargetRow>] = []
    let bar = recordings.progressBar("plan", common)
    try AnalysisRunner(recordings, common, seed: seed, showing: bar).lend([path], to: analysis) { view, context in
      let found = try analysis.write(of: view, in: context, write: file.write)
      rows = found.map { RecordingRow(RecordingIdentity(view), $0) }
    }
    bar.finish()
    if let targetTable {
      let schema = RecordingRow<PlannedTargetRow>.schema
      let format = TableFormat.allCases.first { targetTable.lowercased().hasSuffix("." + $0.rawValue) } ?? .csv
      let written = try OutputFile(
        path: targetTable, overwrite: destination.force, beginning: TableWriter.beginning(of: schema, as: format))
      var writer = try TableWriter(schema: schema, format: format, sink: written.write)
      try writer.write(rows)
      try writer.finish()
      // The plan first: a table of targets without it says nothing.
      try file.finish()
      try written.finish()
    } else {
      try file.finish()
    }
    let arms = rows.reduce(1) { $0 + $1.row.arms }
    common.logger.info(
      "\(rows.count) \(rows.count == 1 ? "target" : "targets"), \(arms) arms of \(rows.first?.row.examples ?? 0) examples each.")
    for row in rows {
      if let reason = row.row.reason { common.logger.info("\(row.row.target.id) (\(row.row.target.layer)): \(reason).") }
    }
    if destination.output != "-" {
      common.logger.info("Run it in the model with mirrorscope.run_plan (python/README.md); what comes out is judged.")
      common.suggest(
        "mirrorscope", ["judge", .text(destination.output), "outcomes.csv"] + NextCommand.table("ablate.csv", beside: destination.output))
    }
  }
}
