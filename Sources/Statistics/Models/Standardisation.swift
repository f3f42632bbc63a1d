/// Shifts and scales that give each feature mean 0 and population standard deviation 1 on the rows they were fitted to, and only there:
/// fit on the training rows, apply to both (`sklearn.preprocessing.StandardScaler`).
///
/// Doubles are taken relative to the first row and, where they are very large or small, scaled, so that what they differ by counts
/// however small it is beside them.
public struct Standardisation: Sendable, Equatable {
  /// x becomes (x · `scales` − `origins` − `offsets`) / `spreads`.
  private let origins: [Double]
  /// Empty of floats: a double has room for their means.
  private let offsets: [Double]
  private let spreads: [Double]
  /// Powers of two; empty where every one is 1, as it is but for doubles beyond 2^±300.
  private let scales: [Double]
  private let varies: [Bool]

  public var means: [Double] { origins.indices.map { (origins[$0] + (offsets.isEmpty ? 0 : offsets[$0])) / scale($0) } }

  /// Population standard deviation (ddof 0); 1 for a constant feature, which becomes 0.
  public var deviations: [Double] { spreads.indices.map { varies[$0] ? spreads[$0] / scale($0) : 1 } }

  private func scale(_ feature: Int) -> Double { scales.isEmpty ? 1 : scales[feature] }

  /// - Parameter values: [rows × features], floats or doubles; the values of a row that is not whole are left out. Without rows means are 0
  ///   and deviations 1. A value that isn't finite makes its feature NaN.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public init<Value: BinaryFloatingPoint & Sendable>(fittedTo values: [Value], features: Int) {
    let features = max(0, features)
    let rows = features > 0 ? values.count / features : 0
    var sums = [Double](repeating: 0, count: features)
    var squares = sums
    var varies = [Bool](repeating: false, count: features)
    guard rows > 0 else {
      (origins, offsets, spreads, scales, self.varies) = (sums, [], [Double](repeating: 1, count: features), [], varies)
      return
    }
    let scales = Value.self == Float.self ? [] : Self.scales(values, features: features)
    if scales.isEmpty {
      for row in 0..<rows {
        for feature in 0..<features {
          // Relative to the first row, so that a constant feature sums to exactly 0.
          let difference = Double(values[row * features + feature]) - Double(values[feature])
          sums[feature] += difference
          if difference != 0 { varies[feature] = true }
        }
      }
    } else {
      for row in 0..<rows {
        for feature in 0..<features {
          let difference = Double(values[row * features + feature]) * scales[feature] - Double(values[feature]) * scales[feature]
          sums[feature] += difference
          if difference != 0 { varies[feature] = true }
        }
      }
    }
    let firsts = (0..<features).map { Double(values[$0]) * (scales.isEmpty ? 1 : scales[$0]) }
    let shifts = sums.map { $0 / Double(rows) }
    if Value.self == Float.self {
      let means = zip(firsts, shifts).map { $0 + $1 }
      for row in 0..<rows {
        for feature in 0..<features {
          let difference = Double(values[row * features + feature]) - means[feature]
          squares[feature] += difference * difference
        }
      }
      (origins, offsets) = (means, [])
    } else {
      for row in 0..<rows {
        for feature in 0..<features {
          let value = Double(values[row * features + feature]) * (scales.isEmpty ? 1 : scales[feature])
          let difference = (value - firsts[feature]) - shifts[feature]
          squares[feature] += difference * difference
        }
      }
      (origins, offsets) = (firsts, shifts)
    }
    spreads = (0..<features).map { varies[$0] ? (squares[$0] / Double(rows)).squareRoot() : 1 }
    self.scales = scales
    self.varies = varies
  }

  /// What brings the largest value of each feature near 1; empty where all are in a range whose squares a Double holds.
  private static func scales<Value: BinaryFloatingPoint>(_ values: [Value], features: Int) -> [Double] {
    var sizes = [Double](repeating: 0, count: features)
    for start in stride(from: 0, through: values.count - features, by: features) {
      for feature in 0..<features { sizes[feature] = max(sizes[feature], abs(Double(values[start + feature]))) }
    }
    let scales = sizes.map { size -> Double in
      guard size > 0, size.isFinite, abs(size.exponent) > 300 else { return 1 }
      return Double(sign: .plus, exponent: max(-1022, min(1022, -Int(size.exponent))), significand: 1)
    }
    return scales.allSatisfy { $0 == 1 } ? [] : scales
  }

  /// (x − mean) / deviation: [rows × features]. The values of a row that is not whole are left out.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  public func applied<Value: BinaryFloatingPoint & Sendable>(to values: [Value]) -> [Double] {
    let features = origins.count
    let rows = features > 0 ? values.count / features : 0
    return [Double](unsafeUninitializedCapacity: rows * features) { result, initialized in
      initialized = rows * features
      guard !offsets.isEmpty else {
        for row in 0..<rows {
          for feature in 0..<features {
            let index = row * features + feature
            result[index] = (Double(values[index]) - origins[feature]) / spreads[feature]
          }
        }
        return
      }
      for row in 0..<rows {
        for feature in 0..<features {
          let index = row * features + feature
          result[index] = (Double(values[index]) * scale(feature) - origins[feature] - offsets[feature]) / spreads[feature]
        }
      }
    }
  }
}
