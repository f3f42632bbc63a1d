import HDF5

/// The writers of all data sets of rows of a recording under way.
struct RecorderWriters {
  private let sample: RowWriter<Int64>
  private let phase: RowWriter<UInt8>
  private let activations: [LayerWriter]
  private let label: RowWriter<UInt8>?
  private let prediction: RowWriter<UInt8>?
  private let partnerActing: RowWriter<UInt8>?
  private let stratum: RowWriter<Int32>?
  private let pair: RowWriter<Int32>?
  private let split: RowWriter<UInt8>?
  private let inputBytes: RowWriter<UInt8>?
  private let inputFloats: RowWriter<Float>?
  private let inputDoubles: RowWriter<Double>?
  private let coordinates: [(name: String, writer: CoordinateWriter)]

  /// Declares every data set, without rows.
  init(in root: Group, layers: [LayerDescription], columns: Recorder.Columns, workers: ChunkWorkers, compressionLevel: Int) throws {
    let rows = RowDataSets(
      sample: try createRows(in: root, name: "sample", type: .int64, compressionLevel: compressionLevel), workers: workers,
      compressionLevel: compressionLevel)
    try rows.sample.makeScale(name: "sample")
    sample = try RowWriter(rows.sample, workers: workers)
    let phases = try rows.create("phase", RecordingSchema.phaseType, in: root)
    // The conventions of climate and forecast data, which xarray and others show.
    try phases.attributes.set("flag_values", Phase.allCases.map { Int($0.rawValue) })
    try phases.attributes.set("flag_meanings", Phase.allCases.map(\.name).joined(separator: " "))
    phase = try RowWriter(phases, workers: workers)
    let actions = columns.numbersActions ? Datatype.uint8 : .enumeration(columns.actionNames ?? [])
    label = columns.hasLabels ? try rows.writer("label", actions, in: root) : nil
    prediction = columns.hasPredictions ? try rows.writer("prediction", actions, in: root) : nil
    partnerActing = columns.hasPartnerActing ? try rows.writer("partner_acting", .uint8, in: root) : nil
    stratum = columns.hasStrata ? try rows.writer("stratum", .int32, in: root) : nil
    pair = columns.hasPairs ? try rows.writer("pair", .int32, in: root) : nil
    split = columns.hasSplit ? try rows.writer("split", RecordingSchema.splitType, in: root) : nil
    let inputs = columns.inputs
    let inputScale = try inputs.map { try root.write("feature", (0..<$0.count).map { Int32($0) }) }
    try inputScale?.makeScale(name: "feature")
    try inputScale?.seal()
    inputBytes = inputs?.asBytes == true ? try rows.writer("inputs", .uint8, in: root, columns: inputScale) : nil
    let storesFloats = inputs?.asBytes == false
    let storesDoubles = storesFloats && columns.inputsAreDoubles
    inputFloats = storesFloats && !storesDoubles ? try rows.writer("inputs", .float32, in: root, columns: inputScale) : nil
    inputDoubles = storesDoubles ? try rows.writer("inputs", .float64, in: root, columns: inputScale) : nil
    let rowGroup = columns.coordinates.isEmpty ? nil : try root.createGroup("rows")
    coordinates = try columns.coordinates.compactMap { coordinate in
      try rowGroup.map { (coordinate.name, try CoordinateWriter(coordinate, rows: rows, in: $0)) }
    }
    let group = try root.createGroup("layers")
    activations = try layers.enumerated().map { index, layer in
      try LayerWriter(try layer.declare(index: index, in: group, rows: rows), storage: layer.storage, workers: workers)
    }
  }

  func append(_ batch: RowBatch, firstRow: Int) throws {
    try sample.append(batch.sample ?? (firstRow..<firstRow + batch.phases.count).map { Int64($0) })
    try phase.append(batch.phases.map(\.rawValue))
    for (writer, values) in zip(activations, batch.activations) { try writer.append(values) }
    if let labels = batch.labels { try label?.append(labels) }
    if let predictions = batch.predictions { try prediction?.append(predictions) }
    if let acting = batch.partnerActing { try partnerActing?.append(acting.map { $0 ? 1 : 0 }) }
    if let strata = batch.strata { try stratum?.append(strata) }
    if let pairs = batch.pairs { try pair?.append(pairs) }
    if let splits = batch.split { try split?.append(splits.map(\.rawValue)) }
    switch batch.inputs {
    case .bytes(let values): try inputBytes?.append(values)
    case .floats(let values): try inputFloats?.append(values)
    case .doubles(let values): try inputDoubles?.append(values)
    case nil: break
    }
    for (name, writer) in coordinates {
      if let values = batch.coordinates[name] { try writer.append(values) }
    }
  }

  /// Writes what is left of every data set.
  ///
  /// The last chunks are encoded side by side, but not all at once: each takes several times its bytes, and layers may be thousands.
  func finish() throws {
    let (all, ahead) = (all, 64)
    for writer in all.prefix(ahead) { try writer.prepareToFinish() }
    for (number, writer) in all.enumerated() {
      try writer.finish()
      if number + ahead < all.count { try all[number + ahead].prepareToFinish() }
    }
  }

  /// The writer of every data set of rows, whatever its type.
  var all: [any RowSink] {
    let columns: [(any RowSink)?] = [label, prediction, partnerActing, stratum, pair, split, inputBytes, inputFloats, inputDoubles]
    return [sample, phase] + activations.map(\.sink) + columns.compactMap { $0 } + coordinates.map(\.writer.sink)
  }
}

/// What the recorder does to a writer of rows of any type.
protocol RowSink {
  var path: String { get }
  var storedRowCount: Int { get }
  func writeFullChunks() throws
  func prepareToFinish() throws
  func finish() throws
  func seal() throws
}

extension RowWriter: RowSink {}

/// What the per-row data sets have in common while they are made.
struct RowDataSets {
  let sample: Dataset
  let workers: ChunkWorkers
  let compressionLevel: Int

  /// - Parameter columns: the scale of the second dimension, for rows of more than one value.
  func create(_ name: String, _ type: Datatype, in group: Group, columns: Dataset? = nil) throws -> Dataset {
    let dataset = try createRows(in: group, name: name, type: type, width: columns?.shape[0], compressionLevel: compressionLevel)
    try dataset.attachScale(sample, dimension: 0)
    if let columns { try dataset.attachScale(columns, dimension: 1) }
    return dataset
  }

  func writer<Value: Element>(_ name: String, _ type: Datatype, in group: Group, columns: Dataset? = nil) throws -> RowWriter<Value> {
    try RowWriter(create(name, type, in: group, columns: columns), workers: workers)
  }
}

/// An extendible data set of rows, chunked by rows; `width` nil makes it one-dimensional.
private func createRows(in group: Group, name: String, type: Datatype, width: Int? = nil, compressionLevel: Int) throws -> Dataset {
  let chunkRows = RecordingSchema.rowsPerBlock(unitCount: width ?? 1)
  let tail = width.map { [$0] } ?? []
  return try group.createDataset(
    name, type: type, shape: [0] + tail, maximumShape: [nil] + tail.map { $0 }, chunk: [chunkRows] + tail,
    filters: .standard(level: compressionLevel))
}

extension LayerDescription {
  /// Makes the layer's group with its attributes, kernel and bias.
  ///
  /// - Returns: its activations, without rows.
  fileprivate func declare(index: Int, in layers: Group, rows: RowDataSets) throws -> Dataset {
    let group = try layers.createGroup(name)
    try group.attributes.set("layer_index", index)
    try group.attributes.set("kind", kind)
    try group.attributes.set("activation_function", activationFunction)
    try group.attributes.set("is_output", isOutput ? 1 : 0)
    let units = try group.write("unit", (0..<unitCount).map { Int32($0) })
    try units.makeScale(name: "unit")
    try units.seal()
    if let kernel {
      try group.attributes.set("kernel_layout", kernelLayout.rawValue)
      let inputCount = kernel.count / unitCount
      let inputs = try group.write("input", (0..<inputCount).map { Int32($0) })
      try inputs.makeScale(name: "input")
      try inputs.seal()
      let scales = kernelLayout == .inputByUnit ? [inputs, units] : [units, inputs]
      let dataset = try group.write("kernel", kernel, shape: scales.map { $0.shape[0] })
      for (dimension, scale) in scales.enumerated() { try dataset.attachScale(scale, dimension: dimension) }
      try dataset.seal()
    }
    if let bias {
      let dataset = try group.write("bias", bias, shape: [unitCount])
      try dataset.attachScale(units, dimension: 0)
      try dataset.seal()
    }
    let type: Datatype =
      switch storage {
      case .float16: .float16
      case .bfloat16: .uint16
      case .float32: .float32
      case .float64: .float64
      }
    let activations = try rows.create("activations", type, in: group, columns: units)
    if storage == .bfloat16 { try activations.attributes.set("dtype", storage.rawValue) }
    return activations
  }
}

extension Group {
  fileprivate func write(_ name: String, _ numbers: RecordedNumbers, shape: [Int]) throws -> Dataset {
    switch numbers {
    case .floats(let values): try write(name, values, shape: shape)
    case .doubles(let values): try write(name, values, shape: shape)
    }
  }
}

/// Writes the activations of a layer as what it stores.
private enum LayerWriter {
  case floats(RowWriter<Float>)
  case doubles(RowWriter<Double>)
  case bfloat16(RowWriter<UInt16>)

  init(_ dataset: Dataset, storage: ActivationStorage, workers: ChunkWorkers) throws {
    switch storage {
    case .float16, .float32: self = .floats(try RowWriter(dataset, workers: workers))
    case .float64: self = .doubles(try RowWriter(dataset, workers: workers))
    case .bfloat16: self = .bfloat16(try RowWriter(dataset, workers: workers))
    }
  }

  var sink: any RowSink {
    switch self {
    case .floats(let writer): writer
    case .doubles(let writer): writer
    case .bfloat16(let writer): writer
    }
  }

  func append(_ numbers: RecordedNumbers) throws {
    switch self {
    case .floats(let writer): try writer.append(numbers.floats)
    case .doubles(let writer): try writer.append(numbers.doubles)
    case .bfloat16(let writer): try writer.append(numbers.floats.map(bfloat16Bits))
    }
  }
}

/// The upper half of a Float, rounded to the nearest, ties to even; NaN stays NaN.
func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7fff + UInt64(bits >> 16 & 1)) >> 16)
}

/// Writes a coordinate of rows.
private enum CoordinateWriter {
  case integers(RowWriter<Int64>)
  case numbers(RowWriter<Double>)
  case categories(RowWriter<Int32>, codes: [String: Int32])

  init(_ coordinate: Recorder.Columns.Coordinate, rows: RowDataSets, in group: Group) throws {
    switch coordinate.kind {
    case .integers: self = .integers(try rows.writer(coordinate.name, .int64, in: group))
    case .numbers: self = .numbers(try rows.writer(coordinate.name, .float64, in: group))
    case .categories(let names):
      let members = names.enumerated().map { EnumerationMember(name: $1, value: $0) }
      self = .categories(
        try rows.writer(coordinate.name, .enumeration(base: .int32, members: members), in: group),
        codes: Dictionary(members.map { ($0.name, Int32(truncatingIfNeeded: $0.value)) }, uniquingKeysWith: { first, _ in first }))
    }
  }

  var sink: any RowSink {
    switch self {
    case .integers(let writer): writer
    case .numbers(let writer): writer
    case .categories(let writer, _): writer
    }
  }

  func append(_ column: RowColumn) throws {
    switch (self, column) {
    case (.integers(let writer), .integers(let values)): try writer.append(values.map { Int64($0) })
    case (.numbers(let writer), .numbers(let values)): try writer.append(values)
    case (.categories(let writer, let codes), .strings(let values)): try writer.append(values.map { codes[$0] ?? 0 })
    default: break  // a batch is checked before
    }
  }
}
