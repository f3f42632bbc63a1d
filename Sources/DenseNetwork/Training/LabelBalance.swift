/// How much a row of each label weighs in the training loss.
public enum LabelBalance: Sendable, Equatable {
  /// Every row weighs 1: what the author did.
  case none
  /// Proportional to 1/√(rows of the label), with mean 1 over all rows.
  case sqrt
  /// Proportional to 1/(rows of the label), with mean 1 over all rows: every label counts the same.
  case full
  /// One positive weight per action, taken as they are.
  case weights([Double])

  /// The weight of a row of each label.
  ///
  /// - Parameter labelCounts: rows of each label in the training set. A label without rows gets weight 0 from `sqrt` and `full`.
  /// - Throws: `NetworkError` if given weights are not one finite positive number per label.
  public func weights(labelCounts: [Int]) throws(NetworkError) -> [Double] {
    let raw: [Double]
    switch self {
    case .none:
      return labelCounts.map { _ in 1 }
    case .weights(let weights):
      guard weights.count == labelCounts.count else {
        throw .labelWeights(found: weights.count, expected: labelCounts.count)
      }
      guard weights.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw .hyperparameter(name: "label balance", value: "\(weights)", range: "finite weights above 0")
      }
      return weights
    case .sqrt:
      raw = labelCounts.map { $0 > 0 ? 1 / Double($0).squareRoot() : 0 }
    case .full:
      raw = labelCounts.map { $0 > 0 ? 1 / Double($0) : 0 }
    }
    var weighted = 0.0
    var rows = 0
    for (weight, count) in zip(raw, labelCounts) {
      weighted += weight * Double(count)
      rows += count
    }
    return raw.map { weighted > 0 ? $0 * Double(rows) / weighted : 0 }
  }
}

/// Written as "none", "sqrt", "full" or a list of weights.
extension LabelBalance: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let weights = try? container.decode([Double].self) {
      self = .weights(weights)
      return
    }
    switch try container.decode(String.self) {
    case "none": self = .none
    case "sqrt": self = .sqrt
    case "full": self = .full
    case let other:
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "The label balance is \"\(other)\", not none, sqrt, full or a list of weights.")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .none: try container.encode("none")
    case .sqrt: try container.encode("sqrt")
    case .full: try container.encode("full")
    case .weights(let weights): try container.encode(weights)
    }
  }
}
