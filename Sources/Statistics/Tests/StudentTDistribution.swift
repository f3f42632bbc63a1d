import Foundation

/// Student's t distribution with `degreesOfFreedom` ν > 0, which need not be whole (Welch's are not).
public struct StudentTDistribution: Sendable, Equatable {
  public let degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) {
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// P(T ≥ t), within 2e-13 relative down to 1e-300, for t of either sign. NaN if t or ν is NaN or ν ≤ 0.
  ///
  /// The tail is the density at t times the integral over s ≥ 0 of density(t + s) / density(t), by exp-sinh quadrature (Takahasi and
  /// Mori, 1974): all terms are positive, so nothing cancels, however far out t is and however large ν. This is ½ I_x(ν/2, ½) with
  /// x = ν/(ν + t²), whose usual continued fraction loses digits when ν is large.
  public func upperTail(_ t: Double) -> Double {
    let nu = degreesOfFreedom
    guard nu > 0, !t.isNaN else { return .nan }
    if t == 0 { return 0.5 }
    if t < 0 { return 1 - upperTail(-t) }
    if t.isInfinite { return 0 }
    if nu.isInfinite { return 0.5 * erfc(t / 2.0.squareRoot()) }
    let square = nu + t * t
    guard square.isFinite else { return 0 }
    let exponent = -(nu + 1) / 2
    let density = gammaRatio(nu / 2) / (Double.pi * nu).squareRoot() * exp(exponent * log1p(t * t / nu))
    // The scale on which the density falls beyond t.
    let scale = 1 / max(1, (nu + 1) * t / square)
    var sum = 0.0
    for node in Self.nodes {
      let s = scale * node.place
      sum += node.weight * exp(exponent * log1p(s * (2 * t + s) / square))
    }
    return min(1, density * sum * scale)
  }

  /// Of the exp-sinh quadrature: e^(π/2 sinh u) and its derivative, times the step of u.
  private static let nodes: [(place: Double, weight: Double)] = (-74...74).map { node in
    let step = 0.0625
    let u = Double(node) * step
    let place = exp(Double.pi / 2 * sinh(u))
    return (place, place * cosh(u) * step * Double.pi / 2)
  }

  /// The t with P(T ≥ t) = `p`, 0 < p < 1: Newton's steps from the expansion in the normal quantile (Abramowitz and Stegun, 26.7.5), kept inside
  /// a bracket.
  public func upperQuantile(_ p: Double) -> Double {
    guard p < 0.5 else { return p == 0.5 ? 0 : -upperQuantile(1 - p) }
    guard p > 0 else { return .infinity }
    let nu = degreesOfFreedom
    let z = normalUpperQuantile(p)
    if nu.isInfinite { return z }
    var low = z
    var high = Double.infinity
    var t = z + z * (z * z + 1) / (4 * nu) + z * (5 * z * z * z * z + 16 * z * z + 3) / (96 * nu * nu)
    let scale = gammaRatio(nu / 2) / (nu * Double.pi).squareRoot()
    for _ in 0..<100 {
      let excess = upperTail(t) - p
      if excess > 0 { low = max(low, t) } else { high = min(high, t) }
      let density = scale * exp(-(nu + 1) / 2 * log1p(t * t / nu))
      var next = t + excess / density
      if !(next > low && next < high) { next = high.isFinite ? low + (high - low) / 2 : 2 * t }
      if abs(next - t) <= 1e-14 * t { return next }
      t = next
    }
    return t
  }

  /// P(T ≤ t) = P(T ≥ −t).
  public func cumulative(_ t: Double) -> Double { upperTail(-t) }
}

/// Γ(a + ½) / Γ(a) for a > 0, within a few units in the last place.
///
/// From a ≥ 30 on by the asymptotic series of its logarithm (Tricomi and Erdélyi, 1951); smaller a are raised to there by
/// Γ(x + 1) = x Γ(x). Differences of log-gammas would lose as many digits as ln Γ(a) has before the point.
func gammaRatio(_ a: Double) -> Double {
  var factor = 1.0
  var a = a
  while a < 30 {
    factor *= a / (a + 0.5)
    a += 1
  }
  let inverse = 1 / a
  let square = inverse * inverse
  let coefficients = [-1.0 / 8, 1.0 / 192, -1.0 / 640, 17.0 / 14336, -31.0 / 18432]
  let series = coefficients.reversed().reduce(0) { $0 * square + $1 }
  return factor * a.squareRoot() * exp(inverse * series)
}

/// The z with P(Z ≥ z) = `p` < ½, by bisection.
private func normalUpperQuantile(_ p: Double) -> Double {
  var (low, high) = (0.0, 39.0)
  for _ in 0..<80 {
    let middle = (low + high) / 2
    if 0.5 * erfc(middle / 2.0.squareRoot()) > p { low = middle } else { high = middle }
  }
  return (low + high) / 2
}
