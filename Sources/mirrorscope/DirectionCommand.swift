import ArgumentParser
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
      --write keeps Δself, Δother and their mean direction of each layer in a file (schemas/directions.md).
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
  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if write != nil, options.recordings.groups.count > 1 {
      throw ValidationError("--write takes one recording, or several with --join.")
    }
    if write != nil, accumulator.accumulator != nil {
      throw ValidationError("--write goes with the table, which --accumulator leaves out.")
    }
    if write == "-" { throw ValidationError("--write makes an HDF5 file, which standard output cannot hold. Name a file.") }
    if write == options.table.destination.output { throw ValidationError("--write and --output name the same file.") }
  }

  func run() throws {
    var analysis = DirectionAnalysis(permutations: permutations, axes: axes, exchange: exchange.choice)
    analysis.keepsDirections = write != nil
    if let write { try requireAbsent(write, overwrite: options.table.destination.force) }
    var rows: [RecordingRow<DirectionRow>] = []
    guard accumulator.accumulator == nil else { return try accumulator.run(analysis, options, seed: seed) {} }
    try options.run(analysis, seed: seed) { if write != nil { rows += $0 } }
    if let write {
      try DirectionsFile(rows: rows, recordings: options.recordings.recordings).write(
        to: write, overwrite: options.table.destination.force, showing: options.recordings.progressBar("hash", options.common))
    }
    options.recordings.suggest("decode", table: "decode.csv", beside: options.output, options.common)
  }
}
