/// What decoders are given: [rows × features], row-major, floats or doubles as they were stored. Doubles are never rounded: each feature is
/// centred and scaled as it is (`Standardisation`).
public struct FeatureMatrix: Sendable {
  private enum Values: Sendable {
    case floats([Float])
    case doubles([Double])
  }

  public let rowCount: Int
  public let features: Int
  private let values: Values

  /// The values of a row that is not whole are left out.
  public init(_ values: [Float], features: Int) { self.init(.floats(values), count: values.count, features: features) }

  /// The values of a row that is not whole are left out.
  public init(_ values: [Double], features: Int) { self.init(.doubles(values), count: values.count, features: features) }

  private init(_ values: Values, count: Int, features: Int) {
    self.features = max(0, features)
    rowCount = features > 0 ? count / features : 0
    self.values = values
  }

  /// - Parameter rows: numbers below `rowCount`.
  func standardisation(fittedTo rows: [Int]) -> Standardisation {
    switch values {
    case .floats(let values): Standardisation(fittedTo: values, features: features, rows: rows)
    case .doubles(let values): Standardisation(fittedTo: values, features: features, rows: rows)
    }
  }

  /// Some rows and features, standardised: [rows × features of the range].
  func standardised(_ rows: [Int], columns: Range<Int>, by standardisation: Standardisation) -> [Double] {
    switch values {
    case .floats(let values): standardisation.applied(to: values, rows: rows, columns: columns)
    case .doubles(let values): standardisation.applied(to: values, rows: rows, columns: columns)
    }
  }

  /// The features in blocks that stay in the cache.
  var columnBlocks: [Range<Int>] {
    stride(from: 0, to: features, by: Self.blockColumns).map { $0..<min($0 + Self.blockColumns, features) }
  }

  static let blockColumns = 512
}
