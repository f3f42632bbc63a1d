import Files
import Foundation
import HDF5
import Parallelism

/// A states file, open for reading: see `StatesFormat` for what is in it.
public final class StatesFile: Sendable {
  /// Rows of a block by default, which are those of a chunk.
  public static let blockRows = StatesFormat.chunkRows

  public let path: String
  public let provenance: StatesProvenance
  /// The hash that the writer stored, see `StatesHash`; `computedHash()` takes it anew.
  public let hash: String
  private let splits: [Split: SplitReader]

  /// Opens a states file and checks its structure, not each row.
  ///
  /// - Parameter threads: how many of them inflate.
  /// - Throws: `StatesFileError`, or `HDF5Error` for what is no readable HDF5 file.
  public init(_ path: String, threads: Int = availableThreads) throws {
    self.path = path
    let root = try Self.root(path)
    let attributes = root.attributes
    switch try attributes.mismatch(with: StatesFormat.schema) {
    case nil: break
    case .otherKind(let found): throw StatesFileError.notStates(file: path, schema: found)
    case .noVersion: throw StatesFileError.missing(file: path, part: "attribute schema_version")
    case .newer(let found): throw StatesFileError.newerVersion(file: path, version: found)
    case .older(let found): throw StatesFileError.olderVersion(file: path, version: found)
    case .incomplete: throw StatesFileError.incomplete(file: path)
    }
    guard let hash = try attributes.string("states_sha256") else {
      throw StatesFileError.missing(file: path, part: "attribute states_sha256")
    }
    self.hash = hash
    let created = try attributes.string("created_utc").flatMap { try? Date($0, strategy: .iso8601) }
    provenance = StatesProvenance(
      seed: try attributes.integer("seed").map { UInt64(bitPattern: Int64($0)) },
      commandLine: try attributes.string("command_line") ?? "", source: try attributes.string("source") ?? "",
      keepEnergy: try attributes.integer("keep_energy") == 1, couplings: try Self.couplings(attributes, path),
      testDraw: try attributes.string("test_split").flatMap { TestDraw(rawValue: $0) },
      shortLabels: try Self.labels(attributes.string("test_short_labels") ?? ""), created: created ?? .distantPast)
    var splits: [Split: SplitReader] = [:]
    for split in Split.allCases where try root.contains(split.rawValue) {
      splits[split] = try SplitReader(root.group(split.rawValue), split: split, file: path, threads: threads)
    }
    self.splits = splits
  }

  /// Nil where the file does not say, as imported ones don't; those generated before it was said are of the paper's game.
  private static func couplings(_ attributes: Attributes, _ path: String) throws -> Couplings? {
    guard let dependency = try attributes.integer("dependency") else {
      return try attributes.integer("seed") == nil ? nil : Couplings()
    }
    guard let helpFrom = try attributes.integer("help_from"), let rate = try attributes.double("obstacle_rate"),
      let patterns = try attributes.integer("fly_patterns")
    else { throw StatesFileError.missing(file: path, part: "attribute help_from, obstacle_rate or fly_patterns") }
    let couplings = Couplings(
      helpFrom: helpFrom == -1 ? nil : helpFrom, dependency: dependency, obstacleRate: rate, flyPatterns: patterns)
    if let fault = couplings.fault { throw StatesFileError.unusableRows(file: path, reason: fault) }
    return couplings
  }

  private static func labels(_ names: String) -> [Action] {
    names.split(separator: ",").compactMap { name in Action.allCases.first { $0.description == name } }
  }

  private static func root(_ path: String) throws -> Group {
    do {
      return try File.open(path).root
    } catch let error as HDF5Error where error.kind == .notHDF5 {
      guard let signature = FileSignature(path: path) else { throw error }
      throw StatesFileError.otherFile(file: path, signature)
    }
  }

  /// Whether a file says that it is a states file, whatever else is wrong with it.
  public static func isOwn(_ path: String) -> Bool { (try? root(path).attributes.string("schema")) == StatesFormat.schema.name }

  /// Rows in the split; 0 for one that the file doesn't have.
  public func count(_ split: Split) -> Int {
    splits[split]?.count ?? 0
  }

  /// Reads rows of a split, all of them without a range.
  ///
  /// - Throws: `StatesFileError` for rows that aren't there and for labels or scenarios that are no code; `HDF5Error`.
  public func rows(_ split: Split, _ range: Range<Int>? = nil) throws -> StateRows {
    let count = count(split)
    let range = range ?? 0..<count
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw StatesFileError.rowsOutOfRange(file: path, split: split, rows: range, count: count)
    }
    return try splits[split]?.rows(range) ?? StateRows()
  }

  /// The states of a split `[rows × 100]`, unveiled, and their labels `[rows]`: what training takes, without the other columns.
  ///
  /// - Parameter didRead: gets the number of rows that were read since it was last called, from any thread.
  /// - Throws: as `rows`.
  public func labelledStates(
    _ split: Split, didRead: @escaping @Sendable (_ rows: Int) -> Void = { _ in }
  ) throws -> (states: [UInt8], labels: [UInt8]) {
    try splits[split]?.labelledStates(0..<count(split), didRead: didRead) ?? ([], [])
  }

  /// Reads a split block by block, in order, so that memory holds one block.
  ///
  /// - Parameter blockRows: rows in each block but the last; the default is the file's chunks, which reads fastest.
  public func forEachBlock(of split: Split, blockRows: Int = StatesFile.blockRows, _ body: (StateRows) throws -> Void) throws {
    for start in stride(from: 0, to: count(split), by: max(blockRows, 1)) {
      try body(try rows(split, start..<min(start + max(blockRows, 1), count(split))))
    }
  }

  /// Takes the hash of the rows anew; a file that was not changed gives `hash`.
  public func computedHash() throws -> String {
    var hash = StatesHash()
    for split in Split.allCases { try forEachBlock(of: split) { hash.add($0) } }
    return hash.digits
  }
}

/// The columns of one split.
private struct SplitReader: Sendable {
  let count: Int
  private let file: String
  private let threads: Int
  private let states: Dataset
  private let labels: CodeColumn
  private let scenarios: CodeColumn
  private let partnerActing: Dataset?
  private let episodes: Dataset?

  init(_ group: Group, split: Split, file: String, threads: Int) throws {
    func column(_ name: String) throws -> Dataset? {
      try group.contains(name) ? try group.dataset(name) : nil
    }
    func required(_ name: String) throws -> Dataset {
      guard let dataset = try column(name) else { throw StatesFileError.missing(file: file, part: "/\(split)/\(name)") }
      return dataset
    }
    self.file = file
    self.threads = threads
    states = try required(StatesFormat.states)
    labels = CodeColumn(try required(StatesFormat.label), names: Action.allCases.map(\.description), file: file)
    scenarios = CodeColumn(try required(StatesFormat.scenario), names: Scenario.allCases.map(\.description), file: file)
    partnerActing = try column(StatesFormat.partnerActing)
    episodes = try column(StatesFormat.episode)
    let shape = states.shape
    guard shape.count == 2, shape[1] == StateIndex.count else {
      throw StatesFileError.shape(file: file, part: states.path, found: shape, expected: "[rows, \(StateIndex.count)]")
    }
    count = shape[0]
    guard count == 0 || states.storedByteCount > 0 else {
      throw StatesFileError.missing(file: file, part: "data in \(states.path)")
    }
    for dataset in [labels.dataset, scenarios.dataset, partnerActing, episodes] {
      guard let dataset, dataset.shape != [count] else { continue }
      throw StatesFileError.shape(
        file: file, part: dataset.path, found: dataset.shape, expected: "[\(count)] as \(states.path) has \(count) rows")
    }
  }

  func labelledStates(
    _ range: Range<Int>, didRead: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> (states: [UInt8], labels: [UInt8]) {
    let codes = try labels.read(range)
    let states = try states.read(rows: range, as: UInt8.self, threads: threads, forRandomAccess: true) { rows, _ in didRead(rows.count) }
    return (states, codes)
  }

  func rows(_ range: Range<Int>) throws -> StateRows {
    let (states, labels) = try labelledStates(range)
    var rows = StateRows(states: states, labels: labels, scenarios: try scenarios.read(range))
    if let partnerActing {
      rows.partnerActing = try partnerActing.read(rows: range, as: UInt8.self)
    } else {
      rows.partnerActing = (0..<rows.count).map { row in
        let players = rows.state(row).dropFirst(StateIndex.players.lowerBound).prefix(StateIndex.players.count)
        return partnerIsActing(Scenario(rawValue: rows.scenarios[row]) ?? .none, players: players) ? 1 : 0
      }
    }
    rows.episodes = try episodes?.read(rows: range, as: Int32.self)
    return rows
  }
}
