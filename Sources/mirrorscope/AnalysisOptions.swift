import ActivationRecording
import ArgumentParser
import MirrorAnalysis
import Tabular
import Terminal

/// What every analysis takes: recordings, where its table goes, and the options of every command.
struct AnalysisOptions: ParsableArguments {
  @OptionGroup var recordings: RecordingOptions
  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  /// Runs an analysis over the recordings and writes its table.
  ///
  /// - Parameters:
  ///   - seed: of an analysis that draws at random.
  ///   - echoesSeed: whether it is said on standard error.
  ///   - alsoTake: gets each piece of the table too.
  func run<A: Analysis>(
    _ analysis: A, seed: SeedOptions? = nil, echoesSeed: Bool = true, alsoTake: ([RecordingRow<A.Row>]) throws -> Void = { _ in }
  ) throws {
    if echoesSeed { seed?.echo(to: common.logger) }
    let bar = recordings.progressBar(A.Row.schema.name, common)
    defer { bar.finish() }
    try table.write(RecordingRow<A.Row>.self) { take in
      try runner(seed: seed, showing: bar).run(analysis, on: recordings.groups) { rows in
        try take(rows)
        try alsoTake(rows)
      }
    }
  }

  /// Where the table goes.
  var output: String { table.destination.output }

  /// A runner as the options say.
  ///
  /// - Parameter bar: shows how far it is.
  func runner(seed: SeedOptions? = nil, showing bar: RecordingsBar? = nil) -> AnalysisRunner {
    AnalysisRunner(recordings, common, seed: seed, showing: bar)
  }
}

extension AnalysisRunner {
  /// A runner as options say.
  init(_ recordings: RecordingOptions, _ common: CommonOptions, seed: SeedOptions? = nil, showing bar: RecordingsBar? = nil) {
    self.init()
    progress = bar?.update
    selection = recordings.selection
    threads = common.threads
    maxMemory = common.maxMemory?.bytes
    if let seed { self.seed = seed.seed }
    let logger = common.logger
    isChosen = { recordings.matches($0) }
    note = { logger.info("\($0)") }
  }
}

extension Remedy {
  /// How a remedy is asked for on the command line.
  var option: String {
    switch self {
    case .leaveLayerOut: "--layers"
    case .turnFilterOff: "--no-partner-filter"
    case .replace: "--force, --output"
    case .useSameRows: "--same-rows"
    case .chooseUnits: "--units, --each"
    case .moreMemory: "--max-memory"
    case .compareByCKA: "--measure cka"
    case .namePhases: "--phase-column"
    case .allowRounding: "--replay-tolerance"
    }
  }
}
