import ActivationRecording
import Tabular

/// A row of `inspect`: one fact about a recording.
public struct InspectionRow: TableRow, Equatable {
  public let item: String
  public let value: String

  public static let schema = TableSchema(
    name: "inspect", title: "What is in a recording, one fact per row",
    columns: [
      Column("item", .string, "What the fact is about"),
      Column("value", .string, "The fact"),
    ])

  public var cells: [Cell] { [.string(item), .string(value)] }
}

/// The facts of a recording, in reading order: origin, model, rows by phase, coordinates of rows, layers, optional parts and what their
/// absence costs. Of recordings that are joined the first is described, with the rows of all.
public struct InspectionAnalysis: Analysis {
  public init() {}

  public var needs: RecordingNeeds { RecordingNeeds(phase: false, counting: []) }

  public func memory(_ shape: RecordingShape, threads: Int) -> Int {
    byteCount(16 * Double(shape.rowCount) + 1000 * Double(shape.layers.count + 100))
  }

  /// - Throws: what reading the columns throws.
  public func rows(of recording: RecordingView, in context: AnalysisContext) throws -> [InspectionRow] {
    var facts = Facts()
    facts.addOrigin(recording.description)
    try facts.addRows(of: recording)
    try facts.addLayers(of: recording)
    facts.add("actions", recording.actionNames?.joined(separator: ", "))
    facts.add("checksums", try recording.first.checksums.sentence)
    try facts.addMissingParts(of: recording)
    return facts.rows
  }
}

/// The facts found so far.
private struct Facts {
  private(set) var rows: [InspectionRow] = []

  /// Leaves out what is not known.
  mutating func add(_ item: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    rows.append(InspectionRow(item: item, value: value))
  }

  mutating func addOrigin(_ description: RecordingDescription) {
    add("title", description.title)
    add("writer", description.writer)
    add("created", description.createdUTC)
    add("command line", description.commandLine)
    add("seed", description.seed.map(String.init))
    add("network", description.model.network)
    add("checkpoint", description.model.checkpointID)
    add("epoch", description.model.epoch.map(String.init))
    add("validation loss", description.model.validationLoss.map { "\($0)" })
    add("architecture", description.model.architecture)
    add("hyperparameters", description.model.hyperparameters)
    add("weights sha256", description.model.weightsSHA256)
    for (name, value) in description.provenance.sorted(by: { $0.key < $1.key }) { add("provenance \(name)", value) }
  }

  mutating func addRows(of recording: RecordingView) throws {
    add("rows", "\(recording.rowCount)")
    if recording.hasPhases {
      let (all, kept) = (try recording.unfilteredPhases, try recording.phases)
      for phase in Phase.allCases {
        let (count, left) = (all.count(phase), kept.count(phase))
        add("rows \(phase.name)", "\(count)" + (left == count ? "" : " (\(left) after the partner filter)"))
      }
    }
    if let pairs = try recording.pairs {
      let items = Set(pairs.filter { $0 >= 0 })
      let alone = pairs.count { $0 < 0 }
      add("pairs", "\(items.count)" + (alone == 0 ? "" : " (\(alone) rows in none)"))
    }
    if let strata = try recording.strata { add("strata", "\(Set(strata).count)") }
    if let inputs = recording.inputCount {
      add("inputs", "\(inputs)" + (try recording.inputsStoreDoubles ? ", read in double precision" : ""))
    }
    for name in recording.first.rowColumnNames { add("column \(name)", recording.first.kind(ofRowColumn: name)) }
  }

  mutating func addLayers(of recording: RecordingView) throws {
    for layer in recording.layers {
      var traits = ["\(layer.unitCount) units", layer.kind, layer.activationFunction].compactMap { $0 }
      if layer.isOutput { traits.append(recording.saysOutput ? "output" : "taken for the output, since no layer says is_output") }
      traits.append(layer.storedType)
      if let kernel = try recording.first.kernelDescription(of: layer) { traits.append(kernel) }
      add("layer \(layer.name)", traits.joined(separator: ", "))
    }
  }

  mutating func addMissingParts(of recording: RecordingView) throws {
    let first = recording.first
    let parts: [(String, Bool, String)] = [
      ("phase", recording.hasPhases, "a column has to be named that tells the phases"),
      ("label", first.has(.label), "no accuracy can be computed"),
      ("prediction", first.has(.prediction), "the action is taken from the outputs"),
      ("partner_acting", first.has(.partnerActing), "the self and other phases hold every row of theirs"),
      ("stratum", try recording.strata != nil, "permutations are not restricted"),
      ("pair", try recording.pairs != nil, "self and other rows of one item are not matched"),
      ("split", first.has(.split), "selection and evaluation use a seeded half-split"),
      ("inputs", first.has(.inputs), "inputs cannot be audited"),
      (
        "kernel", recording.layers.allSatisfy(\.hasKernel), "ablate and circuit need the kernel and bias of every layer above the first"
      ),
    ]
    for (part, isPresent, cost) in parts where !isPresent { add("missing \(part)", cost) }
  }
}

extension Recording.Checksums {
  fileprivate var sentence: String {
    switch self {
    case .content(let datasets, let all) where datasets == all: "content_sha256 of every data set"
    case .content(let datasets, let all): "content_sha256 of \(datasets) of \(all) data sets"
    case .chunks: "Fletcher-32 of the activations' chunks; no content_sha256"
    case .none: "none: damage may go unseen"
    }
  }
}
