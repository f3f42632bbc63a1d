import HDF5

/// A column of actions or scenarios. An enumeration goes by the names of its members, whatever numbers its writer gave them; plain
/// numbers are ours.
struct CodeColumn: Sendable {
  let dataset: Dataset
  private let file: String
  private let codeCount: Int
  /// Our code for each of the writer's; nil where they are the same.
  private let codes: [Int: UInt8]?

  /// - Parameter names: in the order of our codes.
  init(_ dataset: Dataset, names: [String], file: String) {
    self.dataset = dataset
    self.file = file
    codeCount = names.count
    guard case .enumeration(_, let members) = dataset.datatype,
      !members.allSatisfy({ names.indices.contains($0.value) && names[$0.value] == $0.name })
    else {
      codes = nil
      return
    }
    var codes: [Int: UInt8] = [:]
    for member in members { codes[member.value] = names.firstIndex(of: member.name).map { UInt8(truncatingIfNeeded: $0) } }
    self.codes = codes
  }

  /// Our codes of some rows.
  ///
  /// - Throws: `StatesFileError.unknownCode` for a number without a meaning, `HDF5Error`.
  func read(_ range: Range<Int>) throws -> [UInt8] {
    func unknown(_ row: Int, _ value: Int) -> StatesFileError {
      .unknownCode(file: file, part: dataset.path, row: range.lowerBound + row, value: value)
    }
    guard let codes else {
      let values = try dataset.read(rows: range, as: UInt8.self)
      if let row = values.firstIndex(where: { Int($0) >= codeCount }) { throw unknown(row, Int(values[row])) }
      return values
    }
    return try dataset.read(rows: range, as: Int64.self).enumerated().map { row, value in
      guard let code = codes[Int(value)] else { throw unknown(row, Int(value)) }
      return code
    }
  }
}
