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
    self.init(fittedTo: values, features: features, rows: Array(0..<(features > 0 ? values.count / features : 0)))
  }

  /// - Parameters:
  ///   - values: [rows × features] of all rows.
  ///   - rows: numbers of the rows that it is fitted to, each of them whole.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  init<Value: BinaryFloatingPoint & Sendable>(fittedTo values: [Value], features: Int, rows: [Int]) {
    var sums = [Double](repeating: 0, count: features)
    var squares = sums
    var varies = [Bool](repeating: false, count: features)
    guard let first = rows.first, features > 0 else {
      (origins, offsets, spreads, scales, self.varies) = (sums, [], [Double](repeating: 1, count: features), [], varies)
      return
    }
    let scales = Value.self == Float.self ? [] : Self.scales(values, features: features, rows: rows)
    // Relative to the first row, so that a constant feature sums to exactly 0.
    let firsts = (0..<features).map { Double(values[first * features + $0]) * (scales.isEmpty ? 1 : scales[$0]) }
    values.withUnsafeBufferPointer { values in
      sums.withUnsafeMutableBufferPointer { sums in
        varies.withUnsafeMutableBufferPointer { varies in
          for row in rows {
            for feature in 0..<features {
              let value = Double(values[row * features + feature])
              let difference = (scales.isEmpty ? value : value * scales[feature]) - firsts[feature]
              sums[feature] += difference
              varies[feature] = varies[feature] || difference != 0
            }
          }
        }
      }
    }
    let shifts = sums.map { $0 / Double(rows.count) }
    // A double has room for a float's mean.
    (origins, offsets) = Value.self == Float.self ? (zip(firsts, shifts).map { $0 + $1 }, []) : (firsts, shifts)
    values.withUnsafeBufferPointer { [origins, offsets] values in
      squares.withUnsafeMutableBufferPointer { squares in
        for row in rows {
          for feature in 0..<features {
            let value = Double(values[row * features + feature])
            let difference = (scales.isEmpty ? value : value * scales[feature]) - origins[feature]
            let deviation = offsets.isEmpty ? difference : difference - offsets[feature]
            squares[feature] += deviation * deviation
          }
        }
      }
    }
    spreads = (0..<features).map { varies[$0] ? (squares[$0] / Double(rows.count)).squareRoot() : 1 }
    self.scales = scales
    self.varies = varies
  }

  /// What brings the largest value of each feature near 1; empty where all are in a range whose squares a Double holds.
  private static func scales<Value: BinaryFloatingPoint>(_ values: [Value], features: Int, rows: [Int]) -> [Double] {
    var sizes = [Double](repeating: 0, count: features)
    for row in rows {
      for feature in 0..<features { sizes[feature] = max(sizes[feature], abs(Double(values[row * features + feature]))) }
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
    return applied(to: values, rows: Array(0..<(features > 0 ? values.count / features : 0)), columns: 0..<features)
  }

  /// The same of some rows and features of a matrix: [rows × features of the range].
  ///
  /// - Parameter rows: numbers of rows of `values`, [rows × features], each of them whole.
  @_specialize(where Value == Float)
  @_specialize(where Value == Double)
  func applied<Value: BinaryFloatingPoint & Sendable>(to values: [Value], rows: [Int], columns: Range<Int>) -> [Double] {
    let features = origins.count
    return [Double](unsafeUninitializedCapacity: rows.count * columns.count) { result, initialized in
      initialized = rows.count * columns.count
      values.withUnsafeBufferPointer { values in
        var index = 0
        for row in rows {
          let start = row * features
          if offsets.isEmpty {
            for feature in columns {
              result[index] = (Double(values[start + feature]) - origins[feature]) / spreads[feature]
              index += 1
            }
          } else {
            for feature in columns {
              let value = Double(values[start + feature]) * scale(feature)
              result[index] = (value - origins[feature] - offsets[feature]) / spreads[feature]
              index += 1
            }
          }
        }
      }
    }
  }
}
