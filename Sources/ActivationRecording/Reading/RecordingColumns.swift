import HDF5

/// The per-row columns of one file, as they are meant: enums by name, codes checked.
extension Recording {
  /// The phase code of each row: by the names of an enum, by text, or by the schema's codes.
  func recordedPhases() throws -> [UInt8] {
    guard let dataset = layout.phase else {
      throw RecordingError.missingPart(
        file: path, part: "/phase", advice: "Record the phase of each row (none 0, self 1, other 2, both 3),", remedy: .namePhases)
    }
    if case .string = dataset.datatype {
      return try dataset.readStrings().enumerated().map { row, name in
        guard let phase = Phase(name: name) else { throw badPhase("'\(name)'", row: row) }
        return phase.rawValue
      }
    }
    var meaning: [Int: Phase] = [:]
    if case .enumeration(_, let members) = dataset.datatype {
      for member in members { meaning[member.value] = Phase(name: member.name) }
      if meaning.isEmpty {
        throw RecordingError.invalid(
          file: path,
          fault: "/phase is an enum of \(members.map(\.name).joined(separator: " and ")), which name no phase. Name none, self, other and "
            + "both, or write them as integers 0 to 3.")
      }
    } else {
      for phase in Phase.allCases { meaning[Int(phase.rawValue)] = phase }
    }
    guard !dataset.datatype.isFloat else {
      throw RecordingError.invalid(file: path, fault: "/phase is \(dataset.datatype). Write integers 0 to 3, an enum or text.")
    }
    return dataset.datatype.isByte
      ? try codes(dataset, as: UInt8.self, refuse: badPhase) { meaning[$0]?.rawValue }
      : try codes(dataset, as: Int64.self, refuse: badPhase) { meaning[$0]?.rawValue }
  }

  private func badPhase(_ value: String, row: Int) -> RecordingError {
    .invalid(file: path, fault: "/phase holds \(value) at row \(row). It may hold none 0, self 1, other 2 and both 3.")
  }

  /// Reads codes a piece at a time: all of them as 64-bit integers would take eight times the memory.
  private func codes<Code: Element & BinaryInteger>(
    _ dataset: Dataset, as type: Code.Type, refuse: (_ value: String, _ row: Int) -> RecordingError, meaning: (Int) -> UInt8?
  ) throws -> [UInt8] {
    let ofByte = (0..<256).map(meaning)
    var result: [UInt8] = []
    result.reserveCapacity(rowCount)
    let pieceRows = 1 << 18
    for start in stride(from: 0, to: rowCount, by: pieceRows) {
      for code in try dataset.read(rows: start..<min(start + pieceRows, rowCount), as: Code.self, threads: 1) {
        let number = Int(truncatingIfNeeded: code)
        guard let found = ofByte.indices.contains(number) ? ofByte[number] : meaning(number) else { throw refuse("\(code)", result.count) }
        result.append(found)
      }
    }
    return result
  }

  /// Numbers of actions, `[rows]`; nil where the recording has none.
  func actions(_ column: RecordingSchema.Column) throws -> [UInt8]? {
    guard let dataset = layout.columns[column] else { return nil }
    let count = layout.actions?.names.count
    func refuse(_ value: String, _ row: Int) -> RecordingError {
      .invalid(
        file: path,
        fault: "/\(column.rawValue) holds \(value) at row \(row), "
          + (layout.actions?.ofCode[column] == nil
            ? count.map { "but there are \($0) actions." } ?? "but actions are numbered from 0 to \(RecordingSchema.mostActions - 1)."
            : "which its enum does not name."))
    }
    if case .string = dataset.datatype {
      guard let names = layout.actions?.names else {
        throw RecordingError.invalid(
          file: path, fault: "/\(column.rawValue) is text, and no enum numbers the actions. Write an enum of the actions' names.")
      }
      return try dataset.readStrings().enumerated().map { row, name in
        guard let number = names.firstIndex(of: name) else { throw refuse("'\(name)'", row) }
        return UInt8(number)
      }
    }
    let ofCode = layout.actions?.ofCode[column]
    return try codes(dataset, as: Int64.self, refuse: refuse) { code in
      if let ofCode { return ofCode[code] }
      return code < count ?? RecordingSchema.mostActions ? UInt8(exactly: code) : nil
    }
  }

  /// Whether the undistressed partner is seen acting, `[rows]`; nil where the recording does not say.
  func partnerActing() throws -> [Bool]? {
    guard let dataset = layout.columns[.partnerActing] else { return nil }
    if case .enumeration(_, let members) = dataset.datatype, !dataset.datatype.isBoolean {
      throw RecordingError.invalid(
        file: path,
        fault: "/partner_acting is an enum of \(members.map(\.name).joined(separator: " and ")). Write integers 0 and 1, or booleans.")
    }
    guard !dataset.datatype.isFloat, !dataset.datatype.isString else {
      throw RecordingError.invalid(file: path, fault: "/partner_acting is \(dataset.datatype). Write integers 0 and 1, or booleans.")
    }
    let isBoolean = dataset.datatype.isBoolean
    let values = try codes(
      dataset, as: Int64.self,
      refuse: { .invalid(file: path, fault: "/partner_acting holds \($0) at row \($1). It may hold 0 and 1.") },
      meaning: { isBoolean ? ($0 == 0 ? 0 : 1) : (0...1).contains($0) ? UInt8($0) : nil })
    return values.map { $0 == 1 }
  }

  /// The column that groups rows, one of the schema or a coordinate by name; nil where the recording has none.
  ///
  /// - Throws: `RecordingError.invalid` for a NaN in it.
  func groupColumn(_ column: RecordingSchema.Column, named name: String?) throws -> RowColumn? {
    let groups = try name.map { try rowColumn($0) } ?? layout.columns[column].map { try RowColumn($0, file: path) }
    if case .numbers(let values)? = groups, let row = values.firstIndex(where: \.isNaN) {
      throw RecordingError.invalid(
        file: path, fault: "column \(name ?? column.rawValue) holds nan at row \(row), which is no group. Give each row a group.")
    }
    return groups
  }

  /// What each row may be used for, `[rows]`; nil where the recording does not say.
  func split() throws -> [Split]? {
    guard let dataset = layout.columns[.split] else { return nil }
    func bad(_ value: String, _ row: Int) -> RecordingError {
      .invalid(file: path, fault: "/split holds \(value) at row \(row). It may hold select 0 and evaluate 1, or an enum of these names.")
    }
    if case .string = dataset.datatype {
      return try dataset.readStrings().enumerated().map { row, name in
        guard let split = Split.allCases.first(where: { $0.name == name }) else { throw bad("'\(name)'", row) }
        return split
      }
    }
    var meaning: [Int: Split] = [:]
    if case .enumeration(_, let members) = dataset.datatype {
      for member in members { meaning[member.value] = Split.allCases.first { $0.name == member.name } }
      if meaning.isEmpty {
        throw RecordingError.invalid(
          file: path,
          fault:
            "/split is an enum of \(members.map(\.name).joined(separator: " and ")), which name neither select nor evaluate. Name them, or "
            + "write integers 0 and 1.")
      }
    } else {
      for split in Split.allCases { meaning[Int(split.rawValue)] = split }
    }
    return try codes(dataset, as: Int64.self, refuse: bad) { meaning[$0]?.rawValue }.map { $0 == 0 ? .select : .evaluate }
  }

  /// A column by name: a coordinate under `/rows`, or one of the schema's columns.
  ///
  /// - Throws: `RecordingError.badInput` where there is none of that name.
  func rowColumn(_ name: String) throws -> RowColumn {
    if let dataset = layout.rowColumns[name] { return try RowColumn(dataset, file: path) }
    func names(_ column: RecordingSchema.Column) throws -> RowColumn? {
      guard let codes = try actions(column) else { return nil }
      guard let names = actionNames else { return .integers(codes.map { Int($0) }) }
      return .strings(codes.map { names[Int($0)] })
    }
    let column: RowColumn? =
      switch name {
      case "sample": .integers(Array(0..<rowCount))
      case "phase":
        layout.phase == nil
          ? nil : .strings(try recordedPhases().map { Phase(rawValue: $0)?.name ?? "" })
      case "label": try names(.label)
      case "prediction": try names(.prediction)
      case "partner_acting": try partnerActing().map { .integers($0.map { $0 ? 1 : 0 }) }
      case "stratum": try groupColumn(.stratum, named: nil)
      case "pair": try groupColumn(.pair, named: nil)
      case "split": try split().map { .strings($0.map(\.name)) }
      default: nil
      }
    guard let column else {
      let known =
        rowColumnNames + ["sample"] + (layout.phase == nil ? [] : ["phase"])
        + layout.columns.keys.filter { $0 != .inputs }.map(\.rawValue).sorted()
      throw RecordingError.badInput(file: path, fault: "has no column '\(name)'; it has \(known.joined(separator: ", ")).")
    }
    return column
  }
}
