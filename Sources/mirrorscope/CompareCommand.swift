import ActivationRecording
import ArgumentParser
import Files
import Foundation
import MirrorAnalysis
import Tabular
import Terminal

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Outcomes over networks, by condition and seed: each network is one replicate.",
    discussion: """
      EXAMPLE
        mirrorscope compare demo/recordings/*/*.h5 --by network,kind --epoch last

      A row of a table is about one network: columns of --by make its condition, --seed-column its seed, --outcome (columns) its numbers. A \
      table with columns outcome and value is long: one row per number. Columns that a table lacks come from --networks, joined on network. \
      Recordings give cmni, cmni_crossfit, cmni_standardised, least_overlap_excess and validation_loss, with their network, epoch, kind (trained or \
      untrained), seed, hyperparameters and provenance as columns.

      Rows of one network are never replicates: several of one seed, condition and outcome are refused, unless --epoch or --where leaves one of \
      them, or --trend makes a slope of them. iqm is the interquartile mean over seeds, ci_low and ci_high its 95 % interval. \
      With --baseline, difference is over the seeds in common, p_value from flipping their signs (without common seeds from permuting networks), \
      p_holm over all conditions of an outcome. Without --baseline slopes are compared with 0.
      """)

  @Argument(help: "Tables (CSV, TSV) and recordings to read.", completion: .file(extensions: ["csv", "tsv", "h5"]))
  var inputs: [String]

  @Option(name: .long, help: ArgumentHelp("Columns whose values make a condition.", valueName: "col,…"), transform: { Names($0) })
  var by: Names

  @Option(
    name: .long, help: ArgumentHelp("Columns whose values tell the networks of a condition.", valueName: "col,…"), transform: { Names($0) })
  var seedColumn = Names("seed")

  @Option(
    name: .long,
    help: ArgumentHelp("Outcomes: columns, or names in the column outcome. (default: all of a long table)", valueName: "col,…"),
    transform: { Names($0) })
  var outcome = Names("")

  @Option(name: .customLong("value"), help: ArgumentHelp("Column of the numbers of a long table, such as effect.", valueName: "col"))
  var valueColumn = "value"

  @Option(
    name: .long, help: ArgumentHelp("Table of networks, for columns that the others lack.", valueName: "table"),
    completion: .file(extensions: ["csv", "tsv"]))
  var networks: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What each condition is compared with: kind=untrained, other columns alike, or just untrained.", valueName: "col=value,…"))
  var baseline: String?

  @Option(name: .long, help: ArgumentHelp("Take the slope of each seed over this column.", valueName: "col"))
  var trend: String?

  @Option(name: .long, help: "Of each network the last epoch, or that of the smallest validation_loss.")
  var epoch: ComparisonPlan.EpochChoice?

  @Option(
    name: .long,
    help: ArgumentHelp("Only rows that meet a condition, such as 'variant == author'; may be repeated.", valueName: "condition"),
    transform: { try RowCondition($0) })
  var `where`: [RowCondition] = []

  @Option(count: 0...1_000_000, help: "Bootstrap replicates of the intervals that are no paired difference's; 0 leaves them out.")
  var bootstrap = 10_000

  @Option(count: 19...10_000_000, help: "Sign flips or permutations that are drawn where there are more than 2^20.")
  var draws = 100_000

  @Option(count: 0...1_000_000, help: "Permutations behind the least_overlap_excess of recordings; 0 leaves it out.")
  var permutations = 199

  @OptionGroup var seed: SeedOptions
  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    InputFiles.declare(inputs + [networks].compactMap { $0 })
    for (option, names) in [("--by", by.names), ("--seed-column", seedColumn.names)] where names.isEmpty || names.contains("") {
      throw ValidationError("\(option) takes names of columns, separated by commas.")
    }
    let roles = by.names + seedColumn.names + outcome.names + [trend].compactMap { $0 }
    if let name = roles.first(where: { name in roles.count { $0 == name } > 1 }) {
      throw ValidationError("'\(name)' is named twice in --by, --seed-column, --outcome and --trend: a column is one of these.")
    }
    if trend != nil, epoch != nil { throw ValidationError("--trend is over several epochs, and --epoch takes one. Leave one of them out.") }
  }

  func run() throws {
    seed.echo(to: common.logger)
    var plan = ComparisonPlan(by: by.names)
    (plan.seedColumns, plan.outcomes, plan.valueColumn) = (seedColumn.names, outcome.names, valueColumn)
    (plan.baseline, plan.trend, plan.epoch) = (baseline, trend, epoch)
    plan.condition = `where`.first.map { first in `where`.dropFirst().reduce(first) { .and($0, $1) } }
    (plan.replicates, plan.draws, plan.seed, plan.threads) = (bootstrap, draws, seed.seed, common.threads)
    for path in inputs + [networks].compactMap({ $0 }) where isPipe(path) {
      throw Failure(.failed, "\(path): is a pipe or a device, and tables are read from files. Write it to a file first.")
    }
    let recordings = inputs.filter { FileSignature(path: $0) == .hdf5 }
    var tables = try inputs.filter { !recordings.contains($0) }.map(read)
    let known = try networks.map(read)
    if !recordings.isEmpty {
      if tables.isEmpty, plan.outcomes.isEmpty {
        plan.outcomes = RecordedOutcomes.names.filter { permutations > 0 || $0 != "least_overlap_excess" }
      }
      var runner = AnalysisRunner()
      (runner.threads, runner.seed, runner.maxMemory) = (common.threads, seed.seed, common.maxMemory?.bytes)
      let logger = common.logger
      runner.note = { logger.info("\($0)") }
      let bar = RecordingsBar("cmni", paths: recordings, common)
      defer { bar.finish() }
      runner.progress = bar.update
      tables.append(try RecordedOutcomes(of: recordings, permutations: permutations, runner: runner).table)
    }
    let bar = ProgressBar("compare", unit: "outcomes", quiet: common.quiet)
    let comparison = try NetworkComparison(of: tables, networks: known, plan: plan) { bar.update(done: $0, total: $1) }
    bar.finish()
    try table.write(comparison.schema) { writer in try writer.write(comparison.rows.map { $0.condition + $0.cells }) }
  }

  private func read(_ path: String) throws -> TextTable {
    if let signature = FileSignature(path: path) {
      let remedy = signature.remedy.map { ": \($0) and give the table that comes out" } ?? ", and a table is needed here"
      throw Failure(.badFile, "\(path): is \(signature)\(remedy).")
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    try common.requireMemory(
      bytes: TextTable.byteCount(fileBytes: size), for: "\(path): its cells", alternative: "give a table of fewer rows")
    return try TextTable(path: path)
  }
}

private func isPipe(_ path: String) -> Bool {
  FileManager.default.fileExists(atPath: path) && !FileUnderWay.replacesFile(at: path)
}

/// Names separated by commas; none of an empty text.
struct Names: Sendable {
  let names: [String]

  init(_ text: String) {
    names = text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

extension ComparisonPlan.EpochChoice: ExpressibleByArgument {}

extension Failure {
  init(_ error: ComparisonError) {
    let status: ExitStatus =
      switch error.kind {
      case .badTable: .badFile
      case .notEnoughData: .notEnoughData
      case .notThere: .failed
      }
    self.init(status, error.sentence { $0.option })
  }

  init(_ error: TextTableError) {
    let status: ExitStatus =
      switch error.fault {
      case .unreadable: .failed
      default: .badFile
      }
    self.init(status, error.description)
  }
}

extension ComparisonError.Remedy {
  /// How a remedy is asked for on the command line.
  var option: String {
    switch self {
    case .giveNetworks: "--networks"
    case .nameOutcomes: "--outcome"
    case .nameSeeds: "--seed-column"
    case .tellRowsApart: "--where, --epoch last, --by, --seed-column, --trend"
    case .chooseBaseline: "--baseline"
    case .chooseRows: "--where"
    }
  }
}
