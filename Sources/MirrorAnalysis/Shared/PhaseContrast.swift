import ActivationRecording
import Statistics

/// How far a unit's mean activation moves from the none phase in the self phase and in the other phase.
public struct PhaseContrast: Sendable, Equatable {
  /// μ(self) − μ(none).
  public let deltaSelf: Double
  /// μ(other) − μ(none).
  public let deltaOther: Double

  public init(deltaSelf: Double, deltaOther: Double) {
    self.deltaSelf = deltaSelf
    self.deltaOther = deltaOther
  }

  /// The mirror-neuron score of the paper's scripts: min(Δself, Δother) where both are above 0, otherwise 0.
  public var mirrorNeuronScore: Double { deltaSelf > 0 && deltaOther > 0 ? rawMinimum : 0 }

  /// The formula of the paper alone: min(Δself, Δother), whatever their signs.
  public var rawMinimum: Double { min(deltaSelf, deltaOther) }
}

extension LayerMoments {
  /// Δself and Δother of each unit; nil where the none, self or other phase has no rows.
  public var contrasts: [PhaseContrast]? {
    let (none, own, other) = (self[.neither], self[.own], self[.other])
    guard none.count > 0, own.count > 0, other.count > 0 else { return nil }
    return (0..<unitCount).map { unit in
      PhaseContrast(deltaSelf: own.meanDifference(from: none, unit: unit), deltaOther: other.meanDifference(from: none, unit: unit))
    }
  }

  /// Δself and Δother of each unit in units of the pooled standard deviation of its two phases, Cohen's d:
  /// d = (μ₁ − μ₂) / √(((n₁ − 1)s₁² + (n₂ − 1)s₂²) / (n₁ + n₂ − 2)), s² with ddof 1.
  ///
  /// Nil for a unit that does not vary in one of the two pairs of phases, where d does not exist; nil as a whole where a phase has no
  /// rows or a pair has fewer than three.
  public var standardisedContrasts: [PhaseContrast?]? {
    let (none, own, other) = (self[.neither], self[.own], self[.other])
    guard none.count > 0, own.count > 0, other.count > 0, none.count + own.count > 2, none.count + other.count > 2 else { return nil }
    return (0..<unitCount).map { unit in
      let reference = none.summary(unit)
      guard let own = cohensD(treated: own.summary(unit), reference: reference, pooling: .sample),
        let other = cohensD(treated: other.summary(unit), reference: reference, pooling: .sample)
      else { return nil }
      return PhaseContrast(deltaSelf: own, deltaOther: other)
    }
  }
}
