import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Tabular
import Terminal

struct CorrelateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "correlate",
    abstract: "Unit-by-unit correlation: within a phase, over all rows, or across two phases.",
    discussion: """
      EXAMPLE
        mirrorscope correlate demo/recordings/2x17/epoch-001.h5 --phase self --matrix --layers dense_1

      Without --phase every row counts; with it, the rows of a phase after the partner filter. --phases self,other correlates every \
      unit's mean response in the one with every unit's in the other, over the strata that hold both.
      """)

  @OptionGroup var recordings: RecordingOptions

  @Option(name: .long, help: "Rows of this phase only: none, self, other or both.")
  var phase: Phase?

  @Option(name: .long, help: ArgumentHelp("Correlate across two phases, such as self,other.", valueName: "a,b"))
  var phases: PhasePair?

  @Option(name: .long, help: "Method of correlation.")
  var method = CorrelationMethod.pearson

  @Flag(name: .long, help: "Also between units of different layers.")
  var acrossLayers = false

  @Flag(name: .long, help: "A wide table: a row and a column per unit.")
  var matrix = false

  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if phase != nil && phases != nil { throw ValidationError("Give --phase or --phases, not both.") }
    if matrix && (recordings.recordings.count > 1) { throw ValidationError("--matrix takes one recording.") }
  }

  func run() throws {
    if matrix { return try writeMatrix() }
    try table.write(CorrelationRow.self) { take in
      for path in recordings.recordings {
        for matrix in try matrices(path) { try take(matrix.rows(recording: path)) }
      }
    }
  }

  private func matrices(_ path: String) throws -> [CorrelationMatrix] {
    let recording = try recordings.open(path)
    if method == .spearman || acrossLayers || phases != nil {
      let units = recording.layers.map(\.unitCount)
      let width = acrossLayers ? units.reduce(0, +) : units.max() ?? 0
      try common.requireMemory(bytes: 12 * recording.rowCount * width, for: "\(path): the activations")
    }
    if let phases {
      return try correlationsAcross(
        phases.a, phases.b, of: recording, method: method, acrossLayers: acrossLayers, partnerFilter: recordings.partnerFilter,
        threads: common.threads)
    }
    return try correlations(
      of: recording, phase: phase, method: method, acrossLayers: acrossLayers, partnerFilter: recordings.partnerFilter,
      threads: common.threads)
  }

  /// Square tables have their own columns, so there is one layer in each: all layers together, or a single one.
  private func writeMatrix() throws {
    let matrices = try matrices(recordings.recordings[0])
    guard let matrix = matrices.first, matrices.count == 1 else {
      throw Failure(.failed, "--matrix writes one square: choose a layer with --layers, or take all with --across-layers.")
    }
    let names = matrix.units.map { "\($0.layer):\($0.unit)" }
    let schema = TableSchema(
      name: "correlation-matrix", title: "Correlations, \(matrix.phaseA) down and \(matrix.phaseB) across",
      columns: [Column("unit", .string, "Layer and unit")] + names.map { Column($0, .number, "r with that unit") })
    let file = try table.destination.open()
    var writer = try TableWriter(schema: schema, format: table.format, sink: file.write)
    for (index, name) in names.enumerated() {
      let values = matrix.values[index * names.count..<(index + 1) * names.count]
      try writer.write([[.string(name)] + values.map { .number($0) }])
    }
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

extension Phase: ExpressibleByArgument {
  public init?(argument: String) { self.init(name: argument) }
}

extension CorrelationMethod: ExpressibleByArgument {}
