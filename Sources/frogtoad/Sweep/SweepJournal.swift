import Files
import Foundation
import Terminal

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file to which every finished network of a sweep adds a line: `results.jsonl`, and one for each share in `shares/`.
///
/// A line is on the disk before the next network of that thread begins, so a kill loses what is under way and nothing else. A last line that
/// was not written whole is dropped. Whoever owns a value locks it.
final class SweepJournal {
  /// What all lines of a journal depend on, beside the networks.
  struct Header {
    let keep: SweepKeep

    fileprivate static let schema = #"{"schema":"frogtoad-sweep-results","#

    fileprivate var line: Data {
      Data((Self.schema + #""schema_version":"1.0","mirrorscope_version":"\#(toolkitVersion)","keep":"\#(keep.rawValue)"}"# + "\n").utf8)
    }
  }

  let path: String
  private let descriptor: Int32
  /// Bytes of the lines that are whole.
  private var size = 0
  /// Why lines can't be added any more.
  private var fault: Failure?

  /// Opens a journal to add to, with its first line where it is new. No other program has it until the value goes away.
  init(_ path: String, header: Header) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure(.failed, "\(path): cannot be written to. Check that the folder may be written to.") }
    // From here on deinit closes it, after an error too.
    try Self.lock(descriptor, LOCK_EX, path)
    // The first line itself may be all that a kill left.
    let (data, line) = (try Self.data(of: path), header.line)
    if line.starts(with: data), data.count < line.count {
      try truncate(to: 0)
      try append(line)
    }
  }

  deinit { close(descriptor) }

  /// The results that fit the plan; from here on lines are added behind the last whole one.
  func results(of plan: SweepPlan, header: Header) throws -> [SweepResult] {
    let data = try Self.data(of: path)
    let (results, size) = try Self.results(in: data, of: plan, header: header, path: path)
    if size < data.count { try truncate(to: size) }
    self.size = size
    return results
  }

  /// The results of a journal that another program may be adding to.
  static func results(in path: String, of plan: SweepPlan, header: Header) throws -> [SweepResult] {
    try results(in: data(of: path), of: plan, header: header, path: path).results
  }

  /// Adds a line, all of it or nothing.
  func add(_ result: SweepResult) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try append(try encoder.encode(result) + Data("\n".utf8))
  }

  /// Takes a lock, where the file system has any: some of clusters have none.
  static func lock(_ descriptor: Int32, _ kind: Int32, _ path: String) throws {
    guard flock(descriptor, kind | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw Failure(.failed, "\(path): another sweep is writing to it. Wait until it has ended, or choose another --output.")
    }
  }

  // MARK: The lines

  private static func data(of path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else { throw Failure(.failed, "\(path): cannot be read.") }
    return data
  }

  /// - Returns: what fits the plan, and the bytes of the lines that are whole.
  private static func results(
    in data: Data, of plan: SweepPlan, header: Header, path: String
  ) throws -> (results: [SweepResult], size: Int) {
    let header = header.line
    if header.starts(with: data), data.count < header.count { return ([], 0) }
    guard data.starts(with: Data(Header.schema.utf8)) else {
      throw Failure(.failed, "\(path): is nothing that a sweep wrote. Move it away, or choose another --output.")
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines[0] + [UInt8(ascii: "\n")] == header else {
      throw Failure(
        .failed,
        "\(path): the sweep was begun with another --keep or another version of the program: "
          + "\(String(decoding: lines[0].prefix(200), as: UTF8.self)). Go on with these, or choose another --output.")
    }
    let networks = Dictionary(plan.networks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var (results, size) = ([SweepResult](), header.count)
    let decoder = JSONDecoder()
    for (number, line) in lines.enumerated().dropFirst().dropLast() {
      let result = try? decoder.decode(SweepResult.self, from: Data(line))
      // One that the file does not ask for any more is left as it is.
      let network = result.flatMap { networks[$0.network] }
      guard let result, network.map({ result.fits(plan, $0) }) ?? true else {
        guard number == lines.count - 2 else {
          throw Failure(.badFile, "\(path): line \(number + 1) is damaged. Remove it, and its network is made again.")
        }
        break
      }
      if network != nil { results.append(result) }
      size += line.count + 1
    }
    return (results, size)
  }

  private func append(_ line: Data) throws {
    if let fault { throw fault }
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
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
    let failure = Failure(.failed, "\(path): could not be \(doing): \(reason). --resume goes on from what is there.")
    fault = failure
    return failure
  }
}
