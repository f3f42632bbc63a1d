import Statistics

/// What two contrasts of a unit with none, and the one between them, are evidence of.
public enum EvidenceClass: String, Sendable, CaseIterable {
  /// Above none in self and in other.
  case mirror
  /// Below none in both.
  case suppressed
  /// Above in the one, below in the other.
  case opposite
  /// Self and other differ.
  case differentiating
  /// Both contrasts lie within the margin: they are as good as 0.
  case unresponsive
  /// None of these can be said.
  case unresolved
}

/// Which of the two a differentiating unit answers to, where its other contrast is as good as 0.
public enum UnitSubtype: String, Sendable {
  case selfOnly = "self-only"
  case otherOnly = "other-only"
}

/// One contrast of one unit.
struct TestedContrast: Sendable {
  /// Hedges' g with its interval.
  var effect: Double?
  var low: Double?
  var high: Double?
  /// One-sided: above, and below.
  var pGreater: Double?
  var pLess: Double?
  var pTwoSided: Double?
  /// Whether g lies within the margin of 0 (two one-sided tests at the level).
  var isEquivalent = false
  var reason: String?
}

/// The class of one unit, and what goes with it.
struct UnitEvidence: Sendable, Equatable {
  var unitClass: EvidenceClass
  /// Whether a mirror unit answers to self and other by different amounts; nil for other classes.
  var isGraded: Bool?
  var subtype: UnitSubtype?
}

/// The classes of all units of a recording: the first that fits of mirror, suppressed, opposite, differentiating (each of these four families of
/// p's Benjamini–Hochberg at a quarter of `level`) and unresponsive (both contrasts inside ±margin by two one-sided tests at `level`; Schuirmann,
/// 1987); otherwise unresolved. So without any effect at most `level` of recordings give any unit one of the four.
///
/// p of mirror is the larger of the two one-sided p's that a contrast is above 0 (intersection–union; Berger, 1982), of suppressed that of the
/// two below, of opposite twice the smaller of its two directions, of differentiating the two-sided p of self against other.
func unitEvidence(
  own: [TestedContrast], other: [TestedContrast], interaction: [TestedContrast], level: Double
) -> [UnitEvidence?] {
  let pairs = Array(zip(own, other))
  let mirror = benjaminiHochberg(pairs.map { conjunctionP($0.pGreater, $1.pGreater) })
  let suppressed = benjaminiHochberg(pairs.map { conjunctionP($0.pLess, $1.pLess) })
  let opposite = benjaminiHochberg(
    pairs.map { own, other in
      guard let up = conjunctionP(own.pGreater, other.pLess), let down = conjunctionP(own.pLess, other.pGreater) else { return nil }
      return min(1, 2 * min(up, down))
    })
  let differs = benjaminiHochberg(interaction.map(\.pTwoSided))
  return pairs.indices.map { unit in
    let (own, other) = pairs[unit]
    guard own.pGreater != nil, other.pGreater != nil else { return nil }
    func isFound(_ q: Double?) -> Bool { q.map { $0 <= level / 4 } ?? false }
    if isFound(mirror[unit]) {
      return UnitEvidence(unitClass: .mirror, isGraded: differs[unit].map { $0 <= level / 4 })
    }
    if isFound(suppressed[unit]) { return UnitEvidence(unitClass: .suppressed) }
    if isFound(opposite[unit]) { return UnitEvidence(unitClass: .opposite) }
    if isFound(differs[unit]) {
      let subtype: UnitSubtype? = other.isEquivalent == own.isEquivalent ? nil : other.isEquivalent ? .selfOnly : .otherOnly
      return UnitEvidence(unitClass: .differentiating, subtype: subtype)
    }
    return UnitEvidence(unitClass: own.isEquivalent && other.isEquivalent ? .unresponsive : .unresolved)
  }
}
