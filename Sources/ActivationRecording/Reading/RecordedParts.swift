import HDF5

/// What a recording holds beside its rows, as facts for people: nothing of it is needed to read them.
extension Recording {
  /// Whether `/phase` is there.
  public var hasPhase: Bool { layout.phase != nil }

  /// Whether a column of the schema is there.
  public func has(_ column: RecordingSchema.Column) -> Bool { layout.columns[column] != nil }

  /// What a coordinate under `/rows` holds, in words: text, integers, floats, or the names of an enum; nil where there is none of that name.
  public func kind(ofRowColumn name: String) -> String? {
    guard let type = layout.rowColumns[name]?.datatype else { return nil }
    return switch type {
    case .string: "text"
    case .enumeration where type.isBoolean: "booleans"
    case .enumeration(_, let members): "enum of \(members.map(\.name).joined(separator: ", "))"
    case let type where type.isFloat: "floats"
    case let type where type.isInteger: "integers"
    case let type: "\(type)"
    }
  }

  /// How the kernel of a layer is laid out, in words; nil where the recording has none.
  public func kernelDescription(of layer: RecordedLayer) throws -> String? {
    guard let shape = try kernelShape(of: layer) else { return nil }
    let layout = try kernelLayout(of: layer)
    let type = try file.root.group("layers").group(layer.name).dataset("kernel").datatype
    return "kernel \(shape.map { grouped($0) }.joined(separator: " × ")) [\(layout.rawValue.replacing(",", with: ", "))] \(type)"
  }

  /// What watches over the bytes of the file.
  public enum Checksums: Sendable, Equatable {
    /// Attribute `content_sha256` of so many data sets of those that there are.
    case content(datasets: Int, of: Int)
    /// Fletcher-32 sums of the chunks of activations only.
    case chunks
    case none
  }

  public var checksums: Checksums {
    get throws {
      let datasets = try contents()
      let count = try datasets.count { try $0.attributes.datatype(of: "content_sha256") != nil }
      if count > 0 { return .content(datasets: count, of: datasets.count) }
      return !layers.isEmpty && layers.allSatisfy { $0.activations.filters.filters.contains(.fletcher32) } ? .chunks : .none
    }
  }

  /// Whether attributes, types and the indices of chunks carry checksums too, as what is written here does.
  public var hasHeaderChecksums: Bool { get throws { try file.hasHeaderChecksums } }

  /// The data sets of the schema that the file holds, those of layers that are not open left out.
  func contents() throws -> [Dataset] {
    let root = try file.root
    let fixed = try ["sample", "feature"].filter { try root.contains($0) && root.kind(of: $0) == .dataset }.map { try root.dataset($0) }
    let ofLayers = try layers.flatMap { layer -> [Dataset] in
      let group = try root.group("layers").group(layer.name)
      return try ["unit", "input", "kernel", "bias"].filter { try group.contains($0) && group.kind(of: $0) == .dataset }
        .map { try group.dataset($0) } + [layer.activations]
    }
    return fixed + [layout.phase].compactMap { $0 } + RecordingSchema.Column.allCases.compactMap { layout.columns[$0] }
      + rowColumnNames.compactMap { layout.rowColumns[$0] } + ofLayers
  }
}

extension RecordedLayer {
  /// What its activations are stored as, in words: float32, bfloat16 (bits in uint16), int16 × 0.001 + 0.
  public var storedType: String {
    switch stored.encoding {
    case .floats, .halves, .doubles: "\(activations.datatype)"
    case .bfloat16Bits: "bfloat16 (bits in uint16)"
    case .scaledIntegers(let scale, let offset): "\(activations.datatype) × \(scale) + \(offset)"
    }
  }
}
