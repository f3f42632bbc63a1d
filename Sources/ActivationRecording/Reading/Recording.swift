import HDF5

/// An open recording: its description and its parts. Its rows are read through a `RecordingView`.
public final class Recording: Sendable {
  public let path: String
  public let rowCount: Int
  public let description: RecordingDescription
  /// Input side first.
  public let layers: [RecordedLayer]
  /// Whether a layer says that it is the network's output; where none does, the last one counts as it.
  public let saysOutput: Bool
  /// Names of the actions in the order of the network's outputs, where `/prediction` or `/label` says them.
  public let actionNames: [String]?
  /// Names of the coordinates of rows under `/rows`.
  public let rowColumnNames: [String]
  let file: File
  let layout: RecordingLayout

  /// Opens a recording of schema 1.x, whoever wrote it.
  ///
  /// - Parameters:
  ///   - path: of the file.
  ///   - isWanted: says by name which layers to open; the others may be anything.
  ///   - needsPhase: whether a recording without `/phase` is refused; its rows are then counted by its layers.
  /// - Throws: `HDF5Error` when the file is absent, not HDF5 or damaged; `RecordingError` when it is not a recording, is unfinished, has a
  ///   newer schema, or its parts do not fit together.
  public convenience init(path: String, layers isWanted: (String) -> Bool = { _ in true }, needsPhase: Bool = true) throws {
    let file = try File.open(path)
    let layout = try RecordingLayout(of: file, isWanted: isWanted, needsPhase: needsPhase) { throw $0 }
    try self.init(file: file, layout: layout)
  }

  /// Whether a file says that it is a recording, whatever else is wrong with it.
  public static func isOwn(_ path: String) -> Bool {
    (try? File.open(path).root.attributes.string("schema")) == RecordingSchema.identity.name
  }

  /// Names of the layers of a recording, input side first, whatever is wrong with them or with its columns.
  ///
  /// - Throws: `HDF5Error` when the file is absent, not HDF5 or damaged; `RecordingError` when it is no recording.
  public static func layerNames(path: String) throws -> [String] {
    try RecordingLayout(of: File.open(path), isWanted: { _ in true }, needsPhase: false) { _ in }.layers.map(\.name)
  }

  init(file: File, layout: RecordingLayout) throws {
    path = file.path
    self.file = file
    self.layout = layout
    rowCount = layout.rowCount
    description = layout.description
    layers = layout.layers
    saysOutput = layout.saysOutput
    actionNames = layout.actions?.names
    rowColumnNames = layout.rowColumns.keys.sorted()
  }

  /// The kernel `[input × unit]` of a layer, whatever its layout in the file; nil where the recording has none.
  public func kernel(of layer: RecordedLayer) throws -> StoredParameters? {
    guard var parameters = try parameters("kernel", of: layer, rank: 2) else { return nil }
    guard try kernelLayout(of: layer) == .unitByInput else { return parameters.stored }
    let inputs = parameters.shape[1]
    let units = parameters.shape[0]
    let values = parameters.stored.values
    parameters.stored = StoredParameters(
      values: (0..<inputs).flatMap { input in (0..<units).map { values[$0 * inputs + input] } }, precision: parameters.stored.precision)
    return parameters.stored
  }

  /// The bias `[unit]` of a layer; nil where the recording has none.
  public func bias(of layer: RecordedLayer) throws -> StoredParameters? { try parameters("bias", of: layer, rank: 1)?.stored }

  /// Shape of a layer's kernel as stored, without reading it; nil where the recording has none.
  public func kernelShape(of layer: RecordedLayer) throws -> [Int]? {
    let group = try file.root.group("layers").group(layer.name)
    return try group.contains("kernel") ? try group.dataset("kernel").shape : nil
  }

  func kernelLayout(of layer: RecordedLayer) throws -> KernelLayout {
    let group = try file.root.group("layers").group(layer.name)
    guard let text = try group.attributes.string("kernel_layout") ?? (try group.dataset("kernel").attributes.string("kernel_layout")) else {
      return .inputByUnit
    }
    guard let layout = KernelLayout(rawValue: text.replacing(" ", with: "")) else {
      throw RecordingError.invalid(
        file: path, fault: "attribute kernel_layout of \(layer.path) is '\(text)'. It may be 'input,unit' or 'unit,input'.")
    }
    return layout
  }

  private func parameters(_ name: String, of layer: RecordedLayer, rank: Int) throws -> (stored: StoredParameters, shape: [Int])? {
    let group = try file.root.group("layers").group(layer.name)
    guard try group.contains(name) else { return nil }
    let dataset = try group.dataset(name)
    let shape = dataset.shape
    let part = "\(layer.path)/\(name)"
    if let fault = dataset.declarationFault(part) { throw RecordingError.invalid(file: path, fault: fault) }
    let unitDimension = rank == 2 ? try kernelLayout(of: layer) == .unitByInput ? 0 : 1 : 0
    guard shape.count == rank, shape[unitDimension] == layer.unitCount else {
      let text = shape.map(String.init).joined(separator: " × ")
      let isTransposed = shape.count == 2 && rank == 2 && shape[1 - unitDimension] == layer.unitCount
      throw RecordingError.invalid(
        file: path,
        fault: isTransposed
          ? "\(part) is transposed: it has shape \(text) for \(layer.unitCount) units, and its layout is to be "
            + (unitDimension == 1
              ? "[input, unit]. Write the transposed kernel (weight.T of torch), or the attribute kernel_layout = 'unit,input'."
              : "[unit, input], as kernel_layout says. Write what it says.")
          : "\(part) has shape \(text) for \(layer.unitCount) units. Write \(rank == 2 ? "[input, unit]" : "one value per unit").")
    }
    // What has no chunks has no other checksum.
    if try dataset.verifyContent() == false { throw RecordingError.changedContent(of: dataset, file: path) }
    let values: [Double]
    if dataset.datatype == .uint16, try dataset.attributes.string("dtype") == "bfloat16" {
      values = try dataset.read(as: UInt16.self).map { Double(Float(bfloat16Bits: $0)) }
    } else {
      guard dataset.datatype.isFloat else {
        throw RecordingError.invalid(file: path, fault: "\(part) is \(dataset.datatype), no floats. Write float32 or float64.")
      }
      values = try dataset.read(as: Double.self)
    }
    if let position = values.firstIndex(where: { !$0.isFinite }) {
      throw RecordingError.invalid(
        file: path, fault: "\(part) holds \(values[position]) at position \(position). It needs finite values.")
    }
    let encoding: ActivationEncoding? = dataset.datatype == .uint16 ? .bfloat16Bits : nil
    return (StoredParameters(values: values, precision: StoredPrecision(of: dataset.datatype, encoding: encoding)), shape)
  }
}

extension RecordingError {
  /// The error of a data set whose bytes are not those that its checksum was taken of.
  static func changedContent(of dataset: Dataset, file: String) -> RecordingError {
    .invalid(
      file: file,
      fault: "\(dataset.path) does not have the content that its content_sha256 was taken of: it was changed or damaged. Use another copy.")
  }
}

extension Datatype {
  var isFloat: Bool { mantissaBits != nil }
  var isString: Bool { if case .string = self { true } else { false } }
}
