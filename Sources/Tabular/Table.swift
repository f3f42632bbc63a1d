/// One value of a table. A number that does not exist is `missing`, never 0; one that is not finite is written as missing too.
public enum Cell: Sendable, Equatable {
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case missing

  /// A number, or `missing` where there is none.
  public static func number(_ value: Double?) -> Cell {
    value.map { .number($0) } ?? .missing
  }

  /// A whole number, or `missing` where there is none.
  public static func integer(_ value: Int?) -> Cell { value.map { .integer($0) } ?? .missing }

  /// Text, or `missing` where there is none.
  public static func string(_ value: String?) -> Cell { value.map { .string($0) } ?? .missing }
}

/// A column: its name is part of the contract with whoever reads the table.
public struct Column: Sendable, Equatable {
  /// Frictionless field types.
  public enum Kind: String, Sendable {
    case string, integer, number, boolean
  }

  public let name: String
  public let kind: Kind
  public let description: String

  public init(_ name: String, _ kind: Kind, _ description: String) {
    self.name = name
    self.kind = kind
    self.description = description
  }
}

/// What a table holds: its name, and its columns in order.
public struct TableSchema: Sendable, Equatable {
  public let name: String
  public let title: String
  public let columns: [Column]
  /// Whether a table may have columns beside these, which are called as whoever asks for them says.
  public let mayHaveMoreColumns: Bool

  public init(name: String, title: String, columns: [Column], mayHaveMoreColumns: Bool = false) {
    self.name = name
    self.title = title
    self.columns = columns
    self.mayHaveMoreColumns = mayHaveMoreColumns
  }
}

/// A result that is one row of a table.
public protocol TableRow: Sendable {
  static var schema: TableSchema { get }
  /// One cell per column of the schema, in its order.
  var cells: [Cell] { get }
}
