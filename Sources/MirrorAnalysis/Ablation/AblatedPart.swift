import ActivationRecording

/// What is ablated of a layer at once.
enum AblatedPart: Sendable, Equatable {
  /// Ascending numbers of units.
  case units([Int])
  /// A vector of length 1 over the layer's units, which is projected out: x becomes x − (x·d) d.
  case direction([Double])
}

/// A direction over the units of a layer that is found in the means of its phases, at length 1.
public enum PhaseDirection: String, Sendable, CaseIterable, Codable {
  /// Δself = μ(self) − μ(none).
  case own = "self"
  /// Δother = μ(other) − μ(none).
  case other
  /// The sum of the two at length 1 each: what they have in common.
  case shared

  /// The direction; nil where a vector that it needs has no length, or the two are opposite.
  ///
  /// - Parameters:
  ///   - own: Δself of each unit.
  ///   - other: Δother of each unit.
  func vector(own: [Double], other: [Double]) -> [Double]? {
    switch self {
    case .own: unitVector(own)
    case .other: unitVector(other)
    case .shared:
      unitVector(own).flatMap { own in
        unitVector(other).flatMap { other in unitVector(zip(own, other).map { $0 + $1 }, least: 1e-9) }
      }
    }
  }
}

/// A vector at length 1; nil where it is not longer than `least`. Scaled first, so that no square overflows or vanishes.
func unitVector(_ vector: [Double], least: Double = 0) -> [Double]? {
  let largest = vector.reduce(0) { max($0, abs($1)) }
  guard largest > least, largest.isFinite else { return nil }
  let scaled = vector.map { $0 / largest }
  let length = scaled.reduce(0) { $0 + $1 * $1 }.squareRoot()
  return scaled.map { $0 / length }
}
