import ActivationRecording

/// How the Checkpoint Mirror Neuron Index is taken.
public enum CMNIVariant: String, CaseIterable, Sendable {
  /// As the paper's scripts: a unit counts min(Δself, Δother) where both are above 0, otherwise 0; all layers, the outputs included.
  case author
  /// The paper's formula alone: min(Δself, Δother) of every unit, negative or not.
  case formula
  /// The author's, without the output layer.
  case hidden
  /// The author's, with each Δ divided by the pooled standard deviation of its two phases (Cohen's d). A unit without variance has no d
  /// and counts as no mirror unit.
  case standardised
  /// min(|Δself|, |Δother|) where the two have the same sign, otherwise 0: for activations that mean something on either side of 0.
  case symmetric
}

/// The index of one recording in one variant: CMNI = Σ MNS(n) / N.
public struct CMNI: Sendable, Equatable {
  public let variant: CMNIVariant
  /// Σ of the units' mirror-neuron scores.
  public let totalMNS: Double
  /// N: the units that are summed over.
  public let unitCount: Int

  /// Nil where no unit is left to sum over.
  public var value: Double? { unitCount > 0 ? totalMNS / Double(unitCount) : nil }

  init(_ variant: CMNIVariant, totalMNS: Double, unitCount: Int) {
    (self.variant, self.totalMNS, self.unitCount) = (variant, totalMNS, unitCount)
  }

  /// - Parameters:
  ///   - variant: what a unit's score is.
  ///   - layers: the recorded layers; those of kind `dropout` or `input` are no layers of their own and do not count.
  /// - Returns: nil where a phase that the index needs has no rows.
  public init?(_ variant: CMNIVariant, of layers: [LayerMoments]) {
    let counted = layers.filter { $0.countsInIndex && !(variant == .hidden && $0.isOutput) }
    var scores: [Double] = []
    for layer in counted {
      switch variant {
      case .author, .hidden:
        guard let contrasts = layer.contrasts else { return nil }
        scores += contrasts.map(\.mirrorNeuronScore)
      case .formula:
        guard let contrasts = layer.contrasts else { return nil }
        scores += contrasts.map(\.rawMinimum)
      case .standardised:
        guard let contrasts = layer.standardisedContrasts else { return nil }
        scores += contrasts.map { $0?.mirrorNeuronScore ?? 0 }
      case .symmetric:
        guard let contrasts = layer.contrasts else { return nil }
        scores += contrasts.map(\.symmetricScore)
      }
    }
    self.variant = variant
    totalMNS = scores.reduce(0, +)
    unitCount = scores.count
  }
}

extension PhaseContrast {
  /// min(|Δself|, |Δother|) where the signs agree, otherwise 0.
  public var symmetricScore: Double {
    (deltaSelf > 0) == (deltaOther > 0) ? min(abs(deltaSelf), abs(deltaOther)) : 0
  }
}

extension LayerMoments {
  /// Whether the layer's units are units of the index: dropout and inputs are no layers of their own.
  var countsInIndex: Bool { RecordedLayer.isOwnLayer(kind: kind) }
}
