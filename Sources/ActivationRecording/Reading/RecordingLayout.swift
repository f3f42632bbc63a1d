import Foundation
import HDF5

/// The parts of a recording and how they fit together, read without touching a row of activations.
///
/// Opening and validating share this one reading: opening stops at the first fault, validating collects them all.
struct RecordingLayout: Sendable {
  var rowCount = 0
  var description = RecordingDescription()
  var layers: [RecordedLayer] = []
  var saysOutput = true
  var phase: Dataset?
  /// Those that have a value for each row.
  var columns: [RecordingSchema.Column: Dataset] = [:]
  var allColumns: [RecordingSchema.Column: Dataset] = [:]
  /// The data sets under `/rows` that have a value for each row.
  var rowColumns: [String: Dataset] = [:]
  var allRowColumns: [String: Dataset] = [:]
  var actions: ActionCodes?

  typealias Report = (RecordingError) throws -> Void

  /// - Parameters:
  ///   - isWanted: says by name which layers matter; what is wrong with the others is no fault.
  ///   - needsPhase: whether `/phase` has to be there.
  ///   - report: called with each fault; it may throw to end the reading.
  init(of file: File, isWanted: (String) -> Bool, needsPhase: Bool = true, report: Report) throws {
    let path = file.path
    let root = try file.root
    try readIdentity(root, path: path, report: report)
    try readPhase(root, path: path, isNeeded: needsPhase, report: report)
    try readLayers(root, path: path, isWanted: isWanted, report: report)
    try readColumns(root, path: path, report: report)
    try readRowColumns(root, path: path, report: report)
  }

  private mutating func readIdentity(_ root: Group, path: String, report: Report) throws {
    let attributes = root.attributes
    switch try attributes.mismatch(with: RecordingSchema.identity) {
    case nil: break
    case .otherKind:
      // Nothing else can be expected of a file that is no recording.
      throw RecordingError.invalid(
        file: path,
        fault: "is HDF5 but not a recording (attribute schema is not '\(RecordingSchema.name)'). See schemas/recording.md for the format.")
    case .newer(let version): throw RecordingError.newerSchema(file: path, version: version)
    case .older(let version), .noVersion(let version?):
      try report(.invalid(file: path, fault: "attribute schema_version is '\(version)', not '\(RecordingSchema.version)'."))
    case .noVersion(nil):
      try report(.invalid(file: path, fault: "attribute schema_version is absent, not '\(RecordingSchema.version)'."))
    case .incomplete:
      // Other writers need not say that they have finished.
      if try attributes.contains("complete") { try report(.incomplete(file: path)) }
    }
    description.title = try attributes.string("title") ?? ""
    description.writer = try attributes.string("writer") ?? ""
    description.commandLine = try attributes.string("command_line") ?? ""
    description.createdUTC = try attributes.string("created_utc") ?? ""
    description.seed = try attributes.integer("seed")
    if try root.contains("model") {
      let model = try root.group("model").attributes
      description.model.architecture = try model.string("architecture")
      description.model.network = try model.string("network")
      description.model.checkpointID = try model.string("checkpoint_id")
      description.model.epoch = try model.integer("epoch")
      description.model.validationLoss = try model.double("validation_loss")
      description.model.hyperparameters = try model.string("hyperparameters")
      description.model.weightsSHA256 = try model.string("weights_sha256")
    }
    if try root.contains("provenance") {
      let provenance = try root.group("provenance").attributes
      for name in try provenance.names() {
        do {
          if let value = try provenance.string(name) { description.provenance[name] = value }
        } catch let error as HDF5Error where [.typeMismatch, .shapeMismatch].contains(error.kind) {
          // A value of another kind is someone else's; it is no fault. Damaged text is one.
        }
      }
    }
  }

  private mutating func readPhase(_ root: Group, path: String, isNeeded: Bool, report: Report) throws {
    guard try root.contains("phase") else {
      if isNeeded {
        try report(
          .missingPart(
            file: path, part: "/phase", advice: "Record the phase of each row (none 0, self 1, other 2, both 3),", remedy: .namePhases))
      }
      return
    }
    let dataset = try root.dataset("phase")
    guard dataset.shape.count == 1 else {
      try report(.invalid(file: path, fault: "/phase has \(dataset.shape.count) dimensions; it needs one value per row."))
      return
    }
    if let fault = dataset.declarationFault("/phase") {
      try report(.invalid(file: path, fault: fault))
      return
    }
    phase = dataset
    rowCount = dataset.shape[0]
  }

  /// Every layer of the file: each group with activations in it, however deep, named by its path below `/layers`.
  private mutating func readLayers(_ root: Group, path: String, isWanted: (String) -> Bool, report reportAny: Report) throws {
    guard try root.contains("layers"), case let names = try layerNames(in: root.group("layers"), of: root), !names.isEmpty else {
      try reportAny(
        .missingPart(file: path, part: "group /layers with a layer in it", advice: "Record the activations of one layer or more."))
      return
    }
    let group = try root.group("layers")
    var found: [(layer: RecordedLayer, saysIndex: Int?, saysOutput: Bool?)] = []
    // Layers that cannot be opened: they leave no gap, and one of them may be the output.
    var others: [(name: String, position: Int, saysIndex: Int?, saysOutput: Bool?)] = []
    for (position, name) in names.sorted(by: naturalOrder).enumerated() {
      let layer = try group.group(name)
      func report(_ fault: RecordingError) throws { if isWanted(name) { try reportAny(fault) } }
      func number(_ attribute: String) throws -> Int? {
        isWanted(name) ? try layer.attributes.integer(attribute) : (try? layer.attributes.integer(attribute)) ?? nil
      }
      let saysIndex = try number("layer_index")
      let saysOutput = try number("is_output").map { $0 != 0 }
      let openBefore = found.count
      defer { if found.count == openBefore { others.append((name, position, saysIndex, saysOutput)) } }
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
      let stored: StoredActivations
      do {
        stored = try StoredActivations(of: activations)
      } catch let unreadable as StoredActivations.Unreadable {
        try report(.invalid(file: path, fault: "/layers/\(name)/activations \(unreadable.fault)"))
        continue
      }
      if let fault = activations.declarationFault("/layers/\(name)/activations") {
        try report(.invalid(file: path, fault: fault))
        continue
      }
      if activations.shape[1] == 0 {
        try report(
          .invalid(file: path, fault: "/layers/\(name)/activations has no units. Record one or more,", remedy: .leaveLayerOut))
      }
      if phase == nil, rowCount == 0, isWanted(name) { rowCount = activations.shape[0] }
      if activations.shape[0] != rowCount {
        try report(
          .invalid(
            file: path,
            fault: "/layers/\(name)/activations has \(grouped(activations.shape[0])) rows but "
              + "\(phase == nil ? "the others have" : "/phase has") \(grouped(rowCount)). Re-record,", remedy: .leaveLayerOut))
      }
      found.append(
        (
          RecordedLayer(
            name: name, index: saysIndex ?? position, unitCount: activations.shape[1],
            kind: try layer.attributes.string("kind") ?? "dense",
            activationFunction: try layer.attributes.string("activation_function"), isOutput: saysOutput ?? false,
            hasKernel: try layer.contains("kernel"), activations: activations, stored: stored), saysIndex, saysOutput
        ))
    }
    if phase == nil, rowCount == 0 { rowCount = found.first?.layer.activations.shape[0] ?? 0 }
    let indices =
      found.compactMap { entry in entry.saysIndex.map { ($0, entry.layer.name) } }
      + others.compactMap { entry in entry.saysIndex.map { ($0, entry.name) } }
    try checkIndices(indices, without: found.filter { $0.saysIndex == nil }.map(\.layer.name), path, isWanted, reportAny)
    found.sort { ($0.layer.index, $0.layer.name) < ($1.layer.index, $1.layer.name) }
    saysOutput = found.contains { $0.saysOutput != nil } || others.contains { $0.saysOutput != nil }
    if !saysOutput, let last = found.last?.layer,
      !others.contains(where: { ($0.saysIndex ?? $0.position, $0.name) > (last.index, last.name) })
    {
      found[found.count - 1].layer.isOutput = true
    }
    layers = found.map(\.layer).filter { isWanted($0.name) }
  }

  /// Layers in the order of their indices are the network's order only where the indices are all there, each once.
  ///
  /// - Parameter silent: layers that do not say theirs; of those that are not wanted that is no fault.
  private func checkIndices(
    _ indices: [(index: Int, name: String)], without silent: [String], _ path: String, _ isWanted: (String) -> Bool, _ report: Report
  ) throws {
    guard !indices.isEmpty, indices.contains(where: { isWanted($0.name) }) else { return }
    let byIndex = Dictionary(grouping: indices, by: \.index)
    if let (index, twins) = byIndex.filter({ $0.value.count > 1 }).min(by: { $0.key < $1.key }) {
      try report(
        .invalid(
          file: path,
          fault: "layers \(twins.map(\.name).sorted().joined(separator: " and ")) have the same layer_index \(index). Number the layers "
            + "from 0 at the input side, each once."))
    } else if silent.contains(where: isWanted) {
      try report(
        .invalid(
          file: path,
          fault: "only \(indices.count) of \(indices.count + silent.count) layers say their layer_index. Number all of them from 0 at the "
            + "input side, or none."))
    } else if let missing = (0..<indices.count).first(where: { byIndex[$0] == nil }) {
      try report(
        .invalid(
          file: path,
          fault: "no layer has the layer_index \(missing), but there are \(indices.count) layers: one is missing, or they are numbered "
            + "with gaps. Number the recorded layers from 0 at the input side."))
    }
  }

  private mutating func readColumns(_ root: Group, path: String, report: Report) throws {
    for column in RecordingSchema.Column.allCases where try root.contains(column.rawValue) {
      let dataset = try root.dataset(column.rawValue)
      allColumns[column] = dataset
      let rank = column == .inputs ? 2 : 1
      let isFitting = dataset.shape.count == rank && dataset.shape[0] == rowCount
      let fault =
        isFitting
        ? dataset.declarationFault("/\(column.rawValue)")
        : "/\(column.rawValue) has shape "
          + "\(dataset.shapeText) but \(rowOwner) \(grouped(rowCount)) rows."
      if let fault { try report(.invalid(file: path, fault: fault)) } else { columns[column] = dataset }
    }
    do {
      actions = try ActionCodes(label: allColumns[.label], prediction: allColumns[.prediction])
    } catch let fault as ActionCodes.Fault {
      try report(.invalid(file: path, fault: fault.text))
    }
  }

  private mutating func readRowColumns(_ root: Group, path: String, report: Report) throws {
    guard try root.contains("rows"), try root.kind(of: "rows") == .group else { return }
    let group = try root.group("rows")
    for name in try group.childNames() where try group.kind(of: name) == .dataset {
      let dataset = try group.dataset(name)
      allRowColumns[name] = dataset
      let fault =
        dataset.shape == [rowCount]
        ? dataset.declarationFault("/rows/\(name)")
        : "/rows/\(name) has shape "
          + "\(dataset.shapeText); it needs one value for each of the \(grouped(rowCount)) rows."
      if let fault { try report(.invalid(file: path, fault: fault)) } else { rowColumns[name] = dataset }
    }
  }

  /// What has as many rows as all else is to have, for a sentence.
  var rowOwner: String { phase == nil ? "the layers have" : "/phase has" }
}

extension Dataset {
  /// Its dimensions for a sentence: 1,000 × 20.
  var shapeText: String { shape.map { grouped($0) }.joined(separator: " × ") }

  /// What is wrong with a data set that declares many more values than its bytes can hold; nil where nothing is. No compression makes a
  /// million values of one byte: a declaration without the data would only make readers ask for memory.
  func declarationFault(_ name: String) -> String? {
    // What has no rows yet is as wide all the same; a `Dataset` has fewer than 2⁶⁰ elements.
    let count = shape.reduce(1) { $0 * max(1, $1) }
    guard count > 1 << 24, storedByteCount < count >> 20 else { return declarationFault.map { "\(name) \($0). Record again." } }
    return "\(name) declares \(shapeText) \(shape.count == 1 ? "rows" : "values"), but the file holds \(grouped(storedByteCount)) bytes of "
      + "them. Record again."
  }
}

/// The paths below a group of all groups that hold activations, and of those that lead to none, sorted by their bytes.
private func layerNames(in layers: Group, of root: Group) throws -> [String] {
  var names: [String] = []
  // A list, not recursion: how deep groups lie is the file's choice.
  let above = try [layers.identity(), root.identity()]
  var left = try layers.childNames().map { (name: $0, above: above, isInLayer: false) }
  while let (name, above, isInLayer) = left.popLast() {
    guard try layers.kind(of: name) == .group else { continue }
    let group = try layers.group(name)
    let identity = try group.identity()
    // A link back to a group that it lies in: what is below is there already.
    guard !above.contains(identity) else { continue }
    let children = try group.childNames()
    let hasActivations = children.contains("activations")
    let inner = above.count < deepestLayer ? try children.filter { try group.kind(of: $0) == .group } : []
    if hasActivations || inner.isEmpty && !isInLayer { names.append(name) }
    left += inner.map { (name + "/" + $0, above + [identity], isInLayer || hasActivations) }
  }
  return names.sorted()
}

/// Groups on the way to a layer, at most.
private let deepestLayer = 32

/// `dense_2` before `dense_10`: runs of digits compare as numbers.
func naturalOrder(_ a: String, _ b: String) -> Bool {
  a.compare(b, options: .numeric) == .orderedAscending
}
