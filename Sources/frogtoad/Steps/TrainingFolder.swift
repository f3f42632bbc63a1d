import DenseNetwork
import Files
import Foundation
import Tabular
import Terminal

/// A folder that a training writes: `epoch-000.h5` and so on, `state.h5` and `training.csv`. Other files in it are left alone.
struct TrainingFolder: Sendable {
  let path: String

  var state: String { path + "/state.h5" }
  var history: String { path + "/training.csv" }

  /// The checkpoints of a training, by epoch.
  ///
  /// - Throws: `Failure` naming the first file that has the name of a checkpoint and is none of ours.
  func checkpoints() throws -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return try names.filter { $0.hasPrefix("epoch-") && $0.hasSuffix(".h5") }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      .map { name in
        let file = path + "/" + name
        guard Checkpoint.isOwn(file) else { throw stranger(file, "is no checkpoint of a training") }
        return file
      }
  }

  /// Whether a training left its state here.
  var hasState: Bool { FileUnderWay.replacesFile(at: state) }

  /// Everything in the folder that a training writes.
  ///
  /// - Throws: `Failure` naming the first file that has the name of such a file and is something else, or that this program reads.
  func files() throws -> [String] {
    var files = try checkpoints()
    if hasState {
      guard SavedTraining.isOwn(state) else { throw stranger(state, "is no state of a training") }
      files.insert(state, at: 0)
    }
    if FileUnderWay.replacesFile(at: history) {
      guard isTable(history, like: TrainingRow.self) else { throw stranger(history, "is no table of a training") }
      files.append(history)
    }
    for file in files { try requireAbsent(file, overwrite: true) }
    return files
  }

  /// Makes room for a new training: what an earlier one wrote is removed, and nothing else.
  ///
  /// - Parameter replacing: without it an earlier training is an error.
  func clear(replacing: Bool) throws {
    let files = try files()
    if let first = files.first { try requireAbsent(first, overwrite: replacing) }
    // The state first: a training without its checkpoints is not to be resumed.
    for file in files { try removeFile(file) }
  }

  private func stranger(_ file: String, _ what: String) -> Failure {
    Failure(.failed, "\(file): \(what), and would be replaced. Choose another --output, or move it away.")
  }
}

/// Whether a file is a CSV table of such rows, by the first four columns: later versions add some at the end.
func isTable<Row: TableRow>(_ path: String, like type: Row.Type) -> Bool {
  let header = Array((Row.schema.columns.prefix(4).map(\.name).joined(separator: ",") + ",").utf8)
  guard let file = FileHandle(forReadingAtPath: path) else { return false }
  defer { try? file.close() }
  return (try? file.read(upToCount: header.count)).map(Array.init) == header
}

func removeFile(_ path: String) throws {
  do {
    try FileManager.default.removeItem(atPath: path)
  } catch {
    throw Failure(.failed, "\(path): cannot be removed. Check that its folder may be written to.")
  }
}
