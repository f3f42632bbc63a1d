/// The rows of a recording as an analysis sees them: the only way to them.
///
/// Columns are read once, by name and checked. Activations are read in fixed blocks of rows, whatever the chunks of the file: float16,
/// bfloat16 and float32 as Float, float64 and packed integers as Double, which are never rounded on the way. Several recordings may be
/// joined, and rows left out by a condition: the blocks are then those of one file that holds just these rows. Sums that are merged from
/// machine to machine are taken file by file (`files`) and joined in order.
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
  let didRead: @Sendable (_ cells: Int) -> Void
  /// Of one file of a view of several: that view, and where its rows are in it. Columns are that view's.
  private let whole: (view: RecordingView, rows: Range<Int>)?

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
  ///   - selection: which rows are seen, and what tells their phases, strata and pairs.
  ///   - checkCancellation: called between blocks; what it throws ends the work.
  ///   - didRead: gets the number of activations, rows times units, that were read since it was last called.
  /// - Throws: `RecordingError.badInput` for recordings that do not fit together, and for a column that is not there.
  public init(
    of recordings: [Recording], name: String? = nil, selection: RecordingSelection = RecordingSelection(),
    checkCancellation: @escaping @Sendable () throws -> Void = {}, didRead: @escaping @Sendable (_ cells: Int) -> Void = { _ in }
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
    self.didRead = didRead
    whole = nil
  }

  /// One file of a view of several.
  private init(_ part: RecordingPart, rows: Range<Int>, of whole: RecordingView) {
    (name, description, saysOutput, actionNames) = (whole.name, whole.description, whole.saysOutput, whole.actionNames)
    (layers, selection, checkCancellation, didRead) = (whole.layers, whole.selection, whole.checkCancellation, whole.didRead)
    (parts, rowCount) = ([part], rows.count)
    self.whole = (whole, rows)
  }

  /// Each file that is seen as a view of its own, with the numbers of its rows in this one; its columns, strata and phases above all, are
  /// those of this view. Blocks of rows end where a file ends, so sums over one of them are those of a machine that has it alone.
  public var files: [(view: RecordingView, rows: Range<Int>)] {
    guard parts.count > 1 else { return [(self, 0..<rowCount)] }
    var start = 0
    return parts.map { part in
      defer { start += part.rowCount }
      let rows = start..<start + part.rowCount
      return (RecordingView(part, rows: rows, of: self), rows)
    }
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
        if let whole {
          let phases = try whole.view.phases
          return PhaseRows(codes: Array(phases.codes[whole.rows]), isFiltered: phases.isFiltered)
        }
        return PhaseRows(codes: try phaseCodes, partnerActing: selection.partnerFilter ? try partnerActing : nil)
      }
    }
  }

  /// Which rows belong to which phase, before the partner filter.
  public var unfilteredPhases: PhaseRows { get throws { PhaseRows(codes: try phaseCodes, isFiltered: false) } }

  private var phaseCodes: [UInt8] {
    get throws {
      try unfilteredCodes.value {
        if let whole { return Array(try whole.view.phaseCodes[whole.rows]) }
        switch selection.phases {
        case .recorded: return try parts.flatMap { part in part.kept(try part.recording.recordedPhases()) }
        case .column(let name, let names): return try phaseCodes(from: name, names: names)
        }
      }
    }
  }

  private func phaseCodes(from name: String, names: [String: Phase]?) throws -> [UInt8] {
    let phases = names ?? Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0.name, $0) })
    var found: Set<String> = []
    let codes = try parts.flatMap { part in
      let column = try part.recording.rowColumn(name)
      return part.kept(
        (0..<column.count).map { row in
          let value = column.text(row)
          guard let phase = phases[value] else { return PhaseRows.excluded }
          found.insert(value)
          return phase.rawValue
        })
    }
    // A value may be in one of joined recordings alone.
    if let absent = names?.keys.sorted().first(where: { !found.contains($0) }) {
      throw RecordingError.badInput(
        file: path, fault: "column \(name) holds '\(absent)' in no row. Name the values that it holds.")
    }
    return codes
  }

  /// Numbers of the right actions, `[rows]`; nil where the recording has none.
  public var labels: [UInt8]? { get throws { try labelColumn.value { try taken({ try $0.labels }) { try actions(.label) } } } }

  /// Numbers of the network's actions, `[rows]`; nil where the recording has none.
  public var predictions: [UInt8]? {
    get throws { try predictionColumn.value { try taken({ try $0.predictions }) { try actions(.prediction) } } }
  }

  /// Whether the undistressed partner is seen acting, `[rows]`; nil where the recording does not say.
  public var partnerActing: [Bool]? {
    get throws { try actingColumn.value { try taken({ try $0.partnerActing }) { try column { try $0.partnerActing() } } } }
  }

  /// The episode or matched group of each row, `[rows]`; nil where the recording has none.
  public var strata: [Int32]? {
    get throws { try stratumColumn.value { try taken({ try $0.strata }) { try groups(.stratum, named: selection.stratumColumn) } } }
  }

  /// The number of each row's item, −1 for none, `[rows]`; nil where the recording has none.
  public var pairs: [Int32]? {
    get throws { try pairColumn.value { try taken({ try $0.pairs }) { try groups(.pair, named: selection.pairColumn) } } }
  }

  /// What each row may be used for, `[rows]`; nil where the recording does not say.
  public var split: [Split]? {
    get throws { try splitColumn.value { try taken({ try $0.split }) { try column { try $0.split() } } } }
  }

  /// A coordinate of rows, or a column of the schema, by name.
  ///
  /// - Throws: `RecordingError.badInput` where there is none of that name.
  public func rowColumn(_ name: String) throws -> RowColumn {
    if let whole { return try whole.view.rowColumn(name).selecting(Array(whole.rows)) }
    let columns = try parts.map { $0.kept(try $0.recording.rowColumn(name)) }
    return columns.dropFirst().reduce(columns[0]) { $0.joined(with: $1) }
  }

  /// A column; of one file of several the part that it has of theirs.
  private func taken<Value>(
    _ ofWhole: (RecordingView) throws -> [Value]?, or read: () throws -> [Value]?
  ) throws -> [Value]? {
    guard let whole else { return try read() }
    return try ofWhole(whole.view).map { Array($0[whole.rows]) }
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

  /// Groups of rows, the same in all parts or those of each kept apart; a pair below 0 stands for none in either case.
  private func groups(_ which: RecordingSchema.Column, named name: String?) throws -> [Int32]? {
    var columns: [RowColumn] = []
    for part in parts {
      guard let column = try part.recording.groupColumn(which, named: name) else { return nil }
      columns.append(part.kept(column))
    }
    // Text is numbered over all parts, so that equal text is one group.
    guard columns.count > 1 || selection.numbersGroups, !selection.joinsStrata else {
      return columns.dropFirst().reduce(columns[0]) { $0.joined(with: $1) }.groups()
    }
    var result: [Int32] = []
    var next: Int32 = 0
    for column in columns {
      var numbers: [Int32: Int32] = [:]
      for value in column.groups() {
        if which == .pair, value < 0 {
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
    get throws { try parts.contains { try $0.storedInputs?.storesDoubles ?? false } }
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
  public func origin(of row: Int) -> (file: String, row: Int) {
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
