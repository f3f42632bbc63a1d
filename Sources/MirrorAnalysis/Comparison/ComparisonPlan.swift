import ActivationRecording

/// What of which networks is compared.
public struct ComparisonPlan: Sendable {
  /// Which of a network's epochs is taken.
  public enum EpochChoice: String, Sendable, CaseIterable {
    /// The greatest in column `epoch`.
    case last
    /// That of the smallest `validation_loss`; of equal ones the first.
    case best
  }

  /// The columns whose values make a condition.
  public var conditions: [String]
  /// The columns whose values tell the replicates of a condition apart, and pair them with those of the baseline.
  public var seedColumns = ["seed"]
  /// Columns, or names in column `outcome` of a long table. Empty for all that long tables have.
  public var outcomes: [String] = []
  /// The column of the numbers in a long table.
  public var valueColumn = "value"
  /// A condition, as `kind=untrained` or `untrained`; nil for none.
  public var baseline: String?
  /// The column over which each seed gets a slope.
  public var trend: String?
  public var epoch: EpochChoice?
  /// Which rows are seen.
  public var condition: RowCondition?
  /// Of the bootstrap; 0 leaves out its intervals, which are all but those of paired differences.
  public var replicates = 10_000
  /// Arrangements that are drawn where there are too many to list.
  public var draws = 100_000
  public var seed: UInt64 = 1
  public var threads = 1

  public init(by conditions: [String]) { self.conditions = conditions }
}
