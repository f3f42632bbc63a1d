import HDF5

/// A recording written part by part through HDF5, so that it may be what no recorder would write.
struct HandMadeFile {
  let root: Group
  private let file: File
  private let rowCount: Int

  /// - Parameter phases: codes, none 0, self 1, other 2 and both 3.
  init(path: String, phases: [UInt8], schemaVersion: String = "1.1") throws {
    file = try File.create(path, overwrite: true)
    root = try file.root
    rowCount = phases.count
    try root.attributes.set("schema", "mirrorscope-recording")
    try root.attributes.set("schema_version", schemaVersion)
    try root.attributes.set("complete", 1)
    _ = try root.write("sample", phases.indices.map { Int64($0) })
    _ = try root.write("phase", phases)
    _ = try root.createGroup("layers")
  }

  /// Writes a layer.
  ///
  /// - Parameters:
  ///   - values: `[rows × units]`.
  ///   - isOutput: nil does not say.
  @discardableResult
  func write<Value: Element>(
    _ name: String, _ values: [Value], units: Int, isOutput: Bool? = false, function: String = "linear"
  ) throws -> Group {
    let layer = try root.group("layers").createGroup(name)
    try layer.attributes.set("kind", "dense")
    try layer.attributes.set("activation_function", function)
    if let isOutput { try layer.attributes.set("is_output", isOutput ? 1 : 0) }
    _ = try layer.write("activations", values, shape: [rowCount, units])
    return layer
  }

  /// Writes a column of codes with an enum of the names, numbered as given.
  func writeEnum(_ name: String, _ codes: [UInt8], _ members: [(String, Int)]) throws {
    let type = Datatype.enumeration(base: .uint8, members: members.map { EnumerationMember(name: $0.0, value: $0.1) })
    let dataset = try root.createDataset(name, type: type, shape: [rowCount])
    try dataset.write(codes)
  }

  func finish() throws { try file.close() }
}
