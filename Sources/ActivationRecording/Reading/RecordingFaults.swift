import HDF5

/// What is wrong with a recording, found part by part: opening one stops at the first fault, these go on.
extension Recording {
  /// Reads the structure of a recording: what is there, of which type and shape, and whether it fits together. No row is read.
  ///
  /// - Returns: every fault, and the recording where there is none. A recording without `/phase` is whole where it has a column under
  ///   `/rows` that may tell the phases.
  /// - Throws: `HDF5Error` where the file cannot be opened, `RecordingError` where it is no recording or of a newer schema.
  public static func structuralFaults(path: String) throws -> (faults: [RecordingError], recording: Recording?) {
    var faults: [RecordingError] = []
    let file = try File.open(path)
    let layout = try RecordingLayout(of: file, isWanted: { _ in true }, needsPhase: false, report: { faults.append($0) })
    let root = try file.root
    if try !root.contains("phase"), layout.rowColumns.isEmpty {
      faults.append(
        .missingPart(
          file: path, part: "/phase", advice: "Record the phase of each row (none 0, self 1, other 2, both 3),", remedy: .namePhases))
    }
    if try !root.contains("sample") {
      faults.append(.missingPart(file: path, part: "/sample", advice: "Write the row numbers as an int64 dimension scale."))
    } else if case let shape = try root.dataset("sample").shape, shape != [layout.rowCount] {
      faults.append(
        .invalid(
          file: path,
          fault: "/sample has shape \(shape.map { grouped($0) }.joined(separator: " × ")) but \(layout.rowOwner) "
            + "\(grouped(layout.rowCount)) rows."))
    }
    // With a broken structure the values cannot be trusted to belong to what they seem to.
    guard faults.isEmpty else { return (faults, nil) }
    return ([], try Recording(file: file, layout: layout))
  }

  /// Reads every column of rows: codes that mean nothing, types that are not the schema's, values that cannot be read.
  public func columnFaults() -> [RecordingError] {
    var faults: [RecordingError] = []
    func collect(_ check: () throws -> Void) {
      do { try check() } catch { faults.append(RecordingError(error, of: path)) }
    }
    if hasPhase { collect { _ = try recordedPhases() } }
    collect { _ = try partnerActing() }
    collect { _ = try split() }
    for column in [RecordingSchema.Column.stratum, .pair] {
      collect { try requireWholeNumbers(column) }
    }
    for column in [RecordingSchema.Column.label, .prediction] { collect { _ = try actions(column) } }
    for name in rowColumnNames { collect { _ = try rowColumn(name) } }
    return faults
  }

  private func requireWholeNumbers(_ column: RecordingSchema.Column) throws {
    guard let dataset = layout.columns[column] else { return }
    guard dataset.datatype.isInteger else {
      throw RecordingError.invalid(
        file: path, fault: "/\(column.rawValue) is \(dataset.datatype). Write one int32 per row, or a column of that name under /rows.")
    }
    _ = try groupColumn(column, named: nil)
  }

  /// The names that the enum of `/label` or `/prediction` has, with their codes; nil for a column that is absent or no enum.
  public func actionEnum(of column: RecordingSchema.Column) -> [(name: String, code: Int)]? {
    guard case .enumeration(_, let members)? = layout.columns[column]?.datatype else { return nil }
    return members.map { ($0.name, $0.value) }
  }

  /// Compares every data set that carries a checksum of its content with it.
  ///
  /// - Returns: a fault for each data set whose content is another than when it was written.
  public func contentFaults() -> [RecordingError] {
    do {
      return try contents().compactMap { dataset in
        do {
          return try dataset.verifyContent() == false ? .changedContent(of: dataset, file: path) : nil
        } catch {
          return RecordingError(error, of: path)
        }
      }
    } catch {
      return [RecordingError(error, of: path)]
    }
  }
}

extension RecordingError {
  /// An error of reading as a fault of a file, in its own words.
  public init(_ error: any Error, of file: String) {
    if let error = error as? RecordingError {
      self = error
    } else {
      let sentence = "\(error)"
      self = .invalid(file: file, fault: sentence.hasPrefix("\(file): ") ? String(sentence.dropFirst(file.count + 2)) : sentence)
    }
  }
}
