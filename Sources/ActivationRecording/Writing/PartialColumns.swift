import HDF5

/// The per-row data sets of an unfinished recording, beside its activations: some rows at a time, as a recorder takes them.
struct PartialColumns {
  private(set) var declaration = Recorder.Columns()
  private let datasets: [RecordingSchema.Column: Dataset]
  private let coordinates: [(declared: Recorder.Columns.Coordinate, dataset: Dataset)]
  /// Coordinates that are text, which are written in one piece.
  private let texts: [(name: String, dataset: Dataset)]
  private let sample: Dataset?
  private let actions: ActionCodes?
  /// Strata and pairs that are no 32-bit integers, numbered.
  private var numbered: [RecordingSchema.Column: [Int32]] = [:]
  private let rowCount: Int
  private let path: String

  /// - Parameter rows: how many rows will be read.
  init(_ layout: RecordingLayout, sample: Dataset?, rows: Int, path: String) throws {
    self.path = path
    self.sample = sample
    rowCount = rows
    datasets = layout.allColumns
    actions = layout.actions
    var coordinates: [(Recorder.Columns.Coordinate, Dataset)] = []
    var texts: [(String, Dataset)] = []
    for (name, dataset) in layout.allRowColumns.sorted(by: { $0.key < $1.key }) {
      switch dataset.datatype {
      case .string: texts.append((name, dataset))
      case let type where type.isBoolean: coordinates.append((.init(name, .integers), dataset))
      case .enumeration(_, let members): coordinates.append((.init(name, .categories(members.map(\.name))), dataset))
      case let type where type.isFloat: coordinates.append((.init(name, .numbers), dataset))
      case .bitField(byteCount: 1): coordinates.append((.init(name, .integers), dataset))
      case let type where type.isInteger: coordinates.append((.init(name, .integers), dataset))
      case let type:
        throw RecordingError.invalid(file: path, fault: "\(dataset.path) is \(type). A column of rows holds text, integers or floats.")
      }
    }
    (self.coordinates, self.texts) = (coordinates, texts)

    declaration.hasLabels = datasets[.label] != nil
    declaration.hasPredictions = datasets[.prediction] != nil
    declaration.hasPartnerActing = datasets[.partnerActing] != nil
    declaration.hasStrata = datasets[.stratum] != nil
    declaration.hasPairs = datasets[.pair] != nil
    declaration.hasSplit = datasets[.split] != nil
    declaration.actionNames = actions?.names
    declaration.numbersActions = actions == nil
    declaration.coordinates = coordinates.map(\.0)
    if let inputs = datasets[.inputs], let count = inputs.shape.last {
      declaration.inputs = (count, inputs.datatype == .uint8)
      declaration.inputsAreDoubles = try StoredInputs(inputs, file: path).storesDoubles
    }
    for column in [RecordingSchema.Column.stratum, .pair] {
      guard let dataset = datasets[column], !dataset.datatype.fitsInt32 else { continue }
      let values: RowColumn =
        switch dataset.datatype {
        case .string: .strings(try dataset.readStrings(rows: 0..<rows))
        case let type where type.isFloat: .numbers(try dataset.read(rows: 0..<rows, as: Double.self))
        default: .integers(try dataset.read(rows: 0..<rows, as: Int.self))
        }
      numbered[column] = values.groups()
    }
  }

  func phases(of dataset: Dataset, rows: Range<Int>) throws -> [Phase] {
    try codes(of: dataset, names: Phase.allCases.map(\.name), rows: rows).map { Phase.allCases[$0] }
  }

  func read(_ rows: Range<Int>, into batch: inout RowBatch) throws {
    batch.sample = try sample?.read(rows: rows, as: Int64.self)
    batch.labels = try actions(.label, rows)
    batch.predictions = try actions(.prediction, rows)
    batch.partnerActing = try datasets[.partnerActing]?.read(rows: rows, as: Int.self).map { $0 != 0 }
    batch.strata = try groups(.stratum, rows)
    batch.pairs = try groups(.pair, rows)
    batch.split = try datasets[.split].map {
      try codes(of: $0, names: Split.allCases.map(\.name), rows: rows).map { Split.allCases[$0] }
    }
    if let inputs = datasets[.inputs] {
      if declaration.inputs?.asBytes == true {
        batch.inputs = .bytes(try inputs.read(rows: rows, as: UInt8.self))
      } else {
        let stored = try StoredInputs(inputs, file: path)
        batch.inputs =
          declaration.inputsAreDoubles
          ? .doubles(try stored.read(rows: rows, as: Double.self)) : .floats(try stored.read(rows: rows, as: Float.self))
      }
    }
    for (coordinate, dataset) in coordinates {
      switch coordinate.kind {
      case .integers: batch.coordinates[coordinate.name] = .integers(try dataset.read(rows: rows, as: Int.self))
      case .numbers: batch.coordinates[coordinate.name] = .numbers(try dataset.read(rows: rows, as: Double.self))
      case .categories(let names):
        batch.coordinates[coordinate.name] = .strings(try codes(of: dataset, names: names, rows: rows).map { names[$0] })
      }
    }
  }

  /// Writes the coordinates that are text.
  func writeTexts(into root: Group) throws {
    for (name, dataset) in texts {
      let values = try dataset.readStrings(rows: 0..<rowCount)
      try root.writeStrings("rows/" + name, values, length: max(1, values.map(\.utf8.count).max() ?? 1)).seal()
    }
  }

  private func groups(_ column: RecordingSchema.Column, _ rows: Range<Int>) throws -> [Int32]? {
    if let numbers = numbered[column] { return Array(numbers[rows]) }
    return try datasets[column]?.read(rows: rows, as: Int32.self)
  }

  /// Numbers of actions: by the names of an enum or by text where an enum numbers them, otherwise the numbers themselves.
  private func actions(_ column: RecordingSchema.Column, _ rows: Range<Int>) throws -> [UInt8]? {
    guard let dataset = datasets[column] else { return nil }
    let names = actions?.names
    guard actions?.ofCode[column] != nil || dataset.datatype.isString else {
      let limit = names?.count ?? RecordingSchema.mostActions
      return try dataset.read(rows: rows, as: Int.self).enumerated().map { offset, code in
        guard let number = UInt8(exactly: code), code < limit else {
          throw stranger("\(code)", in: dataset, row: rows.lowerBound + offset, [])
        }
        return number
      }
    }
    return try codes(of: dataset, names: names ?? [], rows: rows).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// The positions among `names` of a range of rows: by the names of an enum or by text, otherwise the codes themselves.
  private func codes(of dataset: Dataset, names: [String], rows: Range<Int>) throws -> [Int] {
    let positions = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    if case .string = dataset.datatype {
      return try dataset.readStrings(rows: rows).enumerated().map { offset, name in
        guard let position = positions[name] else { throw stranger("'\(name)'", in: dataset, row: rows.lowerBound + offset, names) }
        return position
      }
    }
    var meaning: [Int: Int] = [:]
    if case .enumeration(_, let members) = dataset.datatype {
      for member in members { meaning[member.value] = positions[member.name] }
    } else {
      for code in names.indices { meaning[code] = code }
    }
    return try dataset.read(rows: rows, as: Int.self).enumerated().map { offset, code in
      guard let position = meaning[code] else { throw stranger("\(code)", in: dataset, row: rows.lowerBound + offset, names) }
      return position
    }
  }

  private func stranger(_ value: String, in dataset: Dataset, row: Int, _ names: [String]) -> RecordingError {
    let allowed = names.isEmpty ? "the number of an action" : names.joined(separator: ", ")
    return .invalid(file: path, fault: "\(dataset.path) holds \(value) at row \(row). It may hold \(allowed).")
  }
}

extension Datatype {
  /// Whether every one of these integers is one of 32 bits with a sign.
  fileprivate var fitsInt32: Bool { isInteger && self != .uint32 && self != .int64 && self != .uint64 }
}
