import ArgumentParser
import Files
import MirrorAnalysis
import Tabular
import Terminal

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make the table of what --accumulator wrote on several machines.",
    discussion: """
      EXAMPLE
        mirrorscope merge shard-1.h5 shard-2.h5

      Shards of the rows (--shard 3/10) give the table of one machine that has all of them with --join, digit for digit; shares of the \
      permutations (--share 3/10) that of one machine that takes all permutations. A shard or share that is missing, or is there twice, is \
      refused, and so are others' rows, options, layers or versions.
      """)

  @Argument(help: "Accumulators, in any order.", completion: .file(extensions: ["h5", "hdf5"]))
  var accumulators: [String]

  @OptionGroup var table: TableOptions
  @OptionGroup var common: CommonOptions

  func validate() throws { InputFiles.declare(accumulators) }

  func run() throws {
    let whole = try AccumulatorWhole(paths: accumulators, common)
    guard whole.header.program == AccumulatorFile.program else {
      throw AccumulatorError(
        file: whole.files[0].path,
        fault:
          "was written by \(whole.header.program), and this is \(AccumulatorFile.program): both have to be the same program. Write it again."
      )
    }
    switch whole.header.analysis {
    case StatsRow.schema.name: try merge(StatsAnalysis.self, whole)
    case UnitsRow.schema.name: try merge(UnitsAnalysis.self, whole)
    case CMNIRow.schema.name: try merge(CMNIAnalysis.self, whole)
    case CorrelationRow.schema.name: try merge(CorrelationAnalysis.self, whole)
    case DivergenceRow.schema.name: try merge(DivergenceAnalysis.self, whole)
    case OverlapRow.schema.name: try merge(OverlapAnalysis.self, whole)
    case DirectionRow.schema.name: try merge(DirectionAnalysis.self, whole)
    case let other:
      throw AccumulatorError(
        file: whole.files[0].path, fault: "is of '\(other)', which this version does not merge. Update Mirrorscope.", isBadFile: true)
    }
  }

  private func merge<A: AccumulatedAnalysis>(_ type: A.Type, _ whole: AccumulatorWhole) throws {
    let (header, logger) = (whole.header, common.logger)
    let context = AnalysisContext(
      threads: common.threads, seed: header.options["seed"].flatMap { UInt64($0) } ?? 1, note: { logger.info("\($0)") })
    let sums = try whole.sums(A.Sums.self)
    let analysis = try whole.explained(whole.files[0]) { try A(accumulated: header) }
    try table.write(RecordingRow<A.Row>.self) { take in
      try whole.explained(whole.files[0]) {
        try analysis.forEachRows(of: sums, header, in: context) { rows in try take(rows.map { RecordingRow(header.identity, $0) }) }
      }
    }
  }
}
