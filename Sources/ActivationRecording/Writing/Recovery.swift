import Files
import Foundation
import HDF5

/// What a recovery found and kept.
public struct Recovery: Sendable, Equatable {
  /// Rows that every data set holds, written to the new recording.
  public let rows: Int
  /// Rows of the longest data set: those beyond `rows` were flushed in part, or are damaged, and are left out.
  public let longest: Int
  /// What ended the recovery where there are rows behind it, as a sentence without the file's name; nil where only the end is missing.
  public let damage: String?
}

/// Makes a complete recording of the rows that a recorder had flushed before it was killed.
///
/// The partial file is only read. Rows are copied as far as every data set stores them: in chunks that are there, have their checksums and
/// decode to whole chunks; what is cut off or damaged ends them. Phases, actions and splits are taken by name, numbers as they are stored,
/// finite or not (`validate` names the others), with all that the file says of itself, its layers and its model. The provenance says
/// where the rows come from.
///
/// - Parameters:
///   - partial: a file that a recorder left behind, `NAME.h5.partial`.
///   - output: the recording to make.
///   - overwrite: whether one of that name may be replaced.
///   - threads: that compress.
///   - progress: gets the rows that were copied and those to copy.
/// - Throws: `HDF5Error` when the partial file cannot be read; `RecordingError.invalid` when it is no recording, `.badInput` when it is a
///   complete one whose name is not a partial file's, `.notEnoughRows` when no whole row was flushed, `.exists`, and what `Recorder` throws.
///   Nothing is left under `output` then.
public func recoverRecording(
  partial: String, output: String, overwrite: Bool = false, threads: Int = 1, progress: (_ rows: Int, _ total: Int) -> Void = { _, _ in }
) throws -> Recovery {
  guard FileIdentity(path: output).map({ $0 != FileIdentity(path: partial) }) ?? true else {
    throw RecordingError.badInput(file: output, fault: "is the file to be recovered. Give the recording another name.")
  }
  let noRow = RecordingError.notEnoughRows(file: partial, fault: "no whole row was flushed before the recorder ended. Record again.")
  // A recorder that is killed in its first moments leaves a file of no bytes, or one with nothing in it.
  if let size = try? FileManager.default.attributesOfItem(atPath: partial)[.size] as? Int, size == 0 { throw noRow }
  let file = try File.openPartial(partial)
  let root = try file.root
  if try root.childNames().isEmpty && root.attributes.names().isEmpty { throw noRow }
  let source = try PartialRecording(file, noRow: noRow)
  let (found, rows, columns) = (source.found, source.found.rows, source.columns)
  let layers = source.layers.map(\.description)
  // The recorder's own partial file of `output` may be the very file that is recovered, so this one has another name meanwhile.
  let recorder = try Recorder(
    path: output, layers: layers, columns: columns.declaration, description: source.description, overwrite: overwrite, threads: threads,
    suffix: ".recovering"
  ) { copy in
    try copy.copyAttributes(from: root, layers: layers.map(\.name))
    try columns.writeTexts(into: copy)
  }
  // The rows are in the partial file that is read.
  recorder.isKeptIfEnded = false
  do {
    // All layers are in memory at a time: rows of 64 MB at most, but a chunk's least.
    let total = layers.reduce(0) { $0 + $1.unitCount }
    let widest = layers.map(\.unitCount).max() ?? 1
    let blockRows = min(RecordingSchema.rowsPerBlock(unitCount: widest), max(64, (1 << 23) / max(1, total)))
    for start in stride(from: 0, to: rows, by: blockRows) {
      let range = start..<min(start + blockRows, rows)
      var batch = RowBatch(
        phases: try columns.phases(of: source.phase, rows: range), activations: try source.layers.map { try $0.read(range, in: root) })
      try columns.read(range, into: &batch)
      try recorder.append(batch)
      progress(range.upperBound, rows)
    }
    try recorder.finish()
  } catch let error as RecordingError {
    recorder.cancel()
    // What was written of it is gone; the partial file is as it was.
    guard case .writeFailed(let file, _, _, let cause) = error else { throw error }
    throw RecordingError.cannotBegin(file: file, cause: cause)
  } catch {
    recorder.cancel()
    throw error
  }
  return found
}

/// What a partial file holds. The data sets of its layers are opened anew for each read: an open one takes 10 kB, and layers may be thousands.
private struct PartialRecording {
  struct Layer {
    let description: LayerDescription
    let path: String
    let stored: StoredActivations

    func read(_ rows: Range<Int>, in root: Group) throws -> RecordedNumbers {
      let activations = try root.dataset(path)
      return stored.encoding.storesDoubles
        ? .doubles(try stored.read(rows: rows, of: activations, as: Double.self, refuse: nil))
        : .floats(try stored.read(rows: rows, of: activations, as: Float.self, refuse: nil))
    }
  }

  let found: Recovery
  let description: RecordingDescription
  let columns: PartialColumns
  let phase: Dataset
  let layers: [Layer]

  /// - Parameter noRow: the error of a file without a whole row.
  init(_ file: File, noRow: RecordingError) throws {
    let (partial, root) = (file.path, try file.root)
    let layout = try RecordingLayout(
      of: file, isWanted: { _ in true },
      report: { fault in
        // That it is unfinished and that row counts differ is what recovery is for.
        if case .missingPart = fault { throw fault }
      })
    guard let phase = layout.phase else { throw RecordingError.invalid(file: partial, fault: "/phase cannot be read.") }
    let sample = try root.contains("sample") && root.kind(of: "sample") == .dataset ? root.dataset("sample") : nil
    let datasets =
      [sample, phase].compactMap { $0 } + layout.layers.map(\.activations) + Array(layout.allColumns.values)
      + Array(layout.allRowColumns.values)
    let intact = try datasets.map { dataset in
      guard !dataset.shape.isEmpty else { throw RecordingError.invalid(file: partial, fault: "\(dataset.path) has no rows.") }
      if let fault = dataset.declarationFault { throw RecordingError.invalid(file: partial, fault: "\(dataset.path) \(fault).") }
      return (path: dataset.path, rows: dataset.intactRows())
    }
    let rows = intact.map(\.rows.count).min() ?? 0
    let damaged = intact.filter { $0.rows.count == rows && $0.rows.isFollowed }.min { $0.path < $1.path }
    let damage = damaged.map { "\($0.path) is damaged: \($0.rows.fault ?? "")" }
    let found = Recovery(rows: rows, longest: datasets.compactMap(\.shape.first).max() ?? 0, damage: damage)
    // One that was killed before its file had the final name has left all rows.
    let isUnderWay = partial.hasSuffix(FileUnderWay.partialName(of: ""))
    if !isUnderWay, try root.attributes.integer("complete") == 1, intact.allSatisfy({ $0.rows.count == found.longest }) {
      throw RecordingError.badInput(file: partial, fault: "is complete; there is nothing to recover. Use it as it is.")
    }
    guard rows > 0 else {
      guard let damage else { throw noRow }
      throw RecordingError.notEnoughRows(file: partial, fault: "\(damage), and no whole row lies before that. Record again.")
    }
    (self.found, self.phase) = (found, phase)
    columns = try PartialColumns(layout, sample: sample, rows: rows, path: partial)
    let source = try Recording(file: file, layout: layout)
    var description = layout.description
    description.provenance["recovered_from"] = URL(filePath: partial).lastPathComponent
    self.description = description
    layers = try layout.layers.map {
      Layer(description: try source.description(of: $0), path: String($0.activations.path.dropFirst()), stored: $0.stored)
    }
  }
}

extension Group {
  /// Brings attributes that a description has no place for: of the file, the model, the provenance and the layers.
  fileprivate func copyAttributes(from source: Group, layers: [String]) throws {
    try attributes.copyMissing(from: source.attributes)
    for name in ["model", "provenance"] + layers.map({ "layers/" + $0 }) where try source.contains(name) {
      try group(name).attributes.copyMissing(from: source.group(name).attributes)
    }
  }
}

extension Recording {
  /// A layer as it would be declared to a recorder.
  fileprivate func description(of layer: RecordedLayer) throws -> LayerDescription {
    var description = LayerDescription(
      name: layer.name, unitCount: layer.unitCount, kind: layer.kind, activationFunction: layer.activationFunction ?? "",
      isOutput: layer.isOutput)
    switch (layer.stored.encoding, layer.activations.datatype) {
    case (.bfloat16Bits, _), (_, .bfloat16): description.storage = .bfloat16
    case (_, .float16): description.storage = .float16
    case (let encoding, _): description.storage = encoding.storesDoubles ? .float64 : .float32
    }
    func numbers(_ values: [Double], _ precision: StoredPrecision) -> RecordedNumbers {
      let floats = values.map { Float($0) }
      let areFloats = precision.relative >= 0x1p-24 && zip(floats, values).allSatisfy { Double($0) == $1 }
      return areFloats ? .floats(floats) : .doubles(values)
    }
    if let kernel = try kernel(of: layer) {
      description.kernelLayout = try kernelLayout(of: layer)
      var values = kernel.values
      if description.kernelLayout == .unitByInput {
        let units = layer.unitCount
        let inputs = values.count / units
        values = (0..<units).flatMap { unit in (0..<inputs).map { kernel.values[$0 * units + unit] } }
      }
      description.kernel = numbers(values, kernel.precision)
    }
    description.bias = try bias(of: layer).map { numbers($0.values, $0.precision) }
    return description
  }
}
