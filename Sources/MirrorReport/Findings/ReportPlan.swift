import Statistics

/// What a report computes, and with how much resampling.
public struct ReportPlan: Sendable {
  /// Permutations of the index, the units' classes, directions and overlap.
  public var permutations = 1000
  /// What permutations exchange; nil lets strata and pairs decide.
  public var exchange: ExchangeDesign?
  /// How far a replayed activation may be from the recorded one; see `AblationPlan`.
  public var replayTolerance = 1e-5

  public init() {}

  /// Layers whose correlations and means are drawn; of more, as many at equal distances.
  static let drawnLayers = 8
  /// Units of a layer that are drawn where it has more than `mostWholeUnits`.
  static let drawnUnits = 48
  static let mostWholeUnits = 64
  /// Layers wider than this are not correlated for the page.
  static let mostCorrelatedUnits = 1024
  /// Edges beyond which circuits are not taken for the page.
  static let mostEdges = 200_000
  /// Edges drawn between two layers.
  static let drawnEdges = 40
}
