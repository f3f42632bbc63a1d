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
  let columns = try PartialColumns(layout)
  let lengths = [phase.shape[0]] + layout.layers.map { $0.activations.shape[0] } + columns.all.map { $0.shape.first ?? 0 }
  let found = Recovery(rows: lengths.min() ?? 0, longest: lengths.max() ?? 0)
  guard found.rows > 0 else {
    throw RecordingError.notEnoughRows(file: partial, fault: "no whole row was flushed before the recorder ended. Record again.")
  }

  var description = layout.description
  description.provenance["recovered_from"] = URL(filePath: partial).lastPathComponent
  let source = try Recording(file: file, layout: layout)
  let layers = try layout.layers.map { try source.description(of: $0) }
  guard overwrite || !FileManager.default.fileExists(atPath: output) else { throw RecordingError.exists(file: output) }
  // The recorder's own partial file of `output` may be the very file that is recovered.
  let scratch = output + ".recovering"
  let recorder = try Recorder(
    path: scratch, layers: layers, columns: columns.declaration, description: description, overwrite: true, threads: threads)
  // The rows are in the partial file that is read.
  recorder.isKeptIfEnded = false
  do {
    let widest = layers.map(\.unitCount).max() ?? 1
    let blockRows = RecordingSchema.rowsPerBlock(unitCount: widest)
    for start in stride(from: 0, to: found.rows, by: blockRows) {
      let range = start..<min(start + blockRows, found.rows)
      let phases = try columns.codes(of: phase, names: Phase.allCases.map(\.name), rows: range, path: partial).map { Phase.allCases[$0] }
      var batch = RowBatch(
        phases: phases,
        activations: try layout.layers.map { layer in
          layer.storesDoubles
            ? .doubles(try layer.stored.read(rows: range, of: layer.activations, as: Double.self, refuse: nil))
            : .floats(try layer.stored.read(rows: range, of: layer.activations, as: Float.self, refuse: nil))
        })
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
    func numbers(_ parameters: StoredParameters) -> RecordedNumbers {
      let floats = parameters.values.map { Float($0) }
      return zip(floats, parameters.values).allSatisfy { Double($0) == $1 } ? .floats(floats) : .doubles(parameters.values)
    }
    description.kernel = try kernel(of: layer).map(numbers)
    description.bias = try bias(of: layer).map(numbers)
    return description
  }
}

/// The optional per-row data sets of an unfinished recording.
private struct PartialColumns {
  private let datasets: [RecordingSchema.Column: Dataset]
  private let coordinates: [(Recorder.Columns.Coordinate, Dataset)]
  private(set) var declaration = Recorder.Columns()

  var all: [Dataset] { Array(datasets.values) + coordinates.map(\.1) }

  init(_ layout: RecordingLayout) throws {
    datasets = layout.allColumns
    coordinates = layout.allRowColumns.sorted { $0.key < $1.key }.compactMap { name, dataset in
      switch dataset.datatype {
      case .enumeration(_, let members): (Recorder.Columns.Coordinate(name, .categories(members.map(\.name))), dataset)
      case let type where type.isInteger: (Recorder.Columns.Coordinate(name, .integers), dataset)
      case let type where type.isFloat: (Recorder.Columns.Coordinate(name, .numbers), dataset)
      default: nil
      }
    }
    declaration.hasLabels = datasets[.label] != nil
    declaration.hasPredictions = datasets[.prediction] != nil
    declaration.hasPartnerActing = datasets[.partnerActing] != nil
    declaration.hasStrata = datasets[.stratum] != nil
    declaration.hasPairs = datasets[.pair] != nil
    declaration.hasSplit = datasets[.split] != nil
    if let inputs = datasets[.inputs], let count = inputs.shape.last { declaration.inputs = (count, inputs.datatype == .uint8) }
    declaration.actionNames = layout.actions?.names
    declaration.coordinates = coordinates.map(\.0)
  }

  /// The positions among `names` of the codes of a range of rows: by the names of an enum, otherwise the codes themselves.
  func codes(of dataset: Dataset, names: [String], rows: Range<Int>, path: String) throws -> [Int] {
    var meaning: [Int: Int] = [:]
    if case .enumeration(_, let members) = dataset.datatype {
      for member in members { meaning[member.value] = names.firstIndex(of: member.name) }
    } else {
      for code in names.indices { meaning[code] = code }
    }
    return try dataset.read(rows: rows, as: Int.self).enumerated().map { offset, code in
      guard let position = meaning[code] else {
        throw RecordingError.invalid(
          file: path,
          fault: "\(dataset.path) holds \(code) at row \(rows.lowerBound + offset). It may hold \(names.joined(separator: ", ")).")
      }
      return position
    }
  }

  func read(_ rows: Range<Int>, into batch: inout RowBatch, path: String) throws {
    let actions = declaration.actionNames ?? []
    batch.labels = try datasets[.label].map { try codes(of: $0, names: actions, rows: rows, path: path).map { UInt8($0) } }
    batch.predictions = try datasets[.prediction].map { try codes(of: $0, names: actions, rows: rows, path: path).map { UInt8($0) } }
    batch.partnerActing = try datasets[.partnerActing]?.read(rows: rows, as: UInt8.self).map { $0 != 0 }
    batch.strata = try datasets[.stratum]?.read(rows: rows, as: Int32.self)
    batch.pairs = try datasets[.pair]?.read(rows: rows, as: Int32.self)
    batch.split = try datasets[.split].map {
      try codes(of: $0, names: Split.allCases.map(\.name), rows: rows, path: path).map { Split.allCases[$0] }
    }
    if let inputs = datasets[.inputs] {
      batch.inputs =
        declaration.inputs?.asBytes == true
        ? .bytes(try inputs.read(rows: rows, as: UInt8.self)) : .floats(try inputs.read(rows: rows, as: Float.self))
    }
    for (coordinate, dataset) in coordinates {
      switch coordinate.kind {
      case .integers: batch.coordinates[coordinate.name] = .integers(try dataset.read(rows: rows, as: Int.self))
      case .numbers: batch.coordinates[coordinate.name] = .numbers(try dataset.read(rows: rows, as: Double.self))
      case .categories(let names):
        batch.coordinates[coordinate.name] = .strings(
          try codes(of: dataset, names: names, rows: rows, path: path).map { names[$0] })
      }
    }
  }
}
