import HDF5

/// A coordinate of rows: text, whole numbers or floats, one per row.
public enum RowColumn: Sendable, Equatable {
  case strings([String])
  case integers([Int])
  case numbers([Double])

  public var count: Int {
    switch self {
    case .strings(let values): values.count
    case .integers(let values): values.count
    case .numbers(let values): values.count
    }
  }

  /// Each row's value as text.
  public func text(_ row: Int) -> String {
    switch self {
    case .strings(let values): values[row]
    case .integers(let values): String(values[row])
    case .numbers(let values): "\(values[row])"
    }
  }

  /// Reads a data set of one dimension; an enum by the names of its members, a boolean one as 0 and 1.
  ///
  /// - Throws: `RecordingError.invalid` for another type, or a code that the enum does not name.
  init(_ dataset: Dataset, file: String) throws {
    switch dataset.datatype {
    case .string: self = .strings(try dataset.readStrings())
    case let type where type.isBoolean: self = .integers(try dataset.read(as: Int.self).map { $0 == 0 ? 0 : 1 })
    case .enumeration(_, let members):
      let names = Dictionary(members.map { ($0.value, $0.name) }, uniquingKeysWith: { first, _ in first })
      self = .strings(
        try dataset.read(as: Int.self).enumerated().map { row, code in
          guard let name = names[code] else {
            throw RecordingError.invalid(file: file, fault: "\(dataset.path) holds \(code) at row \(row), which its enum does not name.")
          }
          return name
        })
    case let type where type.isFloat: self = .numbers(try dataset.read(as: Double.self))
    case .bitField(byteCount: 1): self = .integers(try dataset.read(as: Int.self))
    case let type where type.isInteger: self = .integers(try dataset.read(as: Int.self))
    case let type:
      throw RecordingError.invalid(
        file: file, fault: "\(dataset.path) is \(type). A column of rows holds text, integers or floats: write one of these.")
    }
  }

  /// Two columns, one after the other; of different kinds they become text.
  func joined(with other: RowColumn) -> RowColumn {
    switch (self, other) {
    case (.strings(let a), .strings(let b)): .strings(a + b)
    case (.integers(let a), .integers(let b)): .integers(a + b)
    case (.numbers(let a), .numbers(let b)): .numbers(a + b)
    default: .strings((0..<count).map(text) + (0..<other.count).map(other.text))
    }
  }

  func selecting(_ rows: [Int]) -> RowColumn {
    switch self {
    case .strings(let values): .strings(rows.map { values[$0] })
    case .integers(let values): .integers(rows.map { values[$0] })
    case .numbers(let values): .numbers(rows.map { values[$0] })
    }
  }

  /// Each row's value as a number of its own: whole numbers that fit as they are, all else numbered in ascending order from 0.
  func groups() -> [Int32] {
    if case .integers(let values) = self, values.allSatisfy({ Int32(exactly: $0) != nil }) {
      return values.map { Int32(truncatingIfNeeded: $0) }
    }
    func numbered<Value: Hashable & Comparable>(_ values: [Value]) -> [Int32] {
      let number = Dictionary(uniqueKeysWithValues: Set(values).sorted().enumerated().map { ($1, Int32(truncatingIfNeeded: $0)) })
      return values.map { number[$0] ?? 0 }
    }
    return switch self {
    case .strings(let values): numbered(values)
    case .integers(let values): numbered(values)
    case .numbers(let values): numbered(values)
    }
  }
}
