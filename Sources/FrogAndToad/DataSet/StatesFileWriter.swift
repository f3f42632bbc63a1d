import Files
import Foundation
import HDF5
import Parallelism

/// Writes a states file, block of rows by block of rows, in bounded memory.
///
/// The file is `NAME.partial` until `finish()` and then takes its name; without `finish()` nothing is left of it. Not for use from two
/// threads at once.
public final class StatesFileWriter {
  private let path: String
  private let underWay: FileUnderWay
  private let file: File
  private let root: Group
  private var splits: [Split: SplitWriter] = [:]
  private var hash = StatesHash()
  private var isFinished = false

  /// - Parameters:
  ///   - path: where the complete file will be.
  ///   - overwrite: replaces a file of that name when this one is complete; without it one is an error.
  ///   - threads: how many of them deflate.
  /// - Throws: `FileError`, `HDF5Error`.
  public init(_ path: String, provenance: StatesProvenance, overwrite: Bool = false, threads: Int = availableThreads) throws {
    self.path = path
    underWay = try FileUnderWay(path, overwrite: overwrite, beginning: FileSignature.hdf5Beginning, ordinary: true)
    file = try File.create(underWay)
    root = try file.root
    try write(provenance)
    let workers = ChunkWorkers(threads: threads)
    for split in Split.allCases {
      splits[split] = try SplitWriter(root.createGroup(split.rawValue), file: path, workers: workers)
    }
  }

  deinit {
    if !isFinished {
      try? file.close()
      underWay.abandon()
    }
  }

  /// Adds rows at the end of a split. All rows of a split come before the first one of the next, because the hash is taken as they come.
  ///
  /// - Throws: `StatesFileError.unusableRows` for rows after those of a later split, columns of different lengths, or episodes that only
  ///   some blocks of a split have; `HDF5Error`.
  public func append(_ rows: StateRows, to split: Split) throws {
    let later = Split.allCases.drop { $0 != split }.dropFirst()
    if let next = later.first(where: { splits[$0]?.count ?? 0 > 0 }) {
      throw StatesFileError.unusableRows(file: path, reason: "\(split) rows came after \(next) rows; append all of them first")
    }
    try splits[split]?.append(rows)
    hash.add(rows)
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: `HDF5Error`, `FileError`. Nothing is left under either name then, except an older complete file.
  public func finish() throws {
    for split in Split.allCases { try splits[split]?.finish() }
    try root.attributes.set("states_sha256", hash.digits)
    try root.attributes.set("complete", 1)
    try file.close()
    try underWay.finish()
    isFinished = true
  }

  private func write(_ provenance: StatesProvenance) throws {
    let attributes = root.attributes
    try attributes.set(StatesFormat.schema)
    try attributes.set("created_utc", provenance.created.formatted(.iso8601))
    // HDF5 holds it as a signed number of 64 bits.
    if let seed = provenance.seed { try attributes.set("seed", Int(truncatingIfNeeded: seed)) }
    try attributes.set("command_line", provenance.commandLine)
    try attributes.set("source", provenance.source)
    try attributes.set("keep_energy", provenance.keepEnergy ? 1 : 0)
    if let couplings = provenance.couplings {
      try attributes.set("help_from", couplings.helpFrom ?? -1)
      try attributes.set("dependency", couplings.dependency)
      try attributes.set("obstacle_rate", couplings.obstacleRate)
      try attributes.set("fly_patterns", couplings.flyPatterns)
    }
    if let draw = provenance.testDraw {
      try attributes.set("test_split", draw.rawValue)
      try attributes.set("test_short_labels", provenance.shortLabels.map(\.description).joined(separator: ","))
    }
  }
}

/// The growing columns of one split.
private struct SplitWriter {
  private(set) var count = 0
  private let group: Group
  private let file: String
  private let workers: ChunkWorkers
  private let states: RowWriter<UInt8>
  private let labels: RowWriter<UInt8>
  private let scenarios: RowWriter<UInt8>
  private let partnerActing: RowWriter<UInt8>
  private var episodes: RowWriter<Int32>?

  init(_ group: Group, file: String, workers: ChunkWorkers) throws {
    self.group = group
    self.file = file
    self.workers = workers
    states = try Self.column(StatesFormat.states, .uint8, width: StateIndex.count, in: group, workers)
    labels = try Self.column(StatesFormat.label, StatesFormat.labelType, in: group, workers)
    scenarios = try Self.column(StatesFormat.scenario, StatesFormat.scenarioType, in: group, workers)
    partnerActing = try Self.column(StatesFormat.partnerActing, .uint8, in: group, workers)
  }

  mutating func append(_ rows: StateRows) throws {
    try check(rows)
    if count == 0 && rows.episodes != nil && episodes == nil {
      episodes = try Self.column(StatesFormat.episode, .int32, in: group, workers)
    }
    try states.append(rows.states)
    try labels.append(rows.labels)
    try scenarios.append(rows.scenarios)
    try partnerActing.append(rows.partnerActing)
    if let episodes, let numbers = rows.episodes { try episodes.append(numbers) }
    count += rows.count
  }

  func finish() throws {
    let bytes = [states, labels, scenarios, partnerActing]
    for column in bytes { try column.prepareToFinish() }
    try episodes?.prepareToFinish()
    for column in bytes { try column.finish() }
    try episodes?.finish()
    for column in bytes { try column.seal() }
    try episodes?.seal()
  }

  private func check(_ rows: StateRows) throws {
    let lengths = [rows.labels.count, rows.scenarios.count, rows.partnerActing.count, rows.episodes?.count ?? rows.count]
    guard rows.states.count == rows.count * StateIndex.count, lengths.allSatisfy({ $0 == rows.count }) else {
      throw StatesFileError.unusableRows(file: file, reason: "the columns of a block of rows differ in length")
    }
    guard count == 0 || (episodes == nil) == (rows.episodes == nil) else {
      throw StatesFileError.unusableRows(file: file, reason: "some rows have an episode and some have none")
    }
  }

  private static func column<T: Element>(
    _ name: String, _ type: Datatype, width: Int? = nil, in group: Group, _ workers: ChunkWorkers
  ) throws -> RowWriter<T> {
    let rest = width.map { [$0] } ?? []
    let dataset = try group.createDataset(
      name, type: type, shape: [0] + rest, maximumShape: [nil] + rest, chunk: [StatesFormat.chunkRows] + rest,
      filters: FilterPipeline([.deflate(level: 1), .fletcher32]))
    return try RowWriter(dataset, workers: workers)
  }
}
