import ActivationRecording
import ArgumentParser
import Files
import MirrorAnalysis
import MirrorReport
import Terminal

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "One HTML page of everything that a recording shows, with figures, data and a methods paragraph.",
    discussion: """
      EXAMPLE
        mirrorscope report demo/recordings/2x17/*.h5 --output report.html

      The page is one file that loads nothing from anywhere: what was recorded, the index with its nulls and baselines, units by class, \
      correlations, ablation against references, the circuit as a graph, direction and overlap by layer, the audit, and a methods paragraph to \
      copy; each figure with its data as CSV. Numbers are those of cmni, units, stats, correlate, ablate, circuit, direction, overlap and audit \
      with their defaults and --permutations. What cannot be computed is named with its reason.

      Checkpoints of one network (the same network, different epochs) become curves of index and loss, and the one with the lowest validation \
      loss is gone through in full. Other recordings each have a part of their own.
      """)

  @Option(count: 1...1_000_000, help: "Permutations behind every p-value.")
  var permutations = 1000

  @Option(
    name: .long,
    help: ArgumentHelp("Losses by epoch for the curves, such as training.csv of a network's folder.", valueName: "path"),
    completion: .file(extensions: ["csv", "tsv"]))
  var training: String?

  @OptionGroup var exchange: ExchangeOptions
  @OptionGroup var replay: ReplayOptions
  @OptionGroup var seed: SeedOptions
  @OptionGroup var recordings: RecordingOptions
  @OptionGroup var destination: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let training { InputFiles.declare([training]) }
  }

  func run() throws {
    let logger = common.logger
    seed.echo(to: logger)
    let history = try training.map { try TrainingHistory(path: $0) }
    let file = try destination.open(beginning: ReportPage.beginning)
    var plan = ReportPlan()
    (plan.permutations, plan.exchange, plan.replayTolerance) = (permutations, exchange.choice, replay.replayTolerance)
    let progress = ReportProgress(quiet: common.quiet)
    let analyses = ReportAnalyses(
      plan: plan, runner: AnalysisRunner(recordings, common, seed: seed), sentence: { $0.sentence(option: Self.option) },
      progress: progress.step)
    let contents = try ReportContents(of: recordings.groups, by: analyses, training: history) { progress.begin(recordings: $0) }
    progress.finish()
    let origin = ReportOrigin(
      version: toolkitVersion, command: (["mirrorscope"] + CommandLine.arguments.dropFirst().map(quoted)).joined(separator: " "),
      seed: seed.seed, selection: selection)
    let page = try ReportPage(contents, plan: plan, origin: origin).html()
    try file.write(page)
    try file.finish()
    if page.utf8.count > 5_000_000 {
      logger.warning("The page has \(byteText(page.utf8.count)). Give fewer recordings, or fewer layers with --layers, for a smaller one.")
    }
  }

  /// How a remedy is asked for here; nil for what other commands have an option for.
  private static func option(_ remedy: Remedy) -> String? {
    switch remedy {
    case .useSameRows, .chooseUnits, .compareByCKA: nil
    default: remedy.option
    }
  }

  /// What of the recordings the options leave out, for the methods paragraph.
  private var selection: [String] {
    var sentences: [String] = []
    if recordings.layers != "*" { sentences.append("Only layers named \(recordings.layers) were analysed.") }
    if recordings.noPartnerFilter { sentences.append("Rows were not filtered by the partner's acting.") }
    if recordings.join { sentences.append("\(recordings.recordings.count) recordings were taken as one.") }
    if !recordings.where.isEmpty {
      let columns = recordings.where.reduce(into: Set<String>()) { $0.formUnion($1.columns) }
      sentences.append("Rows were chosen by a condition on \(columns.sorted().joined(separator: ", ")), given in the command below.")
    }
    if let column = recordings.phaseColumn { sentences.append("Phases were taken from the column \(column).") }
    if let column = recordings.stratumColumn { sentences.append("Strata were taken from the column \(column).") }
    if let column = recordings.pairColumn { sentences.append("Pairs were taken from the column \(column).") }
    return sentences
  }
}

/// How many analyses of all recordings are done.
private final class ReportProgress: @unchecked Sendable {
  // Sendable because analyses of a report follow one another, on one thread.
  private let bar: ProgressBar
  private var done = 0
  private var total = 1

  init(quiet: Bool) { bar = ProgressBar("report", unit: "analyses", quiet: quiet) }

  func begin(recordings: Int) { total = recordings * ReportAnalyses.stepCount }

  func step() {
    bar.update(done: min(done, total), total: total)
    done += 1
  }

  func finish() { bar.finish() }
}

extension Failure {
  init(_ error: TrainingHistory.Fault) {
    let status: ExitStatus =
      switch error {
      case .notOneCurve: .usage
      case .missingColumn, .notNumber: .badFile
      }
    self.init(status, error.description)
  }
}
