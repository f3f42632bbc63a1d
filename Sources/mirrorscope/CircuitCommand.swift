import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Terminal

struct CircuitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "circuit",
    abstract: "Weights, contributions and measured effects along action circuits: one row per edge.",
    discussion: """
      EXAMPLE
        mirrorscope circuit demo/recordings/2x17/epoch-001.h5 --dot circuit.dot

      Edges out of the chosen units, by default every unit that answers to self or other by evidence: class mirror, suppressed, opposite or differentiating. edge_effect is the change of an action's mean output \
      when the edge's activation × weight is taken from its target's weighted sum, measured on evaluate rows (/split, otherwise a seeded \
      half, strata whole); the action is the target itself if it is an output, otherwise the one that it raises most: the largest sum over \
      its paths through positive weights of the product of these weights. Classes are taken on the select rows. target_driver compares the \
      positive inputs of the target that come from mirror and from differentiating units: two thirds or more of the two together make it \
      driven by that class. Layers below the lowest that --layers asks for need not be there.
      """)

  @Option(
    name: .long, help: ArgumentHelp("Edges out of these units; may be given several times.", valueName: "layer:unit,unit"),
    completion: .layerUnits)
  var units: [UnitSet] = []

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp("Edges out of the units of a class, such as mirror or author:mirror.", valueName: "class"))
  var unitClass: UnitClassChoice?

  @Option(
    name: .long, help: ArgumentHelp("Write the edges of a single recording as a Graphviz graph too.", valueName: "path"),
    completion: .file(extensions: ["dot", "gv"]))
  var dot: String?

  @OptionGroup var classes: UnitClassOptions
  @OptionGroup var replay: ReplayOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    guard units.isEmpty || unitClass == nil else { throw ValidationError("Give one of --units and --class.") }
    guard dot == nil || options.recordings.groups.count == 1 else { throw ValidationError("--dot takes a single recording.") }
    guard dot != "-" || options.table.destination.output != "-" else {
      throw ValidationError("--dot - and the table can't both go to standard output; give --output.")
    }
  }

  private var selection: CircuitSelection {
    if !units.isEmpty { return .units(units.map { ($0.layer, $0.units) }) }
    return unitClass.map { .unitClass($0) } ?? .responsive
  }

  func run() throws {
    var analysis = CircuitAnalysis(selection)
    analysis.classes = classes.plan
    analysis.replayTolerance = replay.replayTolerance
    if let dot { try run(analysis, drawing: dot) } else { try options.run(analysis, seed: seed) }
    options.recordings.suggestReport(or: "decode", table: "decode.csv", beside: options.output, options.common)
  }

  private func run(_ analysis: CircuitAnalysis, drawing dot: String) throws {
    let graph = try OutputFile(path: dot, overwrite: options.table.destination.force, beginning: CircuitGraph.beginning)
    var edges: [CircuitRow] = []
    try options.run(analysis, seed: seed) { rows in edges += rows.map(\.row) }
    try graph.write(CircuitGraph(edges).graphviz)
    try graph.finish()
  }
}
