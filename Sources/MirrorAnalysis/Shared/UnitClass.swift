/// What a unit's two contrasts make of it.
public enum UnitClass: String, Sendable, CaseIterable {
  /// Responsive, rising for both, and about as much for the one as for the other.
  case mirror
  /// Responsive, but telling self from other.
  case differentiating
  /// Moved little by either, for its layer.
  case lowSensitivity = "low-sensitivity"
}

extension PhaseContrast {
  /// s = (Δself − Δother) / (|Δself| + |Δother|): 1 where only self moves the unit, −1 where only other does, 0 where both do alike.
  /// Nil where neither does.
  public var selectivity: Double? {
    let sum = abs(deltaSelf) + abs(deltaOther)
    return sum > 0 ? (deltaSelf - deltaOther) / sum : nil
  }

  /// max(|Δself|, |Δother|).
  public var magnitude: Double { max(abs(deltaSelf), abs(deltaOther)) }
}

/// The class of each unit of one layer.
///
/// A unit is responsive if max(|Δself|, |Δother|) is at least the share `responsive` of the layer's largest; a responsive unit is a mirror
/// unit if both Δ are above 0 and |s| ≤ `selectivity`, otherwise differentiating; all others are of low sensitivity. On the means of the
/// paper's Table 4 the defaults give the author's own reading: mirror 3, 7, 12, 13 and differentiating 9, 11.
public func unitClasses(_ contrasts: [PhaseContrast], responsive: Double = 0.25, selectivity: Double = 0.6) -> [UnitClass] {
  let largest = contrasts.map(\.magnitude).max() ?? 0
  return contrasts.map { contrast in
    guard let s = contrast.selectivity, contrast.magnitude >= responsive * largest else { return .lowSensitivity }
    return contrast.deltaSelf > 0 && contrast.deltaOther > 0 && abs(s) <= selectivity ? .mirror : .differentiating
  }
}
