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

  /// - Returns: the moments of each recording, in order.
  func run(overwrite: Bool, threads: Int) throws -> [RecordingMoments] {
    let moments = try mapBlocks(count: recordings.count, threads: threads) { number in
      try RecordingMoments(
        of: Recording(path: folder + "/" + recordings[number]), name: recordings[number], partnerFilter: true, threads: 1)
    }
    try write(moments.map { try $0.cmniRows() }, to: "cmni.csv", overwrite: overwrite)
    try write(moments.map(\.statsRows), to: "stats.csv", overwrite: overwrite)
    return moments
  }

  private func write<Row: TableRow>(_ rows: [[Row]], to name: String, overwrite: Bool) throws {
    let file = try OutputFile(path: folder + "/" + name, overwrite: overwrite)
    var writer = try TableWriter(schema: Row.schema, format: .csv, sink: file.write)
    for rows in rows { try writer.write(rows) }
    try writer.finish()
    try file.finish()
  }
}
