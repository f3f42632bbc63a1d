import ActivationRecording
import ArgumentParser
import Foundation
import MirrorAnalysis
import Tabular
import Terminal

struct CorrelateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "correlate",
    abstract: "Unit-by-unit correlation: within phases, over all rows, or across two phases.",
    discussion: """
      EXAMPLES
        mirrorscope correlate demo/recordings/2x17/epoch-001.h5 --phase self,other
        mirrorscope correlate demo/recordings/2x17/epoch-001.h5 --matrix -o r.csv

      Without --phase every row counts; with it, the rows of each phase after the partner filter. --phases self,other correlates every \
      unit's mean response in the one with every unit's in the other, over the strata that hold both. --matrix writes a square per layer \
      and phase; where there are several, --output corr.csv makes corr.dense_1.self.csv and so on.
      """)

  @Option(name: .long, help: ArgumentHelp("Rows to take: all, none, self, other, both; repeat it or use commas.", valueName: "phases"))
  var phase: [RowSelectionList] = []

  @Option(
    name: .long, help: ArgumentHelp("Correlate across two phases, such as self,other.", valueName: "a,b"),
    completion: .list(["self,other", "none,self", "none,other"]))
  var phases: PhasePair?

  @Option(name: .long, help: "Method of correlation.")
  var method = CorrelationMethod.pearson

  @Flag(name: .long, help: "Also between units of different layers.")
  var acrossLayers = false

  @Flag(name: .long, help: "Wide tables: a row and a column per unit.")
  var matrix = false

  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if matrix && accumulator.accumulator != nil { throw ValidationError("--matrix is a table; --accumulator writes none.") }
    if !phase.isEmpty && phases != nil { throw ValidationError("Give --phase or --phases, not both.") }
    if matrix && options.recordings.groups.count > 1 { throw ValidationError("--matrix takes one recording, or several with --join.") }
  }

  func run() throws {
    let analysis = CorrelationAnalysis(
      phases.map { .across($0.a, $0.b) } ?? .within(selections), method: method, acrossLayers: acrossLayers)
    func suggest() { options.recordings.suggest("similarity", table: "similarity.csv", beside: options.output, options.common) }
    guard matrix else { return try accumulator.run(analysis, options, suggest: suggest) }
    try writeMatrices(analysis)
    suggest()
  }

  private var selections: [RowSelection] { phase.selections(default: [.all]) }

  /// One square goes where a table would; several go to files of their own beside each other.
  private func writeMatrices(_ analysis: CorrelationAnalysis) throws {
    let destination = options.table.destination
    let bar = options.recordings.progressBar("correlate", options.common)
    defer { bar.finish() }
    for group in options.recordings.groups {
      try options.runner(showing: bar).lend(group, to: analysis) { recording, context in
        var files = try self.files(recording)[...]
        for file in files where file != "-" { try requireAbsent(file, overwrite: destination.force) }
        try analysis.forEachMatrix(of: recording, in: context) { matrix in
          if let file = files.popFirst() { try write(matrix, to: file) }
        }
      }
    }
  }

  /// Where the matrices go, in their order.
  private func files(_ recording: RecordingView) throws -> [String] {
    let sets = acrossLayers ? ["all"] : recording.layers.map(\.name)
    let rows = phases.map { ["\($0.a.name)-\($0.b.name)"] } ?? selections.map(\.name)
    let output = options.table.destination.output
    guard sets.count * rows.count > 1 else { return [output] }
    guard output != "-" else {
      throw Failure(
        .failed,
        "\(recording.path): --matrix makes \(sets.count * rows.count) squares. Give --output PATH for a file of each, or choose one with "
          + "--layers and --phase, or all layers in one with --across-layers.")
    }
    return sets.flatMap { set in rows.map { rows in path(output, set, rows) } }
  }

  /// corr.csv becomes corr.dense_1.self.csv.
  private func path(_ output: String, _ set: String, _ rows: String) -> String {
    let kind = (output as NSString).pathExtension
    let stem = (output as NSString).deletingPathExtension
    // A layer's name may be a path, such as encoder/0.
    let set = set.replacingOccurrences(of: "/", with: "-")
    return "\(stem).\(set).\(rows)" + (kind.isEmpty ? "" : ".\(kind)")
  }

  private func write(_ matrix: CorrelationMatrix, to path: String) throws {
    let file = try OutputFile(
      path: path, overwrite: options.table.destination.force,
      beginning: TableWriter.beginning(of: matrix.wideSchema, as: options.table.chosenFormat))
    var writer = try TableWriter(schema: matrix.wideSchema, format: options.table.chosenFormat, sink: file.write)
    for unit in matrix.units.indices { try writer.write([matrix.wideCells(ofUnit: unit)]) }
    try writer.finish()
    try file.finish()
  }
}

/// Two phases, as `self,other` on the command line.
struct PhasePair: ExpressibleByArgument {
  let a: Phase
  let b: Phase

  init?(argument: String) {
    let names = argument.split(separator: ",").map(String.init)
    guard names.count == 2, let a = Phase(name: names[0]), let b = Phase(name: names[1]), a != b else { return nil }
    (self.a, self.b) = (a, b)
  }
}

extension CorrelationMethod: ExpressibleByArgument {}
