import Files
import Foundation
import MirrorAnalysis
import Tabular
import Terminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a sweep: `networks.csv`, `cmni.csv`, `manifest.json`, and `results.jsonl`, to which every finished network adds a line. A share
/// of the sweep adds to a journal of its own and leaves the tables to the sweep that goes on with the whole.
///
/// Tables are made from the lines of all journals, in the order of the plan.
final class SweepFolder: @unchecked Sendable {
  // Sendable because everything that changes is touched under `lock` only.
  let path: String
  /// The networks that are made here: those of the share, or all.
  let networks: [SweepNetwork]
  private let plan: SweepPlan
  private let keep: SweepKeep
  private let share: SweepShare?
  private let lock = NSLock()
  private let journal: SweepJournal
  /// `results.jsonl` of a share, locked so that other shares may work beside it, and the whole sweep may not.
  private let shared: FileHandle?
  private var results: [String: SweepResult] = [:]
  private var nextTables = Date().addingTimeInterval(SweepFolder.interval)

  /// Recordings that are under way or not yet measured.
  static let work = ".sweep-work"
  /// Seconds between two writings of the tables while networks are under way.
  private static let interval: TimeInterval = 30

  /// - Parameters:
  ///   - share: the networks to make; nil for all. A share works in a folder that the whole sweep has begun.
  ///   - resume: without it a folder that holds a sweep is refused.
  init(_ path: String, plan: SweepPlan, keep: SweepKeep, share: SweepShare?, resume: Bool) throws {
    (self.path, self.plan, self.keep, self.share) = (path, plan, keep, share)
    networks = share.map { Array($0.part(of: plan.networks)) } ?? plan.networks
    let header = SweepJournal.Header(keep: keep)
    let whole = path + "/results.jsonl"
    let own = share.map { "\(path)/\($0.journal)" } ?? whole
    if let share {
      guard let handle = FileHandle(forReadingAtPath: whole) else {
        throw Failure(.failed, "\(whole): is not there. Begin the sweep with --prepare, then make its share \(share).")
      }
      shared = handle
      try SweepJournal.lock(handle.fileDescriptor, LOCK_SH, whole)
    } else {
      shared = nil
    }
    let exists = FileUnderWay.replacesFile(at: own)
    if exists, !resume {
      throw Failure(.failed, "\(own): is of an earlier sweep. Give --resume to go on with it, or another --output.")
    }
    if !exists, share == nil {
      let others = ["networks.csv", "cmni.csv", "cmni-all-rows.csv", "manifest.json", "states", "networks", "recordings", Self.work]
      for name in others + [SweepShare.folder] { try requireAbsent("\(path)/\(name)", overwrite: false) }
    }
    if share != nil { try makeFolder("\(path)/\(SweepShare.folder)") }
    journal = try SweepJournal(own, header: header)
    for result in try journal.results(of: plan, header: header) { results[result.network] = result }
    for other in [whole] + SweepShare.journals(in: path) where other != own {
      for result in try SweepJournal.results(in: other, of: plan, header: header) where results[result.network] == nil {
        results[result.network] = result
      }
    }
    for part in ["states", Self.work] { try makeFolder("\(path)/\(part)") }
    removeWork()
  }

  /// The networks that are made here and have no result yet, in order.
  var waiting: [SweepNetwork] { lock.withLock { networks.filter { results[$0.name] == nil } } }

  /// Adds the result of a network, for good; from time to time the tables too.
  func add(_ result: SweepResult) throws {
    try lock.withLock {
      try journal.add(result)
      results[result.network] = result
      if share == nil, Date() >= nextTables { try writeTables() }
    }
  }

  /// Writes the tables and the manifest from what is there; a share has none.
  func finish() throws {
    if share == nil { try lock.withLock { try writeTables() } }
    removeWork()
    if share == nil { rmdir("\(path)/\(Self.work)") }
  }

  // MARK: The tables

  private func writeTables() throws {
    let start = Date()
    let done = plan.networks.compactMap { network in results[network.name].map { (network, $0) } }
    try write("networks.csv", plan.schema, done.flatMap { network, result in result.measured(plan).map { plan.row(of: network, $0) } })
    let schema = RecordingRow<CMNIRow>.schema
    try write("cmni.csv", schema, done.flatMap { SweepResult.cmniCells($0.1.cmni) })
    let allRows = "\(path)/cmni-all-rows.csv"
    if plan.file.measuresAllRows {
      try write("cmni-all-rows.csv", schema, done.flatMap { SweepResult.cmniCells($0.1.cmniAllRows) })
    } else if isTable(allRows, like: RecordingRow<CMNIRow>.self) {
      // Of the same sweep, when it still asked for it.
      try removeFile(allRows)
    }
    try write(manifest: SweepManifest(plan, keep: keep, results: results))
    // However many networks there are, the tables take no more than a twentieth of the time.
    nextTables = Date().addingTimeInterval(max(Self.interval, 20 * Date().timeIntervalSince(start)))
  }

  private func write(_ name: String, _ schema: TableSchema, _ rows: [[Cell]]) throws {
    let file = try OutputFile(path: "\(path)/\(name)", overwrite: true)
    var writer = try TableWriter(schema: schema, format: .csv, sink: file.write)
    try writer.write(rows)
    try writer.finish()
    try file.finish()
  }

  private func write(manifest: SweepManifest) throws {
    let file = try OutputFile(path: path + "/manifest.json", overwrite: true)
    try file.write(manifest.json)
    try file.finish()
  }

  /// Removes recordings of its networks that a kill left half made, or made and not yet measured: ordinary files with names that only a sweep
  /// gives. Other shares may be at work on theirs.
  private func removeWork() {
    let work = "\(path)/\(Self.work)"
    let own = #/(.+-(?:trained|untrained|shuffled)-[0-9a-f]{16})-epoch-\d+\.h5(?:\.partial)?/#
    let names = Set(networks.map(\.name))
    for name in (try? FileManager.default.contentsOfDirectory(atPath: work)) ?? [] {
      guard let match = name.wholeMatch(of: own), share == nil || names.contains(String(match.1)) else { continue }
      var status = stat()
      guard lstat("\(work)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      unlink("\(work)/\(name)")
    }
  }
}
