/// What of a recording, or of several as one, an analysis is to see.
public struct RecordingSelection: Sendable {
  /// Whether self and other rows are filtered by `/partner_acting`, where the recording allows it.
  public var partnerFilter = true
  public var phases = PhaseSource.recorded
  /// A coordinate of rows that takes the place of `/stratum`.
  public var stratumColumn: String?
  /// A coordinate of rows that takes the place of `/pair`.
  public var pairColumn: String?
  /// Only the rows that meet it.
  public var condition: RowCondition?
  /// Whether equal strata and pairs of joined recordings are the same; without it each recording has its own.
  public var joinsStrata = false
  /// Whether strata and pairs of a single recording are numbered as those of joined ones are: in the order of their first rows.
  public var numbersGroups = false

  public init() {}
}

/// Where the phases of a recording's rows come from.
public enum PhaseSource: Sendable, Equatable {
  /// `/phase`.
  case recorded
  /// The values of a column that stand for phases; a row with another value belongs to none of them. Each value has to be in some row,
  /// unless `names` is nil: then the phases' own names are looked for, of which any may be absent.
  case column(String, names: [String: Phase]?)
}
