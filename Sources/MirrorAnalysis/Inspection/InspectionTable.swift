import ActivationRecording
import Tabular

/// A row of `inspect`: one fact about a recording.
public struct InspectionRow: TableRow {
  public let recording: String
  public let item: String
  public let value: String

  public static let schema = TableSchema(
    name: "inspect", title: "What is in a recording, one fact per row",
    columns: [
      Column("recording", .string, "Path of the recording, as given"),
      Column("item", .string, "What the fact is about"),
      Column("value", .string, "The fact"),
    ])

  public var cells: [Cell] { [.string(recording), .string(item), .string(value)] }
}

/// The facts of one recording, in reading order: origin, model, rows by phase, layers, optional parts and what their absence costs.
public func inspectionRows(of recording: Recording) throws -> [InspectionRow] {
  var rows: [InspectionRow] = []
  func add(_ item: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    rows.append(InspectionRow(recording: recording.path, item: item, value: value))
  }
  let description = recording.description
  add("title", description.title)
  add("writer", description.writer)
  add("created", description.createdUTC)
  add("command line", description.commandLine)
  add("seed", description.seed.map(String.init))
  add("checkpoint", description.model.checkpointID)
  add("epoch", description.model.epoch.map(String.init))
  add("validation loss", description.model.validationLoss.map { "\($0)" })
  add("architecture", description.model.architecture)
  add("hyperparameters", description.model.hyperparameters)
  add("weights sha256", description.model.weightsSHA256)
  for (name, value) in description.provenance.sorted(by: { $0.key < $1.key }) { add("provenance \(name)", value) }

  add("rows", "\(recording.rowCount)")
  let phases = try recording.phases()
  let partnerActing = try recording.partnerActing()
  let all = PhaseRows(phases: phases)
  let filtered = partnerActing.map { PhaseRows(phases: phases, partnerActing: $0) }
  for phase in Phase.allCases {
    let kept = filtered?.count(phase) ?? all.count(phase)
    add("rows \(phase.name)", "\(all.count(phase))" + (kept == all.count(phase) ? "" : " (\(kept) after the partner filter)"))
  }
  for layer in recording.layers {
    let traits =
      ["\(layer.unitCount) units", layer.kind, layer.activationFunction].compactMap { $0 }
      + (layer.isOutput ? ["output"] : []) + (layer.hasKernel ? ["kernel"] : [])
    add("layer \(layer.name)", traits.joined(separator: ", "))
  }
  add("actions", recording.actionNames?.joined(separator: ", "))
  let hasLabels = try recording.labels() != nil
  let optionalParts: [(String, Bool, String)] = [
    ("label", hasLabels, "no accuracy can be computed"),
    ("prediction", try recording.predictions() != nil, "the action is taken from the outputs"),
    ("partner_acting", partnerActing != nil, "the self and other phases hold every row of theirs"),
    ("stratum", try recording.strata() != nil, "permutations are not restricted"),
    ("split", try recording.split() != nil, "selection and evaluation use a seeded half-split"),
    ("inputs", recording.inputShape != nil, "inputs cannot be audited"),
    (
      "kernel", recording.layers.allSatisfy(\.hasKernel),
      "ablate and circuit need the kernel and bias of every layer above the first"
    ),
  ]
  for (part, isPresent, cost) in optionalParts where !isPresent { add("missing \(part)", cost) }
  return rows
}
