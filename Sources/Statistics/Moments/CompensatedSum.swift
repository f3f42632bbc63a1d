/// A sum that carries what rounding leaves (Neumaier, 1974).
struct CompensatedSum {
  private var sum = 0.0
  private var rest = 0.0

  mutating func add(_ term: Double) {
    let next = sum + term
    rest += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }

  var value: Double { sum + rest }
}

/// a + b as a double, and exactly what that lacks (Knuth's TwoSum).
func twoSum(_ a: Double, _ b: Double) -> (sum: Double, rest: Double) {
  let sum = a + b
  let part = sum - a
  return (sum, (a - (sum - part)) + (b - part))
}

extension Double {
  /// The number times 2^exponent, exact unless it leaves the range of a Double.
  func times(powerOfTwo exponent: Int) -> Double {
    exponent == 0 ? self : Double(sign: .plus, exponent: exponent, significand: self)
  }
}
