import ActivationRecording
import Files
import Foundation
import FrogAndToad
import MirrorAnalysis
import Terminal

/// The folder of a whole experiment: `states.h5`, `networks/NAME`, `recordings/NAME`, `cmni.csv` and `stats.csv`.
struct RunFolder {
  let path: String

  var states: String { path + "/states.h5" }

  private static let parts = ["states.h5", "networks", "recordings", "cmni.csv", "stats.csv"]

  /// - Throws: `Failure` where a part of an earlier run is there.
  func requireEmpty() throws {
    for part in Self.parts { try requireAbsent(path + "/" + part, overwrite: false) }
  }

  /// Everything that runs wrote here, apart from partial files.
  ///
  /// - Throws: `Failure` naming the first file that stands where a run's would and is something else.
  func files() throws -> [String] {
    var files = try file(states, StatesFile.isOwn)
    for folder in try folders(in: "networks") {
      let own = try TrainingFolder(path: folder).files()
      try requireOnly(own, in: folder)
      files += own
    }
    for folder in try folders(in: "recordings") {
      let own = names(in: folder).filter { $0.hasSuffix(".h5") }.map { folder + "/" + $0 }.filter(Recording.isOwn)
      try requireOnly(own, in: folder)
      files += own
    }
    files += try file(path + "/cmni.csv") { isTable($0, like: RecordingRow<CMNIRow>.self) }
    files += try file(path + "/stats.csv") { isTable($0, like: RecordingRow<StatsRow>.self) }
    return files
  }

  /// Removes what earlier runs wrote, and nothing else.
  func clear() throws {
    let files = try files()
    for file in files { try removeFile(file) }
    // Folders that are empty now; others hold partial files, which their writers replace.
    for folder in try folders(in: "networks") + folders(in: "recordings") { rmdir(folder) }
    for part in ["networks", "recordings"] { rmdir(path + "/" + part) }
  }

  private func file(_ path: String, _ isOwn: (String) -> Bool) throws -> [String] {
    guard FileUnderWay.replacesFile(at: path) else { return [] }
    guard isOwn(path) else { throw stranger(path) }
    return [path]
  }

  private func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
  }

  private func folders(in part: String) throws -> [String] {
    let part = path + "/" + part
    guard FileUnderWay.replacesFile(at: part) else { return [] }
    guard isFolder(part) else { throw stranger(part) }
    return try names(in: part).map { name in
      let folder = part + "/" + name
      guard isFolder(folder) else { throw stranger(folder) }
      return folder
    }
  }

  private func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private func requireOnly(_ own: [String], in folder: String) throws {
    for name in names(in: folder) where !own.contains(folder + "/" + name) {
      guard name.wholeMatch(of: /(epoch-\d+\.h5|state\.h5|training\.csv)\.partial/) != nil else { throw stranger(folder + "/" + name) }
    }
  }

  private func stranger(_ file: String) -> Failure {
    Failure(.failed, "\(file): is nothing that a run wrote, in the place of an earlier run. Move it away, or choose another --output.")
  }
}
