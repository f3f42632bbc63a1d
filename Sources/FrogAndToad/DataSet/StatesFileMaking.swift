import Foundation
import Parallelism

extension GeneratedStates {
  /// Writes the data set to a states file.
  ///
  /// - Parameters:
  ///   - commandLine: stored with it, with `source`, the seed and whether energies were kept.
  ///   - progress: rows written and rows in all, after each block.
  /// - Throws: `StatesFileError`, `HDF5Error`. A failure leaves nothing under the name.
  public func write(
    to path: String, commandLine: String, source: String = "frogtoad generate", overwrite: Bool = false, created: Date = Date(),
    threads: Int = availableThreads, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws {
    let provenance = StatesProvenance(
      seed: seed, commandLine: commandLine, source: source, keepEnergy: options.keepEnergy, couplings: options.couplings,
      testDraw: options.testDraw, shortLabels: shortLabels, created: created)
    let writer = try StatesFileWriter(path, provenance: provenance, overwrite: overwrite, threads: threads)
    var done = 0
    for (split, rows) in [(Split.train, train), (.test, test), (.validation, validation)] {
      for start in stride(from: 0, to: rows.count, by: StatesFormat.chunkRows) {
        let range = start..<min(start + StatesFormat.chunkRows, rows.count)
        try writer.append(rows.rows(range), to: split)
        done += range.count
        progress(done, train.count + test.count + validation.count)
      }
    }
    try writer.finish()
  }
}

/// Imports a CSV file in the author's layout, see `readAuthorCSV`, into a states file: one split, every row, in order.
///
/// - Parameters:
///   - split: which set the rows are.
///   - progress: bytes read and bytes in the CSV file.
/// - Throws: `CSVError`, `StatesFileError`, `HDF5Error`. A failure leaves nothing under the name.
public func importAuthorCSV(
  _ csvPath: String, to path: String, split: Split = .test, commandLine: String, overwrite: Bool = false, created: Date = Date(),
  threads: Int = availableThreads, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
) throws -> CSVReport {
  let source = URL(filePath: csvPath).lastPathComponent
  let provenance = StatesProvenance(seed: nil, commandLine: commandLine, source: source, created: created)
  let writer = try StatesFileWriter(path, provenance: provenance, overwrite: overwrite, threads: threads)
  let report = try readAuthorCSV(csvPath, blockRows: StatesFormat.chunkRows, progress: progress) { try writer.append($0, to: split) }
  try writer.finish()
  return report
}
