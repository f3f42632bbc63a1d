/// Shifts and scales that give each feature mean 0 and population standard deviation 1 on the rows they were fitted to, and only there:
/// fit on the training rows, apply to both (`sklearn.preprocessing.StandardScaler`).
public struct Standardisation: Sendable, Equatable {
  public let means: [Double]
  /// Population standard deviation (ddof 0); 1 for a constant feature, which becomes 0.
  public let deviations: [Double]

  /// - Parameter values: [rows × features]. Without rows means are 0 and deviations 1. A value that isn't finite makes its feature NaN.
  public init(fittedTo values: [Float], features: Int) {
    let rows = features > 0 ? values.count / features : 0
    guard rows > 0 else {
      means = [Double](repeating: 0, count: features)
      deviations = [Double](repeating: 1, count: features)
      return
    }
    var sums = [Double](repeating: 0, count: features)
    var squares = sums
    var varies = [Bool](repeating: false, count: features)
    for row in 0..<rows {
      for feature in 0..<features {
        // Relative to the first row, so that a constant feature sums to exactly 0.
        let difference = Double(values[row * features + feature]) - Double(values[feature])
        sums[feature] += difference
        if difference != 0 { varies[feature] = true }
      }
    }
    let means = (0..<features).map { Double(values[$0]) + sums[$0] / Double(rows) }
    for row in 0..<rows {
      for feature in 0..<features {
        let difference = Double(values[row * features + feature]) - means[feature]
        squares[feature] += difference * difference
      }
    }
    self.means = means
    deviations = (0..<features).map { varies[$0] ? (squares[$0] / Double(rows)).squareRoot() : 1 }
  }

  /// (x − mean) / deviation: [rows × features].
  public func applied(to values: [Float]) -> [Double] {
    let features = means.count
    return [Double](unsafeUninitializedCapacity: values.count) { result, initialized in
      for row in 0..<(features > 0 ? values.count / features : 0) {
        for feature in 0..<features {
          let index = row * features + feature
          result[index] = (Double(values[index]) - means[feature]) / deviations[feature]
        }
      }
      initialized = values.count
    }
  }
}
