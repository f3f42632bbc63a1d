/// Where the phases of a recording's rows come from.
public enum PhaseSource: Sendable, Equatable {
  /// `/phase`.
  case recorded
  /// The values of a column that stand for phases; a row with another value belongs to none of them.
  case column(String, names: [String: Phase])
}
