import ActivationRecording
import MirrorAnalysis
import Parallelism
import Tabular
import Terminal

/// Analyses recordings into `cmni.csv` and `stats.csv` beside them.
struct AnalyseStep: Sendable {
  let folder: String
  /// Paths below the folder, which is how the tables name them: the tables of two folders can be compared.
  let recordings: [String]

  /// Reads each recording once for both tables.
  ///
  /// - Returns: the moments of each recording, in order.
  func run(overwrite: Bool, common: CommonOptions) throws -> [RecordingMoments] {
    let bar = ProgressBar("analysing", unit: "recordings", quiet: common.quiet)
    defer { bar.finish() }
    let (counter, count) = (SharedCounter(), recordings.count)
    bar.update(done: 0, total: count)
    let analysed = try mapBlocks(count: count, threads: common.threads) { number in
      defer { bar.update(done: counter.add(), total: count) }
      let view = try RecordingView(of: [Recording(path: folder + "/" + recordings[number])], name: recordings[number])
      return (identity: RecordingIdentity(view), moments: try RecordingMoments(of: view, threads: 1))
    }
    try write(analysed.map { ($0.identity, try $0.moments.cmniRows()) }, to: "cmni.csv", overwrite: overwrite)
    try write(analysed.map { ($0.identity, $0.moments.statsRows) }, to: "stats.csv", overwrite: overwrite)
    return analysed.map(\.moments)
  }

  private func write<Row: TableRow>(_ rows: [(RecordingIdentity, [Row])], to name: String, overwrite: Bool) throws {
    let file = try OutputFile(
      path: folder + "/" + name, overwrite: overwrite, beginning: TableWriter.beginning(of: RecordingRow<Row>.schema, as: .csv))
    var writer = try TableWriter(schema: RecordingRow<Row>.schema, format: .csv, sink: file.write)
    for (identity, rows) in rows { try writer.write(rows.map { RecordingRow(identity, $0) }) }
    try writer.finish()
    try file.finish()
  }
}
