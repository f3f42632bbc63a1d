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
  /// Bytes of the lines that are whole.
  private var size = 0
  /// Why lines can't be added any more.
  private var fault: Failure?
  private var nextTables = Date().addingTimeInterval(SweepFolder.interval)

  /// Recordings that are under way or not yet measured.
  static let work = ".sweep-work"
  private static let schema = #"{"schema":"frogtoad-sweep-results","#
  /// Seconds between two writings of the tables while networks are under way.
  private static let interval: TimeInterval = 30

  private var header: String {
    Self.schema + #""schema_version":"1.0","mirrorscope_version":"\#(toolkitVersion)","keep":"\#(keep.rawValue)"}"#
  }

  /// - Parameter resume: without it a folder that holds a sweep is refused.
  init(_ path: String, plan: SweepPlan, keep: SweepKeep, resume: Bool) throws {
    (self.path, self.plan, self.keep) = (path, plan, keep)
    let journal = path + "/results.jsonl"
    let exists = FileUnderWay.replacesFile(at: journal)
    if exists, !resume {
      throw Failure(.failed, "\(journal): is of an earlier sweep. Give --resume to go on with it, or another --output.")
    }
    if !exists {
      for name in ["networks.csv", "cmni.csv", "cmni-all-rows.csv", "manifest.json", "states", "networks", "recordings", Self.work] {
        try requireAbsent("\(path)/\(name)", overwrite: false)
      }
    }
    descriptor = open(journal, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(.failed, "\(journal): cannot be written to. Check that the folder may be written to.") }
    // From here on deinit closes it, after an error too. Some file systems of clusters have no locks.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw Failure(.failed, "\(journal): another sweep is writing to it. Wait until it has ended, or choose another --output.")
    }
    try read(journal)
    for part in ["states", Self.work] { try makeFolder("\(path)/\(part)") }
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
      if Date() >= nextTables { try writeTables() }
      return results.count
    }
  }

  /// Writes the tables and the manifest from what is there.
  func finish() throws {
    try lock.withLock { try writeTables() }
    removeWork()
    rmdir("\(path)/\(Self.work)")
  }

  // MARK: The lines

  private func read(_ journal: String) throws {
    guard let data = FileManager.default.contents(atPath: journal) else { throw Failure(.failed, "\(journal): cannot be read.") }
    let header = Data((header + "\n").utf8)
    // The first line itself may be all that a kill left.
    guard !header.starts(with: data) || data.count == header.count else {
      try truncate(to: 0)
      return try append(header)
    }
    guard data.starts(with: Data(Self.schema.utf8)) else {
      throw Failure(.failed, "\(journal): is nothing that a sweep wrote. Move it away, or choose another --output.")
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines[0] + [UInt8(ascii: "\n")] == header else {
      throw Failure(
        .failed,
        "\(journal): the sweep was begun with another --keep or another version of the program: "
          + "\(String(decoding: lines[0].prefix(200), as: UTF8.self)). Go on with these, or choose another --output.")
    }
    let networks = Dictionary(plan.networks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    size = header.count
    let decoder = JSONDecoder()
    for (number, line) in lines.enumerated().dropFirst().dropLast() {
      let result = try? decoder.decode(SweepResult.self, from: Data(line))
      // One that the file does not ask for any more is left as it is.
      let network = result.flatMap { networks[$0.network] }
      guard let result, network.map({ result.fits(plan, $0) }) ?? true else {
        guard number == lines.count - 2 else {
          throw Failure(.badFile, "\(journal): line \(number + 1) is damaged. Remove it, and its network is made again.")
        }
        break
      }
      if network != nil { results[result.network] = result }
      size += line.count + 1
    }
    if size < data.count { try truncate(to: size) }
  }

  /// Adds bytes, all of them or none.
  private func append(_ line: Data) throws {
    if let fault { throw fault }
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failed("written") }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw failed("saved") }
    size += line.count
  }

  private func truncate(to size: Int) throws {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failed("written") }
    self.size = size
  }

  /// Takes back what was written in part, and lets nothing follow it.
  private func failed(_ doing: String) -> Failure {
    let reason = String(cString: strerror(errno))
    _ = ftruncate(descriptor, off_t(size))
    let failure = Failure(
      .failed, "\(path)/results.jsonl: could not be \(doing): \(reason). --resume goes on from what is there.")
    fault = failure
    return failure
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

  /// Removes recordings that a kill left half made, or made and not yet measured: ordinary files with names that only a sweep gives.
  private func removeWork() {
    let work = "\(path)/\(Self.work)"
    let own = #/.+-(trained|untrained|shuffled)-[0-9a-f]{16}-epoch-\d+\.h5(\.partial)?/#
    for name in (try? FileManager.default.contentsOfDirectory(atPath: work)) ?? [] where name.wholeMatch(of: own) != nil {
      var status = stat()
      guard lstat("\(work)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      unlink("\(work)/\(name)")
    }
  }
}

/// `write(2)`, whose name a method has here.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
