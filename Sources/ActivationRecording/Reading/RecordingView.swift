import HDF5
import Parallelism

/// What of a recording, or of several as one, an analysis is to see.
public struct RecordingSelection: Sendable {
  /// Whether self and other rows are filtered by `/partner_acting`, where the recording allows it.
  public var partnerFilter = true
  public var phases = PhaseSource.recorded
  /// A coordinate of rows that takes the place of `/stratum`.
  public var stratumColumn: String?
  /// A coordinate of rows that takes the place of `/pair`.
  public var pairColumn: String?
  /// Only the rows that meet it.
  public var condition: RowCondition?
  /// Whether equal strata and pairs of joined recordings are the same; without it each recording has its own.
  public var joinsStrata = false

  public init() {}
}

/// The rows of a recording as an analysis sees them: the only way to them.
///
/// Columns are read once, by name and checked. Activations are read in fixed blocks of rows, whatever the chunks of the file: float16,
/// bfloat16 and float32 as Float, float64 and packed integers as Double, which are never rounded on the way. Several recordings may be
/// joined, and rows left out by a condition: the blocks are then those of one file that holds just these rows, so every digit is too.
///
/// Safe to use from any thread.
public final class RecordingView: Sendable {
  /// What tables call it: the path as given.
  public let name: String
  /// Of the first recording, where several are joined.
  public let description: RecordingDescription
  public let layers: [RecordedLayer]
  /// Whether a layer says that it is the network's output.
  public let saysOutput: Bool
  /// Rows that are seen.
  public let rowCount: Int
  /// Names of the actions in the order of the network's outputs, where the recording says them.
  public let actionNames: [String]?
  public let selection: RecordingSelection
  let parts: [RecordingPart]
  let checkCancellation: @Sendable () throws -> Void

  private let unfilteredCodes = ReadOnce<[UInt8]>()
  private let phaseRows = ReadOnce<PhaseRows>()
  private let labelColumn = ReadOnce<[UInt8]?>()
  private let predictionColumn = ReadOnce<[UInt8]?>()
  private let actingColumn = ReadOnce<[Bool]?>()
  private let stratumColumn = ReadOnce<[Int32]?>()
  private let pairColumn = ReadOnce<[Int32]?>()
  private let splitColumn = ReadOnce<[Split]?>()

  /// - Parameters:
  ///   - recordings: opened with the layers that matter; several are taken as one, in this order.
  ///   - name: what tables call it; the first recording's path without one.
  ///   - checkCancellation: called between blocks; what it throws ends the work.
  /// - Throws: `RecordingError.badInput` for recordings that do not fit together, and for a column that is not there.
  public init(
    of recordings: [Recording], name: String? = nil, selection: RecordingSelection = RecordingSelection(),
    checkCancellation: @escaping @Sendable () throws -> Void = {}
  ) throws {
    guard let first = recordings.first else { throw RecordingError.badInput(file: name ?? "", fault: "no recording is given.") }
    for other in recordings.dropFirst() { try other.requireSameLayers(as: first) }
    self.name = name ?? first.path
    description = first.description
    layers = first.layers
    saysOutput = first.saysOutput
    actionNames = first.actionNames
    self.selection = selection
    parts = try recordings.map { try RecordingPart($0, condition: selection.condition) }
    rowCount = parts.reduce(0) { $0 + $1.rowCount }
    self.checkCancellation = checkCancellation
  }

  /// Opens one recording.
  public convenience init(
    path: String, layers isWanted: (String) -> Bool = { _ in true }, selection: RecordingSelection = RecordingSelection()
  ) throws {
    try self.init(of: [Recording(path: path, layers: isWanted, needsPhase: selection.phases == .recorded)], selection: selection)
  }

  /// The file that errors name.
  public var path: String { first.path }

  /// The recording, or the first of those that are joined: what it holds beside its rows.
  public var first: Recording { parts[0].recording }

  /// Whether phases are recorded, or a column is named that tells them.
  public var hasPhases: Bool { selection.phases != .recorded || parts.allSatisfy { $0.recording.hasPhase } }

  /// Only some of the layers.
  public func layers(_ isWanted: (String) -> Bool) -> [RecordedLayer] { layers.filter { isWanted($0.name) } }

  // MARK: Columns

  /// Which rows belong to which phase, after the partner filter.
  public var phases: PhaseRows {
    get throws {
      try phaseRows.value {
        PhaseRows(codes: try phaseCodes, partnerActing: selection.partnerFilter ? try partnerActing : nil)
      }
    }
  }

  /// Which rows belong to which phase, before the partner filter.
  public var unfilteredPhases: PhaseRows { get throws { PhaseRows(codes: try phaseCodes, isFiltered: false) } }

  private var phaseCodes: [UInt8] {
    get throws {
      try unfilteredCodes.value { try parts.flatMap { part in part.kept(try part.recording.phaseCodes(from: selection.phases)) } }
    }
  }

  /// Numbers of the right actions, `[rows]`; nil where the recording has none.
  public var labels: [UInt8]? { get throws { try labelColumn.value { try actions(.label) } } }

  /// Numbers of the network's actions, `[rows]`; nil where the recording has none.
  public var predictions: [UInt8]? { get throws { try predictionColumn.value { try actions(.prediction) } } }

  /// Whether the undistressed partner is seen acting, `[rows]`; nil where the recording does not say.
  public var partnerActing: [Bool]? { get throws { try actingColumn.value { try column { try $0.partnerActing() } } } }

  /// The episode or matched group of each row, `[rows]`; nil where the recording has none.
  public var strata: [Int32]? {
    get throws { try stratumColumn.value { try groups { try $0.groups(.stratum, named: self.selection.stratumColumn) } } }
  }

  /// The number of each row's item, −1 for none, `[rows]`; nil where the recording has none.
  public var pairs: [Int32]? {
    get throws { try pairColumn.value { try groups { try $0.groups(.pair, named: self.selection.pairColumn) } } }
  }

  /// What each row may be used for, `[rows]`; nil where the recording does not say.
  public var split: [Split]? { get throws { try splitColumn.value { try column { try $0.split() } } } }

  /// A coordinate of rows, or a column of the schema, by name.
  ///
  /// - Throws: `RecordingError.badInput` where there is none of that name.
  public func rowColumn(_ name: String) throws -> RowColumn {
    let columns = try parts.map { part in
      let column = try part.recording.rowColumn(name)
      return part.keptRows.map { column.selecting($0) } ?? column
    }
    return columns.dropFirst().reduce(columns[0]) { $0.joined(with: $1) }
  }

  /// A column of all parts; nil where a part has none.
  private func column<Value>(_ read: (Recording) throws -> [Value]?) throws -> [Value]? {
    var result: [Value] = []
    for part in parts {
      guard let values = try read(part.recording) else { return nil }
      result += part.kept(values)
    }
    return result
  }

  /// Numbers of actions; those of a joined recording are matched by name.
  private func actions(_ which: RecordingSchema.Column) throws -> [UInt8]? {
    try column { recording in
      guard let codes = try recording.actions(which) else { return nil }
      guard let names = actionNames, let others = recording.actionNames, names != others else { return codes }
      let numbers = try others.map { name in
        guard let number = names.firstIndex(of: name) else {
          throw RecordingError.badInput(
            file: recording.path, fault: "has an action \(name) that \(path) has not. Join recordings of one task.")
        }
        return UInt8(number)
      }
      return codes.map { numbers[Int($0)] }
    }
  }

  /// Groups of rows, those of different parts kept apart; negative ones, which stand for none, are the same in all.
  private func groups(_ read: (Recording) throws -> [Int32]?) throws -> [Int32]? {
    guard parts.count > 1, !selection.joinsStrata else { return try column(read) }
    var result: [Int32] = []
    var next: Int32 = 0
    for part in parts {
      guard let values = try read(part.recording) else { return nil }
      var numbers: [Int32: Int32] = [:]
      for value in part.kept(values) {
        if value < 0 {
          result.append(value)
        } else if let number = numbers[value] {
          result.append(number)
        } else {
          numbers[value] = next
          result.append(next)
          next += 1
        }
      }
    }
    return result
  }

  // MARK: Parameters

  /// The kernel `[input × unit]` of a layer; nil where the recording has none.
  public func kernel(of layer: RecordedLayer) throws -> StoredParameters? { try parts[0].recording.kernel(of: layer) }

  /// The bias `[unit]` of a layer; nil where the recording has none.
  public func bias(of layer: RecordedLayer) throws -> StoredParameters? { try parts[0].recording.bias(of: layer) }

  /// Shape of a layer's kernel as stored, without reading it; nil where the recording has none.
  public func kernelShape(of layer: RecordedLayer) throws -> [Int]? { try parts[0].recording.kernelShape(of: layer) }

  // MARK: Inputs

  /// How many numbers the network was shown in each row; nil where the recording has none.
  public var inputCount: Int? {
    let counts = parts.map { $0.recording.layout.columns[.inputs]?.shape.last }
    return counts.allSatisfy { $0 == counts[0] } ? counts[0] : nil
  }

  /// Whether inputs need double precision; all others fit a Float without loss.
  ///
  /// - Throws: `RecordingError.invalid` for inputs that are no numbers.
  public var inputsStoreDoubles: Bool {
    get throws { try parts.contains { try $0.storedInputs?.encoding.storesDoubles ?? false } }
  }

  /// What the network was shown in the rows of a range, `[rows × inputs]`; nil where the recording has none.
  ///
  /// - Throws: `RecordingError.invalid` for inputs that are no numbers, that are missing, and for doubles asked for as Float.
  public func inputs<Value: ActivationValue>(rows: Range<Int>, as type: Value.Type = Value.self) throws -> [Value]? {
    guard inputCount != nil else { return nil }
    var values: [Value] = []
    for (part, range) in located(rows) {
      guard let stored = try part.storedInputs else { return nil }
      values += try part.read(range, width: stored.dataset.shape.last ?? 0) { try stored.read(rows: $0, as: Value.self) }
    }
    return values
  }

  /// The error of an input that is not finite, by the row's number in its own file.
  public func notFinite(_ value: Double, inputRow row: Int, column: Int) -> RecordingError {
    let (file, number) = origin(of: row)
    return .invalid(file: file, fault: "/inputs holds \(value) at row \(number), column \(column). It needs finite values.")
  }

  /// The file that a row is from, and its number there.
  private func origin(of row: Int) -> (file: String, row: Int) {
    guard let (part, rows) = located(row..<row + 1).first else { return (path, row) }
    return (part.recording.path, part.keptRows?[rows.lowerBound] ?? rows.lowerBound)
  }

  /// Where rows of the view lie: parts, and rows of what is kept of each.
  func located(_ rows: Range<Int>) -> [(part: RecordingPart, rows: Range<Int>)] {
    var start = 0
    return parts.compactMap { part in
      defer { start += part.rowCount }
      let inside = rows.clamped(to: start..<start + part.rowCount)
      return inside.isEmpty ? nil : (part, inside.lowerBound - start..<inside.upperBound - start)
    }
  }

  /// The error of an activation that is not finite, by the row's number in its own file.
  public func notFinite(_ value: Double, layer: RecordedLayer, row: Int, unit: Int) -> RecordingError {
    let (file, number) = origin(of: row)
    return .notFinite(file: file, layer: layer.name, unit: unit, row: number, value: value)
  }
}

/// One file of a view, and the rows of it that are kept.
struct RecordingPart: Sendable {
  let recording: Recording
  /// Ascending; nil where all are.
  let keptRows: [Int]?
  private let inputs = ReadOnce<StoredInputs?>()

  var rowCount: Int { keptRows?.count ?? recording.rowCount }

  init(_ recording: Recording, condition: RowCondition?) throws {
    self.recording = recording
    guard let condition else {
      keptRows = nil
      return
    }
    do {
      var columns: [String: RowColumn] = [:]
      for name in condition.columns { columns[name] = try recording.rowColumn(name) }
      let isKept = try condition.rows(recording.rowCount, columns: columns)
      keptRows = isKept.indices.filter { isKept[$0] }
    } catch let malformed as RowCondition.Malformed {
      throw RecordingError.badInput(file: recording.path, fault: "the condition on rows does not fit: \(malformed).")
    }
  }

  /// Nil where the recording has no inputs.
  var storedInputs: StoredInputs? {
    get throws { try inputs.value { try recording.layout.columns[.inputs].map { try StoredInputs($0, file: recording.path) } } }
  }

  /// Only the values of rows that are kept.
  func kept<Value>(_ values: [Value]) -> [Value] { keptRows.map { rows in rows.map { values[$0] } } ?? values }

  /// Reads rows, given by their positions among those that are kept.
  func read<Value>(_ rows: Range<Int>, width: Int, _ read: (Range<Int>) throws -> [Value]) throws -> [Value] {
    guard let keptRows else { return try read(rows) }
    var result: [Value] = []
    result.reserveCapacity(rows.count * width)
    var position = rows.lowerBound
    while position < rows.upperBound {
      // At most some thousand rows of the file at a time, however far apart those that are kept lie.
      let first = keptRows[position]
      var end = position + 1
      while end < rows.upperBound, keptRows[end] - first < RecordingSchema.rowsPerBlock(unitCount: width) { end += 1 }
      let values = try read(first..<keptRows[end - 1] + 1)
      for row in keptRows[position..<end] { result += values[(row - first) * width..<(row - first + 1) * width] }
      position = end
    }
    return result
  }
}

extension Recording {
  fileprivate func requireSameLayers(as other: Recording) throws {
    func traits(_ recording: Recording) -> [String] { recording.layers.map { "\($0.name) with \($0.unitCount) units" } }
    guard traits(self) == traits(other) else {
      throw RecordingError.badInput(
        file: path,
        fault: "cannot be joined with \(other.path): it has \(traits(self).joined(separator: ", ")), and that has "
          + "\(traits(other).joined(separator: ", ")). Join recordings of one network.")
    }
  }
}

extension Datatype {
  var isString: Bool { if case .string = self { true } else { false } }
}
