import Files
import MirrorAnalysis
import Statistics
import Terminal

/// Accumulators that make up a whole, in the order in which they are merged.
struct AccumulatorWhole {
  let files: [AccumulatorFile]
  let header: AccumulatorHeader

  /// - Throws: `AccumulatorError` where they do not, `Failure` where they would take more memory than is allowed.
  init(paths: [String], _ common: CommonOptions) throws {
    let given = try paths.map { try AccumulatorFile(path: $0) }
    let whole = try AccumulatorSet(given.map { ($0.path, $0.header) })
    files = whole.order.map { given[$0] }
    header = whole.header
    // The arrays of one file and what is made of them, and what those before have given: no more than all of them.
    let (largest, all) = (files.map(\.byteCount).max() ?? 0, files.reduce(0) { $0 + $1.byteCount })
    try common.requireMemory(
      bytes: 4 * largest + all, for: paths.count == 1 ? "\(paths[0]): its sums" : "the sums of \(paths.count) files",
      alternative: "write them for fewer layers")
  }

  /// What all of them add.
  ///
  /// - Throws: `AccumulatorError`, which names the file that is no good.
  func sums<Sums: Accumulator>(_ type: Sums.Type) throws -> Sums {
    var sums = try explained(files[0]) { try Sums(files[0].arrays(), of: files[0].header) }
    for file in files.dropFirst() {
      try explained(file) { try sums.merge(Sums(file.arrays(), of: file.header)) }
    }
    return sums
  }

  /// Says which file is no good.
  func explained<Value>(_ file: AccumulatorFile, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let fault as AccumulatorFault {
      throw AccumulatorError(file: file.path, fault: "\(fault.text). Write it again.", isBadFile: true)
    } catch let error as StatisticsError {
      throw AccumulatorError(file: file.path, fault: "\(error.description). Write it again.", isBadFile: true)
    }
  }
}

extension Failure {
  init(_ error: AccumulatorError) { self.init(error.isBadFile ? .badFile : .failed, error.description) }
}
