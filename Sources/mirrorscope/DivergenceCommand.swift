import ArgumentParser
import Files
import MirrorAnalysis
import Terminal

struct DivergenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "divergence",
    abstract: "Kullback-Leibler divergence between phases, per unit.",
    discussion: """
      EXAMPLE
        mirrorscope divergence demo/recordings/2x17/epoch-001.h5 --layers dense_1

      D(none||self), D(none||other), D(none||both) and D(self||other) in nats, from histograms over the whole layer's range. \
      common_positive is the smaller of the first two where both means rise, otherwise 0. --permutations N fills null_mean, excess and \
      p_value: the labels of the two phases are dealt anew, inside strata where these hold both.
      """)

  @Option(count: 1...1_000_000, help: "Bins of a histogram.")
  var bins = 50

  @Option(name: .long, help: "Range of the histograms: the whole layer's, as in the paper's scripts, or each unit's own.")
  var range = HistogramRange.layer

  @Option(count: 0...1_000_000, help: "Permutations of the labels of two phases for the p-value; 0 leaves it out.")
  var permutations = 0

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --shard: what 'stats --accumulator' wrote of each shard, for the range of all rows; repeat it.", valueName: "path"),
    completion: .file(extensions: ["h5"]))
  var ranges: [String] = []

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var accumulator: AccumulatorOptions
  @OptionGroup var options: AnalysisOptions

  func validate() throws {
    if !ranges.isEmpty && accumulator.accumulator == nil { throw ValidationError("--ranges goes with --accumulator.") }
    if ranges.isEmpty, permutations == 0, let shard = accumulator.shard, shard.count > 1 {
      throw ValidationError("--shard takes --ranges: bins reach over the range of all rows, which a first pass has to find.")
    }
    InputFiles.declare(ranges)
  }

  func run() throws {
    var analysis = DivergenceAnalysis(bins: bins, range: range, permutations: permutations, exchange: exchange.choice)
    if !ranges.isEmpty { analysis.firstPass = try firstPass() }
    try accumulator.run(analysis, options, seed: permutations > 0 ? seed : nil) {
      options.recordings.suggest("units", table: "units.csv", beside: options.output, options.common)
    }
  }

  private func firstPass() throws -> DivergenceRanges {
    let whole = try AccumulatorWhole(paths: ranges, options.common)
    guard whole.header.analysis == StatsRow.schema.name else {
      throw AccumulatorError(
        file: ranges[0], fault: "is of '\(whole.header.analysis)'. --ranges takes what 'mirrorscope stats --accumulator' wrote.")
    }
    return DivergenceRanges(
      try whole.sums(MomentSums.self), of: whole.files.flatMap { $0.header.files.map(\.sha256) }, header: whole.header)
  }
}

extension HistogramRange: ExpressibleByArgument {}
