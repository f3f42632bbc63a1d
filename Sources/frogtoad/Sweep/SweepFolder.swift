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

/// The folder of a sweep: `networks.csv`, `cmni.csv`, `manifest.json`, and `results.jsonl`, to which every finished network adds a line.
///
/// A line is on the disk before the next network of that thread begins, so a kill loses what is under way and nothing else. A last line that
/// was not written whole is dropped. Tables are made from the lines, in the order of the plan.
final class SweepFolder: @unchecked Sendable {
  // Sendable because everything that changes is touched under `lock` only.
  let path: String
  private let plan: SweepPlan
  private let keep: SweepKeep
  private let lock = NSLock()
  private let descriptor: Int32
  private var results: [String: SweepResult] = [:]
  private var lastTables = Date()

  private static let header = #"{"schema":"frogtoad-sweep-results","schema_version":"1.0","keep":"#
  /// Seconds between two writings of the tables while networks are under way.
  private static let interval: TimeInterval = 30

  /// - Parameter resume: without it a folder that holds a sweep is refused.
  init(_ path: String, plan: SweepPlan, keep: SweepKeep, resume: Bool) throws {
    (self.path, self.plan, self.keep) = (path, plan, keep)
    let journal = path + "/results.jsonl"
    let exists = FileUnderWay.replacesFile(at: journal)
    if exists, !resume {
      throw Failure(.failed, "\(journal): is of an earlier sweep. Give --resume to go on with it, or another --output.")
    }
    if !exists {
      for name in ["networks.csv", "cmni.csv", "cmni-all-rows.csv", "manifest.json"] {
        try requireAbsent("\(path)/\(name)", overwrite: false)
      }
    }
    for part in ["states", "work"] { try makeFolder("\(path)/\(part)") }
    descriptor = open(journal, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(.failed, "\(journal): cannot be written to. Check that the folder may be written to.") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw Failure(.failed, "\(journal): another sweep is writing to it. Wait until it has ended, or choose another --output.")
    }
    do {
      try read(journal)
    } catch {
      close(descriptor)
      throw error
    }
    removeWork()
  }

  deinit { close(descriptor) }

  /// The networks of the plan that have no result yet, in order.
  var waiting: [SweepNetwork] { lock.withLock { plan.networks.filter { results[$0.name] == nil } } }

  /// Adds the result of a network, for good; from time to time the tables too.
  ///
  /// - Returns: networks of the plan that have a result.
  func add(_ result: SweepResult) throws -> Int {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = try encoder.encode(result) + Data("\n".utf8)
    return try lock.withLock {
      try append(line)
      results[result.network] = result
      if Date().timeIntervalSince(lastTables) >= Self.interval { try writeTables() }
      return plan.networks.count { results[$0.name] != nil }
    }
  }

  /// Writes the tables and the manifest from what is there.
  func finish() throws {
    try lock.withLock { try writeTables() }
    removeWork()
    rmdir(path + "/work")
  }

  // MARK: The lines

  private func read(_ journal: String) throws {
    guard let data = FileManager.default.contents(atPath: journal) else {
      throw Failure(.failed, "\(journal): cannot be read.")
    }
    let header = Data((Self.header + "\"\(keep.rawValue)\"}\n").utf8)
    guard !data.isEmpty else { return try append(header) }
    guard data.starts(with: Data(Self.header.utf8)) else {
      // The first line itself may be all that a kill left.
      guard data.count < header.count, header.starts(with: data) else {
        throw Failure(.failed, "\(journal): is nothing that a sweep wrote. Move it away, or choose another --output.")
      }
      try truncate(to: 0)
      return try append(header)
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count > 1 else {
      try truncate(to: 0)
      return try append(header)
    }
    guard lines[0] + [UInt8(ascii: "\n")] == header else {
      throw Failure(.failed, "\(journal): the sweep was begun with another --keep. Give the same one, or choose another --output.")
    }
    var end = header.count
    let decoder = JSONDecoder()
    for (number, line) in lines.enumerated().dropFirst().dropLast() {
      guard let result = try? decoder.decode(SweepResult.self, from: Data(line)), result.isReadable else {
        guard number == lines.count - 2 else {
          throw Failure(.badFile, "\(journal): line \(number + 1) is damaged. Remove it, and its network is made again.")
        }
        break
      }
      results[result.network] = result
      end += line.count + 1
    }
    if end < data.count { try truncate(to: end) }
  }

  private func append(_ line: Data) throws {
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure("written") }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw failure("saved") }
  }

  private func truncate(to size: Int) throws {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure("written") }
  }

  private func failure(_ doing: String) -> Failure {
    Failure(
      .failed, "\(path)/results.jsonl: could not be \(doing): \(String(cString: strerror(errno))). --resume goes on from what is there.")
  }

  // MARK: The tables

  private func writeTables() throws {
    let done = plan.networks.compactMap { results[$0.name] }
    try write("networks.csv", plan.schema, done.flatMap(\.networks))
    try write("cmni.csv", RecordingRow<CMNIRow>.schema, done.flatMap(\.cmni))
    if plan.file.measuresAllRows { try write("cmni-all-rows.csv", RecordingRow<CMNIRow>.schema, done.flatMap(\.cmniAllRows)) }
    try writeManifest()
    lastTables = Date()
  }

  private func write(_ name: String, _ schema: TableSchema, _ rows: [[String]]) throws {
    let file = try OutputFile(path: "\(path)/\(name)", overwrite: true)
    var writer = try TableWriter(schema: schema, format: .csv, sink: file.write)
    try writer.write(rows.map { row in row.map { Cell(text: $0) ?? .missing } })
    try writer.finish()
    try file.finish()
  }

  private struct Manifest: Encodable {
    struct Entry: Encodable {
      let network: String
      let state: String
      let seconds: Double?
      let options: [String: String]
    }

    let schema = "frogtoad-sweep"
    let schemaVersion = "1.0"
    let mirrorscopeVersion = toolkitVersion
    let sweepFile: String
    let keep: SweepKeep
    let total: Int
    let done: Int
    let networks: [Entry]
  }

  /// What is done and what is not. The one file that differs between two runs of a sweep: it holds times.
  private func writeManifest() throws {
    let entries = plan.networks.map { network in
      let result = results[network.name]
      return Manifest.Entry(
        network: network.name, state: result == nil ? "waiting" : "done", seconds: result?.seconds, options: network.options)
    }
    let manifest = Manifest(
      sweepFile: URL(filePath: plan.file.path).lastPathComponent, keep: keep, total: entries.count,
      done: entries.count { $0.state == "done" }, networks: entries)
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let file = try OutputFile(path: path + "/manifest.json", overwrite: true)
    try file.write(String(decoding: try encoder.encode(manifest), as: UTF8.self) + "\n")
    try file.finish()
  }

  /// Removes recordings that a kill left half made, or made and not yet measured.
  private func removeWork() {
    let work = path + "/work"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: work)) ?? [] where name.contains("-epoch-") {
      try? FileManager.default.removeItem(atPath: work + "/" + name)
    }
  }
}

extension SweepResult {
  /// Whether every cell can be read back.
  fileprivate var isReadable: Bool { (networks + cmni + cmniAllRows).joined().allSatisfy { Cell(text: $0) != nil } }
}

/// `write(2)`, whose name a method has here.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
