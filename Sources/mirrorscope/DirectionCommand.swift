import ArgumentParser
import Files
import Foundation
import HDF5
import MirrorAnalysis
import Terminal

struct DirectionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "direction",
    abstract: "Whether a layer answers to self and to other in one direction of its units: one row per layer.",
    discussion: """
      EXAMPLE
        mirrorscope direction demo/recordings/2x17/epoch-001.h5 --permutations 999

      cosine is that of Δself and Δother, the changes of the units' mean activations from the none phase, with its 95 % interval; every \
      product is taken across two halves of the rows, so that noise is in none. p_value (--permutations) says whether both point the same \
      way, norm_ratio how much longer Δother is. shared_variance is the variance of other along the first --axes principal axes of self, \
      over that along its own, and shared_null the same for random axes; angle_1 to angle_3 are the principal angles of the first three. \
      --write keeps Δself, Δother and their mean direction of each layer.
      """)

  @Option(count: 0...1_000_000, help: "Permutations of the phase labels; 0 leaves the p-value out.")
  var permutations = 0

  @Option(count: 1...50, help: "Principal axes of shared_variance.")
  var axes = 3

  @Option(
    name: .long, help: ArgumentHelp("File for Δself, Δother and their mean direction of each layer (HDF5).", valueName: "path"),
    completion: .file(extensions: ["h5"]))
  var write: String?

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if write != nil, options.recordings.groups.count > 1 {
      throw ValidationError("--write takes one recording, or several with --join.")
    }
    if write == "-" { throw ValidationError("--write makes an HDF5 file, which standard output cannot hold. Name a file.") }
  }

  func run() throws {
    var analysis = DirectionAnalysis(permutations: permutations, axes: axes, exchange: exchange.choice)
    analysis.keepsDirections = write != nil
    if let write { try requireAbsent(write, overwrite: options.table.destination.force) }
    var rows: [RecordingRow<DirectionRow>] = []
    try options.run(analysis, seed: seed) { if write != nil { rows += $0 } }
    if let write { try writeDirections(rows, to: write, overwrite: options.table.destination.force) }
  }
}

/// A file of directions: `/layers/NAME/delta_self`, `delta_other` and `direction`, a number per unit each (docs/analyses/direction.md).
let directionsSchema = Schema(name: "mirrorscope-directions", major: 1, minor: 0)

private func writeDirections(_ rows: [RecordingRow<DirectionRow>], to path: String, overwrite: Bool) throws {
  do {
    let underWay = try FileUnderWay(path, overwrite: overwrite, beginning: FileSignature.hdf5Beginning, ordinary: true)
    defer { underWay.abandon() }
    let file = try File.create(underWay)
    do {
      let root = try file.root
      let attributes = root.attributes
      try attributes.set("schema", directionsSchema.name)
      try attributes.set("schema_version", directionsSchema.version)
      try attributes.set("complete", 0)
      try attributes.set("creator", "mirrorscope \(toolkitVersion)")
      if let identity = rows.first?.identity {
        try attributes.set("recording", identity.recording)
        if let network = identity.network { try attributes.set("network", network) }
        if let epoch = identity.epoch { try attributes.set("epoch", epoch) }
      }
      let layers = try root.createGroup("layers")
      for (number, row) in rows.map(\.row).enumerated() {
        guard let directions = row.directions else { continue }
        let group = try layers.createGroup(row.layer)
        try group.attributes.set("layer_index", number)
        try group.write("delta_self", directions.deltaSelf)
        try group.write("delta_other", directions.deltaOther)
        if let mean = directions.mean { try group.write("direction", mean) }
      }
      try attributes.set("complete", 1)
      try file.close()
    } catch {
      try? file.close()
      throw error
    }
    try underWay.finish()
  } catch let error as FileError {
    throw Failure(error)
  }
}
