import Foundation
import HDF5

/// Writes a recording: declare layers, append batches of rows, finish.
///
/// The file grows under `NAME.partial` and takes its name in `finish()`. What has been flushed survives a kill and can be recovered.
/// Chunks are compressed on `threads` threads while the caller computes the next batch. Not for use from several threads at once.
public final class Recorder {
  /// The per-row data sets that every batch will bring, beside phases and activations.
  public struct Columns: Sendable {
    /// Names of the actions in the order of their numbers; nil leaves out `/label` and `/prediction`.
    public var actionNames: [String]?
    public var hasLabels = false
    public var hasPredictions = false
    public var hasPartnerActing = false
    public var hasStrata = false
    public var hasSplit = false
    /// Number of inputs and whether they are bytes; nil leaves out `/inputs`.
    public var inputs: (count: Int, asBytes: Bool)?

    public init() {}
  }

  public let path: String
  public private(set) var rowCount = 0
  private let partialPath: String
  private let layers: [LayerDescription]
  private let columns: Columns
  private let file: File
  private let sample: RowWriter<Int64>
  private let phase: RowWriter<UInt8>
  private let activations: [RowWriter<Float>]
  private let label: RowWriter<UInt8>?
  private let prediction: RowWriter<UInt8>?
  private let partnerActing: RowWriter<UInt8>?
  private let stratum: RowWriter<Int32>?
  private let split: RowWriter<UInt8>?
  private let inputBytes: RowWriter<UInt8>?
  private let inputFloats: RowWriter<Float>?
  private var rowsSinceFlush = 0
  private var flushedRows = 0
  private var lastFlush = ContinuousClock.now

  /// Rows between two flushes of the file. A kill can cost these, the chunks that are under way and the one being filled.
  private static let flushInterval = 65_536
  /// Or this time, for who records slowly. Where chunks lie in the file then depends on the time; what they hold does not.
  private let flushPeriod: Duration

  /// Creates `path.partial` with the description and every data set in it, without rows.
  ///
  /// - Parameters:
  ///   - layers: input side first; the last ones may be outputs. Names must differ.
  ///   - overwrite: whether a recording of that name may be replaced when this one is finished.
  ///   - compressionLevel: deflate level, 0 (none) to 9.
  ///   - flushPeriod: after this time the next `append` waits for the full chunks under way and flushes them. A kill then costs the chunk
  ///     being filled (`RecordingSchema.rowsPerBlock` rows at most) and what came after the last flush.
  /// - Throws: `RecordingError.exists`, `.badInput` for layers that do not fit, `.cannotBegin` when the file cannot be created.
  public init(
    path: String, layers: [LayerDescription], columns: Columns, description: RecordingDescription, overwrite: Bool = false,
    threads: Int = 1, compressionLevel: Int = 1, flushPeriod: Duration = .seconds(5)
  ) throws {
    self.flushPeriod = flushPeriod
    guard overwrite || !FileManager.default.fileExists(atPath: path) else { throw RecordingError.exists(file: path) }
    try Self.check(layers, columns, path: path)
    self.path = path
    partialPath = path + ".partial"
    self.layers = layers
    self.columns = columns
    do {
      file = try File.create(partialPath, overwrite: true)
    } catch let error as HDF5Error {
      throw RecordingError.cannotBegin(file: path, cause: error.reason)
    }
    do {
      let root = try file.root
      try Self.describe(description, in: root)
      let rows = RowDataSets(
        root: root, sample: try Self.createRows(in: root, name: "sample", type: .int64, compressionLevel: compressionLevel),
        workers: ChunkWorkers(threads: threads), compressionLevel: compressionLevel)
      try rows.sample.makeScale(name: "sample")
      sample = try RowWriter(rows.sample, workers: rows.workers)
      phase = try rows.writer("phase", RecordingSchema.phaseType)
      let actions = Datatype.enumeration(columns.actionNames ?? [])
      label = columns.hasLabels ? try rows.writer("label", actions) : nil
      prediction = columns.hasPredictions ? try rows.writer("prediction", actions) : nil
      partnerActing = columns.hasPartnerActing ? try rows.writer("partner_acting", .uint8) : nil
      stratum = columns.hasStrata ? try rows.writer("stratum", .int32) : nil
      split = columns.hasSplit ? try rows.writer("split", RecordingSchema.splitType) : nil
      let inputs = columns.inputs
      let inputScale = try inputs.map { try root.write("feature", (0..<$0.count).map { Int32($0) }) }
      try inputScale?.makeScale(name: "feature")
      inputBytes = inputs?.asBytes == true ? try rows.writer("inputs", .uint8, columns: inputScale) : nil
      inputFloats = inputs?.asBytes == false ? try rows.writer("inputs", .float32, columns: inputScale) : nil
      let group = try root.createGroup("layers")
      activations = try layers.enumerated().map { index, layer in
        let dataset = try Self.declare(layer, index: index, in: group, sample: rows.sample, compressionLevel: compressionLevel)
        return try RowWriter(dataset, workers: rows.workers)
      }
      try file.flush()
    } catch {
      try? file.close()
      unlink(partialPath)
      guard let error = error as? HDF5Error else { throw error }
      throw RecordingError.cannotBegin(file: path, cause: error.reason)
    }
  }

  /// What the per-row data sets have in common while they are made.
  private struct RowDataSets {
    let root: Group
    let sample: Dataset
    let workers: ChunkWorkers
    let compressionLevel: Int

    /// - Parameter columns: the scale of the second dimension, for rows of more than one value.
    func writer<Value: Element>(_ name: String, _ type: Datatype, columns: Dataset? = nil) throws -> RowWriter<Value> {
      let dataset = try Recorder.createRows(
        in: root, name: name, type: type, width: columns?.shape[0], compressionLevel: compressionLevel)
      try dataset.attachScale(sample, dimension: 0)
      if let columns { try dataset.attachScale(columns, dimension: 1) }
      return try RowWriter(dataset, workers: workers)
    }
  }

  /// Appends rows.
  ///
  /// - Throws: `RecordingError.badInput` when the batch does not fit the declaration (nothing is appended then), `.writeFailed` when
  ///   the file cannot be written.
  public func append(_ batch: RowBatch) throws {
    let rows = batch.phases.count
    try check(batch, rows: rows)
    guard rows > 0 else { return }
    do {
      try sample.append((rowCount..<rowCount + rows).map { Int64($0) })
      try phase.append(batch.phases.map(\.rawValue))
      for (writer, values) in zip(activations, batch.activations) { try writer.append(values) }
      if let labels = batch.labels { try label?.append(labels) }
      if let predictions = batch.predictions { try prediction?.append(predictions) }
      if let acting = batch.partnerActing { try partnerActing?.append(acting.map { $0 ? 1 : 0 }) }
      if let strata = batch.strata { try stratum?.append(strata) }
      if let splits = batch.split { try split?.append(splits.map(\.rawValue)) }
      switch batch.inputs {
      case .bytes(let values): try inputBytes?.append(values)
      case .floats(let values): try inputFloats?.append(values)
      case nil: break
      }
      rowCount += rows
      rowsSinceFlush += rows
      if lastFlush.duration(to: .now) >= flushPeriod {
        try forEachWriter { try $0.writeFullChunks() }
        try flush()
      } else if rowsSinceFlush >= Self.flushInterval {
        try flush()
      }
    } catch {
      throw RecordingError.writeFailed(file: path, partial: partialPath, rows: flushedRows, cause: reason(error))
    }
  }

  /// Writes what is left, marks the recording complete and gives it its name.
  public func finish() throws {
    do {
      try forEachWriter { try $0.prepareToFinish() }
      try forEachWriter { try $0.finish() }
      try file.root.attributes.set("complete", 1)
      try file.close()
    } catch {
      throw RecordingError.writeFailed(file: path, partial: partialPath, rows: flushedRows, cause: reason(error))
    }
    guard rename(partialPath, path) == 0 else {
      throw RecordingError.writeFailed(
        file: path, partial: partialPath, rows: rowCount, cause: "rename: " + String(cString: strerror(errno)))
    }
  }

  /// Drops the recording: nothing is left of it.
  public func cancel() {
    try? file.close()
    unlink(partialPath)
  }

  /// Does something to the writer of every data set of rows, whatever its type.
  private func forEachWriter(_ body: (any RowSink) throws -> Void) rethrows {
    let columns: [(any RowSink)?] = [label, prediction, partnerActing, stratum, split, inputBytes, inputFloats]
    for writer in [sample, phase] + activations + columns.compactMap({ $0 }) { try body(writer) }
  }

  /// Flushes what the writers have handed over; chunks under way stay so, and encoding goes on.
  private func flush() throws {
    try file.flush()
    var stored = rowCount
    forEachWriter { stored = min(stored, $0.storedRowCount) }
    flushedRows = stored
    rowsSinceFlush = 0
    lastFlush = .now
  }

  // MARK: - Declaring

  private static func check(_ layers: [LayerDescription], _ columns: Columns, path: String) throws {
    func require(_ condition: Bool, _ fault: String) throws {
      if !condition { throw RecordingError.badInput(file: path, fault: fault) }
    }
    try require(!layers.isEmpty, "no layer is declared; a recording needs at least one.")
    try require(Set(layers.map(\.name)).count == layers.count, "two layers have the same name.")
    for layer in layers {
      try require(
        !layer.name.isEmpty && !layer.name.contains("/"), "'\(layer.name)' cannot name a layer; give a name without '/'.")
      try require(layer.unitCount > 0, "layer \(layer.name) has no units.")
      try require(
        layer.kernel.map { $0.count % layer.unitCount == 0 } ?? true,
        "the kernel of layer \(layer.name) has \(layer.kernel?.count ?? 0) values, no multiple of its \(layer.unitCount) units.")
      try require(
        layer.bias.map { $0.count == layer.unitCount } ?? true,
        "the bias of layer \(layer.name) has \(layer.bias?.count ?? 0) values for \(layer.unitCount) units.")
    }
    try require(
      !(columns.hasLabels || columns.hasPredictions) || columns.actionNames?.isEmpty == false,
      "labels and predictions need the names of the actions.")
  }

  private static func describe(_ description: RecordingDescription, in root: Group) throws {
    let attributes = root.attributes
    try attributes.set("schema", RecordingSchema.name)
    try attributes.set("schema_version", RecordingSchema.version)
    try attributes.set("complete", 0)
    try attributes.set(
      "created_utc", description.createdUTC.isEmpty ? Date().formatted(.iso8601) : description.createdUTC)
    try attributes.set("writer", description.writer)
    try attributes.set("command_line", description.commandLine)
    if let seed = description.seed { try attributes.set("seed", seed) }
    try attributes.set("title", description.title)

    let model = try root.createGroup("model").attributes
    let described = description.model
    if let architecture = described.architecture { try model.set("architecture", architecture) }
    if let checkpointID = described.checkpointID { try model.set("checkpoint_id", checkpointID) }
    if let epoch = described.epoch { try model.set("epoch", epoch) }
    if let validationLoss = described.validationLoss { try model.set("validation_loss", validationLoss) }
    if let hyperparameters = described.hyperparameters { try model.set("hyperparameters", hyperparameters) }
    if let weights = described.weightsSHA256 { try model.set("weights_sha256", weights) }

    let provenance = try root.createGroup("provenance").attributes
    for (name, value) in description.provenance.sorted(by: { $0.key < $1.key }) { try provenance.set(name, value) }
  }

  private static func declare(
    _ layer: LayerDescription, index: Int, in layers: Group, sample: Dataset, compressionLevel: Int
  ) throws -> Dataset {
    let group = try layers.createGroup(layer.name)
    try group.attributes.set("layer_index", index)
    try group.attributes.set("kind", layer.kind)
    try group.attributes.set("activation_function", layer.activationFunction)
    try group.attributes.set("is_output", layer.isOutput ? 1 : 0)
    let units = try group.write("unit", (0..<layer.unitCount).map { Int32($0) })
    try units.makeScale(name: "unit")
    if let kernel = layer.kernel {
      let inputCount = kernel.count / layer.unitCount
      let inputs = try group.write("input", (0..<inputCount).map { Int32($0) })
      try inputs.makeScale(name: "input")
      let dataset = try group.write("kernel", kernel, shape: [inputCount, layer.unitCount])
      try dataset.attachScale(inputs, dimension: 0)
      try dataset.attachScale(units, dimension: 1)
    }
    if let bias = layer.bias { try group.write("bias", bias).attachScale(units, dimension: 0) }
    let activations = try createRows(
      in: group, name: "activations", type: .float32, width: layer.unitCount, compressionLevel: compressionLevel)
    try activations.attachScale(sample, dimension: 0)
    try activations.attachScale(units, dimension: 1)
    return activations
  }

  /// An extendible data set of rows, chunked by rows; `width` nil makes it one-dimensional.
  private static func createRows(
    in group: Group, name: String, type: Datatype, width: Int? = nil, compressionLevel: Int
  ) throws -> Dataset {
    let chunkRows = RecordingSchema.rowsPerBlock(unitCount: width ?? 1)
    let tail = width.map { [$0] } ?? []
    return try group.createDataset(
      name, type: type, shape: [0] + tail, maximumShape: [nil] + tail.map { $0 }, chunk: [chunkRows] + tail,
      filters: .standard(level: compressionLevel))
  }

  // MARK: - Checking batches

  private func check(_ batch: RowBatch, rows: Int) throws {
    func require(_ condition: Bool, _ fault: @autoclosure () -> String) throws {
      if !condition { throw RecordingError.badInput(file: path, fault: fault()) }
    }
    try require(
      batch.activations.count == layers.count,
      "a batch has activations of \(batch.activations.count) layers, but \(layers.count) are declared.")
    for (layer, values) in zip(layers, batch.activations) {
      try require(
        values.count == rows * layer.unitCount,
        "a batch of \(rows) rows has \(values.count) activations for layer \(layer.name) of \(layer.unitCount) units.")
    }
    func requireColumn(_ name: String, _ count: Int?, declared: Bool, width: Int = 1) throws {
      try require(
        declared ? count == rows * width : count == nil,
        declared
          ? "a batch of \(rows) rows has \(count ?? 0) values for \(name), which was declared."
          : "a batch brings \(name), which was not declared.")
    }
    try requireColumn("label", batch.labels?.count, declared: columns.hasLabels)
    try requireColumn("prediction", batch.predictions?.count, declared: columns.hasPredictions)
    try requireColumn("partner_acting", batch.partnerActing?.count, declared: columns.hasPartnerActing)
    try requireColumn("stratum", batch.strata?.count, declared: columns.hasStrata)
    try requireColumn("split", batch.split?.count, declared: columns.hasSplit)
    try requireColumn("inputs", batch.inputs?.count, declared: columns.inputs != nil, width: columns.inputs?.count ?? 1)
    if case .bytes? = batch.inputs { try require(columns.inputs?.asBytes == true, "inputs were declared as floats but are bytes.") }
    if case .floats? = batch.inputs { try require(columns.inputs?.asBytes == false, "inputs were declared as bytes but are floats.") }
    let actionCount = columns.actionNames?.count ?? 0
    for (name, values) in [("label", batch.labels), ("prediction", batch.predictions)] {
      if let highest = values?.max() {
        try require(Int(highest) < actionCount, "a \(name) is \(highest), but there are \(actionCount) actions.")
      }
    }
  }
}

/// The cause in HDF5's words, without the partial file's name.
private func reason(_ error: any Error) -> String { (error as? HDF5Error)?.reason ?? "\(error)" }

/// What the recorder does to a writer of rows of any type.
private protocol RowSink {
  var storedRowCount: Int { get }
  func writeFullChunks() throws
  func prepareToFinish() throws
  func finish() throws
}

extension RowWriter: RowSink {}
