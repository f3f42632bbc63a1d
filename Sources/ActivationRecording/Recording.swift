import HDF5

/// An open recording: its description, its columns, and its activations in blocks of rows.
public final class Recording {
  public let path: String
  public let rowCount: Int
  public let description: RecordingDescription
  /// Input side first.
  public let layers: [RecordedLayer]
  /// Names of the actions in the order of their numbers, where `/label` or `/prediction` says them.
  public let actionNames: [String]?
  private let file: File
  private let layout: RecordingLayout

  /// Opens a recording of schema 1.x, whoever wrote it.
  ///
  /// - Parameter layers: says by name which layers to open; the others may be anything.
  /// - Throws: `HDF5Error` when the file is absent, not HDF5 or damaged; `RecordingError` when it is not a recording, is unfinished, has a
  ///   newer schema, or its parts do not fit together.
  public init(path: String, layers isWanted: (String) -> Bool = { _ in true }) throws {
    self.path = path
    file = try File.open(path)
    layout = try RecordingLayout(of: file, isWanted: isWanted) { throw $0 }
    rowCount = layout.rowCount
    description = layout.description
    layers = layout.layers
    actionNames = layout.actionNames
  }

  /// The phase of each row, `[rows]`.
  ///
  /// An enum is read by the names of its members, integers by the schema's codes.
  public func phases() throws -> [Phase] {
    guard let dataset = layout.phase else { return [] }
    if case .string = dataset.datatype {
      return try dataset.readStrings().enumerated().map { row, name in
        guard let phase = Phase(name: name) else { throw badPhase("'\(name)'", row: row) }
        return phase
      }
    }
    var meaning: [Int: Phase] = [:]
    if case .enumeration(_, let members) = dataset.datatype {
      for member in members { meaning[member.value] = Phase(name: member.name) }
    } else {
      for phase in Phase.allCases { meaning[Int(phase.rawValue)] = phase }
    }
    return dataset.datatype.isByte
      ? try phases(dataset, as: UInt8.self, meaning: meaning) : try phases(dataset, as: Int64.self, meaning: meaning)
  }

  /// Reads codes a piece at a time: all of them as 64-bit integers would take eight times the memory of the phases.
  private func phases<Code: Element & BinaryInteger>(
    _ dataset: Dataset, as type: Code.Type, meaning: [Int: Phase]
  ) throws -> [Phase] {
    let ofByte = (0..<256).map { meaning[$0] }
    var phases: [Phase] = []
    phases.reserveCapacity(rowCount)
    let pieceRows = 1 << 18
    for start in stride(from: 0, to: rowCount, by: pieceRows) {
      for code in try dataset.read(rows: start..<min(start + pieceRows, rowCount), as: Code.self, threads: 1) {
        guard let phase = ofByte.indices.contains(Int(code)) ? ofByte[Int(code)] : meaning[Int(code)] else {
          throw badPhase("\(code)", row: phases.count)
        }
        phases.append(phase)
      }
    }
    return phases
  }

  private func badPhase(_ value: String, row: Int) -> RecordingError {
    .invalid(file: path, fault: "/phase holds \(value) at row \(row). It may hold none 0, self 1, other 2 and both 3.")
  }

  /// Numbers of the right actions, `[rows]`; nil where the recording has none.
  public func labels() throws -> [UInt8]? { try layout.columns[.label]?.read(as: UInt8.self) }

  /// Numbers of the network's actions, `[rows]`; nil where the recording has none.
  public func predictions() throws -> [UInt8]? { try layout.columns[.prediction]?.read(as: UInt8.self) }

  /// Whether the undistressed partner is seen acting, `[rows]`; nil where the recording does not say.
  public func partnerActing() throws -> [Bool]? {
    try layout.columns[.partnerActing]?.read(as: UInt8.self).map { $0 != 0 }
  }

  /// The episode or matched group of each row, `[rows]`; nil where the recording has none.
  public func strata() throws -> [Int32]? { try layout.columns[.stratum]?.read(as: Int32.self) }

  /// The strata of the rows of a range; nil where the recording has none.
  public func strata(rows: Range<Int>) throws -> [Int32]? { try layout.columns[.stratum]?.read(rows: rows, as: Int32.self) }

  /// What each row may be used for, `[rows]`; nil where the recording does not say.
  public func split() throws -> [Split]? {
    try layout.columns[.split]?.read(as: UInt8.self).enumerated().map { row, code in
      guard let split = Split(rawValue: code) else {
        throw RecordingError.invalid(file: path, fault: "/split holds \(code) at row \(row). It may hold select 0 and evaluate 1.")
      }
      return split
    }
  }

  /// Shape of `/inputs`, `[rows, inputs]`; nil where the recording has none.
  public var inputShape: [Int]? { layout.columns[.inputs]?.shape }

  /// What the network was shown in the rows of a range, as floats `[rows × inputs]`; nil where the recording has none.
  public func inputs(rows: Range<Int>) throws -> [Float]? {
    try layout.columns[.inputs]?.read(rows: rows, as: Float.self)
  }

  /// Activations of a range of rows, `[rows × units]`, row-major.
  public func activations(of layer: RecordedLayer, rows: Range<Int>) throws -> [Float] {
    try layer.activations.read(rows: rows, as: Float.self)
  }

  /// The kernel `[input × unit]` of a layer; nil where the recording has none.
  public func kernel(of layer: RecordedLayer) throws -> [Float]? { try preciseKernel(of: layer)?.values.map { Float($0) } }

  /// The bias `[unit]` of a layer; nil where the recording has none.
  public func bias(of layer: RecordedLayer) throws -> [Float]? { try preciseBias(of: layer)?.values.map { Float($0) } }

  /// The kernel without rounding, where doubles are stored.
  public func preciseKernel(of layer: RecordedLayer) throws -> StoredParameters? { try parameters("kernel", of: layer, rank: 2) }

  /// The bias without rounding, where doubles are stored.
  public func preciseBias(of layer: RecordedLayer) throws -> StoredParameters? { try parameters("bias", of: layer, rank: 1) }

  private func parameters(_ name: String, of layer: RecordedLayer, rank: Int) throws -> StoredParameters? {
    let group = try file.root.group("layers").group(layer.name)
    guard try group.contains(name) else { return nil }
    let dataset = try group.dataset(name)
    guard dataset.shape.count == rank, dataset.shape.last == layer.unitCount else {
      throw RecordingError.invalid(
        file: path,
        fault: "/layers/\(layer.name)/\(name) has shape \(dataset.shape.map(String.init).joined(separator: " × ")) for "
          + "\(layer.unitCount) units.")
    }
    let values = try dataset.read(as: Double.self)
    if let position = values.firstIndex(where: { !$0.isFinite }) {
      throw RecordingError.invalid(
        file: path, fault: "/layers/\(layer.name)/\(name) holds \(values[position]) at position \(position). It needs finite values.")
    }
    return StoredParameters(values: values, precision: StoredPrecision(of: dataset.datatype))
  }
}
