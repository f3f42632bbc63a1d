import Foundation
import HDF5

/// What a recovery found and kept.
public struct Recovery: Sendable, Equatable {
  /// Rows that every data set holds, written to the new recording.
  public let rows: Int
  /// Rows of the longest data set: those beyond `rows` were flushed in part and are left out.
  public let longest: Int
}

/// Makes a complete recording of the rows that a recorder had flushed before it was killed.
///
/// The partial file is only read. Rows are copied as far as all data sets have them, with the description, layers and kernels; values that
/// are not finite are copied as they are (`validate` names them). The provenance says where the rows come from.
///
/// - Parameters:
///   - partial: a file that a recorder left behind, `NAME.h5.partial`.
///   - output: the recording to make.
/// - Throws: `HDF5Error` when the partial file cannot be read; `RecordingError.invalid` when it is no recording, `.badInput` when it is a
///   complete one, `.notEnoughRows` when no whole row was flushed, and what `Recorder` throws. Nothing is left under `output` then.
public func recoverRecording(partial: String, output: String, overwrite: Bool = false, threads: Int = 1) throws -> Recovery {
  let file = try File.open(partial)
  let root = try file.root
  let layout = try RecordingLayout(
    of: file, isWanted: { _ in true },
    report: { fault in
      // That it is unfinished and that row counts differ is what recovery is for.
      if case .missingPart = fault { throw fault }
    })
  if try root.attributes.integer("complete") == 1 {
    throw RecordingError.badInput(file: partial, fault: "is complete; there is nothing to recover. Use it as it is.")
  }
  guard let phase = layout.phase else { throw RecordingError.invalid(file: partial, fault: "/phase cannot be read.") }
  let columns = try PartialColumns(root)
  let lengths =
    [phase.shape[0]] + layout.layers.map { $0.activations.shape[0] } + columns.datasets.map { $0.value.shape.first ?? 0 }
  let found = Recovery(rows: lengths.min() ?? 0, longest: lengths.max() ?? 0)
  guard found.rows > 0 else {
    throw RecordingError.notEnoughRows(file: partial, fault: "no whole row was flushed before the recorder ended. Record again.")
  }

  var description = layout.description
  description.provenance["recovered_from"] = URL(filePath: partial).lastPathComponent
  let layers = try layout.layers.map { layer in
    let group = try root.group("layers").group(layer.name)
    return LayerDescription(
      name: layer.name, unitCount: layer.unitCount, kind: layer.kind, activationFunction: layer.activationFunction ?? "",
      isOutput: layer.isOutput, kernel: try group.contains("kernel") ? group.dataset("kernel").read(as: Float.self) : nil,
      bias: try group.contains("bias") ? group.dataset("bias").read(as: Float.self) : nil)
  }
  guard overwrite || !FileManager.default.fileExists(atPath: output) else { throw RecordingError.exists(file: output) }
  // The recorder's own partial file of `output` may be the very file that is recovered.
  let scratch = output + ".recovering"
  let recorder = try Recorder(
    path: scratch, layers: layers, columns: columns.declaration, description: description, overwrite: true, threads: threads)
  do {
    let widest = layers.map(\.unitCount).max() ?? 1
    let blockRows = RecordingSchema.rowsPerBlock(unitCount: widest)
    for start in stride(from: 0, to: found.rows, by: blockRows) {
      let range = start..<min(start + blockRows, found.rows)
      let phases = try phase.read(rows: range, as: UInt8.self).enumerated().map { offset, code in
        guard let phase = Phase(rawValue: code) else {
          throw RecordingError.invalid(file: partial, fault: "/phase holds \(code) at row \(start + offset). It may hold 0 to 3.")
        }
        return phase
      }
      var batch = RowBatch(
        phases: phases, activations: try layout.layers.map { try $0.activations.read(rows: range, as: Float.self) })
      try columns.read(range, into: &batch, path: partial)
      try recorder.append(batch)
    }
    try recorder.finish()
  } catch {
    recorder.cancel()
    throw error
  }
  guard rename(scratch, output) == 0 else {
    let cause = "rename: " + String(cString: strerror(errno))
    unlink(scratch)
    throw RecordingError.cannotBegin(file: output, cause: cause)
  }
  return found
}

/// The optional per-row data sets of an unfinished recording.
private struct PartialColumns {
  private(set) var datasets: [RecordingSchema.Column: Dataset] = [:]
  private(set) var declaration = Recorder.Columns()

  init(_ root: Group) throws {
    for column in RecordingSchema.Column.allCases where try root.contains(column.rawValue) {
      datasets[column] = try root.dataset(column.rawValue)
    }
    declaration.hasLabels = datasets[.label] != nil
    declaration.hasPredictions = datasets[.prediction] != nil
    declaration.hasPartnerActing = datasets[.partnerActing] != nil
    declaration.hasStrata = datasets[.stratum] != nil
    declaration.hasSplit = datasets[.split] != nil
    if let inputs = datasets[.inputs], let count = inputs.shape.last { declaration.inputs = (count, inputs.datatype == .uint8) }
    for case .enumeration(_, let members)? in [datasets[.label]?.datatype, datasets[.prediction]?.datatype] {
      declaration.actionNames = members.sorted { $0.value < $1.value }.map(\.name)
    }
  }

  func read(_ rows: Range<Int>, into batch: inout RowBatch, path: String) throws {
    batch.labels = try datasets[.label]?.read(rows: rows, as: UInt8.self)
    batch.predictions = try datasets[.prediction]?.read(rows: rows, as: UInt8.self)
    batch.partnerActing = try datasets[.partnerActing]?.read(rows: rows, as: UInt8.self).map { $0 != 0 }
    batch.strata = try datasets[.stratum]?.read(rows: rows, as: Int32.self)
    batch.split = try datasets[.split]?.read(rows: rows, as: UInt8.self).enumerated().map { offset, code in
      guard let split = Split(rawValue: code) else {
        throw RecordingError.invalid(
          file: path, fault: "/split holds \(code) at row \(rows.lowerBound + offset). It may hold select 0 and evaluate 1.")
      }
      return split
    }
    guard let inputs = datasets[.inputs] else { return }
    batch.inputs =
      declaration.inputs?.asBytes == true
      ? .bytes(try inputs.read(rows: rows, as: UInt8.self)) : .floats(try inputs.read(rows: rows, as: Float.self))
  }
}
