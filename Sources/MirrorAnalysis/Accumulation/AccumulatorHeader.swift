import ActivationRecording
import Statistics

/// Which part of a whole one machine does.
public struct AccumulatorPlace: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// Some of the rows.
    case shard
    /// Some of the permutations, of all rows.
    case share
  }

  public let kind: Kind
  /// From 1.
  public let number: Int
  public let count: Int

  public init(_ kind: Kind, _ number: Int, of count: Int) { (self.kind, self.number, self.count) = (kind, number, count) }

  /// shard 3 of 10
  public var name: String { "\(kind.rawValue) \(number) of \(count)" }

  /// The share of the permutations; all of them for a shard.
  var share: PermutationShare { kind == .share ? PermutationShare(number, of: count) : .whole }
}

/// A layer as an accumulator knows it.
public struct AccumulatedLayer: Sendable, Equatable {
  public let name: String
  public let kind: String
  public let isOutput: Bool
  public let unitCount: Int
  public let storesDoubles: Bool

  public init(name: String, kind: String, isOutput: Bool, unitCount: Int, storesDoubles: Bool) {
    (self.name, self.kind, self.isOutput, self.unitCount, self.storesDoubles) = (name, kind, isOutput, unitCount, storesDoubles)
  }

  init(_ layer: RecordedLayer) {
    self.init(
      name: layer.name, kind: layer.kind, isOutput: layer.isOutput, unitCount: layer.unitCount, storesDoubles: layer.storesDoubles)
  }

  var isOwnLayer: Bool { RecordedLayer.isOwnLayer(kind: kind) }
}

/// A file whose rows an accumulator holds.
public struct AccumulatedFile: Sendable, Equatable {
  /// As given.
  public let name: String
  public let sha256: String
  public let rowCount: Int

  public init(name: String, sha256: String, rowCount: Int) { (self.name, self.sha256, self.rowCount) = (name, sha256, rowCount) }
}

/// What an accumulator says of itself: all that has to agree before two are merged, and what the table says of the recording.
public struct AccumulatorHeader: Sendable, Equatable {
  /// The analysis, by the name of its table.
  public var analysis: String
  public var place: AccumulatorPlace
  /// The program and version that wrote it.
  public var program: String
  /// Options that change numbers, by name.
  public var options: [String: String]
  public var identity: RecordingIdentity
  public var checkpointID: String?
  public var validationLoss: Double?
  public var files: [AccumulatedFile]
  public var layers: [AccumulatedLayer]
  /// Whether self and other rows were filtered by `/partner_acting`.
  public var isFiltered: Bool

  public init(
    analysis: String, place: AccumulatorPlace, program: String, options: [String: String], identity: RecordingIdentity,
    checkpointID: String? = nil, validationLoss: Double? = nil, files: [AccumulatedFile], layers: [AccumulatedLayer], isFiltered: Bool
  ) {
    (self.analysis, self.place, self.program, self.options) = (analysis, place, program, options)
    (self.identity, self.checkpointID, self.validationLoss) = (identity, checkpointID, validationLoss)
    (self.files, self.layers, self.isFiltered) = (files, layers, isFiltered)
  }

  /// - Parameter seed: of the permutations, if there are any.
  init<A: AccumulatedAnalysis>(
    of view: RecordingView, _ analysis: A, as place: AccumulatorPlace, seed: UInt64, program: String, files: [AccumulatedFile]
  ) throws {
    let model = view.description.model
    var options = analysis.accumulatorOptions.merging(view.selection.accumulatorOptions) { own, _ in own }
    if options["permutations"].map({ $0 != "0" }) ?? false { options["seed"] = "\(seed)" }
    self.init(
      analysis: A.Row.schema.name, place: place, program: program, options: options, identity: RecordingIdentity(view),
      checkpointID: model.checkpointID, validationLoss: model.validationLoss, files: files,
      layers: view.layers.map { AccumulatedLayer($0) }, isFiltered: try view.hasPhases && view.phases.isFiltered)
  }

  /// What tables say of the model.
  var model: ModelDescription {
    var model = ModelDescription()
    (model.network, model.epoch, model.checkpointID, model.validationLoss) = (
      identity.network, identity.epoch, checkpointID, validationLoss
    )
    return model
  }

  // MARK: Options

  /// Hashes of the recordings that a first pass was over, with a space between two.
  static let firstPassOption = "recordings of the first pass"

  /// - Throws: `AccumulatorFault` where the option is missing, or no value of that kind.
  func option<Value: LosslessStringConvertible>(_ name: String, as type: Value.Type = Value.self) throws(AccumulatorFault) -> Value {
    guard let text = options[name], let value = Value(text) else { throw AccumulatorFault("does not say '\(name)'") }
    return value
  }

  /// - Throws: `AccumulatorFault` for a number that no command takes.
  func permutations() throws(AccumulatorFault) -> Int {
    let count: Int = try option("permutations")
    guard (0...1_000_000).contains(count) else { throw AccumulatorFault("says \(count) for 'permutations'") }
    return count
  }

  /// An option that may be left open.
  func choice<Value: RawRepresentable>(_ name: String) throws(AccumulatorFault) -> Value? where Value.RawValue == String {
    guard let text = options[name] else { return nil }
    guard let value = Value(rawValue: text) else { throw AccumulatorFault("says '\(text)' for '\(name)', which is none") }
    return value
  }
}

extension RecordingSelection {
  /// What of it changes numbers, by name.
  var accumulatorOptions: [String: String] {
    var options = ["partner filter": partnerFilter ? "on" : "off"]
    if case .column(let name, let names) = phases {
      options["phase column"] = name
      options["phase names"] = names.map { $0.sorted { $0.key < $1.key }.map { "\($1.name)=\($0)" }.joined(separator: ",") }
    }
    options["stratum column"] = stratumColumn
    options["pair column"] = pairColumn
    options["rows"] = condition?.text
    if joinsStrata { options["joined strata"] = "true" }
    return options
  }
}
