import Foundation
import HDF5

/// The parts of a recording and how they fit together, read without touching a row of activations.
///
/// Opening and validating share this one reading: opening stops at the first fault, validating collects them all.
struct RecordingLayout {
  var rowCount = 0
  var description = RecordingDescription()
  var layers: [RecordedLayer] = []
  var phase: Dataset?
  var columns: [RecordingSchema.Column: Dataset] = [:]
  var actionNames: [String]?

  /// - Parameters:
  ///   - isWanted: says by name which layers matter; what is wrong with the others is no fault.
  ///   - report: called with each fault; it may throw to end the reading.
  init(of file: File, isWanted: (String) -> Bool, report: (RecordingError) throws -> Void) throws {
    let path = file.path
    let root = try file.root
    try readIdentity(root, path: path, report: report)
    try readPhase(root, path: path, report: report)
    try readLayers(root, path: path, isWanted: isWanted, report: report)
    try readColumns(root, path: path, report: report)
  }

  private mutating func readIdentity(_ root: Group, path: String, report: (RecordingError) throws -> Void) throws {
    let attributes = root.attributes
    guard try attributes.string("schema") == RecordingSchema.name else {
      // Nothing else can be expected of a file that is no recording.
      throw RecordingError.invalid(
        file: path,
        fault: "is HDF5 but not a recording (attribute schema is not '\(RecordingSchema.name)'). See schemas/recording.md for the format.")
    }
    let version = try attributes.string("schema_version")
    switch version?.split(separator: ".").first.flatMap({ Int($0) }) {
    case 1?: break
    case let major? where major > 1: throw RecordingError.newerSchema(file: path, version: version ?? "")
    default:
      try report(
        .invalid(
          file: path, fault: "attribute schema_version is \(version.map { "'\($0)'" } ?? "absent"), not '\(RecordingSchema.version)'."))
    }
    if try attributes.integer("complete") == 0 { try report(.incomplete(file: path)) }
    description.title = try attributes.string("title") ?? ""
    description.writer = try attributes.string("writer") ?? ""
    description.commandLine = try attributes.string("command_line") ?? ""
    description.createdUTC = try attributes.string("created_utc") ?? ""
    description.seed = try attributes.integer("seed")
    if try root.contains("model") {
      let model = try root.group("model").attributes
      description.model.architecture = try model.string("architecture")
      description.model.checkpointID = try model.string("checkpoint_id")
      description.model.epoch = try model.integer("epoch")
      description.model.validationLoss = try model.double("validation_loss")
      description.model.hyperparameters = try model.string("hyperparameters")
      description.model.weightsSHA256 = try model.string("weights_sha256")
    }
    if try root.contains("provenance") {
      let provenance = try root.group("provenance").attributes
      for name in try provenance.names() {
        // A value of another kind is someone else's; it is no fault.
        if let value = try? provenance.string(name) { description.provenance[name] = value }
      }
    }
  }

  private mutating func readPhase(_ root: Group, path: String, report: (RecordingError) throws -> Void) throws {
    guard try root.contains("phase") else {
      try report(
        .missingPart(file: path, part: "/phase", advice: "Record the phase of each row: none 0, self 1, other 2, both 3."))
      return
    }
    let dataset = try root.dataset("phase")
    guard dataset.shape.count == 1 else {
      try report(.invalid(file: path, fault: "/phase has \(dataset.shape.count) dimensions; it needs one value per row."))
      return
    }
    // No compression makes a million bytes of one: a declaration without the data would only make readers ask for memory.
    if dataset.shape[0] > 1 << 24, dataset.storedByteCount < dataset.shape[0] >> 20 {
      try report(
        .invalid(
          file: path,
          fault:
            "/phase declares \(grouped(dataset.shape[0])) rows, but the file holds \(grouped(dataset.storedByteCount)) bytes of them. "
            + "Record again."))
      return
    }
    phase = dataset
    rowCount = dataset.shape[0]
  }

  private mutating func readLayers(
    _ root: Group, path: String, isWanted: (String) -> Bool, report reportAny: (RecordingError) throws -> Void
  ) throws {
    guard try root.contains("layers"), case let names = try root.group("layers").childNames(), !names.isEmpty else {
      try reportAny(
        .missingPart(file: path, part: "group /layers with a layer in it", advice: "Record the activations of one layer or more."))
      return
    }
    let group = try root.group("layers")
    var found: [(layer: RecordedLayer, saysOutput: Bool?)] = []
    for (position, name) in names.sorted(by: naturalOrder).enumerated() {
      let layer = try group.group(name)
      func report(_ fault: RecordingError) throws { if isWanted(name) { try reportAny(fault) } }
      guard try layer.contains("activations") else {
        try report(.missingPart(file: path, part: "/layers/\(name)/activations", advice: "Record them, or remove the layer."))
        continue
      }
      let activations = try layer.dataset("activations")
      guard activations.shape.count == 2 else {
        try report(
          .invalid(
            file: path, fault: "/layers/\(name)/activations has \(activations.shape.count) dimensions; it needs rows and units."))
        continue
      }
      if activations.shape[1] == 0 {
        try report(
          .invalid(
            file: path, fault: "/layers/\(name)/activations has no units. Record one or more, or drop the layer with --layers."))
      }
      if phase != nil && activations.shape[0] != rowCount {
        try report(
          .invalid(
            file: path,
            fault: "/layers/\(name)/activations has \(grouped(activations.shape[0])) rows but /phase has \(grouped(rowCount)). "
              + "Re-record, or drop the layer with --layers."))
      }
      let saysOutput = try layer.attributes.integer("is_output").map { $0 != 0 }
      found.append(
        (
          RecordedLayer(
            name: name, index: try layer.attributes.integer("layer_index") ?? position, unitCount: activations.shape[1],
            kind: try layer.attributes.string("kind") ?? "dense",
            activationFunction: try layer.attributes.string("activation_function"), isOutput: saysOutput ?? false,
            hasKernel: try layer.contains("kernel"), activations: activations),
          saysOutput
        ))
    }
    found.sort { ($0.layer.index, $0.layer.name) < ($1.layer.index, $1.layer.name) }
    let nobodySays = found.allSatisfy { $0.saysOutput == nil }
    layers = found.enumerated().compactMap { position, entry in
      let layer = entry.layer
      guard isWanted(layer.name) else { return nil }
      return RecordedLayer(
        name: layer.name, index: layer.index, unitCount: layer.unitCount, kind: layer.kind,
        activationFunction: layer.activationFunction, isOutput: nobodySays ? position == found.count - 1 : layer.isOutput,
        hasKernel: layer.hasKernel, activations: layer.activations)
    }
  }

  private mutating func readColumns(_ root: Group, path: String, report: (RecordingError) throws -> Void) throws {
    for column in RecordingSchema.Column.allCases where try root.contains(column.rawValue) {
      let dataset = try root.dataset(column.rawValue)
      let rank = column == .inputs ? 2 : 1
      guard dataset.shape.count == rank, phase == nil || dataset.shape[0] == rowCount else {
        try report(
          .invalid(
            file: path,
            fault: "/\(column.rawValue) has shape \(dataset.shape.map { grouped($0) }.joined(separator: " × ")) but /phase has "
              + "\(grouped(rowCount)) rows."))
        continue
      }
      columns[column] = dataset
      if column == .label || column == .prediction, actionNames == nil, case .enumeration(_, let members) = dataset.datatype {
        let ordered = members.sorted { $0.value < $1.value }
        if ordered.map(\.value) == Array(0..<ordered.count) { actionNames = ordered.map(\.name) }
      }
    }
  }
}

/// `dense_2` before `dense_10`: runs of digits compare as numbers.
func naturalOrder(_ a: String, _ b: String) -> Bool {
  a.compare(b, options: .numeric) == .orderedAscending
}
