/// How often and how rows are resampled.
public struct ResamplingPlan: Sendable, Equatable {
  /// Permutations of the phase labels; 0 for none.
  public var permutations = 0
  /// Bootstrap replicates; 0 for none.
  public var replicates = 0
  /// Whether permutations stay inside strata, and strata are drawn whole, where the recording has them.
  public var usesStrata = true

  public init() {}

  public var isEmpty: Bool { permutations == 0 && replicates == 0 }
}
